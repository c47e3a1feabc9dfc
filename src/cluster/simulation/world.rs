//! A simulated cluster in which things go wrong, and what must hold all the same.

use std::collections::{BTreeMap, BTreeSet};

use super::machine::{Machine, Network};
use super::redis::Redis;
use super::rng::Rng;

/// The ms between two steps.
const STEP: u64 = 5;
const MACHINES: usize = 3;
/// Most lines: a node that takes a snapshot gets the last 100 of a room, and a marker for the others.
const MAX_LINES: usize = 100;
/// The wall clock at the start.
pub(super) const START: u64 = 1_795_348_952_000;

pub(super) struct World {
    pub(super) seed: u64,
    rng: Rng,
    clock: u64,
    redis: Redis,
    /// Another primary, and the machines that talk to it.
    other: Option<(Redis, BTreeSet<usize>)>,
    earlier: Vec<Redis>,
    is_down: bool,
    pub(super) machines: Vec<Option<Machine>>,
    disks: BTreeMap<usize, super::machine::Disk>,
    pub(super) sitters: BTreeMap<usize, u64>,
    /// The names of the machines that were killed.
    pub(super) killed: BTreeSet<String>,
    /// The lines that must not be lost, with the machine on which they were typed.
    pub(super) typed: BTreeMap<String, usize>,
    lines: usize,
    /// Whether the log may have lost entries.
    has_lost: bool,
    /// Whether lines have another place in the log by now than the one at which some saw them: their
    /// log has lost them, and another node went on before.
    pub(super) has_reordered: bool,
    /// Whether somebody without the key writes into the log, too.
    pub(super) is_hostile: bool,
    pub(super) log: Vec<String>,
}

impl World {
    pub(super) fn new(seed: u64) -> Self {
        let rng = Rng(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        Self {
            seed,
            rng,
            clock: START,
            redis: Redis::default(),
            other: None,
            earlier: Vec::new(),
            is_down: false,
            machines: (0..MACHINES).map(|_| None).collect(),
            disks: BTreeMap::new(),
            sitters: BTreeMap::new(),
            killed: BTreeSet::new(),
            typed: BTreeMap::new(),
            lines: 0,
            has_lost: false,
            has_reordered: false,
            is_hostile: false,
            log: Vec::new(),
        }
    }

    pub(super) fn with_forger(self) -> Self {
        Self { is_hostile: true, ..self }
    }

    pub(super) fn run(mut self) {
        for index in 0..MACHINES {
            self.start(index);
            let time = self.rng.below(1500);
            self.pass(time);
        }
        self.pass(8000);
        for index in 0..MACHINES {
            let machine = self.machines[index].as_mut().unwrap();
            self.sitters.insert(index, machine.connect(index as u8));
        }
        self.pass(3000);
        for _ in 0..30 + self.rng.below(60) {
            self.act();
            if self.is_hostile && self.rng.is_one_of(4) {
                self.redis.forge(&mut self.rng);
                self.has_lost = true;
                self.note("forged".to_owned());
            }
            let time = match self.rng.below(10) {
                0..6 => self.rng.below(60),
                6..9 => self.rng.below(700),
                _ => self.rng.below(5000),
            };
            self.pass(time);
        }
        self.heal();
        self.pass(60_000);
        self.meet();
        self.check();
    }

    /// Waits until all nodes are at one place of the log: time alone changes the chat, too, when the
    /// settings of a room end. A few steps are enough, as nothing else happens.
    fn meet(&mut self) {
        for _ in 0..200 {
            let places = self.machines.iter().flatten().map(|machine| machine.node.position().0);
            if places.collect::<BTreeSet<_>>().len() <= 1 {
                return;
            }
            self.pass(STEP);
        }
    }

    fn start(&mut self, index: usize) {
        let disk = self.disks.remove(&index).unwrap_or_default();
        let seed = self.rng.next();
        self.note(format!("start {index}"));
        let machine = Machine::start(&format!("box{index}"), disk, self.clock, seed);
        self.machines[index] = Some(machine);
    }

    fn note(&mut self, what: String) {
        self.log.push(format!("{:>7} {what}", self.clock - START));
    }

    fn pass(&mut self, time: u64) {
        let end = self.clock + time;
        while self.clock < end {
            self.clock += STEP;
            for (index, machine) in self.machines.iter_mut().enumerate() {
                let Some(machine) = machine else { continue };
                let network = machine.network;
                machine.network.is_cut |= self.is_down;
                let redis = match &mut self.other {
                    Some((other, there)) if there.contains(&index) => other,
                    _ => &mut self.redis,
                };
                machine.run(self.clock, redis, &mut self.rng);
                machine.network = network;
                let has_reloaded = self.has_lost && machine.has_reloaded;
                self.has_reordered |= machine.has_salvaged || has_reloaded;
            }
            if self.rng.is_one_of(100) {
                self.earlier.push(self.redis.clone());
            }
        }
    }

    fn act(&mut self) {
        let index = self.rng.below(MACHINES as u64) as usize;
        match self.rng.below(40) {
            0..20 => self.speak(index),
            20..26 => self.move_about(index),
            26..30 => self.trouble(index),
            30 => self.pause(index),
            31 => self.kill(index),
            32 | 33 if self.machines[index].is_none() => self.start(index),
            // A log that is founded over two others may have the lines of neither.
            34 | 36 if self.is_hostile => self.speak(index),
            34 => self.roll_back(),
            35 => self.fail_redis(),
            36 => self.split(),
            37 => self.machines.iter_mut().flatten().for_each(|machine| machine.node.compare()),
            38 => self.restart(index),
            _ => self.speak(index),
        }
    }

    /// A hot restart: the clients notice nothing.
    fn restart(&mut self, index: usize) {
        let Some(machine) = self.machines[index].take_if(|machine| !machine.is_paused) else {
            return;
        };
        self.note(format!("restart {index}"));
        let seed = self.rng.next();
        self.machines[index] = Some(machine.restart(self.clock, seed));
    }

    fn speak(&mut self, index: usize) {
        for _ in 0..1 + self.rng.below(3) {
            let Some(machine) = &mut self.machines[index] else { return };
            let clients: Vec<_> = machine.screens.keys().copied().collect();
            if clients.is_empty() || self.lines == MAX_LINES {
                return;
            }
            let local = clients[self.rng.below(clients.len() as u64) as usize];
            self.lines += 1;
            let text = format!("line {} of box{index}", self.lines);
            machine.line(local, &text);
            self.typed.insert(text, index);
        }
    }

    fn move_about(&mut self, index: usize) {
        let Some(machine) = &mut self.machines[index] else { return };
        let sitter = self.sitters.get(&index).copied();
        let movers = machine.screens.keys().copied().filter(|local| Some(*local) != sitter);
        let movers: Vec<_> = movers.collect();
        let mover = movers.get(self.rng.below(movers.len() as u64) as usize).copied();
        match (self.rng.below(8), mover) {
            (0..3, _) | (_, None) => drop(machine.connect(index as u8)),
            (3, Some(local)) => machine.leave(local),
            (4 | 5, Some(local)) => {
                let nick = ["ann", "ben", "cat", "dan", "eve"][self.rng.below(5) as usize];
                machine.line(local, &format!("/nick {nick}"));
            }
            (6, Some(local)) => {
                let room = ["dev", "ops", "lobby"][self.rng.below(3) as usize];
                machine.line(local, &format!("/join {room}"));
            }
            (_, Some(local)) => machine.line(local, "/topic of the day"),
        }
    }

    fn trouble(&mut self, index: usize) {
        let Some(machine) = &mut self.machines[index] else { return };
        let good = Network::default();
        machine.network = match self.rng.below(6) {
            0 => Network { is_cut: true, ..good },
            1 => Network { is_deaf: true, ..good },
            2 => Network { is_blind: true, ..good },
            3 => Network { flaky: 2 + self.rng.below(6), ..good },
            _ => good,
        };
        let network = machine.network;
        self.note(format!("box{index}: {network:?}"));
    }

    fn pause(&mut self, index: usize) {
        let Some(machine) = &mut self.machines[index] else { return };
        machine.is_paused = !machine.is_paused;
        let is_paused = machine.is_paused;
        self.note(format!("box{index} paused: {is_paused}"));
    }

    /// Like kill -9: the clients and all that is in memory are gone, the disk is not.
    fn kill(&mut self, index: usize) {
        if self.machines.iter().flatten().count() < 2 {
            return;
        }
        let Some(machine) = self.machines[index].take() else { return };
        self.note(format!("kill {index}"));
        self.typed.retain(|_, on| *on != index);
        self.sitters.remove(&index);
        self.killed.insert(machine.name.clone());
        self.disks.insert(index, machine.into_disk());
    }

    fn roll_back(&mut self) {
        self.has_lost = true;
        if self.rng.is_one_of(4) {
            self.note("flush".to_owned());
            self.redis = Redis::default();
        } else if !self.earlier.is_empty() {
            let back = self.rng.below(self.earlier.len().min(8) as u64) as usize;
            let index = self.earlier.len() - 1 - back;
            self.redis = self.earlier[index].clone();
            self.note(format!("roll back to {}", self.redis.length()));
        }
    }

    fn fail_redis(&mut self) {
        self.is_down = !self.is_down;
        self.note(format!("redis down: {}", self.is_down));
    }

    /// Two primaries, or one again.
    fn split(&mut self) {
        match self.other.take() {
            Some((other, _)) => {
                if self.rng.is_one_of(2) {
                    self.redis = other;
                }
                self.has_lost = true;
                self.note("one primary".to_owned());
            }
            None => {
                let there = (0..MACHINES).filter(|_| self.rng.is_one_of(2)).collect();
                self.note(format!("two primaries: {there:?}"));
                self.other = Some((self.redis.clone(), there));
            }
        }
    }

    fn heal(&mut self) {
        self.note("heal".to_owned());
        if let Some((other, _)) = self.other.take() {
            self.has_lost = true;
            if self.rng.is_one_of(2) {
                self.redis = other;
            }
        }
        self.is_down = false;
        for index in 0..MACHINES {
            if let Some(machine) = &mut self.machines[index] {
                machine.network = Network::default();
                machine.is_paused = false;
            } else {
                self.start(index);
            }
        }
    }
}
