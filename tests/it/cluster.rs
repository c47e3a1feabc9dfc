//! The shared log of several machines, in a real Redis.

mod drill_crash;
mod drill_links;
mod drill_nodes;
pub(crate) mod drill_plug;
pub(crate) mod drill_redis;
mod drill_roll;
mod drill_rooms;
mod drill_secrets;
mod drill_switch;
mod drill_tamper;
mod drill_together;
mod link_follow;
mod link_nodes;
mod link_places;
mod link_scripts;
mod link_troubles;
pub(crate) mod talk;
pub(crate) mod verdict;

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, channel};

use chatd::cluster::{
    Founding, Head, LinkError, LinkEvent, LogEntry, NodeOrigin, Position, Reply, Request,
    ServerPassword, Ticket,
};
use chatd::link::{Link, LinkSettings};

use crate::harness::{Forwarder, PATIENCE, RedisServer};

const EPOCH: &str = "line:one";

/// A link to a server, and what it reports.
struct Linked {
    link: Link,
    events: Receiver<LinkEvent>,
    last: Cell<u64>,
    /// What was read while the answer to a request was waited for.
    read: RefCell<VecDeque<LinkEvent>>,
}

impl Linked {
    fn to(server: &RedisServer) -> Self {
        Linked::with(&settings(&[&server.url()]))
    }

    fn with(settings: &LinkSettings) -> Self {
        let (sender, events) = channel();
        let report = move |event| drop(sender.send(event));
        let link = Link::start(settings, report).unwrap();
        Linked { link, events, last: Cell::new(0), read: RefCell::default() }
    }

    /// A link to a server with a new log.
    fn founded(server: &RedisServer) -> Self {
        let linked = Linked::to(server);
        assert_eq!(linked.ask(Request::Found(Box::new(founding()))), Reply::Founded);
        linked
    }

    #[track_caller]
    fn event(&self) -> LinkEvent {
        self.events.recv_timeout(PATIENCE).expect("the link reports something in time")
    }

    /// Asks, and waits for the answer.
    #[track_caller]
    fn try_ask(&self, request: Request) -> Result<Reply, LinkError> {
        self.last.set(self.last.get() + 1);
        let asked = Ticket(self.last.get());
        assert!(self.link.ask(asked, request));
        loop {
            match self.event() {
                LinkEvent::Replied(ticket, reply) if ticket == asked => return Ok(reply),
                LinkEvent::Failed(ticket, error) if ticket == asked => return Err(error),
                read @ LinkEvent::Read(..) => self.read.borrow_mut().push_back(read),
                other => panic!("{other:?}"),
            }
        }
    }

    #[track_caller]
    fn ask(&self, request: Request) -> Reply {
        self.try_ask(request).unwrap()
    }

    /// What went wrong, if the link is lost.
    #[track_caller]
    fn lost(&self, request: Request) -> String {
        match self.try_ask(request) {
            Err(LinkError::Lost(words)) => words,
            other => panic!("{other:?}"),
        }
    }

    #[track_caller]
    fn denied(&self, request: Request) -> String {
        match self.try_ask(request) {
            Err(LinkError::Denied(words)) => words,
            other => panic!("{other:?}"),
        }
    }

    #[track_caller]
    fn head(&self) -> Head {
        match self.ask(look()) {
            Reply::Head(Some(head)) => head,
            other => panic!("{other:?}"),
        }
    }

    /// Reads the log behind its first `after` entries from now on.
    fn follow(&self, after: u64) -> u64 {
        self.last.set(self.last.get() + 1);
        self.link.follow(self.last.get(), after);
        self.last.get()
    }

    /// What is read next for a wish.
    #[track_caller]
    fn next_entries(&self, wish: u64) -> Vec<LogEntry> {
        loop {
            let read = self.read.borrow_mut().pop_front();
            match read.unwrap_or_else(|| self.event()) {
                LinkEvent::Read(generation, entries) if generation == wish => return entries,
                LinkEvent::Read(..) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// All entries behind `after`, each of which must follow the one before it.
    #[track_caller]
    fn entries(&self, after: Position) -> Vec<LogEntry> {
        let end = self.head().at.n;
        let wish = self.follow(after.n);
        let mut entries = Vec::new();
        let mut place = after;
        while place.n < end {
            for entry in self.next_entries(wish) {
                assert!(entry.follows(place), "{entry:?}");
                place = entry.position();
                entries.push(entry);
            }
        }
        entries
    }
}

fn settings(urls: &[&str]) -> LinkSettings {
    let servers = urls.iter().map(|url| url.parse().unwrap()).collect();
    LinkSettings { servers, password: None, prefix: "chatd".to_owned() }
}

fn with_password(settings: LinkSettings, password: &str) -> LinkSettings {
    LinkSettings { password: Some(ServerPassword(password.to_owned())), ..settings }
}

fn origin(number: u8) -> NodeOrigin {
    NodeOrigin([number; 16])
}

fn look() -> Request {
    Request::Look { origin: Some(origin(1)), at: 0 }
}

/// A new log without nodes.
fn founding() -> Founding {
    Founding {
        seen: None,
        epoch: EPOCH.to_owned(),
        at: Position::default(),
        uptime: 0,
        level: 1,
        joins: 0,
        living: Vec::new(),
        snapshot: b"nothing".to_vec(),
        entries: Vec::new(),
    }
}

fn join(number: u8, inputs: &[&str]) -> Request {
    Request::Join {
        epoch: EPOCH.to_owned(),
        origin: origin(number),
        at: Position::default(),
        name: format!("box{number}"),
        was: None,
        has_archive: true,
        level: 1,
        inputs: inputs.iter().map(|input| input.as_bytes().to_vec()).collect(),
    }
}

/// Inputs of a node that has applied nothing yet.
fn put(number: u8, inputs: &[(u64, &str)]) -> Request {
    let inputs = inputs.iter().map(|(oseq, data)| (*oseq, data.as_bytes().to_vec())).collect();
    put_at(number, Position::default(), None, inputs)
}

fn put_at(number: u8, at: Position, due: Option<u64>, inputs: Vec<(u64, Vec<u8>)>) -> Request {
    Request::Put { epoch: EPOCH.to_owned(), origin: origin(number), at, due, inputs }
}

fn leave(number: u8) -> Request {
    Request::Leave { epoch: EPOCH.to_owned(), origin: origin(number) }
}
