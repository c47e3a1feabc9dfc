//! Monitoring: health checks, Prometheus, and people who check the server by name.

use std::io::Write;
use std::net::{SocketAddr, TcpStream};

use crate::harness::{Server, connect, eventually, raise_open_files};
use crate::metrics;
use crate::web::{Answer, ask, status_for};

fn start() -> Server {
    Server::with_web(["--metrics", "127.0.0.1:0", "--name", "Box7"])
}

/// The answer to these bytes at that port.
#[track_caller]
fn ask_at(addr: SocketAddr, request: &str) -> Answer {
    let mut stream = connect(addr);
    stream.write_all(request.as_bytes()).unwrap();
    Answer::read_any(stream)
}

#[test]
fn a_head_is_answered_as_get_is_but_for_the_body() {
    let server = start();
    let on_the_web = ["/", "/app.js", "/style.css", "/healthz", "/ws", "/nothing"];
    let of_machines = ["/metrics", "/healthz", "/nothing"];
    let ports = [("web", &on_the_web[..]), ("metrics", &of_machines)];
    for (port, path) in
        ports.iter().flat_map(|(port, paths)| paths.iter().map(move |path| (port, path)))
    {
        for host in ["localhost", "evil.example"] {
            let request = |method| format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\n\r\n");
            let [get, head] =
                ["GET", "HEAD"].map(|method| ask_at(server.addr_of(port), &request(method)));
            assert!(!get.body.is_empty() && head.body.is_empty(), "{path}: {}", head.head);
            assert_eq!(
                (head.status, head.field("Content-Type")),
                (get.status, get.field("Content-Type"))
            );
            // Figures change meanwhile.
            let length = |answer: &Answer| answer.field("Content-Length").map(str::len);
            assert_eq!(length(&head), length(&get), "{path}");
        }
    }
    let upgrade = crate::harness::upgrade("").replace("GET", "HEAD");
    assert_eq!(ask_at(server.addr_of("web"), &upgrade).status, 426);
}

#[test]
fn health_checks_in_the_manner_of_http_1_0_need_no_host() {
    let server = start();
    for (port, path) in [("web", "/healthz"), ("metrics", "/healthz"), ("metrics", "/metrics")] {
        for method in ["GET", "HEAD"] {
            let request = |fields| format!("{method} {path} HTTP/1.0\r\n{fields}\r\n");
            let status = |fields| ask_at(server.addr_of(port), &request(fields)).status;
            assert_eq!(status(""), 200, "{method} {path}");
            assert_eq!(status("Host: localhost\r\n"), 200, "{method} {path}");
            assert_eq!(status("Host: evil.example\r\n"), 403, "{method} {path}");
            assert_eq!(status("Origin: http://evil.example\r\n"), 403, "{method} {path}");
            let later = request("").replace("1.0", "1.1");
            assert_eq!(ask_at(server.addr_of(port), &later).status, 400, "{method} {path}");
        }
    }
}

#[test]
fn figures_come_in_the_format_that_is_asked_for() {
    let server = start();
    let get = |accept: &str| {
        let request = format!("GET /metrics HTTP/1.1\r\nHost: localhost\r\n{accept}\r\n");
        ask_at(server.addr_of("metrics"), &request)
    };
    let openmetrics = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    for accept in ["", "Accept: */*\r\n", "Accept: application/openmetrics-text;version=1.0.0\r\n"]
    {
        let answer = get(accept);
        assert_eq!(answer.field("Content-Type"), Some(openmetrics), "{accept}");
        assert!(answer.body.ends_with(b"# EOF\n"), "{accept}");
    }
    for accept in ["Accept: text/plain\r\n", "Accept: text/html\r\nAccept: text/plain;q=0.5\r\n"] {
        let answer = get(accept);
        let plain = "text/plain; version=0.0.4; charset=utf-8";
        assert_eq!(answer.field("Content-Type"), Some(plain), "{accept}");
        let text = String::from_utf8(answer.body).unwrap();
        assert!(text.contains("# TYPE chatd_lines_total counter\n"), "{text}");
        assert!(!text.contains("# EOF"), "{text}");
    }
}

#[test]
fn figures_are_not_for_pages_whose_name_was_made_to_point_here() {
    let flags =
        ["--metrics", "127.0.0.1:0", "--name", "Box7", "--web-origin", "http://box8.example.org"];
    let server = Server::with(flags);
    let status = |host: &str| {
        let request = format!("GET /metrics HTTP/1.1\r\nHost: {host}\r\n\r\n");
        ask_at(server.addr_of("metrics"), &request).status
    };
    for host in
        ["localhost:9134", "127.0.0.1", "192.0.2.7:9134", "[::1]", "box7:9134", "box8.example.org"]
    {
        assert_eq!(status(host), 200, "{host}");
    }
    for host in ["evil.example:9134", "box7.evil.example"] {
        assert_eq!(status(host), 403, "{host}");
    }
}

#[test]
fn a_crowd_on_its_way_in_hides_neither_the_health_nor_the_figures() {
    raise_open_files();
    let server = start();
    let web = server.addr_of("web");
    let health = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let page = health.replace("/healthz", "/");
    let crowd: Vec<TcpStream> = (0..1024)
        .map(|_| {
            let mut stream = connect(web);
            stream.write_all(b"GET / HT").unwrap();
            stream
        })
        .collect();
    let busy = eventually("a page that is refused", || {
        let answer = ask_at(web, &page);
        (answer.status == 503).then_some(answer)
    });
    assert_eq!(busy.field("Retry-After"), Some("5"));
    assert_eq!(ask_at(web, health).status, 200);
    assert_eq!(ask_at(server.addr_of("metrics"), health).status, 200);
    let figures = metrics::get(&server, "/metrics");
    let refused = metrics::figure(&figures, "chatd_refused_total{reason=\"arriving\"} ").unwrap();
    assert!(refused >= 1.0, "{refused}");
    server.wait_log(["refused 127.0.0.1:", "too many connections are still connecting"]);
    drop(crowd);
}

/// Connections that send half a request.
fn silent(addr: SocketAddr, count: usize) -> Vec<TcpStream> {
    let connect = |_| {
        let mut stream = connect(addr);
        stream.write_all(b"GET / HT").unwrap();
        stream
    };
    (0..count).map(connect).collect()
}

#[test]
fn a_crowd_that_goes_on_coming_hides_neither_the_health_nor_the_figures() {
    raise_open_files();
    let server = start();
    let [web, machines] = ["web", "metrics"].map(|port| server.addr_of(port));
    let mut crowd = silent(web, 1200);
    for (addr, path) in [(web, "/healthz"), (machines, "/healthz"), (machines, "/metrics")] {
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
        let is_answered = (0..10).any(|_| {
            crowd.extend(silent(addr, 40));
            ask_at(addr, &request).status == 200
        });
        assert!(is_answered, "{addr} {path}");
    }
}

#[test]
fn the_machine_answers_to_its_own_names_however_they_are_written() {
    let server = start();
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let short = name.split('.').next().unwrap();
    for host in [&*name, short, "Box7"] {
        for host in [host.to_owned(), format!("{host}."), host.to_uppercase()] {
            assert_eq!(status_for(&server, &host, ""), 200, "{host}");
            assert_eq!(status_for(&server, &format!("{host}:8080"), ""), 200, "{host}");
        }
    }
}

#[test]
fn who_asks_for_another_name_is_told_what_to_do_and_so_is_the_log() {
    let server = start();
    let request = |host, fields| format!("GET / HTTP/1.1\r\nHost: {host}\r\n{fields}\r\n");
    let told = |host, fields| {
        let answer = ask(&server, request(host, fields));
        assert_eq!(answer.status, 403, "{host}");
        assert_eq!(answer.field("Content-Type"), Some("text/html; charset=utf-8"));
        String::from_utf8(answer.body).unwrap()
    };
    let page = told("chat.example.org:8080", "");
    assert!(page.contains("<code>--web-origin http://chat.example.org</code>"), "{page}");
    server.wait_log(["WARN", "refused 127.0.0.1:", "\"chat.example.org\"", "--web-origin"]);
    assert!(!told("<script>x</script>", "").contains("script"));
    assert!(told("localhost", "Origin: http://evil.example\r\n").contains("--web-origin"));
    server.wait_log(["refused 127.0.0.1:", "\"http://evil.example\"", "--web-origin"]);
    metrics::expect(&server, "chatd_refused_total{reason=\"host\"} ", 3.0);
}

#[test]
fn who_has_too_many_cookies_is_told_what_to_do() {
    let server = start();
    let cookies = format!("Cookie: {}\r\n", "x".repeat(9000));
    let answer = ask(&server, format!("GET / HTTP/1.1\r\nHost: localhost\r\n{cookies}\r\n"));
    assert_eq!(answer.status, 431);
    let told = String::from_utf8(answer.body).unwrap();
    assert!(told.contains("Delete the cookies of this host"), "{told}");
}
