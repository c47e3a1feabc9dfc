//! What a node consists of.

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use super::fork::Fork;
use crate::chat::{Chat, ClientId, Effects, Heard, Nick, NodeNumber, Now, RollChange};
use crate::cluster::entry::{LogEntry, NodeOrigin, Position};
use crate::cluster::late::Late;
use crate::cluster::meanwhile::Meanwhile;
use crate::cluster::memory::Memory;
use crate::cluster::outbox::{Outbox, OwnInput};
use crate::cluster::plan::Break;
use crate::cluster::replica::Replica;
use crate::cluster::request::{Request, Ticket};
use crate::cluster::sealing::ClusterKey;

/// Entries after which the first node makes a snapshot.
const SNAPSHOT_ENTRIES: u64 = 10_000;

/// What makes a node.
pub struct NodeOptions {
    /// Its name.
    pub name: String,
    /// Whether it has a state directory.
    pub has_archive: bool,
    /// The lineage of the log that it belonged to last.
    pub lineage: Option<String>,
    /// What it was before, if that may still live.
    pub was: Option<NodeOrigin>,
    /// Whether its clients are those that it had then, as far as it has any.
    pub keeps_clients: bool,
    /// The accounts and bans on its disk.
    pub roll: Vec<RollChange>,
    /// The key of the cluster.
    pub key: ClusterKey,
    /// Makes random bytes, which are never the same again.
    pub random: Box<dyn FnMut() -> [u8; 16] + Send>,
}

impl fmt::Debug for NodeOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NodeOptions").field("name", &self.name).finish_non_exhaustive()
    }
}

/// What a node wants of the threads that talk to Redis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Ask this, and report the answer with the ticket. The one before is answered by then.
    Ask(Ticket, Request),
    /// Report all entries behind this one from now on, with this number; and no others any more.
    Follow(u64, u64),
}

/// An event that an administrator may want to know of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Report {
    /// The node is with the others, as this origin, in a log of this lineage.
    Joined {
        /// The lineage.
        lineage: String,
        /// The origin.
        origin: NodeOrigin,
        /// How many lines that were said apart it has passed on.
        late: usize,
    },
    /// The log can be used again, as if nothing had happened.
    Resumed,
    /// The log could not be asked.
    Lost(String),
    /// Redis does not let the node in, or has to be set up in another way.
    Denied(String),
    /// The node is cut off from so many people.
    CutOff(usize),
    /// The log was founded, at this entry.
    Founded(u64),
    /// So many inputs that the log had lost were put back.
    Salvaged(u64),
    /// Too many changes of accounts and bans wait for the log: the newest are not passed on.
    NotPassedOn,
    /// Another node has this node's name.
    NameTaken,
    /// The cluster has a level that this program does not know.
    TooNew(u32),
    /// The log cannot be applied any further.
    Unreadable(String),
    /// An entry was not sealed with the key of the cluster.
    Forged(u64),
    /// The snapshot was sealed with another key.
    OtherKey,
    /// This node and another had different states at the same entry.
    Diverged(u64),
}

/// Inputs whose effects are in the list of effects now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// The client of this node that it was an input of.
    pub client: Option<ClientId>,
    /// Whether it was a change of the accounts or bans that no client asked for.
    pub is_roll: bool,
}

/// One machine of a cluster.
pub struct Node {
    pub(super) name: String,
    pub(super) has_archive: bool,
    pub(super) key: ClusterKey,
    pub(super) random: Box<dyn FnMut() -> [u8; 16] + Send>,
    /// The chat as the log has it, and whether that is more than what was on this node's disk.
    pub(super) log: Replica,
    pub(super) has_log: bool,
    /// What the clients see instead, while the node is not with the others.
    pub(super) fork: Option<Fork>,
    pub(super) course: Course,
    /// The epoch of the log that was seen last.
    pub(super) epoch: String,
    pub(super) lineage: Option<String>,
    /// The lineage that the disk was of at the start, and the accounts and bans on it.
    pub(super) disk_lineage: Option<String>,
    pub(super) roll: Vec<RollChange>,
    /// What the node is now, and by which number; and what it may have been before.
    pub(super) origin: NodeOrigin,
    pub(super) number: NodeNumber,
    pub(super) former: Vec<NodeOrigin>,
    /// The one of these whose clients it does not have any more.
    pub(super) abandoned: Option<NodeOrigin>,
    pub(super) outbox: Outbox,
    /// Entries that were read and not applied.
    pub(super) read: VecDeque<LogEntry>,
    /// Inputs for the fork.
    pub(super) apart: VecDeque<OwnInput>,
    /// Effects that are no input's.
    pub(super) told: VecDeque<Effects>,
    pub(super) memory: Memory,
    /// The inputs whose effects the clients have seen: nothing of that is shown again, be it read
    /// again or among late lines.
    pub(super) shown: Heard,
    pub(super) late: Late,
    /// Changes of the accounts and bans on the disk that the log gets once the node has joined.
    pub(super) waiting_roll: Vec<RollChange>,
    /// Lines that were said elsewhere, which the clients have not seen.
    pub(super) meanwhile: Meanwhile,
    /// Clients that lost their nick by joining, with that nick.
    pub(super) lost_nicks: Vec<(ClientId, Nick)>,
    /// How many lines the node joins with.
    pub(super) passed_on: usize,
    pub(super) link: LinkState,
    pub(super) commands: Vec<Command>,
    pub(super) reports: Vec<Report>,
    /// The digest of the state at the last mark; and whether another node had another one.
    pub(super) marked: Option<(Position, String)>,
    pub(super) has_diverged: bool,
    /// Where in which log what was read last did not follow, and where a script refused; and what of
    /// that was so twice at one place.
    pub(super) gap_at: Option<(Position, String)>,
    pub(super) refused_at: Option<(Position, String)>,
    pub(super) broken: Option<Break>,
}

/// The state of a node's dealings with the log.
#[derive(Debug, Default)]
pub(super) struct LinkState {
    /// The request that is not answered yet.
    pub(super) asked: Option<Ticket>,
    pub(super) tickets: u64,
    /// The number of the last wish to follow the log.
    pub(super) generation: u64,
    /// When an input or a renewal was last confirmed, by this node's clock; and whether that was
    /// after the log was looked for.
    pub(super) confirmed: Duration,
    pub(super) is_confirmed: bool,
    /// When the last entry was applied, by this node's clock.
    pub(super) applied: Duration,
    /// The length of the log, as far as is known.
    pub(super) length: u64,
    /// Since when there is no log.
    pub(super) empty_since: Option<Duration>,
    /// Since when there is no snapshot.
    pub(super) lost_since: Option<Duration>,
    /// Where the last snapshot was, and when it was made.
    pub(super) snapshot: (u64, Duration),
    /// Whether there is none any more, as the first node has seen.
    pub(super) lacks_snapshot: bool,
    /// The level that this node has raised the cluster to, and that of the last snapshot.
    pub(super) raised: u32,
    pub(super) saved_level: u32,
    /// When this node last asked how far the others are.
    pub(super) looked: Duration,
    /// When this node last had the others compare their states.
    pub(super) compared: Duration,
    /// Entries after which the first node makes one.
    pub(super) snapshot_every: u64,
    /// The trouble that was reported last, so that it is reported once.
    pub(super) trouble: Option<Report>,
}

/// What the node asks of the log next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Course {
    /// Look where the log is, at this time.
    LookAt(Duration),
    /// It is looking.
    Looking,
    /// It founds the log.
    Founding,
    /// It puts back what the log has lost.
    Salvaging,
    /// It reads the snapshot, to read on up to this entry.
    Fetching(u64),
    /// It reads up to this entry, and had read up to another at that time.
    CatchingUp(u64, (u64, Duration)),
    /// It joins with so many inputs, since that time; and lost nicks on the way.
    Joining { inputs: u64, since: Duration },
    /// It is with the others; the next renewal of its lease is due then.
    Linked { renew_at: Duration },
    /// It asks nothing more.
    Stopped,
}

impl LinkState {
    /// That of a node which is started.
    fn at(now: Now) -> Self {
        Self {
            applied: now.uptime,
            snapshot_every: SNAPSHOT_ENTRIES,
            // The founder's snapshot has the first level.
            saved_level: 1,
            ..Self::default()
        }
    }
}

impl Node {
    /// A node that has not joined yet, at `now` by its own clock. `chat` is what its disk has, with
    /// the clients that it brings along under their numbers here.
    pub fn new(options: NodeOptions, chat: Chat, now: Now) -> Self {
        let NodeOptions { name, has_archive, lineage, was, keeps_clients, roll, key, mut random } =
            options;
        let origin = NodeOrigin(random());
        let fork = Fork::first(chat.clone(), now);
        Self {
            name,
            has_archive,
            key,
            random,
            log: Replica::of_disk(chat, &roll, now.uptime),
            has_log: false,
            fork: Some(fork),
            course: Course::LookAt(now.uptime),
            epoch: String::new(),
            disk_lineage: lineage.clone(),
            lineage,
            roll,
            origin,
            number: NodeNumber::ALONE,
            former: was.into_iter().collect(),
            abandoned: was.filter(|_| !keeps_clients),
            outbox: Outbox::default(),
            read: VecDeque::new(),
            apart: VecDeque::new(),
            told: VecDeque::new(),
            memory: Memory::default(),
            shown: Heard::default(),
            late: Late::default(),
            waiting_roll: Vec::new(),
            meanwhile: Meanwhile::default(),
            lost_nicks: Vec::new(),
            passed_on: 0,
            has_diverged: false,
            gap_at: None,
            refused_at: None,
            broken: None,
            link: LinkState::at(now),
            commands: Vec::new(),
            reports: Vec::new(),
            marked: None,
        }
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, origin, number, course, .. } = self;
        let fields = (name, origin, number, course, self.log.at);
        f.debug_tuple("Node").field(&fields).finish_non_exhaustive()
    }
}
