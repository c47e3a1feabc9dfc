//! A WebSocket client: plain lines, or `chatd.v1`.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

use rustls::{ClientConfig, ClientConnection, StreamOwned};
use serde_json::{Value, json};
use tungstenite::Message;
use tungstenite::handshake::derive_accept_key;
use tungstenite::protocol::Role;
use tungstenite::protocol::frame::Frame;

use super::{HINT, PATIENCE, Server};

const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

/// The field that asks for `chatd.v1`.
pub(crate) const JSON: &str = "Sec-WebSocket-Protocol: chatd.v1\r\n";

/// What `chatd.v1` answers to `/ping`.
pub(crate) const PONG: &str = r#"{"t":"notice","text":"pong"}"#;

/// A socket, or TLS over one.
trait Stream: Read + Write + Send {}

impl<T: Read + Write + Send> Stream for T {}

/// One connection. Every read and write has a deadline.
pub(crate) struct WebSocket {
    /// Its nick.
    pub(crate) name: String,
    socket: tungstenite::WebSocket<Box<dyn Stream>>,
    below: TcpStream,
    is_json: bool,
}

impl WebSocket {
    /// Upgrades without a sub-protocol; reads nothing.
    #[track_caller]
    pub(crate) fn connect(server: &Server) -> Self {
        WebSocket::with_early(server, "", &[])
    }

    /// Upgrades to `chatd.v1`.
    #[track_caller]
    pub(crate) fn connect_json(server: &Server) -> Self {
        WebSocket::with_early(server, JSON, &[])
    }

    /// Upgrades with the caller's header fields, and sends `bytes` in one write with the request.
    #[track_caller]
    pub(crate) fn with_early(server: &Server, fields: &str, early: &[u8]) -> Self {
        WebSocket::at(server.addr_of("web"), fields, early)
    }

    /// The same for the web port at this address.
    #[track_caller]
    pub(crate) fn at(addr: SocketAddr, fields: &str, early: &[u8]) -> Self {
        let stream = connect(addr);
        let below = stream.try_clone().unwrap();
        WebSocket::over(Box::new(stream), below, fields, early)
    }

    /// Upgrades to `chatd.v1` under TLS.
    #[track_caller]
    pub(crate) fn connect_tls(server: &Server, config: &Arc<ClientConfig>) -> Self {
        WebSocket::at_tls(server.addr_of("web"), config)
    }

    /// The same for the web port at this address.
    #[track_caller]
    pub(crate) fn at_tls(addr: SocketAddr, config: &Arc<ClientConfig>) -> Self {
        let stream = connect(addr);
        let below = stream.try_clone().unwrap();
        let name = "localhost".try_into().unwrap();
        let tls = ClientConnection::new(Arc::clone(config), name).unwrap();
        WebSocket::over(Box::new(StreamOwned::new(tls, stream)), below, JSON, &[])
    }

    /// Upgrades to `chatd.v1`, perhaps under TLS, behind these bytes of a proxy.
    #[track_caller]
    pub(crate) fn behind(
        server: &Server,
        header: &[u8],
        config: Option<&Arc<ClientConfig>>,
    ) -> Self {
        WebSocket::behind_with(server, header, config, JSON)
    }

    /// The same with the caller's header fields.
    #[track_caller]
    pub(crate) fn behind_with(
        server: &Server,
        header: &[u8],
        config: Option<&Arc<ClientConfig>>,
        fields: &str,
    ) -> Self {
        let mut stream = connect(server.addr_of("web"));
        stream.write_all(header).unwrap();
        let below = stream.try_clone().unwrap();
        let Some(config) = config else {
            return WebSocket::over(Box::new(stream), below, fields, &[]);
        };
        let name = "localhost".try_into().unwrap();
        let tls = ClientConnection::new(Arc::clone(config), name).unwrap();
        WebSocket::over(Box::new(StreamOwned::new(tls, stream)), below, fields, &[])
    }

    #[track_caller]
    fn over(mut stream: Box<dyn Stream>, below: TcpStream, fields: &str, early: &[u8]) -> Self {
        stream.write_all(&[upgrade(fields).as_bytes(), early].concat()).unwrap();
        let head = read_head(&mut *stream);
        assert!(head.starts_with("HTTP/1.1 101 Switching Protocols\r\n"), "{head}");
        let accept = derive_accept_key(KEY.as_bytes());
        assert!(head.contains(&format!("\r\nSec-WebSocket-Accept: {accept}\r\n")), "{head}");
        let is_json = head.contains("\r\nSec-WebSocket-Protocol: chatd.v1\r\n");
        assert_eq!(is_json, fields.contains("chatd.v1"), "{head}");
        let socket = tungstenite::WebSocket::from_raw_socket(stream, Role::Client, None);
        WebSocket { name: String::new(), socket, below, is_json }
    }

    /// Connects, takes a nick, is announced in the lobby, and reads everything sent so far.
    #[track_caller]
    pub(crate) fn join(server: &Server, nick: &str) -> Self {
        let mut client = WebSocket::connect(server);
        client.expect_contains(". You are ");
        client.expect(HINT);
        let lines = client.named(nick);
        assert!(lines.contains(&format!("-- you are now {nick}")), "{lines:?}");
        client
    }

    /// The same for `chatd.v1`.
    #[track_caller]
    pub(crate) fn join_json(server: &Server, nick: &str) -> Self {
        let mut client = WebSocket::connect_json(server);
        client.named(nick);
        client
    }

    /// Takes a nick and is announced. The detour through a room of its own avoids the delay of 300
    /// ms.
    #[track_caller]
    pub(crate) fn named(&mut self, nick: &str) -> Vec<String> {
        self.send(&format!("/nick {nick}"));
        self.send(&format!("/join hall-{nick}"));
        self.send("/leave");
        nick.clone_into(&mut self.name);
        self.sync()
    }

    /// Says something: as a plain line, or as an object of `chatd.v1`.
    #[track_caller]
    pub(crate) fn send(&mut self, text: &str) {
        self.try_send(text).unwrap();
    }

    /// The same, for a server that may hang up meanwhile.
    pub(crate) fn try_send(&mut self, text: &str) -> tungstenite::Result<()> {
        let message = match self.is_json {
            true => json!({ "t": "say", "text": text }).to_string(),
            false => text.to_owned(),
        };
        self.socket.send(Message::text(message))
    }

    #[track_caller]
    pub(crate) fn send_message(&mut self, message: Message) {
        self.socket.send(message).unwrap();
    }

    /// Sends bytes, which need not be frames, to a server that may hang up meanwhile.
    pub(crate) fn send_raw(&mut self, bytes: &[u8]) {
        let stream = self.socket.get_mut();
        stream.write_all(bytes).and_then(|()| stream.flush()).ok();
    }

    /// The next message of any kind.
    #[track_caller]
    pub(crate) fn message(&mut self) -> Message {
        self.socket.read().unwrap_or_else(|error| panic!("{error} instead of a message"))
    }

    /// The next text message.
    #[track_caller]
    pub(crate) fn line(&mut self) -> String {
        match self.message() {
            Message::Text(text) => text.to_string(),
            other => panic!("{other:?} instead of text"),
        }
    }

    /// The next text message, or `None` at the end of the stream.
    pub(crate) fn try_line(&mut self) -> Option<String> {
        match self.socket.read() {
            Ok(Message::Text(text)) => Some(text.to_string()),
            _ => None,
        }
    }

    /// Asserts that the next text message is exactly this one.
    #[track_caller]
    pub(crate) fn expect(&mut self, line: &str) {
        assert_eq!(self.line(), line);
    }

    /// Asserts that the next text message contains this; returns it.
    #[track_caller]
    pub(crate) fn expect_contains(&mut self, part: &str) -> String {
        let line = self.line();
        assert!(line.contains(part), "{line:?} lacks {part:?}");
        line
    }

    /// The next object, without its times and line ids, which no test can know.
    #[track_caller]
    pub(crate) fn object(&mut self) -> Value {
        timeless(&self.line())
    }

    /// The messages sent so far and not read yet: those before the answer to `/ping`.
    #[track_caller]
    pub(crate) fn sync(&mut self) -> Vec<String> {
        self.send("/ping");
        let pong = if self.is_json { PONG } else { "-- pong" };
        let mut lines = Vec::new();
        loop {
            match self.line() {
                line if line == pong => return lines,
                line => lines.push(line),
            }
        }
    }

    /// Says something and returns what the server sends this client in response.
    #[track_caller]
    pub(crate) fn ask(&mut self, text: &str) -> Vec<String> {
        self.send(text);
        self.sync()
    }

    /// The same for `chatd.v1`, without the times.
    #[track_caller]
    pub(crate) fn ask_json(&mut self, text: &str) -> Vec<Value> {
        self.ask(text).iter().map(|object| timeless(object)).collect()
    }

    /// Asserts that the server only sends a close frame with this code and ends the stream.
    #[track_caller]
    pub(crate) fn expect_closed(&mut self, code: u16) {
        match self.message() {
            Message::Close(Some(frame)) => assert_eq!(u16::from(frame.code), code),
            other => panic!("{other:?} instead of a close frame"),
        }
        self.expect_end();
    }

    /// Asserts that the stream ends without further bytes.
    #[track_caller]
    pub(crate) fn expect_end(&mut self) {
        use tungstenite::Error::{AlreadyClosed, ConnectionClosed};
        match self.socket.read() {
            Err(ConnectionClosed | AlreadyClosed) => {}
            other => panic!("{other:?} instead of the end"),
        }
    }

    /// The socket, below TLS if there is any.
    pub(crate) fn socket(&self) -> &TcpStream {
        &self.below
    }
}

/// A connection whose reads and writes have a deadline.
pub(crate) fn connect(addr: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(addr).unwrap();
    stream.set_nodelay(true).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// A request for WebSocket with these additional header fields.
pub(crate) fn upgrade(fields: &str) -> String {
    format!(
        "GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n{fields}\r\n"
    )
}

/// Reads the head of an answer, and no byte after it.
fn read_head(stream: &mut dyn Stream) -> String {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    String::from_utf8(head).unwrap()
}

/// An object without its times and line ids.
#[track_caller]
pub(crate) fn timeless(object: &str) -> Value {
    let mut object: Value = serde_json::from_str(object).unwrap();
    strip_times(&mut object);
    object
}

fn strip_times(object: &mut Value) {
    if let Some(ts) = object.as_object_mut().and_then(|fields| fields.remove("ts")) {
        assert!(ts.as_i64().unwrap() > 1_600_000_000_000, "{ts} is not in milliseconds");
    }
    let is_line = |t: &Value| ["said", "emote", "private"].iter().any(|line| t == line);
    if is_line(&object["t"]) {
        let id = object.as_object_mut().and_then(|fields| fields.remove("id"));
        assert!(id.as_ref().and_then(Value::as_str).is_some_and(|id| id.contains('-')), "{id:?}");
    }
    object
        .get_mut("messages")
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
        .for_each(strip_times);
}

/// A frame as a client sends it.
pub(crate) fn masked(mut frame: Frame) -> Vec<u8> {
    frame.header_mut().mask = Some([1, 2, 3, 4]);
    let mut bytes = Vec::new();
    frame.format(&mut bytes).unwrap();
    bytes
}
