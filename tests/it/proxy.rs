//! Proxies: those that are listed state for whom they connect, and nobody else may.

mod checks;
mod programs;
mod requests;
mod socket;
mod text;

use std::io::Write;
use std::net::TcpStream;

use crate::harness::{Client, Server, connect};

/// The lines that end a connection of a proxy that does not say for whom it connects.
const MISSING: &str = "!! this address is a proxy's and did not say for whom it connects";
const NOT_TAKEN: &str = "!! this server takes no PROXY header from your address";

/// The first version of the header, for this client.
pub(crate) fn line(client: &str, port: u16) -> Vec<u8> {
    let (family, own) = if client.contains(':') { ("TCP6", "::1") } else { ("TCP4", "127.0.0.1") };
    format!("PROXY {family} {client} {own} {port} 1234\r\n").into_bytes()
}

const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";

/// The second version with this command and family.
fn binary(command: u8, family: u8, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len()).unwrap().to_be_bytes();
    [SIGNATURE, &[0x20 | command, family], &length, body].concat()
}

/// The second version for 198.51.100.7:4321, with these extensions.
fn binary_for_client(extensions: &[u8]) -> Vec<u8> {
    let addresses = [198, 51, 100, 7, 127, 0, 0, 1, 0x10, 0xe1, 0x04, 0xd2];
    binary(1, 0x11, &[&addresses, extensions].concat())
}

/// The extension that says that the client speaks TLS to the proxy.
const OVER_TLS: [u8; 8] = [0x20, 0, 5, 1, 0, 0, 0, 0];

/// Connects to the listener with that name and sends a header.
#[track_caller]
fn through(server: &Server, port: &str, header: &[u8]) -> TcpStream {
    let mut stream = connect(server.addr_of(port));
    stream.write_all(header).unwrap();
    stream
}

/// A text client through a proxy.
#[track_caller]
fn client(server: &Server, header: &[u8]) -> Client {
    Client::over(through(server, "text", header))
}
