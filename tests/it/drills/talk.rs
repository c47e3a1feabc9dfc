//! People who talk in rooms while something goes wrong, and record what they receive.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::Drill;
use crate::harness::{Client, PATIENCE, Random, Server, eventually, run_within};

/// A few people in each of a few rooms. Each says a few lines, waits until they come back, and so
/// on; so everybody hears all that is said in the room, in the order that is the same for all.
pub(super) struct Talk {
    people: Vec<(JoinHandle<Person>, Arc<Progress>)>,
    over: Arc<AtomicBool>,
}

/// How somebody is doing.
#[derive(Default)]
struct Progress {
    heard: AtomicU64,
    /// The longest that a line of theirs took to come back, in microseconds.
    slowest: AtomicU64,
}

/// Somebody who talks.
pub(super) struct Person {
    room: String,
    /// What its lines begin with, and what those of all of this talk do.
    mark: String,
    common: String,
    client: Client,
    random: Random,
    said: u64,
    heard: Vec<String>,
    /// Whether the connection is lost.
    is_cut_off: bool,
    progress: Arc<Progress>,
    over: Arc<AtomicBool>,
}

/// What the history has of a room, in its order.
#[derive(Debug)]
pub(super) enum Row {
    Said(String),
    /// So many lines are missing.
    Gap(u64),
}

impl Row {
    fn text(&self) -> Option<&str> {
        match self {
            Row::Said(text) => Some(text),
            Row::Gap(_) => None,
        }
    }

    /// Whether it belongs to a talk, whose lines all begin like that. Gaps may.
    fn is_of(&self, common: &str) -> bool {
        self.text().is_none_or(|text| text.starts_with(common))
    }

    /// How many lines are missing here, if any are.
    pub(super) fn missing(&self) -> Option<u64> {
        match self {
            Row::Said(_) => None,
            Row::Gap(lines) => Some(*lines),
        }
    }
}

pub(super) type Stored = BTreeMap<String, Vec<Row>>;

impl Talk {
    /// Begins; `mark` tells these lines from all others.
    #[track_caller]
    pub(super) fn begin(server: &Server, mark: &str, random: &mut Random) -> Self {
        Self::among(|_| Client::guest(server), [3, 3], mark, random)
    }

    /// So many people in so many rooms, who connect like that.
    #[track_caller]
    pub(super) fn among(
        mut connect: impl FnMut(usize) -> Client,
        [rooms, people]: [usize; 2],
        mark: &str,
        random: &mut Random,
    ) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let mut join = |n: usize| {
            let room = format!("room{}", n % rooms);
            let mut client = connect(n);
            let (common, mark) = (format!("{mark}-"), format!("{mark}-{n}"));
            let told = client.ask(&format!("/nick {mark}\n/join {room}\n/echo on"));
            assert!(told.contains(&format!("-- you are now {mark}")), "{told:?}");
            let (random, progress) = (Random::new(random.next()), Arc::default());
            let (said, heard, is_cut_off, over) = (0, Vec::new(), false, Arc::clone(&over));
            Person { room, mark, common, client, random, said, heard, is_cut_off, progress, over }
        };
        let people: Vec<_> = (0..rooms * people).map(&mut join).collect();
        let start = |person: Person| {
            let progress = Arc::clone(&person.progress);
            let name = person.mark.clone();
            (thread::Builder::new().name(name).spawn(|| person.talk()).unwrap(), progress)
        };
        Talk { people: people.into_iter().map(start).collect(), over }
    }

    /// Waits until everybody has heard so many more lines; says how long a line took at most.
    #[track_caller]
    pub(super) fn go_on(&self, lines: u64) -> Duration {
        let slowest = |(_, progress): &(_, Arc<Progress>)| progress.slowest.swap(0, Relaxed);
        self.people.iter().map(slowest).for_each(drop);
        for (person, progress) in &self.people {
            let enough = progress.heard.load(Relaxed) + lines;
            eventually("people to hear more", || {
                assert!(!person.is_finished(), "somebody is cut off");
                (progress.heard.load(Relaxed) >= enough).then_some(())
            });
        }
        Duration::from_micros(self.people.iter().map(slowest).max().unwrap())
    }

    /// How many lines all of them have heard together.
    pub(super) fn heard(&self) -> u64 {
        self.people.iter().map(|(_, progress)| progress.heard.load(Relaxed)).sum()
    }

    /// Waits until the server has gone, and everybody has read the rest.
    pub(super) fn cut_off(self) -> Vec<Person> {
        self.people.into_iter().map(|(person, _)| person.join().unwrap()).collect()
    }

    /// Ends it when all that was said is heard.
    #[track_caller]
    pub(super) fn end(self) -> Vec<Person> {
        self.over.store(true, Relaxed);
        let mut people = self.cut_off();
        for person in &mut people {
            assert!(!person.is_cut_off, "{} is cut off", person.mark);
            person.client.sync().iter().for_each(|line| person.hear(line));
        }
        people
    }
}

impl Person {
    fn talk(mut self) -> Self {
        while !self.is_cut_off && !self.over.load(Relaxed) {
            let burst: Vec<_> = (0..=self.random.below(4)).map(|_| self.next_line()).collect();
            let sent = Instant::now();
            self.is_cut_off = self.client.try_send_raw(burst.concat().as_bytes()).is_err();
            self.listen_for(burst.last().unwrap().trim_end());
            let took = sent.elapsed().as_micros() as u64;
            self.progress.slowest.fetch_max(took, Relaxed);
            thread::sleep(Duration::from_micros(self.random.next() % 4000));
        }
        self
    }

    fn next_line(&mut self) -> String {
        self.said += 1;
        let filler = "so it goes ".repeat(self.random.below(12));
        format!("{} {} {filler}.\n", self.mark, self.said)
    }

    /// Hears what is said until that is, or until the end.
    fn listen_for(&mut self, last: &str) {
        while let Some(line) = self.client.try_line() {
            self.hear(&line);
            if line.ends_with(last) {
                return;
            }
        }
        self.is_cut_off = true;
    }

    fn missing(&self, stored: &Stored) -> u64 {
        let of_room = stored.get(&self.room).into_iter().flatten();
        let rows: Vec<_> = of_room.filter(|row| row.is_of(&self.common)).collect();
        compare_one(&self.heard, &rows).unwrap()
    }

    fn hear(&mut self, line: &str) {
        let text = line.strip_prefix('<').and_then(|line| Some(line.split_once("> ")?.1));
        if let Some(text) = text.filter(|text| text.starts_with(&self.common)) {
            self.heard.push(text.to_owned());
            self.progress.heard.fetch_add(1, Relaxed);
        }
    }
}

/// The longest that a line of theirs took to come back, or that they waited for it in vain.
pub(super) fn slowest(people: &[Person]) -> Duration {
    let slowest = people.iter().map(|person| person.progress.slowest.load(Relaxed));
    Duration::from_micros(slowest.max().unwrap())
}

/// How many lines that they heard, between the first and the last of them, are not in the history.
pub(super) fn missing(people: &[Person], stored: &Stored) -> u64 {
    people.iter().map(|person| person.missing(stored)).sum()
}

/// What an export prints.
#[track_caller]
pub(super) fn exported(export: &mut Command) -> Stored {
    // In the long form that is half a million lines.
    let ended = run_within(PATIENCE * 12, export);
    assert_eq!((ended.status, &*ended.stderr), (0, ""));
    let mut rooms = Stored::new();
    for line in ended.stdout.lines() {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        let word = |key: &str| row[key].as_str().unwrap().to_owned();
        let row = match &*word("kind") {
            "gap" => Row::Gap(word("text").split(' ').nth(2).unwrap().parse().unwrap()),
            _ => Row::Said(word("text")),
        };
        rooms.entry(word("room")).or_default().push(row);
    }
    rooms
}

/// The texts of a room's last rows.
pub(super) fn tail(stored: &Stored, room: &str, rows: usize) -> Vec<String> {
    let said: Vec<_> = stored[room].iter().filter_map(Row::text).map(str::to_owned).collect();
    said[said.len().saturating_sub(rows)..].to_vec()
}

impl Drill {
    /// Compares what people heard with the history: of what is between the first and the last
    /// line that one of them heard, there is all in both, once, and in the same order.
    pub(super) fn compare(&mut self, people: &[Person], stored: &Stored) {
        for person in people {
            self.count(person);
            let lost = person.missing(stored);
            if lost > 0 {
                eprintln!("{lost} lines of what {} heard are not there", person.mark);
            }
            self.tally.lost += lost;
        }
        let all = stored.values().flatten().filter(|row| row.is_of(&people[0].common));
        let texts: Vec<_> = all.filter_map(Row::text).collect();
        self.tally.stored += texts.len() as u64;
        self.tally.doubled += doubled(&texts);
    }

    /// Compares what people heard with each other: all lines that anybody said in the room.
    pub(super) fn compare_all(&mut self, people: &[Person]) {
        for person in people {
            self.count(person);
            let neighbours = people.iter().filter(|other| other.room == person.room);
            let said: u64 = neighbours.clone().map(|other| other.said).sum();
            self.tally.lost += said.saturating_sub(person.heard.len() as u64);
            let mut heard = neighbours.map(|other| &other.heard);
            assert!(heard.all(|heard| *heard == person.heard), "two orders in {}", person.room);
        }
    }

    fn count(&mut self, person: &Person) {
        self.tally.said += person.said;
        self.tally.delivered += person.heard.len() as u64;
        self.tally.doubled += doubled(&person.heard);
    }
}

/// How many say what another one says, too.
fn doubled<T: Eq + std::hash::Hash>(texts: &[T]) -> u64 {
    (texts.len() - texts.iter().collect::<HashSet<_>>().len()) as u64
}

/// How many lines are in one and not in the other; an error if the order is not the same.
fn compare_one(heard: &[String], rows: &[&Row]) -> Result<u64, String> {
    let numbered = rows.iter().enumerate();
    let place: HashMap<_, _> = numbered.filter_map(|(n, row)| Some((row.text()?, n))).collect();
    let Some(first) = heard.iter().position(|text| place.contains_key(&**text)) else {
        return Ok(heard.len() as u64);
    };
    let mut at = place[&*heard[first]];
    let (mut lost, mut excused) = (first as u64, 0);
    for text in &heard[first..] {
        match place.get(&**text) {
            None => {
                while let Some(Row::Gap(lines)) = rows.get(at) {
                    excused += lines;
                    at += 1;
                }
                match excused {
                    0 => lost += 1,
                    _ => excused -= 1,
                }
            }
            Some(&found) => {
                if found < at {
                    return Err(format!("{text} is stored before what was heard before it"));
                }
                lost +=
                    rows[at..found].iter().filter_map(|row| row.text()).count() as u64 + excused;
                (at, excused) = (found + 1, 0);
            }
        }
    }
    Ok(lost + excused)
}

#[test]
fn what_is_lost_doubled_or_out_of_order_is_noticed() {
    let heard = |text: &str| text.chars().map(String::from).collect::<Vec<_>>();
    let rows = |text: &str| -> Vec<Row> {
        let row = |c: char| c.to_digit(10).map_or(Row::Said(c.into()), |n| Row::Gap(n.into()));
        text.chars().map(row).collect()
    };
    let compare = |said: &str, stored: &str| {
        compare_one(&heard(said), &rows(stored).iter().collect::<Vec<_>>())
    };
    for (said, stored, lost) in [
        ("abc", "abc", 0),
        ("bc", "abcd", 0),
        ("abc", "ac", 1),
        ("ac", "abc", 1),
        ("abc", "", 3),
        ("abcd", "a2d", 0),
        ("abcd", "a1d", 1),
        ("abcd", "a3d", 1),
        ("abcd", "ab", 2),
        ("abcd", "ab2", 0),
    ] {
        assert_eq!(compare(said, stored), Ok(lost), "{said} {stored}");
    }
    assert_eq!(doubled(&heard("abacb")), 2);
    assert!(compare("acb", "abc").is_err());
}
