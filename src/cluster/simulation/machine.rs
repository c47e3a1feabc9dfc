//! A simulated machine: a node, its clients' screens, its disk, and its connection to Redis.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use super::redis::Redis;
use super::rng::Rng;
use crate::address::Origin;
use crate::chat::{
    Audience, Chat, ClientId, Effect, Effects, Entry, Event, LineId, Message, Moment, Now, RoomId,
    RoomName, Settings, Traits,
};
use crate::cluster::request::{LinkError, LinkEvent, Reply, Ticket};
use crate::cluster::{ClusterKey, Command, Node, NodeOptions, NodeOrigin, Report, Request};
use crate::text::Line;

/// What a machine keeps when it is switched off: lines, those of the lobby, the lineage and the origin.
#[derive(Debug, Default)]
pub(super) struct Disk {
    lines: BTreeMap<LineId, String>,
    lobby: BTreeSet<LineId>,
    lineage: Option<String>,
    origin: Option<NodeOrigin>,
}

/// What one client has seen.
#[derive(Debug, Default)]
pub(super) struct Screen {
    pub(super) rooms: Vec<RoomId>,
    /// Lines in the order in which they were shown; late ones with the number of their block.
    pub(super) lines: Vec<(LineId, Option<usize>)>,
    pub(super) notices: Vec<String>,
    /// Whether the next lines are late ones.
    is_block: bool,
}

/// How well the connection works.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Network {
    /// Requests do not arrive.
    pub(super) is_cut: bool,
    /// Answers do not arrive.
    pub(super) is_deaf: bool,
    /// One of so many requests fails in one way or another; 0 for none.
    pub(super) flaky: u64,
    /// Entries are not read.
    pub(super) is_blind: bool,
}

/// A machine.
pub(super) struct Machine {
    pub(super) name: String,
    pub(super) node: Node,
    pub(super) screens: BTreeMap<u64, Screen>,
    next_client: u64,
    /// The ids of the lines on its disk, with their text.
    pub(super) disk: BTreeMap<LineId, String>,
    /// The ids of those that were said in the lobby.
    pub(super) lobby: BTreeSet<LineId>,
    /// The clients' own lines.
    own: BTreeMap<u64, BTreeSet<String>>,
    pub(super) lineage: Option<String>,
    pub(super) origin: Option<NodeOrigin>,
    pub(super) network: Network,
    pub(super) is_paused: bool,
    /// The clock of the machine is ahead by so much.
    skew: Duration,
    /// What the link will report, and when.
    coming: VecDeque<(u64, LinkEvent)>,
    /// Requests that arrive although they were reported to have failed.
    zombies: Vec<(u64, Request)>,
    following: Option<(u64, u64)>,
    pub(super) reports: Vec<Report>,
    /// Whether it has put back entries that the log had lost, and whether it has given up what it had
    /// applied for what the log has.
    pub(super) has_salvaged: bool,
    pub(super) has_reloaded: bool,
    clock: u64,
    pub(super) trace: Vec<(u64, String)>,
}

impl Machine {
    pub(super) fn start(name: &str, disk: Disk, clock: u64, seed: u64) -> Self {
        let (skew, options) = options(name, &disk, seed);
        let chat = Chat::new(Settings { replay: 20, ..Settings::default() });
        let now = now(skew, clock);
        Self {
            name: name.to_owned(),
            node: with_snapshots(Node::new(options, chat, now)),
            screens: BTreeMap::new(),
            next_client: 1,
            disk: disk.lines,
            lobby: disk.lobby,
            own: BTreeMap::new(),
            lineage: disk.lineage,
            origin: disk.origin,
            network: Network::default(),
            is_paused: false,
            skew,
            coming: VecDeque::new(),
            zombies: Vec::new(),
            following: None,
            reports: Vec::new(),
            has_salvaged: false,
            has_reloaded: false,
            clock,
            trace: Vec::new(),
        }
    }

    pub(super) fn into_disk(self) -> Disk {
        let Self { disk, lobby, lineage, origin, .. } = self;
        Disk { lines: disk, lobby, lineage, origin }
    }

    /// The next process goes on where this one stops.
    pub(super) fn restart(mut self, clock: u64, seed: u64) -> Self {
        self.show(now(self.skew, clock));
        let Self { name, mut node, disk, lobby, lineage, origin, skew, .. } = self;
        assert!(node.take_commands().is_empty());
        let disk = Disk { lines: disk, lobby, lineage, origin };
        let (chat, saved) = node.into_saved();
        let saved = serde_json::to_string(&saved).unwrap();
        let chat = serde_json::to_string(&chat).unwrap();
        let (_, options) = options(&name, &disk, seed);
        let mut chat: Chat = serde_json::from_str(&chat).unwrap();
        chat.await_announcements();
        chat.configure(Settings { replay: 20, ..Settings::default() });
        let saved = serde_json::from_str(&saved).unwrap();
        let node = with_snapshots(Node::restore(options, chat, saved, now(skew, clock)));
        let Disk { lines: disk, lobby, lineage, origin } = disk;
        let (coming, following) = (VecDeque::new(), None);
        Self { name, node, disk, lobby, lineage, origin, skew, coming, following, ..self }
    }

    pub(super) fn connect(&mut self, address: u8) -> u64 {
        let local = self.next_client;
        self.next_client += 1;
        self.screens.insert(local, Screen::default());
        let origin = Origin::of([192, 0, 2, address].into());
        self.node.push(ClientId(local), Event::Connected(origin, Traits::default()));
        self.node.push(ClientId(local), Event::Settled);
        local
    }

    pub(super) fn line(&mut self, local: u64, line: &str) {
        self.own.entry(local).or_default().insert(line.to_owned());
        self.node.push(ClientId(local), Event::Line(Line::new(line)));
    }

    pub(super) fn leave(&mut self, local: u64) {
        self.screens.remove(&local);
        let reason = crate::chat::Reason::Disconnected;
        self.node.push(ClientId(local), Event::Gone(reason));
    }

    /// Lets the node do what it has to at `clock`, in ms of the wall clock.
    pub(super) fn run(&mut self, clock: u64, redis: &mut Redis, rng: &mut Rng) {
        self.clock = clock;
        let due: Vec<_> = self.zombies.extract_if(.., |(at, _)| *at <= clock).collect();
        for (_, request) in due {
            let reply = redis.answer(clock, request);
            self.has_salvaged |= matches!(reply, Reply::Salvaged(1..));
        }
        if self.is_paused {
            return;
        }
        let now = now(self.skew, clock);
        while self.coming.front().is_some_and(|(at, _)| *at <= clock) {
            let (_, event) = self.coming.pop_front().unwrap();
            self.node.hear(now, event);
            self.show(now);
        }
        self.node.tick(now);
        self.show(now);
        self.node.pump(now);
        self.show(now);
        for command in self.node.take_commands() {
            match command {
                Command::Follow(generation, after) => self.following = Some((generation, after)),
                Command::Ask(ticket, request) => self.ask(clock, ticket, request, redis, rng),
            }
        }
        self.read(clock, redis, rng);
        for report in self.node.take_reports() {
            self.trace.push((clock, format!("{} {report:?}", self.name)));
            self.reports.push(report);
        }
        for report in &self.reports {
            if let Report::Joined { lineage, origin, .. } = report {
                (self.lineage, self.origin) = (Some(lineage.clone()), Some(*origin));
            }
        }
    }

    fn ask(
        &mut self,
        clock: u64,
        ticket: Ticket,
        request: Request,
        redis: &mut Redis,
        rng: &mut Rng,
    ) {
        let failed = |why: &str| LinkEvent::Failed(ticket, LinkError::Lost(why.to_owned()));
        let Network { is_cut, is_deaf, flaky, .. } = self.network;
        let trouble = if flaky > 0 && rng.below(flaky) == 0 { 1 + rng.below(3) } else { 0 };
        if !matches!(request, Request::Put { .. } | Request::Look { .. }) {
            let words = format!("{request:?}");
            let words: String = words.chars().take(220).collect();
            self.trace.push((clock, format!("{} asks {words} trouble {trouble}", self.name)));
        }
        self.has_reloaded |= request == Request::ReadSnapshot && self.node.position().0 > 0;
        let (delay, event) = if is_cut || trouble == 1 {
            (rng.below(1000), failed("cut"))
        } else if trouble == 2 {
            self.zombies.push((clock + rng.below(3000), request));
            (1000, failed("late"))
        } else {
            let reply = redis.answer(clock, request);
            self.has_salvaged |= matches!(reply, Reply::Salvaged(1..));
            if !matches!(reply, Reply::Put { .. } | Reply::Snapshot(_)) {
                self.trace.push((clock, format!("{} gets {reply:?}", self.name)));
            }
            match is_deaf || trouble == 3 {
                true => (1000, failed("deaf")),
                false => (rng.below(4), LinkEvent::Replied(ticket, reply)),
            }
        };
        self.report(clock + delay, event);
    }

    fn read(&mut self, clock: u64, redis: &Redis, rng: &mut Rng) {
        let Some((generation, after)) = self.following else { return };
        if self.network.is_cut || self.network.is_deaf || self.network.is_blind {
            return;
        }
        let entries = redis.read(after, 1 + rng.below(64) as usize);
        if let Some(last) = entries.last() {
            self.following = Some((generation, last.n));
            self.report(clock + rng.below(4), LinkEvent::Read(generation, entries));
        }
    }

    /// Reports come in the order of the inbox, except that answers and entries overtake each other.
    fn report(&mut self, at: u64, event: LinkEvent) {
        let is_read = |event: &LinkEvent| matches!(event, LinkEvent::Read(..));
        let same = self.coming.iter().rev().find(|(_, other)| is_read(other) == is_read(&event));
        let at = same.map_or(at, |(before, _)| at.max(*before));
        let index = self.coming.partition_point(|(other, _)| *other <= at);
        self.coming.insert(index, (at, event));
    }

    /// Shows the effects.
    fn show(&mut self, now: Now) {
        let mut effects = Effects::default();
        while self.node.next(now, &mut effects).is_some() {
            let (list, except) = effects.drain();
            let except = except.to_vec();
            let list: Vec<_> = list.collect();
            for effect in list {
                self.perform(effect, &except);
            }
            effects.clear();
        }
    }

    fn perform(&mut self, effect: Effect, except: &[ClientId]) {
        match effect {
            Effect::Tell { to: Audience::Room(room, range), message } => {
                if let Message::Said { room: said, entry, .. } = &message {
                    self.store(*said, entry);
                }
                let except = &except[range];
                for (local, screen) in &mut self.screens {
                    if screen.rooms.contains(&room) && !except.contains(&ClientId(*local)) {
                        if let Message::Said { entry, .. } = &message {
                            let words = format!("{} c{local} sees {}", self.name, entry.id);
                            self.trace.push((self.clock, words));
                        }
                        screen.show(&message);
                    }
                }
            }
            Effect::Tell { to: Audience::One(id), message } => {
                if let Some(screen) = self.screens.get_mut(&id.0) {
                    let before = screen.lines.len();
                    screen.show(&message);
                    for (line, _) in &screen.lines[before..] {
                        let words = format!("{} {id} sees in a block {line}", self.name);
                        self.trace.push((self.clock, words));
                    }
                }
            }
            Effect::Record(room, entry) => self.store(room, &entry),
            Effect::Entered(id, room) => {
                if let Some(screen) = self.screens.get_mut(&id.0) {
                    screen.rooms.push(room);
                }
            }
            Effect::Left(id, room) => {
                if let Some(screen) = self.screens.get_mut(&id.0) {
                    screen.rooms.retain(|other| *other != room);
                }
            }
            Effect::Disconnect(id, _) | Effect::Departed(id, ..) => {
                self.screens.remove(&id.0);
            }
            _ => {}
        }
    }

    fn store(&mut self, room: RoomName, entry: &Entry) {
        let (id, text) = (entry.id.clone(), entry.text.to_string());
        if room.as_str() == "lobby" {
            self.lobby.insert(id.clone());
        }
        self.trace.push((self.clock, format!("{} stores {text:?} {id}", self.name)));
        let before = self.disk.insert(id.clone(), text.clone());
        assert!(before.is_none_or(|before| before == text), "{id} is two lines");
    }

    /// Whether the client of that screen said the line itself.
    pub(super) fn is_own(&self, id: &LineId, screen: &Screen) -> bool {
        let own = self.screens.iter().find(|(_, other)| std::ptr::eq(*other, screen));
        let own = own.and_then(|(local, _)| self.own.get(local));
        own.zip(self.disk.get(id)).is_some_and(|(own, text)| own.contains(text))
    }

    /// The people in the chat, as this node has it.
    pub(super) fn people(&self) -> Vec<String> {
        let chat = self.node.chat();
        let mut people: Vec<_> = chat
            .clients()
            .into_iter()
            .map(|id| format!("{}.{} {:?}", id.node().0, id.local(), chat.nick(id)))
            .collect();
        people.sort();
        people
    }

    pub(super) fn digest(&self) -> String {
        self.node.digest()
    }
}

impl Screen {
    fn show(&mut self, message: &Message) {
        match message {
            Message::Said { entry, .. } => self.lines.push((entry.id.clone(), None)),
            Message::Notice(text) | Message::NoticeIn(_, text) => {
                self.is_block = text.as_str().starts_with("said ");
                self.notices.push(text.to_string());
            }
            Message::History { entries, .. } if self.is_block => {
                let block = Some(self.notices.len());
                self.lines.extend(entries.iter().map(|entry| (entry.id.clone(), block)));
            }
            _ => {}
        }
    }
}

fn now(skew: Duration, clock: u64) -> Now {
    let moment = Moment { unix_ms: clock as i64 + skew.as_millis() as i64 };
    Now { uptime: skew + Duration::from_millis(clock), moment }
}

fn options(name: &str, disk: &Disk, seed: u64) -> (Duration, NodeOptions) {
    let mut random = Rng(seed | 1);
    let skew = Duration::from_millis(random.below(100_000));
    let options = NodeOptions {
        name: name.to_owned(),
        has_archive: false,
        lineage: disk.lineage.clone(),
        was: disk.origin,
        keeps_clients: false,
        roll: Vec::new(),
        key: ClusterKey::new(&[5; 32]).unwrap(),
        random: Box::new(move || {
            let mut bytes = [0; 16];
            bytes.iter_mut().for_each(|byte| *byte = random.next() as u8);
            bytes
        }),
    };
    (skew, options)
}

/// Entries are trimmed soon.
fn with_snapshots(mut node: Node) -> Node {
    node.set_snapshot_every(20);
    node
}
