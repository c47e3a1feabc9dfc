//! What became of what was said.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;

use super::talk::Said;

/// Counts of lines; those shown once for each person, those stored once for each node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) said: u64,
    pub(crate) shown: u64,
    pub(crate) stored: u64,
    pub(crate) lost: u64,
    pub(crate) doubled: u64,
    /// What is wrong, one a line.
    pub(crate) faults: Vec<String>,
    /// Whether all people in a room were shown everything in one order.
    has_one_order: bool,
    /// Everything that anybody was told besides.
    notices: BTreeSet<String>,
}

impl Verdict {
    pub(super) fn about(
        said: &Said,
        stored: &BTreeMap<String, Vec<u64>>,
        may_have_gaps: &BTreeSet<String>,
    ) -> Self {
        let mut verdict = Verdict { said: said.by.len() as u64, ..Verdict::default() };
        let known = said.known();
        for person in &said.people {
            let name = format!("{} on box{}", person.name, person.node);
            let due = said.due(person, &known).filter(|_| person.is_open).collect();
            verdict.shown += verdict.compare(said, &name, &person.shown, &due);
            let other = |line: &&String| !line.contains("> ") || line.starts_with("--");
            verdict.notices.extend(person.screen.iter().filter(other).cloned());
        }
        for (node, lines) in stored {
            let name = format!("the disk of {node}");
            let by_room =
                |room: usize| lines.iter().copied().filter(move |n| said.room(*n) == room);
            for room in 0..=said.people.iter().map(|person| person.room).max().unwrap_or(0) {
                let due = known.iter().copied().filter(|n| said.room(*n) == room);
                let lines: Vec<_> = by_room(room).collect();
                let has_all = !may_have_gaps.contains(node);
                let due = due.filter(|n| has_all || lines.contains(n)).collect();
                verdict.stored += verdict.compare(said, &name, &lines, &due);
            }
        }
        verdict.has_one_order = true;
        verdict.compare_screens(said);
        verdict
    }

    /// Counts what is lost or doubled, and checks that everybody's lines are in their order.
    fn compare(&mut self, said: &Said, who: &str, lines: &[u64], due: &BTreeSet<u64>) -> u64 {
        let once: BTreeSet<_> = lines.iter().copied().collect();
        let lost: Vec<_> = due.difference(&once).collect();
        if !lost.is_empty() {
            self.faults.push(format!("{who} lacks {lost:?}"));
        }
        self.lost += lost.len() as u64;
        let mut seen = BTreeSet::new();
        let doubled: Vec<_> = lines.iter().filter(|line| !seen.insert(**line)).collect();
        if !doubled.is_empty() {
            self.faults.push(format!("{who} has twice {doubled:?}"));
        }
        self.doubled += doubled.len() as u64;
        for (by, lines) in said.by_person(lines) {
            if let Some(at) = lines.windows(2).position(|pair| pair[0] > pair[1]) {
                let (name, pair) = (&said.people[by].name, &lines[at..at + 2]);
                self.faults.push(format!("{who} has {pair:?} of {name} in that order"));
            }
        }
        lines.len() as u64
    }

    /// People of one node and room who were there all the time were shown one order.
    fn compare_screens(&mut self, said: &Said) {
        let mut of_node = HashMap::new();
        let mut of_all = HashMap::new();
        for person in said.open().filter(|person| person.since == 0) {
            let first = of_node.entry((person.node, person.room)).or_insert(person);
            if first.shown != person.shown {
                let names = (&first.name, &person.name);
                self.faults.push(format!("{names:?} of box{} saw two orders", person.node));
            }
            let first = of_all.entry(person.room).or_insert(person);
            self.has_one_order &= first.shown == person.shown;
        }
    }

    /// Fails if anything was lost, doubled or out of order.
    #[track_caller]
    pub(crate) fn expect_whole(&self) {
        assert!(self.faults.is_empty(), "{self}\n{}", self.faults.join("\n"));
        assert!(self.said > 0 && self.lost == 0 && self.doubled == 0, "{self}");
    }

    /// The same; and all were shown one order.
    #[track_caller]
    pub(crate) fn expect_one_order(&self) {
        self.expect_whole();
        assert!(self.has_one_order, "people of two nodes saw two orders");
    }

    /// Nobody was told anything that contains this.
    #[track_caller]
    pub(crate) fn expect_not_told(&self, part: &str) {
        let told: Vec<_> = self.notices.iter().filter(|line| line.contains(part)).collect();
        assert!(told.is_empty(), "{told:?}");
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Verdict { said, shown, stored, lost, doubled, .. } = self;
        write!(f, "{said} said, {shown} shown, {stored} stored, {lost} lost, {doubled} doubled")
    }
}
