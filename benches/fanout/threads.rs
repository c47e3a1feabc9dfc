//! The baseline for connecting: the leanest server with a thread for each client.
//!
//! The thread welcomes its client, and sends what it reads to all others. Nothing else is kept.

use crate::floor;
use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

/// Bytes of a stack, as chatd's clients have.
const STACK: usize = 128 * 1024;
const READ: usize = 1024;

type Clients = Arc<Mutex<HashMap<u64, Arc<TcpStream>>>>;

/// Serves on a free port of 127.0.0.1, which `port_file` then names, until killed.
pub(crate) fn serve(port_file: &Path) -> io::Result<()> {
    let listener = TcpListener::from(floor::listen(port_file)?);
    listener.set_nonblocking(false)?;
    let clients = Clients::default();
    for number in 0.. {
        let (stream, clients) = (Arc::new(listener.accept()?.0), Arc::clone(&clients));
        stream.set_nodelay(true)?;
        thread::Builder::new().stack_size(STACK).spawn(move || {
            lock(&clients).insert(number, Arc::clone(&stream));
            // An error is the client's end.
            let _ = attend(&stream, number, &clients);
            lock(&clients).remove(&number);
        })?;
    }
    Ok(())
}

fn attend(mut stream: &TcpStream, number: u64, clients: &Clients) -> io::Result<()> {
    stream.write_all(b"-- floor\n")?;
    let mut buffer = [0; READ];
    loop {
        let count = stream.read(&mut buffer)?;
        if count == 0 {
            return Ok(());
        }
        for (_, other) in lock(clients).iter().filter(|(other, _)| **other != number) {
            // Its own thread notices its end.
            let _ = (&**other).write_all(&buffer[..count]);
        }
    }
}

fn lock(clients: &Clients) -> MutexGuard<'_, HashMap<u64, Arc<TcpStream>>> {
    clients.lock().unwrap_or_else(PoisonError::into_inner)
}
