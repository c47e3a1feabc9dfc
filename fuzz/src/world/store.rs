//! A store that forgets nothing: accounts, bans and lines, and answers that come later.

use std::collections::{BTreeMap, VecDeque};

use chatd::address::Address;
use chatd::chat::{
    Account, AuthRequest, Ban, BanChange, ClientId, Entry, Event, LineFilter, Mask, Moment, Nick,
    Password, PasswordId, Question, Role, RoomName, RoomPast,
};
use chatd::text::Text;

use super::{Cause, fold};

pub(super) use chatd::chat::Roll;

/// Rooms that it brings back, and lines that it finds.
const MAX_ROOMS: usize = 257;
const MAX_FOUND: usize = 20;
/// Claims of one address that may wait for an answer.
const MAX_CLAIMS: usize = 2;

/// What is on the disk, and what of it the chat was told.
pub(super) struct Store {
    /// Accounts with their passwords.
    accounts: Vec<(Account, Vec<u8>)>,
    bans: Vec<Ban>,
    lines: Vec<(RoomName, Entry)>,
    /// Of the rooms that had one; `None` where it was cleared.
    topics: BTreeMap<RoomName, Option<Text>>,
    /// How often a password was changed.
    passwords: u64,
    /// Whether the server uses it.
    is_used: bool,
    /// As the chat knows it.
    pub(super) known: Roll,
    /// Orders that it was not told to be on the disk, and whether it was told that they are not.
    pending: Vec<(BanChange, bool)>,
    /// Whose claims it was not told an answer to, and from where.
    claims: Vec<(ClientId, Address)>,
    /// Whether somebody was banned in this step.
    pub(super) has_banned: bool,
    /// Whether nothing more can be written, nor a password looked into.
    pub(super) is_full: bool,
    /// Answers of the thread that writes; they come in order.
    written: VecDeque<Cause>,
    /// Answers of the threads that read.
    read: VecDeque<Cause>,
}

impl Store {
    /// One with an operator, carol, and a user, dave; their password is "pw".
    pub(super) fn new() -> Self {
        let account = |nick: &str, role| (account(nick, role, Moment::default()), b"pw".to_vec());
        let accounts = vec![account("carol", Role::Operator), account("dave", Role::User)];
        let mut store = Self {
            accounts,
            bans: Vec::new(),
            lines: Vec::new(),
            topics: BTreeMap::new(),
            passwords: 0,
            is_used: true,
            known: Roll::default(),
            pending: Vec::new(),
            claims: Vec::new(),
            has_banned: false,
            is_full: false,
            written: VecDeque::new(),
            read: VecDeque::new(),
        };
        store.known = store.roll();
        store
    }

    /// The account that `nick` or what it looks like belongs to, as far as the chat knows.
    pub(super) fn account(&self, nick: &str) -> Option<&Account> {
        self.known.accounts.iter().find(|account| is(account, nick))
    }

    pub(super) fn is_operator(&self, nick: &str) -> bool {
        self.account(nick).is_some_and(|account| account.role == Role::Operator)
    }

    /// The bans that the chat knows of and that are in force.
    pub(super) fn bans(&self, now: Moment) -> impl Iterator<Item = &Ban> {
        self.known.bans.iter().filter(move |ban| ban.is_in_force(now))
    }

    pub(super) fn remember(&mut self, room: RoomName, entry: Entry) {
        self.lines.push((room, entry));
    }

    pub(super) fn set_topic(&mut self, room: RoomName, topic: Option<Text>) {
        self.topics.insert(room, topic);
    }

    /// What was asked, written down and answered; the answer waits.
    pub(super) fn authenticate(&mut self, client: ClientId, from: Address, claim: AuthRequest) {
        assert!(self.claims.iter().all(|(other, _)| *other != client), "{client} claims twice");
        let others = self.claims.iter().filter(|(_, address)| *address == from).count();
        assert!(others < MAX_CLAIMS, "{others} others from there wait");
        self.claims.push((client, from));
        let answer = match claim {
            AuthRequest::Register(nick, password, at) => self.register(nick, &password, at),
            AuthRequest::SetPassword(nick, old, password) => {
                self.set_password(nick, old, &password)
            }
            AuthRequest::Login(nick, password, _) => {
                let event = self.login(nick, &password);
                return self.read.push_back(Cause::Client(client, event));
            }
        };
        self.written.push_back(Cause::Client(client, answer));
    }

    fn login(&self, nick: Nick, password: &Password) -> Event {
        let mut accounts = self.accounts.iter();
        match accounts.find(|(account, _)| is(account, nick.as_str())) {
            _ if self.is_full => no("the disk is full"),
            None => no("not registered"),
            Some((account, secret)) if secret == password.as_bytes() => Event::LoggedIn(*account),
            Some(_) => Event::WrongPassword,
        }
    }

    fn register(&mut self, nick: Nick, password: &Password, created: Moment) -> Event {
        if self.accounts.iter().any(|(account, _)| is(account, nick.as_str())) {
            return no("registered");
        }
        if self.is_full {
            return no("the disk is full");
        }
        let account = Account { created, ..account(nick.as_str(), Role::User, created) };
        self.accounts.push((account, password.as_bytes().to_vec()));
        Event::Registered(account, None)
    }

    fn set_password(&mut self, nick: Nick, old: PasswordId, password: &Password) -> Event {
        let found = self.accounts.iter_mut().find(|(account, _)| is(account, nick.as_str()));
        match found.filter(|_| !self.is_full) {
            Some((account, secret)) if account.password == old => {
                self.passwords += 1;
                account.password = PasswordId::of(&self.passwords.to_string());
                *secret = password.as_bytes().to_vec();
                Event::PasswordChanged(*account, None)
            }
            _ => no("another password"),
        }
    }

    /// Whether it is an order that the chat was told not to be on the disk.
    pub(super) fn has_failed(&self, order: &BanChange) -> bool {
        self.pending.iter().any(|(other, has_failed)| *has_failed && other == order)
    }

    /// An operator's order is in force before it is on the disk.
    pub(super) fn enforce(&mut self, now: Moment, order: &BanChange) {
        self.pending.retain(|(other, _)| mask(other) != mask(order));
        self.pending.push((order.clone(), false));
        obey(&mut self.known.bans, now, order);
        self.has_banned = matches!(order, BanChange::Ban(_));
    }

    pub(super) fn change_ban(&mut self, client: ClientId, order: BanChange) {
        let answer = if self.is_full || !self.is_used {
            Event::BanNotSaved(order)
        } else {
            self.bans.retain(|ban| ban.mask != mask(&order));
            if let BanChange::Ban(ban) = &order {
                self.bans.push(ban.clone());
            }
            Event::BanSaved { was_late: self.has_failed(&order), change: order }
        };
        self.written.push_back(Cause::Client(client, answer));
    }

    pub(super) fn forget(&mut self, client: ClientId, filter: LineFilter) {
        let before = self.lines.len();
        self.lines.retain(|(room, entry)| !filter.matches(*room, entry));
        let lines = (before - self.lines.len()) as u64;
        self.written.push_back(Cause::Client(client, Event::Forgotten(Box::new(filter), lines)));
    }

    pub(super) fn ask(&mut self, client: ClientId, question: Question) {
        let last = |of: &dyn Fn(&(RoomName, Entry)) -> bool, count: usize| {
            let found: Vec<_> = self.lines.iter().filter(|line| of(line)).cloned().collect();
            found[found.len().saturating_sub(count.min(MAX_FOUND))..].to_vec()
        };
        let event = match question {
            Question::Last { room, lines, .. } => {
                Event::Found { room: Some(room), lines: last(&|(other, _)| *other == room, lines) }
            }
            Question::Room { room, lines, .. } => {
                let lines = last(&|(other, _)| *other == room, lines);
                let lines: Vec<_> = lines.into_iter().map(|(_, entry)| entry).collect();
                let topic = self.topics.get(&room).cloned();
                let is_there =
                    topic.is_some() || self.lines.iter().any(|(other, _)| *other == room);
                let topic = topic.flatten();
                Event::RoomRead(room, is_there.then_some(RoomPast { topic, lines }))
            }
            Question::Exists { room } => {
                let topic = self.topics.get(&room).is_some_and(Option::is_some);
                let was_used = self.lines.iter().any(|(other, _)| *other == room);
                Event::RoomExists(room, topic || was_used)
            }
            Question::Past { .. } | Question::Part { .. } | Question::LastTimes(_) => {
                unreachable!("nobody here asks over HTTP or IRC")
            }
            Question::Search { words, .. } => {
                let has =
                    |(_, entry): &(RoomName, Entry)| entry.text.as_str().contains(words.as_str());
                Event::Found { room: None, lines: last(&has, MAX_FOUND) }
            }
        };
        self.read.push_back(Cause::Client(client, event));
    }

    /// Somebody adds, removes or changes an account beside the server.
    pub(super) fn change(&mut self, how: u8, nick: Nick, now: Moment) {
        let place = self.accounts.iter().position(|(account, _)| is(account, nick.as_str()));
        match (how, place) {
            (b'-', Some(place)) => drop(self.accounts.remove(place)),
            (b'!', Some(place)) => self.accounts[place].0.role = Role::Operator,
            (b'.', Some(place)) => self.accounts[place].0.role = Role::User,
            (b'+', None) => {
                self.accounts.push((account(nick.as_str(), Role::User, now), b"pw".to_vec()));
            }
            _ => return,
        }
        if self.is_used {
            self.written.push_back(Cause::Roll(self.roll()));
        }
    }

    pub(super) fn written(&mut self) -> Option<Cause> {
        self.written.pop_front()
    }

    pub(super) fn read(&mut self) -> Option<Cause> {
        self.read.pop_front()
    }

    /// Nobody waits for an answer any more.
    pub(super) fn give_up(&mut self) {
        self.claims.clear();
        self.pending.iter_mut().for_each(|(_, has_failed)| *has_failed = true);
    }

    /// What was not on the disk is forgotten, too.
    pub(super) fn crash(&mut self, is_used: bool) {
        self.claims.clear();
        self.pending.clear();
        self.restart(is_used);
    }

    /// What waits to be answered is lost; the disk is not. Who does not use it knows nobody.
    pub(super) fn restart(&mut self, is_used: bool) {
        self.is_used = is_used;
        self.written.clear();
        self.read.clear();
        self.known = if is_used { self.roll() } else { Roll::default() };
    }

    /// What was said in each room.
    pub(super) fn past(&self) -> BTreeMap<RoomName, Vec<Entry>> {
        let mut rooms: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (room, entry) in self.lines.iter().filter(|_| self.is_used) {
            rooms.entry(*room).or_default().push(entry.clone());
        }
        rooms.into_iter().take(MAX_ROOMS).collect()
    }

    /// What the disk has, and the orders that it has not.
    pub(super) fn in_force(&self, roll: &Roll) -> Roll {
        let mut roll = roll.clone();
        for (order, _) in &self.pending {
            obey(&mut roll.bans, Moment::default(), order);
        }
        roll
    }

    /// The chat is told of it now.
    pub(super) fn take_note(&mut self, cause: &Cause) {
        self.has_banned = false;
        match cause {
            Cause::Client(client, event) => self.take_note_of(*client, event),
            Cause::Roll(roll) => {
                self.known = self.in_force(roll);
            }
            Cause::Other => {}
        }
    }

    fn take_note_of(&mut self, client: ClientId, event: &Event) {
        match event {
            Event::Registered(account, _) => {
                self.known.accounts.push(*account);
                self.end_claim(client);
            }
            Event::PasswordChanged(account, _) => {
                let known = self.known.accounts.iter_mut();
                let known = known.filter(|known| known.nick == account.nick);
                known.for_each(|known| *known = *account);
                self.end_claim(client);
            }
            Event::LoggedIn(_) | Event::WrongPassword | Event::NotAuthenticated(_) => {
                self.end_claim(client);
            }
            Event::BanSaved { change, .. } => {
                self.pending.retain(|(order, _)| order != change);
            }
            Event::BanNotSaved(order) => {
                let failed = self.pending.iter_mut().find(|(other, _)| other == order);
                failed.into_iter().for_each(|(_, has_failed)| *has_failed = true);
            }
            _ => {}
        }
    }

    fn end_claim(&mut self, client: ClientId) {
        self.claims.retain(|(other, _)| *other != client);
    }

    fn roll(&self) -> Roll {
        let accounts = self.accounts.iter().map(|(account, _)| *account).collect();
        Roll { accounts, bans: self.bans.clone(), tokens: Vec::new() }
    }
}

fn account(nick: &str, role: Role, created: Moment) -> Account {
    let nick = Nick::new(nick).expect("it is a nick");
    Account { nick, role, created, last_seen: None, password: PasswordId::default() }
}

fn is(account: &Account, nick: &str) -> bool {
    fold(account.nick.as_str()) == fold(nick)
}

/// Follows an order as the chat does.
fn obey(bans: &mut Vec<Ban>, now: Moment, order: &BanChange) {
    bans.retain(|ban| ban.mask != mask(order));
    if let BanChange::Ban(ban) = order {
        bans.retain(|other| other.is_in_force(now));
        bans.push(ban.clone());
    }
}

fn mask(order: &BanChange) -> Mask {
    match order {
        BanChange::Ban(ban) => ban.mask,
        BanChange::Unban(mask) => *mask,
    }
}

fn no(why: &str) -> Event {
    Event::NotAuthenticated(Text::new(why))
}
