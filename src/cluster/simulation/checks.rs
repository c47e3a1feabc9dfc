//! What must hold once everything is well again.

use std::collections::{BTreeMap, BTreeSet};

use super::machine::{Machine, Screen};
use super::world::{START, World};
use crate::chat::LineId;
use crate::cluster::Report;

impl World {
    /// Checks everything.
    pub(super) fn check(&self) {
        let machines: Vec<_> = self.machines.iter().flatten().collect();
        let about = || self.about(&machines);
        for machine in &machines {
            assert!(machine.node.is_linked(), "{} is not linked\n{}", machine.name, about());
            let has_trouble = machine.reports.iter().any(|report| {
                matches!(report, Report::Unreadable(_) | Report::Diverged(_))
                    || (matches!(report, Report::Forged(_)) && !self.is_hostile)
            });
            assert!(!has_trouble, "{}: {:?}\n{}", machine.name, machine.reports, about());
        }
        self.check_people(&machines, &about);
        self.check_disks(&machines, &about);
        self.check_screens(&machines, &about);
        self.check_completeness(&about);
        self.check_order(&about);
    }

    /// Nobody is a ghost, and all nodes have the same state.
    fn check_people(&self, machines: &[&Machine], about: &dyn Fn() -> String) {
        let people: usize = machines.iter().map(|machine| machine.screens.len()).sum();
        for machine in machines {
            let chat = machine.node.chat();
            assert_eq!(chat.clients().len(), people, "{}\n{}", machine.name, about());
            assert_eq!(chat.nodes().count(), machines.len(), "{}\n{}", machine.name, about());
            assert_eq!(machine.digest(), machines[0].digest(), "{}\n{}", machine.name, about());
        }
    }

    /// Every line that had to arrive, or that others have seen, is on every disk.
    fn check_disks(&self, machines: &[&Machine], about: &dyn Fn() -> String) {
        let mut all: BTreeMap<&str, &LineId> = BTreeMap::new();
        for (id, text) in machines.iter().flat_map(|machine| &machine.disk) {
            let other = all.insert(text, id);
            assert!(other.is_none_or(|other| other == id), "{text:?} is twice\n{}", about());
        }
        for (text, id) in &all {
            let seen = machines.iter().filter(|machine| machine.disk.contains_key(id));
            let seen: Vec<_> = seen.map(|machine| machine.name.as_str()).collect();
            // All that have it were killed before they could pass it on.
            let was_lost = !self.typed.contains_key(*text)
                && seen.iter().all(|name| self.killed.contains(*name));
            let is_everywhere = seen.len() == machines.len();
            assert!(is_everywhere || was_lost, "{text:?} {id} is on {seen:?}\n{}", about());
        }
        for text in self.typed.keys() {
            assert!(all.contains_key(text.as_str()), "{text:?} is nowhere\n{}", about());
        }
    }

    /// Everybody sees each line once, and what was said apart in the order of its node.
    fn check_screens(&self, machines: &[&Machine], about: &dyn Fn() -> String) {
        for machine in machines {
            for (local, screen) in &machine.screens {
                let mut seen = BTreeSet::new();
                for (id, _) in &screen.lines {
                    let who = format!("client {local} of {}", machine.name);
                    assert!(seen.insert(id), "{who} sees {id} twice\n{}", about());
                }
                let mut last: BTreeMap<(usize, &str), u64> = BTreeMap::new();
                for (id, block) in &screen.lines {
                    let Some(block) = block else { continue };
                    let before = last.insert((*block, id.origin()), id.oseq());
                    assert!(before < Some(id.oseq()), "{id} is out of order\n{}", about());
                }
            }
        }
    }

    /// The people who have sat still in the lobby from the beginning.
    fn sitters(&self) -> Vec<(&Machine, &Screen)> {
        let sitter = |(index, local): (&usize, &u64)| {
            let machine = self.machines[*index].as_ref()?;
            Some((machine, machine.screens.get(local)?))
        };
        self.sitters.iter().filter_map(sitter).collect()
    }

    /// Everybody who sat still has seen all lines that others said there.
    fn check_completeness(&self, about: &dyn Fn() -> String) {
        for (machine, screen) in self.sitters() {
            let was_typed = |id: &&LineId| {
                machine.disk.get(*id).is_some_and(|text| self.typed.contains_key(text))
            };
            let lobby = machine.lobby.iter().filter(was_typed);
            for id in lobby.filter(|id| !machine.is_own(id, screen)) {
                let is_seen = screen.lines.iter().any(|(seen, _)| seen == id);
                let text = &machine.disk[id];
                assert!(is_seen, "{} did not see {id} {text:?}\n{}", machine.name, about());
            }
        }
    }

    /// Everybody who sat still has seen the lines that were not late in one order, unless the log has
    /// lost it.
    fn check_order(&self, about: &dyn Fn() -> String) {
        if self.has_reordered {
            return;
        }
        let live = |screen: &Screen| {
            let live = screen.lines.iter().filter(|(_, block)| block.is_none());
            live.map(|(id, _)| id.clone()).collect::<Vec<_>>()
        };
        let sitters = self.sitters();
        for (one, other) in
            sitters.iter().flat_map(|one| sitters.iter().map(move |other| (one, other)))
        {
            let (own, others) = (live(one.1), live(other.1));
            let common = |lines: &[LineId], than: &[LineId]| {
                lines.iter().filter(|id| than.contains(id)).cloned().collect::<Vec<_>>()
            };
            let (mine, theirs) = (common(&own, &others), common(&others, &own));
            assert_eq!(mine, theirs, "{} and {}\n{}", one.0.name, other.0.name, about());
        }
    }

    /// What has happened, for whoever looks into it.
    fn about(&self, machines: &[&Machine]) -> String {
        let mut log = self.log.clone();
        let traces = machines.iter().flat_map(|machine| &machine.trace);
        log.extend(traces.map(|(at, what)| format!("{:>7} {what}", at - START)));
        log.sort();
        let mut text = format!("seed {}\n{}\n", self.seed, log.join("\n"));
        for machine in machines {
            text += &format!("{:?}\n  reports {:?}\n", machine.node, machine.reports);
            text += &format!("  people {:?}\n", machine.people());
            text += &format!("  disk {:?}\n", machine.disk.values().collect::<Vec<_>>());
        }
        text
    }
}
