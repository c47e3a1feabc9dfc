//! Programs that speak TLS: ncat, openssl, curl, and a scanner for weak settings.

use serde_json::Value;

use super::*;
use crate::harness::{Identity, TempDir, eventually};

/// A server with all ports, and where its certificate is.
#[track_caller]
fn start() -> (Server, TempDir) {
    let dir = TempDir::new();
    (Identity::new().serve(&dir, ["--name", "box7", "--history", "0"]), dir)
}

/// A command that connects to the port of that name, in the place of ADDR, and trusts CERT.
#[track_caller]
fn of(server: &Server, dir: &TempDir, port: &str, command: &str) -> String {
    let addr = format!("localhost:{}", server.addr_of(port).port());
    command
        .replace("ADDR", &addr)
        .replace("NCAT", &addr.replace(':', " "))
        .replace("CERT", &dir.path("cert.pem"))
}

#[test]
#[ignore = "needs ncat and openssl (ncat, openssl)"]
fn those_that_are_piped_into_deliver_it_and_end() {
    let (server, dir) = start();
    let mut bob = Client::join(&server, "bob");
    for command in [
        "ncat --ssl NCAT",
        "ncat --ssl-verify --ssl-trustfile CERT NCAT",
        "openssl s_client -quiet -verify_return_error -CAfile CERT -tls1_2 -connect ADDR",
        "openssl s_client -quiet -verify_return_error -CAfile CERT -tls1_3 -connect ADDR",
    ] {
        let command = of(&server, &dir, "tls", command);
        let ended = piped(&server, b"/nick alice\nbuild done\n/quit\n", &command);
        let expected = format!("{HINT}\r\n-- you are now alice\n{BYE}\n");
        assert!(ended.stdout.starts_with("-- Welcome to chatd on box7. "), "{}", ended.stdout);
        assert!(ended.stdout.ends_with(&expected), "{command}: {}", ended.stdout);
        assert_eq!(ended.status, 0, "{command}: {}", ended.stderr);
        bob.expect("-- alice joined (2 here)");
        bob.expect("<alice> build done");
        bob.expect("-- alice left: quit (1 here)");
    }
}

#[test]
#[ignore = "needs ncat (ncat)"]
fn ncat_says_everything_although_its_input_ends() {
    let (server, dir) = start();
    let mut bob = Client::join(&server, "bob");
    let ended = piped(&server, b"one\ntwo", &of(&server, &dir, "tls", "ncat --ssl NCAT"));
    assert_eq!((ended.status, &*ended.stderr), (0, ""));
    bob.expect_contains("joined (2 here)");
    bob.expect("<guest2> one");
    bob.expect("<guest2> two");
    bob.expect("-- guest2 left: disconnected (1 here)");
}

#[test]
#[ignore = "needs openssl and setsid (openssl, util-linux)"]
fn keys_are_updated_in_the_middle_of_a_chat() {
    let (server, dir) = start();
    let mut bob = Client::join(&server, "bob");
    let command = "openssl s_client -tls1_3 -CAfile CERT -connect ADDR";
    let mut alice = at_terminal(&server, &of(&server, &dir, "tls", command));
    alice.skips_to(HINT);
    for round in 0..3 {
        // K asks for new keys on both sides, k changes its own only.
        alice.types(["K\n", "k\n", "K\n"][round]);
        alice.skips_to("KEYUPDATE");
        alice.types(&format!("line {round}\n"));
        assert_eq!(said_to(&mut bob), format!("<guest2> line {round}"));
        bob.send(&format!("answer {round}"));
        alice.skips_to(&format!("<bob> answer {round}"));
    }
}

#[test]
#[ignore = "needs openssl and setsid (openssl, util-linux)"]
fn a_renegotiation_is_refused() {
    let (server, dir) = start();
    let mut bob = Client::join(&server, "bob");
    let command = "openssl s_client -tls1_2 -CAfile CERT -connect ADDR";
    let mut alice = at_terminal(&server, &of(&server, &dir, "tls", command));
    alice.skips_to(HINT);
    alice.types("one\n");
    assert_eq!(said_to(&mut bob), "<guest2> one");
    alice.types("R\n");
    alice.skips_to("no renegotiation");
    bob.expect("-- guest2 left: disconnected (1 here)");
    assert!(!server.log().contains("enegotiation"), "{}", server.log());
}

#[test]
#[ignore = "needs curl (curl)"]
fn curl_gets_the_page_by_https() {
    let (server, dir) = start();
    for version in ["--tls-max 1.2", "--tlsv1.3", "--http2", "--http1.1"] {
        let command = format!("curl -sS --cacert CERT {version} https://ADDR/");
        let ended = piped(&server, b"", &of(&server, &dir, "web", &command));
        assert_eq!((ended.status, &*ended.stderr), (0, ""), "{version}");
        assert_eq!(ended.stdout, include_str!("../../../src/web/page/index.html"), "{version}");
    }
}

/// What is wrong with the certificate of a test: it vouches for itself, says nowhere whether it was
/// revoked, and does not end.
const OF_A_TEST: [&str; 3] = ["cert_chain_of_trust", "cert_revocation", "cert_validityPeriod"];

#[test]
#[ignore = "needs testssl (testssl.sh)"]
fn testssl_finds_nothing_above_low_at_the_web_port() {
    testssl_finds_nothing_above_low_at("web");
}

#[test]
#[ignore = "needs testssl (testssl.sh)"]
fn testssl_finds_nothing_above_low_at_the_tls_port() {
    testssl_finds_nothing_above_low_at("tls");
}

#[track_caller]
fn testssl_finds_nothing_above_low_at(port: &str) {
    let (server, dir) = start();
    let report = dir.path("report.json");
    let command = format!("testssl --warnings off --color 0 --severity MEDIUM --jsonfile {report}");
    let command = of(&server, &dir, port, &format!("{command} ADDR"));
    let mut child = client(&server, &command).stdout(std::process::Stdio::null()).spawn().unwrap();
    // It tries some three hundred handshakes, for more than a minute.
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(300);
    while child.try_wait().unwrap().is_none() {
        assert!(std::time::Instant::now() < deadline, "it is still looking");
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    let report = eventually("the report", || {
        serde_json::from_str::<Value>(&std::fs::read_to_string(&report).ok()?).ok()
    });
    let findings: Vec<_> = report
        .as_array()
        .unwrap()
        .iter()
        .filter(|found| {
            ["MEDIUM", "HIGH", "CRITICAL", "FATAL"].iter().any(|bad| found["severity"] == *bad)
        })
        .filter(|found| !OF_A_TEST.iter().any(|id| found["id"] == *id))
        .collect();
    assert!(findings.is_empty(), "{findings:#?}");
    // Its self-signed certificate at least was found, so it did look.
    assert!(report.as_array().unwrap().iter().any(|found| found["id"] == OF_A_TEST[0]));
}
