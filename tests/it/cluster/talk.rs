//! People on several nodes who talk while something goes wrong, and all that they see.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::verdict::Verdict;
use crate::harness::{Client, Cluster, PATIENCE, Random, eventually_within, run_within};

/// How long what was said may take to be everywhere, once everything works again.
const SETTLING: Duration = Duration::from_secs(60);

/// Everybody says a numbered line now and then, and reads all the time. A person who loses the
/// connection connects again as somebody else, if that is wanted.
pub(crate) struct Talk {
    running: JoinHandle<Said>,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    over: AtomicBool,
    /// How many lines were said so far, and how many were shown, once for each person.
    said: AtomicU64,
    shown: AtomicU64,
    /// Where each node is, while it runs.
    nodes: Mutex<BTreeMap<usize, SocketAddr>>,
    /// Nodes that did not run for a while.
    away: Mutex<BTreeSet<usize>>,
}

/// Who talks, where and how often.
#[derive(Clone, Copy)]
pub(crate) struct Plan {
    /// What these lines are told from others by, with the number of the talk.
    pub(crate) mark: &'static str,
    /// People on each node.
    pub(crate) people: usize,
    pub(crate) rooms: usize,
    /// How long each person waits between two lines, on average.
    pub(crate) pause: Duration,
}

/// One connection of one person.
pub(super) struct Person {
    pub(super) name: String,
    pub(super) node: usize,
    pub(super) room: usize,
    /// The number of the last line that was said before this person was there.
    pub(super) since: u64,
    /// The numbers of the lines that it was shown, in their order.
    pub(super) shown: Vec<u64>,
    /// Everything that it was shown.
    pub(super) screen: Vec<String>,
    pub(super) is_open: bool,
    client: Client,
    next: Instant,
}

/// A line by its number: who said it, by the index.
pub(super) struct Said {
    pub(super) plan_mark: String,
    pub(super) people: Vec<Person>,
    /// The speakers of line 0, 1, …
    pub(super) by: Vec<usize>,
    pause: Duration,
    random: Random,
    /// The people who were disconnected and for whom somebody else has been connected.
    replaced: BTreeSet<usize>,
}

impl Talk {
    /// Has so many people connect to each node that runs, and begin.
    #[track_caller]
    pub(crate) fn begin(cluster: &Cluster, plan: Plan) -> Self {
        static TALKS: AtomicU64 = AtomicU64::new(1);
        let shared = Arc::new(Shared::default());
        let mut said = Said {
            plan_mark: format!("{}{}", plan.mark, TALKS.fetch_add(1, Relaxed)),
            people: Vec::new(),
            by: Vec::new(),
            pause: plan.pause,
            random: Random::new(1 + plan.people as u64),
            replaced: BTreeSet::new(),
        };
        let mut talk = shared.nodes.lock().unwrap();
        for (number, node) in (1..).zip(&cluster.nodes).filter(|(_, node)| node.is_running()) {
            talk.insert(number, node.server().addr());
            for person in 0..plan.people {
                let addr = node.server().addr();
                said.enter(number, person % plan.rooms, addr).expect("the node serves");
            }
        }
        drop(talk);
        let other = Arc::clone(&shared);
        let run = move || said.run(&other);
        let running = thread::Builder::new().name("talk".into()).spawn(run).unwrap();
        Talk { running, shared }
    }

    /// Waits until so many more lines were said and shown.
    #[track_caller]
    pub(crate) fn go_on(&self, lines: u64) {
        let (said, shown) = (self.shared.said.load(Relaxed), self.shared.shown.load(Relaxed));
        eventually_within(SETTLING, "people to talk", || {
            assert!(!self.running.is_finished(), "the talk has failed");
            let enough = self.shared.said.load(Relaxed) >= said + lines
                && self.shared.shown.load(Relaxed) >= shown + lines;
            enough.then_some(())
        });
    }

    /// People who are cut off connect to this node again from now on; or no more.
    pub(crate) fn reconnect(&self, cluster: &Cluster, number: usize) {
        let addr = cluster.server(number).addr();
        self.shared.nodes.lock().unwrap().insert(number, addr);
    }

    /// Nobody connects to this node any more.
    pub(crate) fn stay_away(&self, number: usize) {
        self.shared.nodes.lock().unwrap().remove(&number);
        self.shared.away.lock().unwrap().insert(number);
    }

    /// Ends it when everybody has seen everything, and the disks have it; says what became of it.
    #[track_caller]
    pub(crate) fn end(self, cluster: &Cluster) -> Verdict {
        self.judge(cluster, &BTreeSet::new())
    }

    /// The same. Lines that are missing on the disk of a node that was away are not lost: Redis had
    /// forgotten them.
    #[track_caller]
    pub(crate) fn end_with_gaps(self, cluster: &Cluster) -> Verdict {
        let away = self.shared.away.lock().unwrap().clone();
        self.judge(cluster, &away)
    }

    #[track_caller]
    fn judge(self, cluster: &Cluster, away: &BTreeSet<usize>) -> Verdict {
        self.shared.over.store(true, Relaxed);
        let mut said = self.running.join().expect("the talk has not failed");
        said.settle();
        for node in cluster.nodes.iter().filter(|node| node.is_running()) {
            node.wait_figure("chatd_store_pending_lines ", 0.0);
        }
        let stored = cluster.nodes.iter().filter(|node| node.is_running());
        let stored = stored.map(|node| {
            let ended = run_within(PATIENCE * 6, &mut node.tool(&["export"]));
            assert_eq!(ended.status, 0, "{}", ended.stderr);
            (node.name.clone(), said.exported(&ended.stdout))
        });
        let stored = stored.collect();
        let gaps = away.iter().map(|number| cluster.node(*number).name.clone()).collect();
        Verdict::about(&said, &stored, &gaps)
    }
}

impl Said {
    fn run(mut self, shared: &Shared) -> Self {
        while !shared.over.load(Relaxed) {
            self.speak();
            self.read();
            self.replace(shared);
            shared.said.store(self.by.len() as u64, Relaxed);
            let shown = self.people.iter().map(|person| person.shown.len() as u64).sum();
            shared.shown.store(shown, Relaxed);
            thread::sleep(Duration::from_millis(2));
        }
        self
    }

    /// Has somebody connect.
    fn enter(&mut self, node: usize, room: usize, addr: SocketAddr) -> Option<()> {
        let mut client = Client::over(TcpStream::connect(addr).ok()?);
        let name = format!("{}-{}", self.plan_mark, self.people.len());
        let room_name = format!("{}room{room}", self.plan_mark);
        let words = format!("/echo on\n/nick {name}\n/join {room_name}\n/ping\n");
        client.try_send_raw(words.as_bytes()).ok()?;
        let mut is_called = false;
        loop {
            match &*client.try_line()? {
                "-- pong" => break,
                line => is_called |= line == format!("-- you are now {name}"),
            }
        }
        assert!(is_called, "{name} is not taken");
        let since = self.by.len() as u64;
        let next = Instant::now() + self.pause.mul_f64(self.random.below(100) as f64 / 100.0);
        let (shown, screen) = (Vec::new(), Vec::new());
        let person = Person { name, node, room, since, shown, screen, is_open: true, client, next };
        self.people.push(person);
        Some(())
    }

    fn speak(&mut self) {
        let now = Instant::now();
        for (index, person) in self.people.iter_mut().enumerate() {
            if !person.is_open || now < person.next {
                continue;
            }
            let line = format!("{} says {}\n", self.plan_mark, self.by.len());
            self.by.push(index);
            person.is_open = person.client.try_send_raw(line.as_bytes()).is_ok();
            person.next = now + self.pause.mul_f64(0.5 + self.random.below(100) as f64 / 100.0);
        }
    }

    fn read(&mut self) {
        for person in &mut self.people {
            person.read(&self.plan_mark);
        }
    }

    /// Has others connect to the nodes of those who were cut off.
    fn replace(&mut self, shared: &Shared) {
        let gone = |index: &usize| !self.people[*index].is_open && !self.replaced.contains(index);
        let gone: Vec<_> = (0..self.people.len()).filter(gone).collect();
        for index in gone {
            let (node, room) = (self.people[index].node, self.people[index].room);
            let addr = shared.nodes.lock().unwrap().get(&node).copied();
            if addr.and_then(|addr| self.enter(node, room, addr)).is_some() {
                self.replaced.insert(index);
            }
        }
    }

    /// Waits until everybody was shown everything that has to come.
    #[track_caller]
    fn settle(&mut self) {
        let deadline = Instant::now() + SETTLING;
        while !self.is_complete() && Instant::now() < deadline {
            self.read();
            thread::sleep(Duration::from_millis(5));
        }
        for person in self.people.iter_mut().filter(|person| person.is_open) {
            let rest = person.client.sync();
            person.see(&self.plan_mark, rest);
        }
    }

    fn is_complete(&self) -> bool {
        let known = self.known();
        self.open().all(|person| {
            let shown: BTreeSet<_> = person.shown.iter().copied().collect();
            self.due(person, &known).all(|number| shown.contains(&number))
        })
    }

    pub(super) fn open(&self) -> impl Iterator<Item = &Person> {
        self.people.iter().filter(|person| person.is_open)
    }

    /// The lines that must not be lost: those that somebody said who is still there, or has seen.
    pub(super) fn known(&self) -> BTreeSet<u64> {
        let mut known: BTreeSet<_> =
            self.open().flat_map(|person| &person.shown).copied().collect();
        known.extend(
            (0..).zip(&self.by).filter(|(_, by)| self.people[**by].is_open).map(|(n, _)| n),
        );
        known
    }

    /// Those of them that this person must be shown.
    pub(super) fn due<'a>(
        &'a self,
        person: &'a Person,
        known: &'a BTreeSet<u64>,
    ) -> impl Iterator<Item = u64> + 'a {
        known.range(person.since..).copied().filter(|number| self.room(*number) == person.room)
    }

    pub(super) fn room(&self, number: u64) -> usize {
        self.people[self.by[number as usize]].room
    }

    /// The numbers of the lines in an export, in their order.
    fn exported(&self, export: &str) -> Vec<u64> {
        let text = |row: &str| {
            let row: serde_json::Value = serde_json::from_str(row).unwrap();
            number(&self.plan_mark, row["text"].as_str()?)
        };
        export.lines().filter_map(text).collect()
    }

    /// The lines of each person, in an order.
    pub(super) fn by_person(&self, numbers: &[u64]) -> HashMap<usize, Vec<u64>> {
        let mut lines: HashMap<usize, Vec<u64>> = HashMap::new();
        for number in numbers {
            lines.entry(self.by[*number as usize]).or_default().push(*number);
        }
        lines
    }
}

impl Person {
    fn read(&mut self, mark: &str) {
        if self.is_open {
            let (lines, is_open) = self.client.lines_so_far();
            self.is_open = is_open;
            self.see(mark, lines);
        }
    }

    fn see(&mut self, mark: &str, lines: Vec<String>) {
        let text = |line: &String| number(mark, line.split_once("> ")?.1);
        self.shown.extend(lines.iter().filter_map(text));
        self.screen.extend(lines);
    }
}

fn number(mark: &str, text: &str) -> Option<u64> {
    text.strip_prefix(mark)?.strip_prefix(" says ")?.parse().ok()
}
