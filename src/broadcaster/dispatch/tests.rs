use super::*;

mod late;
mod past;

use std::fs;
use std::path::{Path, PathBuf};

use crate::admission::Limits;
use crate::chat::{
    Account, Ban, BanChange, Mask, Moment, Nick, Password, PasswordId, Role, Roll, RoomName,
    Settings, Traits,
};
use crate::os::Bell;
use crate::store::{self, Answer, Database, Denial, Retention};
use crate::text::Line;

const ALICE: ClientId = ClientId(1);

#[test]
fn an_order_that_is_tried_again_is_not_waited_for_and_ends_no_other_wait() {
    let dir = std::env::temp_dir().join(format!("chatd-pending-{}", std::process::id()));
    let (mut server, mut now) = (ruled(&dir), Now::default());
    let not_saved = Answer::BanNotChanged(BanChange::Ban(ban()), Denial::NotSaved);
    let not_saved = store::Event::Answered(ALICE, not_saved);
    server.apply(now, ALICE, Event::Line(Line::new("/ban eve")));
    assert!(server.pending.has(ALICE));
    server.handle_store_event(now, not_saved.clone());
    assert!(!server.pending.has(ALICE) && !server.archive.owes_answers());
    now.uptime += Duration::from_secs(5);
    server.tick(now);
    assert!(server.archive.owes_answers(), "it is tried again");
    assert!(!server.pending.has(ALICE));
    server.apply(now, ALICE, Event::Line(Line::new("/history")));
    server.handle_store_event(now, not_saved);
    assert!(server.pending.has(ALICE), "it is the history that she waits for");
    let last = Answer::Last(RoomName::new("lobby").unwrap(), Vec::new());
    server.handle_store_event(now, store::Event::Answered(ALICE, last));
    assert!(!server.pending.has(ALICE));
    end(&dir, server);
}

fn ban() -> Ban {
    let (mask, by) = (Mask::new("eve").unwrap(), Nick::new("alice").unwrap());
    Ban { mask, by, reason: None, until: None }
}

fn alice() -> Account {
    let (nick, role) = (Nick::new("alice").unwrap(), Role::Operator);
    let (created, password) = (Moment::default(), PasswordId::default());
    Account { nick, role, created, last_seen: None, password }
}

/// A dispatcher with a store, whose reports are dropped, and with Alice, who is an operator.
fn ruled(dir: &Path) -> Dispatcher {
    let store = Store::start(Database::open(dir).unwrap(), Retention::default(), drop).unwrap();
    let mut server = server(Some((store, Durability::Strict)));
    let from = crate::address::Origin::of([127, 0, 0, 1].into());
    server.apply(Now::default(), ALICE, Event::Connected(from, Traits::default()));
    server.apply(Now::default(), ALICE, Event::LoggedIn(alice()));
    server
}

/// A dispatcher that knows Alice's account.
fn server(store: Option<(Store, Durability)>) -> Dispatcher {
    let has_archive = store.is_some();
    let environment = Environment {
        clock: Clock::start(Duration::ZERO),
        limits: Replaceable::new(Limits::USUAL),
        wakeup: Arc::new(Wakeup::new().unwrap()),
        senders: Senders::default(),
        manager: ManagerThread::default(),
        metrics: Arc::new(Metrics::default()),
        store,
        web_port: None,
    };
    let mut chat = Chat::new(Settings { has_archive, ..Settings::default() });
    chat.register(Roll { accounts: vec![alice()], bans: Vec::new(), tokens: Vec::new() });
    let writable = WritablePoll::new(&Bell::new().unwrap()).unwrap();
    let chat = (Err(chat), UnsavedBans::default(), SavedRequests::default());
    Dispatcher::new(environment, Arc::new(writable), chat)
}

/// A dispatcher with a store that shows lines at once, and whose reports are dropped.
fn with_store(name: &str) -> (PathBuf, Dispatcher) {
    let dir = std::env::temp_dir().join(format!("chatd-{name}-{}", std::process::id()));
    let store = Store::start(Database::open(&dir).unwrap(), Retention::default(), drop).unwrap();
    (dir, server(Some((store, Durability::Relaxed))))
}

fn end(dir: &Path, mut server: Dispatcher) {
    std::mem::take(&mut server.archive).close(Duration::from_secs(5));
    fs::remove_dir_all(dir).ok();
}
