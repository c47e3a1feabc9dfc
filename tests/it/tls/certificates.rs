//! Messages about certificates that expire and keys that cannot be used.

use jiff::{ToSpan, Zoned};

use crate::harness::{Identity, Server, Signal, TempDir, chatd, run};
use crate::metrics;

const EXPIRY: &str = "chatd_tls_certificate_expiry_timestamp_seconds ";

/// The date in so many days.
fn in_days(days: i64) -> [i32; 3] {
    let date = Zoned::now().checked_add(days.days()).unwrap().date();
    [date.year().into(), date.month().into(), date.day().into()]
}

/// What `--check` makes of an identity.
fn checked(identity: &Identity) -> crate::harness::Ended {
    let dir = TempDir::new();
    let [certificate, key] = identity.save(&dir);
    let files = ["--tls-cert", &certificate, "--tls-key", &key, "--tls-port", "0"];
    run(chatd().args(files).arg("--check"))
}

#[test]
fn check_warns_of_a_certificate_that_expires_soon_or_has_expired() {
    for (date, told) in [(in_days(5), "expires on"), ([2020, 1, 1], "expired on 2020-01-01")] {
        let ended = checked(&Identity::until(date));
        assert_eq!((ended.status, ended.stderr.lines().count()), (0, 1), "{}", ended.stderr);
        let first = ended.first_line();
        assert!(first.starts_with("chatd: --tls-cert ") && first.contains(told), "{first}");
    }
    assert_eq!(checked(&Identity::until(in_days(30))).stderr, "");
}

#[test]
fn check_warns_of_a_certificate_that_is_not_valid_yet_and_of_an_expired_intermediate() {
    let early = checked(&Identity::from_year(2090)).stderr;
    assert!(early.contains("the TLS certificate is valid only from 2090-01-01"), "{early}");
    let mut chain = Identity::until(in_days(30));
    chain.certificate_pem.push_str(&Identity::until([2020, 1, 1]).certificate_pem);
    let expired = checked(&chain).stderr;
    assert!(expired.contains("an intermediate TLS certificate expired on 2020-01-01"), "{expired}");
}

#[test]
fn a_certificate_of_an_old_version_is_named_as_the_fault() {
    let certificate_pem = include_str!("../../data/certificate-v1.pem").to_owned();
    let ended = checked(&Identity { certificate_pem, ..Identity::new() });
    let first = ended.first_line();
    assert!(first.contains("--tls-cert") && first.contains("version 3 of X.509"), "{first}");
}

#[test]
fn the_log_and_the_figures_tell_when_the_certificate_expires() {
    let (expired, dir) = (Identity::until([2020, 1, 1]), TempDir::new());
    let server = expired.serve(&dir, ["--metrics", "127.0.0.1:0"]);
    server.wait_log(["WARN", "the TLS certificate expired on 2020-01-01 00:00 UTC"]);
    metrics::expect(&server, EXPIRY, 1_577_836_800.0);
    Identity::until(in_days(5)).save(&dir);
    server.signal(Signal::HUP);
    server.wait_log(["WARN", "the TLS certificate expires on"]);
    Identity::until([2100, 1, 1]).save(&dir);
    server.signal(Signal::HUP);
    metrics::expect(&server, EXPIRY, 4_102_444_800.0);
    assert_eq!(server.log().matches("the TLS certificate").count(), 2, "{}", server.log());
    let without = Server::with(["--metrics", "127.0.0.1:0"]);
    metrics::expect(&without, EXPIRY, 0.0);
}

/// Keys that chatd cannot use, and what is said of them.
const KEYS: [(&str, &str); 4] = [
    (include_str!("../../data/key-p521.pem"), "cannot use a key of its kind"),
    (include_str!("../../data/key-rsa1024.pem"), "cannot use a key of its kind"),
    (
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIHs\n-----END ENCRYPTED PRIVATE KEY-----\n",
        "encrypted",
    ),
    (
        "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\n\
         MIHs\n-----END RSA PRIVATE KEY-----\n",
        "encrypted",
    ),
];

#[test]
fn a_key_that_cannot_be_used_is_named_with_the_reason_at_the_start_the_check_and_a_reload() {
    let (identity, dir) = (Identity::new(), TempDir::new());
    let server = identity.serve(&dir, []);
    let others = Identity::new().key_pem;
    let mismatch = (others.as_str(), "does not match the certificate");
    for (number, (pem, reason)) in KEYS.into_iter().chain([mismatch]).enumerate() {
        let (key, certificate) = (dir.file("key.pem", pem), dir.path("cert.pem"));
        for check in [&[][..], &["--check"]] {
            let mut command = chatd();
            command.args(["--bind", "127.0.0.1", "--port", "0", "--tls-port", "0"]).args(check);
            let ended = run(command.args(["--tls-cert", &certificate, "--tls-key", &key]));
            assert_eq!(ended.status, 2, "{}", ended.stderr);
            let first = ended.first_line();
            for part in ["--tls-key", &key, reason] {
                assert!(first.contains(part), "{part}: {first}");
            }
        }
        server.signal(Signal::HUP);
        let log = || server.log().lines().filter(|line| line.contains("not reloaded")).count();
        crate::harness::eventually("a reload", || (log() > number).then_some(()));
        server.wait_log(["not reloaded", &key, reason]);
    }
}
