//! `/rooms…` over HTTP: what is said and read there, as curl and other programs do it.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};

use serde_json::Value;

use crate::harness::{Server, connect};
use crate::web::Answer;

mod clustered;
mod curl;
mod framing;
mod fronts;
mod lists;
mod post;
mod readers;
mod recipes;
mod retries;
mod speakers;
mod streams;
mod tokens;
mod waiting;

/// A request that a program would send, and its answer.
pub(crate) struct Request {
    method: &'static str,
    path: String,
    fields: String,
    body: Vec<u8>,
}

/// `POST` of lines, as `curl -d` sends them.
pub(crate) fn post(path: &str, body: &str) -> Request {
    let fields = "Content-Type: application/x-www-form-urlencoded\r\n".to_owned();
    Request { method: "POST", path: path.to_owned(), fields, body: body.into() }
}

/// `POST` of JSON.
fn post_json(path: &str, body: &str) -> Request {
    let fields = "Content-Type: application/json\r\n".to_owned();
    Request { fields, ..post(path, body) }
}

/// `GET` or another method without a body.
fn request(method: &'static str, path: &str) -> Request {
    Request { method, path: path.to_owned(), fields: String::new(), body: Vec::new() }
}

impl Request {
    /// The same with one more header field.
    fn with(mut self, name: &str, value: &str) -> Self {
        self.fields.push_str(&format!("{name}: {value}\r\n"));
        self
    }

    fn bytes(&self) -> Vec<u8> {
        let Self { method, path, fields, body } = self;
        let length = match body.len() {
            0 if *method != "POST" => String::new(),
            length => format!("Content-Length: {length}\r\n"),
        };
        let head = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\n{fields}{length}\r\n");
        [head.as_bytes(), body].concat()
    }

    /// Sends it, and reads the answer to its end.
    #[track_caller]
    pub(crate) fn to(&self, server: &Server) -> Answer {
        exchange(connect(server.addr_of("web")), &self.bytes())
    }

    /// The same from another address of this machine.
    #[track_caller]
    fn from(&self, source: &str, server: &Server) -> Answer {
        exchange(connect_from(server.addr_of("web"), source), &self.bytes())
    }
}

/// Sends these bytes, and reads the answer to its end.
#[track_caller]
fn exchange(mut stream: TcpStream, bytes: &[u8]) -> Answer {
    stream.write_all(bytes).unwrap();
    Answer::read_any(stream)
}

#[track_caller]
fn connect_from(addr: SocketAddr, source: &str) -> TcpStream {
    use rustix::net::{AddressFamily, SocketType, bind, connect, socket};
    let socket = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
    bind(&socket, &SocketAddr::new(source.parse().unwrap(), 0)).unwrap();
    connect(&socket, &addr).unwrap();
    let stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(crate::harness::PATIENCE)).unwrap();
    stream
}

impl Answer {
    fn text(&self) -> &str {
        str::from_utf8(&self.body).unwrap()
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.status, 200, "{}", self.text());
        assert_eq!(self.field("Content-Type"), Some("application/json"));
        serde_json::from_slice(&self.body).unwrap()
    }

    /// That it is a refusal: one line of text.
    #[track_caller]
    fn refused(&self, status: u16) -> &str {
        assert_eq!(self.status, status, "{}", self.text());
        assert_eq!(self.field("Content-Type"), Some("text/plain; charset=utf-8"));
        let line = self.text().strip_suffix('\n').unwrap();
        assert!(!line.is_empty() && !line.contains('\n'), "{line:?}");
        line
    }
}

/// Sends part of a request and then the end of the stream.
#[track_caller]
fn cut_short(server: &Server, bytes: &[u8]) -> Answer {
    let mut stream = connect(server.addr_of("web"));
    stream.write_all(bytes).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    Answer::read_any(stream)
}

/// Reads up to and including these bytes.
#[track_caller]
fn read_until(stream: &mut TcpStream, end: &[u8]) -> Vec<u8> {
    let mut read = Vec::new();
    let mut byte = [0];
    while !read.ends_with(end) {
        stream.read_exact(&mut byte).unwrap();
        read.push(byte[0]);
    }
    read
}
