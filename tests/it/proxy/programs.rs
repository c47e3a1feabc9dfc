//! Real proxies, with the settings that docs/OPERATIONS.md recommends.

use std::fs;

use super::line;
use crate::harness::{Client, Identity, Program, Server, TempDir, eventually, example, upgrade};
use crate::order;

/// A server that a proxy on 127.0.0.1 is before, with the operator carol.
fn server(dir: &TempDir) -> Server {
    order::account(dir, "add carol --operator", "open sesame\n");
    let state = dir.path("");
    Server::with_web(["--trust-proxy", "127.0.0.1", "--state-dir", &state, "--max-per-ip", "2"])
}

/// Clients through a proxy that believes another proxy before it are known by their addresses.
#[track_caller]
fn assert_known_by_address(server: &Server, proxy: &Program) {
    let through = |client: &str, port| {
        let mut stream = Client::connect_between("127.0.0.1", proxy.addr());
        stream.send_raw(&line(client, port));
        stream
    };
    let mut carol = Client::connect_from(server, "127.0.0.2").welcomed();
    order::logs_in(&mut carol, "carol", "open sesame");
    let _alice = through("198.51.100.7", 4321).welcomed().named("alice");
    let whois = carol.ask("/whois alice").join("\n");
    assert!(whois.contains("198.51.100.7"), "{whois}");
    server.wait_log(["connected from 198.51.100.7:4321"]);
    let _second = through("198.51.100.7", 2).welcomed();
    let told = "!! too many connections from your address (the limit is 2); try again later";
    assert_eq!(through("198.51.100.7", 3).rest_lines(), [told]);
    drop(through("198.51.100.8", 5).welcomed());
    server.wait_log(["connected from 198.51.100.8:5"]);
    assert!(!server.log().contains("connected from 127.0.0.1:"), "{}", server.log());
    assert!(!server.log().contains("expected"), "{}", server.log());
}

#[test]
#[ignore = "needs haproxy (haproxy)"]
fn haproxy_states_addresses_in_both_versions_and_its_checks_are_not_mentioned() {
    for version in ["send-proxy-v2", "send-proxy"] {
        let dir = TempDir::new();
        let server = server(&dir);
        let settings = example("listen chat\n", &server)
            .replace("bind :1234", "bind LISTEN accept-proxy")
            .replace("send-proxy-v2 check", &format!("{version} check inter 10"));
        let proxy = Program::haproxy(&settings);
        eventually("a check", || {
            proxy.log().contains("Health check for server chat/box7 succeeded").then_some(())
        });
        assert_known_by_address(&server, &proxy);
    }
}

#[test]
#[ignore = "needs haproxy (haproxy)"]
fn a_check_of_haproxys_that_waits_for_the_welcome_gets_it() {
    for version in ["send-proxy-v2", "send-proxy"] {
        let dir = TempDir::new();
        let server = server(&dir);
        // Else a check has as long as there is between two.
        let expect = "timeout check 30s\n    option tcp-check\n    \
            tcp-check expect string Welcome\n    server box7";
        let settings = example("listen chat\n", &server)
            .replace("bind :1234", "bind LISTEN accept-proxy")
            .replace("    server box7", &format!("    {expect}"))
            .replace("send-proxy-v2 check", &format!("{version} check inter 10"));
        let proxy = Program::haproxy(&settings);
        eventually("a check", || proxy.log().contains("reason: Layer7 check passed").then_some(()));
        assert_known_by_address(&server, &proxy);
    }
}

#[test]
#[ignore = "needs haproxy (haproxy)"]
fn haproxy_takes_tls_and_says_so() {
    let (dir, identity) = (TempDir::new(), Identity::new());
    let server = server(&dir);
    let both = [&*identity.certificate_pem, &identity.key_pem].concat();
    let settings = example("listen chat-tls\n", &server)
        .replace("bind :1235", "bind LISTEN")
        .replace("/etc/haproxy/chat.pem", &dir.file("both.pem", both));
    let proxy = Program::haproxy(&settings);
    assert!(!warns_of_the_wire(&server, &proxy, &identity));
}

#[test]
#[ignore = "needs stunnel (stunnel4)"]
fn stunnel_takes_tls_and_states_the_address() {
    let (dir, identity) = (TempDir::new(), Identity::new());
    let server = server(&dir);
    let both = [&*identity.certificate_pem, &identity.key_pem].concat();
    let settings = example("[chat]\n", &server)
        .replace("accept = 1235", "accept = LISTEN")
        .replace("/etc/stunnel/chat.pem", &dir.file("both.pem", both));
    let proxy = Program::stunnel(&settings);
    assert!(warns_of_the_wire(&server, &proxy, &identity));
}

/// Whether a login through a proxy that takes TLS from 127.0.0.9 warns that passwords can be read.
#[track_caller]
fn warns_of_the_wire(server: &Server, proxy: &Program, identity: &Identity) -> bool {
    let client = Client::connect_between("127.0.0.9", proxy.addr());
    let mut carol = client.shaking_hands(&identity.trusted()).unwrap().welcomed();
    let told = carol.ask("/login carol open sesame");
    server.wait_log([&format!("carol logged in from {}", carol.local_addr())]);
    let whois = carol.ask("/whois carol").join("\n");
    assert!(whois.contains("127.0.0.9"), "{whois}");
    told.iter().any(|line| line.contains("encrypt"))
}

#[test]
#[ignore = "needs nginx (nginx, libnginx-mod-stream)"]
fn nginx_states_addresses() {
    let dir = TempDir::new();
    let server = server(&dir);
    let believing = "listen LISTEN proxy_protocol;\n        set_real_ip_from 127.0.0.1;";
    let settings = example("stream {\n", &server).replace("listen 1234;", believing);
    assert_known_by_address(&server, &Program::nginx(&settings));
}

/// The page behind a proxy, at this path: clients are known by what the proxy states, and cannot
/// state anything themselves.
#[track_caller]
fn assert_page_known_by_address(server: &Server, proxy: &Program, path: &str) {
    let answer = |path: &str, fields: &str| {
        let mut client = Client::connect_between("127.0.0.9", proxy.addr());
        let request = upgrade(fields).replace(" /ws ", &format!(" {path}ws "));
        client.send_raw(request.as_bytes());
        let head = String::from_utf8(client.raw_until(b"\r\n\r\n")).unwrap();
        (head, client)
    };
    let arrivals = || server.log().matches("connected from 127.0.0.9").count();
    for (number, fields) in ["", "X-Forwarded-For: 192.0.2.9\r\n"].into_iter().enumerate() {
        let (head, _client) = answer(path, fields);
        assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
        eventually("the log", || (arrivals() == number + 1).then_some(()));
    }
    let (head, _) = answer(path, "Forwarded: for=192.0.2.9\r\n");
    assert!(head.starts_with("HTTP/1.1 400 "), "{head}");
    assert!(!server.log().contains("192.0.2.9"), "{}", server.log());
}

#[test]
#[ignore = "needs haproxy (haproxy)"]
fn haproxy_passes_the_page_on() {
    let dir = TempDir::new();
    let server = server(&dir);
    let settings = example("listen page\n", &server).replace("bind :80", "bind LISTEN");
    let proxy = Program::haproxy(&settings.replace("8080 check", "8080 check inter 10"));
    eventually("a check", || proxy.log().contains("reason: Layer7 check passed").then_some(()));
    assert_page_known_by_address(&server, &proxy, "/");
}

#[test]
#[ignore = "needs nginx (nginx, libnginx-mod-stream)"]
fn nginx_passes_the_page_on_under_a_path() {
    let dir = TempDir::new();
    let server = server(&dir);
    let proxy = Program::nginx_site(&example("location /chat/ {\n", &server));
    assert_page_known_by_address(&server, &proxy, "/chat/");
    let request = |method: &str, fields: &str| {
        let mut client = Client::connect_between("127.0.0.9", proxy.addr());
        let request = format!("{method} /chat/rooms/dev?nick=ci HTTP/1.1\r\nHost: localhost\r\n");
        client.send_raw(format!("{request}{fields}").as_bytes());
        client
    };
    let mut page = request("GET", "Accept: text/html\r\n\r\n");
    assert!(page.line().starts_with("HTTP/1.1 303 "));
    page.wait_for(|line| line == "Location: ../#dev");
    let mut reader = request("GET", "Accept: text/event-stream\r\n\r\n");
    reader.raw_until(b"retry: ");
    let _ci = request("POST", "Content-Length: 17\r\n\r\nbuild 1842 passed");
    reader.raw_until(b"build 1842 passed");
    server.wait_log(["ci speaks over HTTP from 127.0.0.9"]);
}

/// An example of the folder `examples`, for this server's page.
fn site(name: &str, server: &Server) -> String {
    let example = fs::read_to_string(example_path(name)).unwrap();
    example.replace("127.0.0.1:8080", &server.addr_of("web").to_string())
}

fn example_path(name: &str) -> String {
    format!("{}/examples/proxies/{name}", env!("CARGO_MANIFEST_DIR"))
}

#[test]
#[ignore = "needs nginx (nginx, libnginx-mod-stream)"]
fn nginx_serves_the_page_as_a_site_over_https() {
    let (dir, identity) = (TempDir::new(), Identity::new());
    let server = server(&dir);
    let [certificate, key] = identity.save(&dir);
    let site = site("nginx.conf", &server)
        .replace("    listen [::]:443 ssl;\n", "")
        .replace("443 ssl", "LISTEN ssl")
        .replace("/etc/nginx/chat.crt", &certificate)
        .replace("/etc/nginx/chat.key", &key);
    let proxy = Program::nginx_http(&site);
    let client = Client::connect_between("127.0.0.9", proxy.addr());
    let mut client = client.shaking_hands(&identity.trusted()).unwrap();
    client.send_raw(upgrade("X-Forwarded-For: 192.0.2.9\r\n").as_bytes());
    let head = String::from_utf8(client.raw_until(b"\r\n\r\n")).unwrap();
    assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
    server.wait_log(["connected from 127.0.0.9"]);
}

#[test]
#[ignore = "needs caddy (caddy)"]
fn caddy_passes_the_page_on_and_what_is_said_at_once() {
    let dir = TempDir::new();
    let server = server(&dir);
    let site = site("Caddyfile", &server);
    let proxy =
        Program::caddy(&site.replace("chat.example.org {", "http://:PORT {\n\tbind 127.0.0.1"));
    assert_page_known_by_address(&server, &proxy, "/");
    let mut reader = Client::connect_between("127.0.0.9", proxy.addr());
    reader.send_raw(b"GET /rooms/dev HTTP/1.1\r\nHost: localhost\r\n\r\n");
    reader.raw_until(b"\r\n\r\n");
    let mut ci = Client::connect_between("127.0.0.9", proxy.addr());
    ci.send_raw(
        b"POST /rooms/dev?nick=ci HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello",
    );
    reader.raw_until(b"<ci> hello");
    server.wait_log(["ci speaks over HTTP from 127.0.0.9"]);
}
