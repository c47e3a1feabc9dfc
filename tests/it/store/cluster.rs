//! What a node of a cluster writes because the shared log says so, and what the log still has to
//! hear of.

use chatd::chat::{
    Account, AuthRequest, Ban, BanChange, Entry, Mask, Password, PasswordHash, PasswordId, Role,
    RollChange,
};
use chatd::cluster::NodeOrigin;
use chatd::store::{Answer, Database, Denial, Edit, Event, Membership};
use chatd::text::Text;
use serde_json::Value;

use super::commands::{exported, manage};
use super::{CLIENT, Kept, NOON, count, entry, moment, nick, other, room, texts};
use crate::harness::TempDir;

const LINEAGE: &str = "0123456789abcdef";

impl Kept {
    #[track_caller]
    fn note(&mut self, change: &RollChange) {
        let seq = self.store.note(change.clone()).unwrap();
        self.wait_committed(seq);
    }

    /// From now on the database is one of a cluster.
    #[track_caller]
    fn join(&mut self) {
        let seq = self.store.note_lineage(LINEAGE.to_owned()).unwrap();
        self.wait_committed(seq);
    }

    #[track_caller]
    fn edits(&self) -> Vec<Edit> {
        self.wait(|event| match event {
            Event::Edited(edits) => Some(edits),
            _ => None,
        })
    }

    fn authenticate_shared(&self, request: AuthRequest) -> Answer {
        self.store.authenticate_shared(CLIENT, request).unwrap();
        self.answer()
    }
}

fn password(text: &str) -> Password {
    Password::new(text).unwrap()
}

fn account(name: &str, hash: &PasswordHash) -> Account {
    let created = moment(NOON);
    Account {
        nick: nick(name),
        role: Role::User,
        created,
        last_seen: None,
        password: PasswordId::of(hash.as_str()),
    }
}

fn registered(name: &str) -> RollChange {
    let hash = PasswordHash::from(format!("hash of {name}"));
    RollChange::Register(account(name, &hash), hash)
}

fn ban(mask: &str) -> Ban {
    Ban { mask: Mask::new(mask).unwrap(), by: nick("carol"), reason: None, until: None }
}

#[test]
fn a_node_knows_after_a_restart_which_cluster_it_was_in() {
    let dir = TempDir::new();
    let mut kept = Kept::open(&dir);
    assert_eq!(kept.past.membership, Membership::default());
    kept.join();
    for last in [7, 8] {
        kept.store.note_origin(NodeOrigin([last; 16])).unwrap();
    }
    kept.close();
    let membership =
        Membership { lineage: Some(LINEAGE.to_owned()), origin: Some(NodeOrigin([8; 16])) };
    assert_eq!(Kept::open(&dir).past.membership, membership);
}

#[test]
fn a_change_that_comes_twice_is_made_once() {
    let dir = TempDir::new();
    let mut kept = Kept::open(&dir);
    let other_hash = PasswordHash::from("another hash".to_owned());
    let changes = [
        registered("ann"),
        registered("Bob"),
        RollChange::SetPassword(nick("Bob"), other_hash.clone()),
        RollChange::SetRole(nick("Bob"), Role::Operator),
        RollChange::Remove(nick("ann")),
        RollChange::Ban(BanChange::Ban(ban("eve"))),
        RollChange::Ban(BanChange::Ban(ban("mallory"))),
        RollChange::Ban(BanChange::Unban(ban("eve").mask)),
        // Of what is not there.
        RollChange::SetRole(nick("nobody"), Role::Operator),
        RollChange::SetPassword(nick("nobody"), other_hash.clone()),
        RollChange::Remove(nick("nobody")),
    ];
    for change in changes.iter().flat_map(|change| [change, change]) {
        kept.note(change);
    }
    let bob = Account { role: Role::Operator, ..account("Bob", &other_hash) };
    let whole =
        [RollChange::Register(bob, other_hash), RollChange::Ban(BanChange::Ban(ban("mallory")))];
    kept.store.ask_for_roll().unwrap();
    let read = kept.wait(|event| match event {
        Event::RollRead(roll) => Some(roll),
        _ => None,
    });
    assert_eq!(read, Ok(whole.to_vec()));
    kept.close();
    let database = Database::open(dir.path("").as_ref()).unwrap();
    assert_eq!(database.whole_roll().unwrap(), whole);
}

#[test]
fn the_account_of_the_log_replaces_one_that_looks_like_it() {
    let dir = TempDir::new();
    let mut kept = Kept::open(&dir);
    for name in ["B0b", "ann", "Bob"] {
        kept.note(&registered(name));
    }
    kept.close();
    let database = Database::open(dir.path("").as_ref()).unwrap();
    assert_eq!(database.whole_roll().unwrap(), [registered("Bob"), registered("ann")]);
}

#[test]
fn a_node_hashes_a_password_and_every_node_that_notes_it_accepts_it() {
    let (here, there) = (TempDir::new(), TempDir::new());
    let (kept, mut elsewhere) = (Kept::open(&here), Kept::open(&there));
    let register = AuthRequest::Register(nick("bob"), password("correct horse"), moment(NOON));
    let Answer::Registered(bob, Some(hash)) = kept.authenticate_shared(register) else { panic!() };
    assert_eq!((bob.nick, bob.role, bob.created), (nick("bob"), Role::User, moment(NOON)));
    assert_eq!(count(&here, "account"), 0, "the log may have another bob by then");
    elsewhere.note(&RollChange::Register(bob, hash));
    let log_in = |kept: &Kept, word| {
        kept.authenticate_shared(AuthRequest::Login(nick("bob"), password(word), moment(NOON)))
    };
    assert_eq!(log_in(&elsewhere, "correct horse"), Answer::LoggedIn(bob));
    let wrong = Answer::NotAuthenticated(Denial::WrongPassword);
    let change = AuthRequest::SetPassword(nick("bob"), bob.password, password("battery staple"));
    let not_here = Answer::NotAuthenticated(Denial::NotRegistered(nick("bob")));
    assert_eq!(kept.authenticate_shared(change.clone()), not_here);
    let answer = elsewhere.authenticate_shared(change);
    let Answer::PasswordChanged(changed, Some(hash)) = answer else { panic!("{answer:?}") };
    assert_eq!(changed.password, PasswordId::of(hash.as_str()));
    assert_eq!(log_in(&elsewhere, "battery staple"), wrong, "nothing is saved yet");
    elsewhere.note(&RollChange::SetPassword(nick("bob"), hash));
    let Answer::LoggedIn(bob) = log_in(&elsewhere, "battery staple") else { panic!() };
    assert_eq!(bob.last_seen, Some(moment(NOON)));
    assert_eq!(log_in(&elsewhere, "correct horse"), wrong);
}

#[test]
fn a_note_waits_for_a_disk_that_takes_nothing() {
    let dir = TempDir::new();
    let mut kept = Kept::open(&dir);
    let blocker = other(&dir);
    blocker.execute_batch("BEGIN IMMEDIATE").unwrap();
    let seq = kept.store.note(registered("ann")).unwrap();
    kept.wait(|event| matches!(event, Event::Failing { .. }).then_some(()));
    blocker.execute_batch("ROLLBACK").unwrap();
    kept.wait_committed(seq);
    assert_eq!(count(&dir, "account"), 1);
}

#[test]
fn the_subcommands_leave_no_edits_for_a_server_that_is_alone() {
    let dir = TempDir::new();
    Kept::open(&dir).close();
    assert_eq!(manage(&dir, "account add ann", "correct horse\n").status, 0);
    assert_eq!(count(&dir, "edit"), 0);
}

#[test]
fn the_subcommands_leave_an_edit_of_each_change_for_the_log() {
    let dir = TempDir::new();
    let mut kept = Kept::open(&dir);
    kept.join();
    kept.note(&RollChange::Ban(BanChange::Ban(ban("Eve"))));
    let edit = |words: &str, input: &str| {
        let ended = manage(&dir, words, input);
        assert_eq!(ended.status, 0, "{}", ended.stderr);
        let [Edit { id, change }] = <[Edit; 1]>::try_from(kept.edits()).unwrap();
        (id, change)
    };
    let (_, added) = edit("account add Ann --operator", "correct horse\n");
    let RollChange::Register(ann, hash) = added else { panic!("{added:?}") };
    assert_eq!(
        (ann.nick, ann.role, ann.password),
        (nick("Ann"), Role::Operator, PasswordId::of(hash.as_str()))
    );
    let (_, changed) = edit("account password ann", "battery staple\n");
    let RollChange::SetPassword(name, _) = changed else { panic!("{changed:?}") };
    assert_eq!(name, nick("Ann"), "as it is spelt in the account");
    let role = RollChange::SetRole(nick("Ann"), Role::User);
    assert_eq!(edit("account role ann user", "").1, role);
    let unban = RollChange::Ban(BanChange::Unban(ban("Eve").mask));
    assert_eq!(edit("ban remove eve", "").1, unban);
    let (last, removed) = edit("account remove ann", "");
    assert_eq!(removed, RollChange::Remove(nick("Ann")));
    for refused in ["account remove ann", "ban remove eve"] {
        assert_eq!(manage(&dir, refused, "").status, 1, "{refused}");
    }
    assert_eq!(count(&dir, "edit"), 5);

    for published in [last, 1] {
        let seq = kept.store.note_published(published).unwrap();
        kept.wait_committed(seq);
    }
    kept.close();
    let changes = |kept: &Kept| -> Vec<_> {
        kept.past.edits.iter().map(|edit| edit.change.clone()).collect()
    };
    let mut kept = Kept::open(&dir);
    assert_eq!(changes(&kept), [changed, role, unban], "what was not published");
    for Edit { id, .. } in kept.past.edits.clone() {
        kept.store.note_published(id).unwrap();
    }
    kept.close();
    let kept = Kept::open(&dir);
    assert_eq!(changes(&kept), []);
    manage(&dir, "account add ben", "correct horse\n");
    assert!(kept.edits()[0].id > last, "an id is never used again");
}

#[test]
fn an_edit_that_a_newer_chatd_left_stays_there() {
    let dir = TempDir::new();
    let mut kept = Kept::open(&dir);
    kept.join();
    kept.close();
    other(&dir).execute("INSERT INTO edit(change) VALUES('{\"Later\":7}')", []).unwrap();
    assert_eq!(manage(&dir, "account add ben", "correct horse\n").status, 0);
    let kept = Kept::open(&dir);
    assert_eq!((kept.past.edits.len(), kept.past.edits[0].id), (1, 2));
    assert_eq!(count(&dir, "edit"), 2);
}

#[test]
fn a_line_that_comes_twice_is_one_line() {
    let dir = TempDir::new();
    let mut kept = Kept::open(&dir);
    let line = entry("only once");
    for _ in 0..2 {
        let seq = kept.store.write(room("lobby"), line.clone()).unwrap();
        kept.wait_committed(seq);
    }
    let changed = Entry { text: Text::new("never said"), ..line };
    let seq = kept.store.write(room("lobby"), changed).unwrap();
    kept.wait_committed(seq);
    assert_eq!(kept.last("lobby", 9), ["only once"]);
    assert_eq!(kept.search("only once"), ["only once"]);
    assert_eq!(kept.search("never said"), [] as [&str; 0]);
}

#[test]
fn late_lines_stand_where_they_were_shown_with_their_own_time() {
    let dir = TempDir::new();
    let mut kept = Kept::open(&dir);
    let said =
        |text: &str, minute: i64| Entry { at: moment(NOON + minute * 60_000), ..entry(text) };
    for (text, minute) in [("before", 0), ("meanwhile", 5), ("late", 2), ("afterwards", 6)] {
        let seq = kept.store.write(room("lobby"), said(text, minute)).unwrap();
        kept.wait_committed(seq);
    }
    let order = ["before", "meanwhile", "late", "afterwards"];
    assert_eq!(kept.last("lobby", 9), order);
    let exported = exported(&dir, "");
    let times: Vec<_> = exported.iter().filter_map(|line| line["ts"].as_i64()).collect();
    assert_eq!(times, [0, 5, 2, 6].map(|minute| NOON + minute * 60_000));
    let text = |line: &Value| line["text"].as_str().unwrap().to_owned();
    assert_eq!(exported.iter().map(text).collect::<Vec<_>>(), order);
    kept.close();
    assert_eq!(texts(&Kept::open(&dir).past.rooms[0].lines), order);
}

#[test]
fn a_marker_stands_before_the_oldest_line_that_is_left_unless_the_disk_has_that() {
    let dir = TempDir::new();
    let mut kept = Kept::open(&dir);
    let first = entry("line 0");
    let [there, left, newer] = ["line 1", "line 52", "line 53"].map(entry);
    for line in [first, there.clone()] {
        kept.store.write(room("lobby"), line).unwrap();
    }
    let mut takes = |name: &str, lines: &[&Entry]| {
        kept.store.write_gap_before(room(name), lines[0]).unwrap();
        let written = lines.iter().map(|line| kept.store.write(room(name), (*line).clone()));
        let last = written.last().flatten().unwrap();
        kept.wait_committed(last);
        kept.last(name, 9)
    };
    assert_eq!(takes("lobby", &[&there]), ["line 0", "line 1"], "none is missing");
    let at = jiff::Timestamp::from_millisecond(NOON).unwrap();
    let at = at.to_zoned(jiff::tz::TimeZone::system()).strftime("%H:%M");
    let gap = format!("[history gap: lines before {at}]");
    let expected = ["line 0", "line 1", &*gap, "line 52", "line 53"];
    for _ in 0..2 {
        assert_eq!(takes("lobby", &[&left, &newer]), expected);
    }
    let other = entry("line 7");
    assert_eq!(takes("dev", &[&other]), [&*gap, "line 7"], "the disk had nothing of this room");
    kept.close();
    let rows = exported(&dir, "--room lobby");
    let kinds: Vec<_> = rows.iter().map(|row| row["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["said", "said", "gap", "said", "said"]);
}
