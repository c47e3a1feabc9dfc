//! A TCP forwarder between a node and Redis, with which a test breaks the link of that node only.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// What becomes of the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// They arrive after so long.
    Open(Duration),
    /// They wait, as when packets are lost.
    Silent,
    /// Connections end, and new ones too.
    Cut,
    /// The forwarder ends.
    Over,
}

#[derive(Debug)]
struct Shared {
    to: SocketAddr,
    way: Mutex<Way>,
    changed: Condvar,
    open: Mutex<Vec<TcpStream>>,
}

/// Forwards connections to a port of 127.0.0.1.
#[derive(Debug)]
pub(crate) struct Forwarder {
    port: u16,
    shared: Arc<Shared>,
}

impl Forwarder {
    pub(crate) fn to(port: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port_here = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared {
            to: (Ipv4Addr::LOCALHOST, port).into(),
            way: Mutex::new(Way::Open(Duration::ZERO)),
            changed: Condvar::new(),
            open: Mutex::default(),
        });
        let accepting = Arc::clone(&shared);
        spawn(move || accepting.accept(&listener));
        Forwarder { port: port_here, shared }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Forwards everything at once, what waited first.
    pub(crate) fn open(&self) {
        self.shared.set(Way::Open(Duration::ZERO));
    }

    /// Everything takes so much longer, each way.
    pub(crate) fn delay(&self, by: Duration) {
        self.shared.set(Way::Open(by));
    }

    /// Nothing arrives any more, and no connection ends.
    pub(crate) fn silence(&self) {
        self.shared.set(Way::Silent);
    }

    /// Ends all connections, and new ones at once.
    pub(crate) fn cut(&self) {
        self.shared.set(Way::Cut);
        self.shared.end_connections();
    }
}

impl Drop for Forwarder {
    fn drop(&mut self) {
        self.shared.set(Way::Over);
        self.shared.end_connections();
        // The thread that accepts notices with the next connection.
        TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).ok();
    }
}

impl Shared {
    fn set(&self, way: Way) {
        *self.way.lock().unwrap() = way;
        self.changed.notify_all();
    }

    fn way(&self) -> Way {
        *self.way.lock().unwrap()
    }

    fn end_connections(&self) {
        for stream in self.open.lock().unwrap().drain(..) {
            stream.shutdown(Shutdown::Both).ok();
        }
    }

    fn accept(self: Arc<Self>, listener: &TcpListener) {
        for client in listener.incoming() {
            match self.way() {
                Way::Over => return,
                Way::Cut => continue,
                Way::Open(_) | Way::Silent => {}
            }
            let (Ok(client), Ok(server)) = (client, TcpStream::connect(self.to)) else { continue };
            self.forward(&client, &server);
            self.forward(&server, &client);
        }
    }

    /// Forwards one direction, in two threads.
    fn forward(self: &Arc<Self>, from: &TcpStream, to: &TcpStream) {
        let (from, to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
        from.set_nodelay(true).unwrap();
        let mut open = self.open.lock().unwrap();
        open.push(from.try_clone().unwrap());
        drop(open);
        let (sender, receiver) = channel();
        spawn(move || read(from, &sender));
        let shared = Arc::clone(self);
        spawn(move || shared.write(to, &receiver));
    }

    fn write(&self, mut to: TcpStream, chunks: &Receiver<(Instant, Vec<u8>)>) {
        while let Ok((since, bytes)) = chunks.recv() {
            if !self.wait_until_due(since) || to.write_all(&bytes).is_err() {
                break;
            }
        }
        // The end arrives like everything else.
        self.wait_until_due(Instant::now());
        to.shutdown(Shutdown::Both).ok();
    }

    /// Waits until what was read then may arrive; false if the connection is to end instead.
    fn wait_until_due(&self, since: Instant) -> bool {
        let mut way = self.way.lock().unwrap();
        loop {
            match *way {
                Way::Cut | Way::Over => return false,
                Way::Silent => way = self.changed.wait(way).unwrap(),
                Way::Open(delay) => match (since + delay).checked_duration_since(Instant::now()) {
                    None | Some(Duration::ZERO) => return true,
                    Some(left) => way = self.changed.wait_timeout(way, left).unwrap().0,
                },
            }
        }
    }
}

fn read(mut from: TcpStream, chunks: &Sender<(Instant, Vec<u8>)>) {
    let mut chunk = [0; 16 * 1024];
    while let Ok(length @ 1..) = from.read(&mut chunk) {
        if chunks.send((Instant::now(), chunk[..length].to_vec())).is_err() {
            return;
        }
    }
}

fn spawn(run: impl FnOnce() + Send + 'static) {
    thread::Builder::new().name("forwarder".into()).spawn(run).unwrap();
}
