//! Accounts and bans: on the disk before they are answered, and reloaded when another process
//! changes them.

use chatd::address::Origin;
use chatd::chat::{Account, AuthRequest, Ban, BanChange, ClientId, Mask, Password, Role};
use chatd::store::{Answer, Denial, Event, offline};
use chatd::text::Text;

use super::{CLIENT, Kept, NOON, count, moment, nick, other};
use crate::harness::TempDir;

fn password(text: &str) -> Password {
    Password::new(text).unwrap()
}

impl Kept {
    fn claim(&self, claim: AuthRequest) -> Answer {
        self.store.authenticate(CLIENT, claim).unwrap();
        self.answer()
    }

    fn change_ban(&self, order: BanChange) -> Answer {
        self.store.change_ban(CLIENT, order).unwrap();
        self.answer()
    }
}

#[test]
fn who_registers_can_log_in_and_nobody_else_can() {
    let dir = TempDir::new();
    let kept = Kept::open(&dir);
    let register =
        |name, word| kept.claim(AuthRequest::Register(nick(name), password(word), moment(NOON)));
    let log_in =
        |name, word| kept.claim(AuthRequest::Login(nick(name), password(word), moment(NOON + 5)));
    let Answer::Registered(bob, None) = register("Bob", "secret") else { panic!("it is free") };
    assert_eq!((bob.nick, bob.role, bob.created), (nick("Bob"), Role::User, moment(NOON)));
    assert_eq!(count(&dir, "account"), 1);
    assert_eq!(log_in("b0b", "secret"), Answer::LoggedIn(bob));
    assert_eq!(log_in("Bob", "Secret"), Answer::NotAuthenticated(Denial::WrongPassword));
    assert_eq!(
        log_in("eve", "secret"),
        Answer::NotAuthenticated(Denial::NotRegistered(nick("eve")))
    );
    assert_eq!(register("B0B", "mine"), Answer::NotAuthenticated(Denial::Registered(nick("Bob"))));
    kept.close();
    let accounts = Kept::open(&dir).past.roll.accounts;
    assert_eq!(accounts, [Account { last_seen: Some(moment(NOON + 5)), ..bob }]);
}

#[test]
fn who_registers_at_the_last_moment_is_registered() {
    let dir = TempDir::new();
    let kept = Kept::open(&dir);
    for name in ["ann", "bob", "cy", "dan", "eve"] {
        let claim = AuthRequest::Register(nick(name), password("secret"), moment(NOON));
        kept.store.authenticate(CLIENT, claim).unwrap();
    }
    kept.close();
    assert_eq!(count(&dir, "account"), 5);
}

#[test]
fn passwords_are_nowhere_in_the_file() {
    let dir = TempDir::new();
    let kept = Kept::open(&dir);
    kept.claim(AuthRequest::Register(nick("bob"), password("correct horse"), moment(NOON)));
    kept.close();
    let file = std::fs::read(dir.path("chatd.db")).unwrap();
    let has = |text: &str| file.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(has("$argon2id$v=19$m=19456,t=2,p=1$") && !has("correct horse"));
}

#[test]
fn too_many_claims_are_refused_at_once() {
    let dir = TempDir::new();
    let kept = Kept::open(&dir);
    let claim = |id| {
        let claim = AuthRequest::Login(nick("bob"), password("x"), moment(NOON));
        kept.store.authenticate(ClientId(id), claim)
    };
    kept.claim(AuthRequest::Register(nick("bob"), password("secret"), moment(NOON)));
    let answers: Vec<_> = (0..100).map(claim).collect();
    let taken = answers.iter().filter(|answer| answer.is_ok()).count();
    assert!((16..60).contains(&taken), "{taken}");
    assert!(answers.contains(&Err(Denial::Busy)));
    for _ in 0..taken {
        let answer = kept.wait(|event| match event {
            Event::Answered(_, answer) => Some(answer),
            _ => None,
        });
        assert_eq!(answer, Answer::NotAuthenticated(Denial::WrongPassword));
    }
}

#[test]
fn bans_are_kept_until_they_run_out_or_are_lifted() {
    let dir = TempDir::new();
    let kept = Kept::open(&dir);
    let ban = |mask, until: Option<i64>| Ban {
        mask: Mask::new(mask).unwrap(),
        by: nick("alice"),
        reason: Some(Text::new("spam; \"x'")),
        until: until.map(moment),
    };
    let network = ban("10.0.0.0/8", None);
    let name = ban("Eve", Some(i64::MAX));
    for ban in [&network, &name, &ban("192.0.2.7", Some(NOON)), &ban("2001:db8::1", None)] {
        assert_eq!(kept.change_ban(BanChange::Ban(ban.clone())), Answer::Banned(ban.clone()));
    }
    let again = Ban { reason: None, ..network.clone() };
    kept.change_ban(BanChange::Ban(again.clone()));
    assert_eq!(count(&dir, "ban"), 3, "the same mask is one ban, and one has run out");
    let v6 = Mask::new("2001:db8::1").unwrap();
    assert_eq!(kept.change_ban(BanChange::Unban(v6)), Answer::Unbanned(v6));
    let again_not = Answer::BanNotChanged(BanChange::Unban(v6), Denial::NotBanned(v6));
    assert_eq!(kept.change_ban(BanChange::Unban(v6)), again_not);
    kept.close();
    let bans = Kept::open(&dir).past.roll.bans;
    assert_eq!(bans, [name, again], "oldest first, without those that ran out");
    assert!(bans[1].mask.covers(Origin::of([10, 1, 2, 3].into())));
}

#[test]
fn what_others_change_is_noticed() {
    let dir = TempDir::new();
    let mut kept = Kept::open(&dir);
    let path = dir.path("");
    let told = |kept: &Kept| {
        kept.wait(|event| match event {
            Event::Changed(roll) => Some(roll),
            _ => None,
        })
    };
    let seq = kept.say("one's own changes are no news");
    kept.wait_committed(seq);
    // As another process would: what this one locks must not be closed here.
    let add = "INSERT INTO account(nick, hash, role) VALUES('alice', '', 'operator')";
    other(&dir).execute(add, []).unwrap();
    let roll = told(&kept);
    assert_eq!(
        roll.accounts.iter().map(|one| (one.nick, one.role)).collect::<Vec<_>>(),
        [(nick("alice"), Role::Operator)]
    );
    kept.close();
    assert_eq!(offline::list(path.as_ref()).unwrap(), roll.accounts);
}
