//! Which certificates `chat` trusts, and its errors about the others.

use rcgen::{BasicConstraints, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, date_time_ymd};

use super::*;

/// What `openssl req -x509` makes by default: it vouches for itself, and may for others.
fn authority(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new([name.to_owned()]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
}

/// A server under a certificate that vouches for itself.
fn presenting(params: &CertificateParams) -> EchoServer {
    let key = KeyPair::generate().unwrap();
    EchoServer::presenting(&params.self_signed(&key).unwrap(), &key, &version::TLS13)
}

/// Takes these certificates for good.
fn trusting(server: &EchoServer, certificates: &str) -> Ended {
    let dir = TempDir::new();
    let ca = dir.file("ca.pem", certificates);
    piped(&mut chat(server.address, ["--tls", "--tls-ca", &ca]), "secret\n")
}

/// Nothing was said, and why is one line, after the name of the program and the address.
#[track_caller]
fn assert_refused(ended: &Ended, server: EchoServer, why: &str) {
    let wanted = format!("chat: {}: {why}\n", server.address);
    assert_eq!((ended.status, &*ended.stderr), (1, &*wanted));
    assert_eq!(server.said.join().unwrap(), [""; 0]);
}

const UNKNOWN: &str = "the server's certificate is not trusted; get it from the server's operator, \
                       and name its file with --tls-ca";

#[test]
fn the_servers_own_certificate_in_the_file_is_trusted_whatever_it_may_do() {
    let key = KeyPair::generate().unwrap();
    let issuer = CertifiedIssuer::self_signed(authority("ca.example"), key).unwrap();
    let (leaf, key) =
        (CertificateParams::new(["127.0.0.1".into()]).unwrap(), KeyPair::generate().unwrap());
    let issued = leaf.signed_by(&key, &issuer).unwrap();
    for server in [
        presenting(&authority("127.0.0.1")),
        EchoServer::presenting(&issued, &key, &version::TLS12),
    ] {
        // Behind another one, as in a file that was put together.
        let file =
            format!("{}{}", presenting(&authority("a.example")).certificate, server.certificate);
        let ended = trusting(&server, &file);
        assert_eq!((ended.status, &*ended.stderr), (0, ""));
        assert!(server.said.join().unwrap().contains(&"secret".to_owned()));
    }
}

#[test]
fn an_authority_in_the_file_is_trusted_to_vouch_for_servers() {
    let key = KeyPair::generate().unwrap();
    let issuer = CertifiedIssuer::self_signed(authority("ca.example"), key).unwrap();
    let (leaf, key) =
        (CertificateParams::new(["127.0.0.1".into()]).unwrap(), KeyPair::generate().unwrap());
    let issued = leaf.signed_by(&key, &issuer).unwrap();
    let server = EchoServer::presenting(&issued, &key, &version::TLS13);
    assert_eq!(trusting(&server, &issuer.pem()).status, 0);
}

#[test]
fn a_certificate_that_looks_like_the_one_in_the_file_is_not_enough() {
    let known = presenting(&authority("127.0.0.1"));
    let other = presenting(&authority("127.0.0.1"));
    assert_refused(&trusting(&other, &known.certificate), other, UNKNOWN);

    let [known, other] = [(); 2].map(|()| EchoServer::called("127.0.0.1"));
    assert_refused(&trusting(&other, &known.certificate), other, UNKNOWN);

    let strange = EchoServer::called("127.0.0.1");
    let ended = piped(&mut chat(strange.address, ["--tls"]), "secret\n");
    assert_refused(&ended, strange, UNKNOWN);
}

#[test]
fn being_in_the_file_excuses_neither_a_wrong_name_nor_a_wrong_time() {
    let mut many = CertificateParams::new(["a", "b", "c", "d"].map(String::from)).unwrap();
    let wrong = "the server's certificate is for a, b, c, …, not for 127.0.0.1";
    let server = presenting(&many);
    assert_refused(&trusting(&server, &server.certificate.clone()), server, wrong);
    many.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let server = presenting(&many);
    assert_refused(&trusting(&server, &server.certificate.clone()), server, wrong);

    let nameless = presenting(&CertificateParams::default());
    let why = "the server's certificate has no subjectAltName; it needs 127.0.0.1 there";
    assert_refused(&trusting(&nameless, &nameless.certificate.clone()), nameless, why);

    let mut old = authority("127.0.0.1");
    old.not_after = date_time_ymd(2020, 2, 29);
    let old = presenting(&old);
    let why =
        "the server's certificate expired on 2020-02-29; the server's operator has to renew it";
    assert_refused(&trusting(&old, &old.certificate.clone()), old, why);

    let mut early = authority("127.0.0.1");
    early.not_before = date_time_ymd(2999, 12, 31);
    early.not_after = date_time_ymd(3000, 1, 1);
    let early = presenting(&early);
    let why = "the server's certificate is not valid before 2999-12-31; is the clock of this machine \
               right?";
    assert_refused(&trusting(&early, &early.certificate.clone()), early, why);
}

#[test]
fn a_certificate_for_something_else_is_refused() {
    let mut mail = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
    mail.extended_key_usages = vec![ExtendedKeyUsagePurpose::EmailProtection];
    let server = presenting(&mail);
    let why = "the server's certificate is not meant for servers";
    assert_refused(&trusting(&server, &server.certificate.clone()), server, why);
}

#[test]
fn a_server_without_tls_is_a_failure() {
    let chatd = Server::start();
    let (listener, silent) = listen();
    let hangs_up = thread::Builder::new().spawn(move || drop(listener.accept())).unwrap();
    for address in [chatd.addr(), silent] {
        let ended = run(&mut chat(address, ["--tls", "--tls-insecure"]));
        assert_eq!((ended.status, &*ended.stdout), (1, ""));
        let why = "that port does not speak TLS; is it the TLS port?\n";
        assert!(ended.stderr.ends_with(&format!("\nchat: {address}: {why}")), "{}", ended.stderr);
    }
    hangs_up.join().unwrap();
}

#[test]
fn a_file_without_certificates_is_a_failure() {
    let dir = TempDir::new();
    for (name, content, why) in [
        ("none", None, "No such file or directory (os error 2)"),
        ("empty", Some(""), "the file contains no certificate"),
        (
            "damaged",
            Some("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
            "the certificate is damaged",
        ),
    ] {
        let file = content.map_or_else(|| dir.path(name), |content| dir.file(name, content));
        let ended = run(&mut chat("127.0.0.1", ["--tls", "--tls-ca", &file]));
        let wanted = format!("chat: 127.0.0.1:1234: {file}: {why}\n");
        assert_eq!((ended.status, &*ended.stderr), (1, &*wanted));
    }
}

#[test]
#[ignore = "needs openssl (openssl)"]
fn a_certificate_as_openssl_makes_it_by_default_will_do() {
    let dir = TempDir::new();
    let (ca, key) = (dir.path("cert.pem"), dir.path("key.pem"));
    let mut openssl = Command::new("openssl");
    openssl.args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost"]);
    openssl.args(["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", &key, "-out", &ca]);
    assert_eq!(run(&mut openssl).status, 0);
    let ports = dir.path("ports");
    let mut command = chatd();
    command.args(["--bind", "127.0.0.1", "--port", "0", "--port-file", &ports]);
    command.args(["--tls-port", "0", "--tls-cert", &ca, "--tls-key", &key]);
    let server = Server::run_at(command, &ports);
    let target = server.addr_of("tls");
    let ended = piped(&mut chat(target, ["--tls", "--tls-ca", &ca]), "hi\n");
    assert_eq!((ended.status, &*ended.stderr), (0, ""));
    let ended = piped(&mut chat(target, ["--tls"]), "hi\n");
    assert_eq!((ended.status, &*ended.stderr), (1, &*format!("chat: {target}: {UNKNOWN}\n")));
}
