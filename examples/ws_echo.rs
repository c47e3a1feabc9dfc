//! Echoes WebSocket messages, for conformance tests of the code with which chatd reads them.
//!
//! `cargo run --release --example ws_echo -- PORT`; then point a test suite such as Autobahn's at
//! `ws://127.0.0.1:PORT/ws`.

use std::error::Error;
use std::io;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use chatd::net::{Patience, Transport};
use chatd::os::Bell;
use chatd::runtime::Replaceable;
use chatd::web::{self, ChatAccess, Guard, Served, Site};
use chatd::wire::{Data, End, Farewell, Frames, encode_close};
use tungstenite::protocol::frame::Frame;
use tungstenite::protocol::frame::coding::{Data as Kind, OpCode};

/// Bytes in a message; the cases go that far.
const LIMIT: usize = 16 * 1024 * 1024;
/// Longer than any case takes.
const PATIENCE: Duration = Duration::from_secs(60);

fn main() -> Result<(), Box<dyn Error>> {
    let port = std::env::args().nth(1).ok_or("usage: ws_echo PORT")?.parse()?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
    eprintln!("listening on {}", listener.local_addr()?);
    for stream in listener.incoming() {
        let stream = stream?;
        thread::Builder::new().spawn(move || {
            if let Err(error) = serve(stream) {
                eprintln!("{error}");
            }
        })?;
    }
    Ok(())
}

fn serve(stream: TcpStream) -> io::Result<()> {
    let (transport, bell) = (Transport::bare(stream), Bell::new()?);
    let patience = Patience { deadline: Instant::now() + PATIENCE, bell: &bell };
    let site = Site::page(Replaceable::new(Guard::new(Vec::new(), Vec::new())));
    // Only the upgrade is of interest here.
    let chat = ChatAccess { max_line: 0, ask: &|_, _| None };
    let (served, _) = web::serve(&transport, Vec::new(), &site, None, patience, &chat)?;
    if let Served::Upgraded(upgraded) = served {
        echo(&transport, upgraded.early, patience)?;
    }
    transport.finish_sending();
    while !transport.receive_within(patience)?.is_end {}
    Ok(())
}

fn echo(transport: &Transport, early: Vec<u8>, patience: Patience<'_>) -> io::Result<()> {
    let (mut frames, mut bytes) = (Frames::new(LIMIT), early);
    loop {
        let (mut input, mut output) = (bytes.as_slice(), Vec::new());
        let end = loop {
            match frames.next(&mut input, &mut output) {
                Ok(Some(data)) => push(data, &mut output),
                Ok(None) => break None,
                Err(end) => break Some(end),
            }
        };
        if let Some(End::Broken(code)) = end {
            encode_close(Farewell::Broken(code), &mut output);
        }
        transport.send_all(&output, patience)?;
        if end.is_some() {
            return Ok(());
        }
        let received = transport.receive_within(patience)?;
        if received.is_end {
            return Ok(());
        }
        bytes = received.bytes;
    }
}

fn push(data: Data, output: &mut Vec<u8>) {
    let frame = match data {
        Data::Text(text) => Frame::message(text, OpCode::Data(Kind::Text), true),
        Data::Binary(bytes) => Frame::message(bytes, OpCode::Data(Kind::Binary), true),
        Data::Ping => return,
    };
    // Writing to a Vec cannot fail.
    let _ = frame.format(output);
}
