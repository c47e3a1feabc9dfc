//! Over TLS, to a minimal server.

mod trust;

use std::fs;
use std::io::{self, BufRead, BufReader};
use std::sync::Arc;
use std::thread::JoinHandle;

use rcgen::{CertificateParams, CertifiedKey, KeyPair, generate_simple_self_signed};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned, SupportedProtocolVersion, version};

use super::*;
use crate::pty::Terminal;

/// Takes one client, says every line back, and answers pings and quits as chatd does.
struct EchoServer {
    address: SocketAddr,
    /// Its certificate, as PEM.
    certificate: String,
    said: JoinHandle<Vec<String>>,
}

impl EchoServer {
    /// Under a certificate for this name or address.
    fn called(name: &str) -> Self {
        Self::speaking(name, &version::TLS13)
    }

    fn speaking(name: &str, version: &'static SupportedProtocolVersion) -> Self {
        let params = CertificateParams::new([name.to_owned()]).unwrap();
        let key = KeyPair::generate().unwrap();
        Self::presenting(&params.self_signed(&key).unwrap(), &key, version)
    }

    /// Under a certificate of the test's own making.
    fn presenting(
        certificate: &rcgen::Certificate,
        key: &KeyPair,
        version: &'static SupportedProtocolVersion,
    ) -> Self {
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(&[version])
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![CertificateDer::from(certificate.der().to_vec())], key)
            .unwrap();
        let (listener, address) = listen();
        let serve = move || serve(&listener, Arc::new(config)).unwrap_or_default();
        let said = thread::Builder::new().spawn(serve).unwrap();
        Self { address, certificate: certificate.pem(), said }
    }
}

fn serve(listener: &TcpListener, config: Arc<ServerConfig>) -> io::Result<Vec<String>> {
    let (socket, _) = listener.accept()?;
    socket.set_read_timeout(Some(PATIENCE))?;
    let connection = ServerConnection::new(config).map_err(io::Error::other)?;
    let mut stream = BufReader::new(StreamOwned::new(connection, socket));
    stream.get_mut().write_all(b"-- Welcome.\n")?;
    let (mut said, mut line) = (Vec::new(), String::new());
    while stream.read_line(&mut line)? > 0 {
        let answer = match line.trim_end() {
            "/ping" => "-- pong\n".to_owned(),
            "/quit" => "-- Bye.\n".to_owned(),
            line => format!("<you> {line}\n"),
        };
        stream.get_mut().write_all(answer.as_bytes())?;
        said.push(line.trim_end().to_owned());
        line.clear();
    }
    stream.get_mut().conn.send_close_notify();
    stream.get_mut().flush()?;
    Ok(said)
}

#[test]
fn lines_are_said_to_a_server_that_is_trusted() {
    for version in [&version::TLS12, &version::TLS13] {
        let server = EchoServer::speaking("127.0.0.1", version);
        let dir = TempDir::new();
        let ca = dir.file("ca.pem", &server.certificate);
        let ended = piped(&mut chat(server.address, ["--tls", "--tls-ca", &ca]), "hi\n");
        assert_eq!((ended.status, &*ended.stderr), (0, ""));
        assert_eq!(ended.stdout, "-- Welcome.\n<you> \n<you> hi\n");
        assert_eq!(server.said.join().unwrap(), ["", "/ping", "hi", "/ping", "/quit"]);
    }
}

#[test]
fn much_in_and_much_out_at_the_same_time_does_not_block() {
    let server = EchoServer::called("127.0.0.1");
    let dir = TempDir::new();
    let ca = dir.file("ca.pem", &server.certificate);
    let lines: String = (0..20_000).map(|n| format!("line {n}{}\n", "x".repeat(n % 300))).collect();
    let ended = piped(&mut chat(server.address, ["--tls", "--tls-ca", &ca]), &lines);
    assert_eq!((ended.status, &*ended.stderr), (0, ""));
    let echoed = lines.lines().map(|line| format!("<you> {line}\n")).collect::<String>();
    let expected = format!("-- Welcome.\n<you> \n{echoed}");
    assert!(ended.stdout == expected, "{} of {} bytes", ended.stdout.len(), expected.len());
}

#[test]
fn whoever_insists_is_warned() {
    let server = EchoServer::called("other.example");
    let ended = piped(&mut chat(server.address, ["--tls", "--tls-insecure"]), "hi\n");
    assert_eq!(ended.status, 0, "{}", ended.stderr);
    assert!(ended.first_line().starts_with("chat: warning: "), "{}", ended.stderr);
}

#[test]
fn chatd_speaks_tls_too() {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(["127.0.0.1".into()]).unwrap();
    let dir = TempDir::new();
    let (ca, key) = (dir.file("ca.pem", cert.pem()), dir.file("key", signing_key.serialize_pem()));
    let ports = dir.path("ports");
    let mut command = chatd();
    command.args(["--bind", "127.0.0.1", "--port", "0", "--port-file", &ports, "--rate", "0"]);
    command.args(["--tls-port", "0", "--tls-cert", &ca, "--tls-key", &key]);
    let server = Server::run_at(command, &ports);
    let [mut bob] = people(&server, ["bob"]);
    let ports = fs::read_to_string(ports).unwrap();
    let port = ports.lines().find_map(|line| line.strip_prefix("tls ")).unwrap();

    let target = format!("127.0.0.1:{port}");
    let lines: String = (0..5000).map(|n| format!("line {n}\n")).collect();
    let flags = ["--nick", "ci", "--tls", "--tls-ca", &ca];
    let ended = piped(&mut chat(target, flags), format!("/echo on\n{lines}"));
    assert_eq!((ended.status, &*ended.stderr), (0, ""));
    assert!(ended.stdout.ends_with("<ci> line 4998\n<ci> line 4999\n"));
    bob.expect("-- ci joined (2 here)");
    (0..5000).for_each(|n| bob.expect(&format!("<ci> line {n}")));
    bob.expect("-- ci left: quit (1 here)");
}

#[test]
fn a_terminal_works_over_tls_too() {
    let server = EchoServer::called("127.0.0.1");
    let dir = TempDir::new();
    let ca = dir.file("ca.pem", &server.certificate);
    let mut alice = Terminal::run(chat(server.address, ["--tls", "--tls-ca", &ca]));
    alice.displays(|rows| rows == ["-- Welcome.", "<you>", ">"]);
    alice.types("hello\r");
    alice.displays(|rows| rows.ends_with(&["> hello", "<you> hello", ">"]));
    alice.types("/quit\r");
    assert_eq!(alice.ends(), 0);
    assert_eq!(server.said.join().unwrap().last().map(String::as_str), Some("/quit"));
}
