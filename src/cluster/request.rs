//! `Request` and `Reply`: what a node asks of the shared log. It asks one thing at a time.

use super::entry::{Chain, LogEntry, NodeOrigin, Position};

/// The number of a request, so that an answer to an earlier one is recognized.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ticket(pub u64);

/// What a node asks of the log. Each is one script in Redis, and changes all or nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Where the log is. Changes nothing. Answered with [`Reply::Head`].
    Look {
        /// The asking node, if it has joined.
        origin: Option<NodeOrigin>,
        /// The number of the entry whose chain the answer is to have.
        at: u64,
    },
    /// Append inputs, and renew the lease. Answered with [`Reply::Put`].
    Put {
        /// The log that is meant.
        epoch: String,
        /// The asking node.
        origin: NodeOrigin,
        /// Up to where the node has applied the log.
        at: Position,
        /// The uptime from which on an entry `t` is wanted.
        due: Option<u64>,
        /// The inputs with their numbers, which the log may have already; at most 256.
        inputs: Vec<(u64, Vec<u8>)>,
    },
    /// Become a node of the cluster. Answered with [`Reply::Joined`]; asking again after a lost
    /// answer changes nothing.
    Join {
        /// The log that is meant.
        epoch: String,
        /// The joining node.
        origin: NodeOrigin,
        /// Up to where the node has applied the log. If the log was another one there, or has lost
        /// that place, the answer is [`Reply::Forked`] or [`Reply::Behind`].
        at: Position,
        /// Its name, which no other living node may have.
        name: String,
        /// What it was before: if that lives still, it ends here.
        was: Option<NodeOrigin>,
        /// Whether it has a state directory.
        has_archive: bool,
        /// The newest level that it knows.
        level: u32,
        /// Its first inputs, numbered from 1: its roster, and what it said while it was cut off.
        inputs: Vec<Vec<u8>>,
    },
    /// Write the log anew. Answered with [`Reply::Founded`].
    Found(Box<Founding>),
    /// Append inputs of other living nodes that the log has lost. Answered with [`Reply::Salvaged`].
    Salvage {
        /// The log that is meant.
        epoch: String,
        /// The inputs, in the order in which they were in the log: origin, number, contents.
        inputs: Vec<(NodeOrigin, u64, Vec<u8>)>,
    },
    /// Leave the cluster for good. Answered with [`Reply::Left`].
    Leave {
        /// The log that is meant.
        epoch: String,
        /// The leaving node.
        origin: NodeOrigin,
    },
    /// Store a snapshot unless there is a newer one, and trim the log. Answered with
    /// [`Reply::Stored`].
    StoreSnapshot {
        /// The log that is meant.
        epoch: String,
        /// The level of the cluster there: from now on it keeps out nodes that do not know it.
        level: u32,
        /// The state of the chat at one place.
        snapshot: LogSnapshot,
    },
    /// The newest snapshot. Answered with [`Reply::Snapshot`].
    ReadSnapshot,
}

/// A log that is written anew: from now on the log is what the founder has applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Founding {
    /// The epoch and length of the log that was seen, which must still be there; `None` if there
    /// was none.
    pub seen: Option<(String, u64)>,
    /// The epoch of the new log.
    pub epoch: String,
    /// Where the founder is.
    pub at: Position,
    /// The cluster's uptime there, in ms.
    pub uptime: u64,
    /// The level of the cluster.
    pub level: u32,
    /// The number that the last node got.
    pub joins: u32,
    /// The nodes that live, which get new leases.
    pub living: Vec<LivingNode>,
    /// The founder's state at `at`, sealed.
    pub snapshot: Vec<u8>,
    /// The founder's last entries, oldest first, for nodes that are a little behind; at most 800.
    pub entries: Vec<LogEntry>,
}

/// A node with a lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LivingNode {
    /// The node.
    pub origin: NodeOrigin,
    /// Its name.
    pub name: String,
    /// Its number.
    pub number: u32,
    /// The number of its last input in the log.
    pub oseq: u64,
    /// Up to which entry it has applied the log, as it said last.
    pub applied: u64,
}

/// The state of the chat at one place of the log, sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogSnapshot {
    /// The place.
    pub at: Position,
    /// The state.
    pub data: Vec<u8>,
}

/// Where the log is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The log: a lineage, a colon, and what tells it from others of that lineage.
    pub epoch: String,
    /// Its end.
    pub at: Position,
    /// The level of the cluster.
    pub level: u32,
    /// The number of the oldest entry that the stream still has; `at.n + 1` if it has none.
    pub first: u64,
    /// The chain at the place that the node asked for, if the stream still has that entry. At 0 and
    /// at the end of the log it is known without one.
    pub chain: Option<Chain>,
    /// Whether there is a snapshot.
    pub has_snapshot: bool,
    /// Whether the asking node has a lease.
    pub lives: bool,
    /// All nodes with a lease, by their numbers.
    pub living: Vec<LivingNode>,
}

/// The answer of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// The end of the log; `None` if there is no log.
    Head(Option<Head>),
    /// The inputs are in the log up to this number of the node, and the log has this length.
    Put {
        /// The length of the log.
        n: u64,
        /// The number of the node's last input in it.
        oseq: u64,
    },
    /// The node has joined.
    Joined {
        /// The length of the log, with the node's first inputs.
        n: u64,
        /// The number of the node.
        number: u32,
    },
    /// The log is as the founder has it.
    Founded,
    /// Another was quicker: the log is not the one that was seen.
    NotFounded,
    /// So many inputs were appended.
    Salvaged(u64),
    /// The node is gone.
    Left,
    /// The snapshot is stored, or a newer one was.
    Stored,
    /// The newest snapshot.
    Snapshot(Option<LogSnapshot>),
    /// There is no log.
    NoLog,
    /// The log has another epoch.
    OtherEpoch,
    /// The node has no lease.
    Fenced,
    /// The log is shorter than what the node has applied.
    Behind,
    /// The log is another one at the place where the node is.
    Forked,
    /// The log takes no entry: somebody else has written one where the next has to be.
    Stuck,
    /// A living node has that name.
    NameTaken,
    /// The cluster has this level, which the node does not know.
    TooNew(u32),
}

/// Why the log could not be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkError {
    /// No answer, or one that says that Redis cannot work now. Trying again may help.
    Lost(String),
    /// Redis does not let the node in, or has a setting that loses entries: an administrator has to
    /// act.
    Denied(String),
}

/// What the threads of the link report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkEvent {
    /// The answer to a request.
    Replied(Ticket, Reply),
    /// A request has failed. It may have been carried out all the same.
    Failed(Ticket, LinkError),
    /// Entries that were read, in their order, for the n-th wish to follow the log. Some may be
    /// missing before them, if the log was trimmed.
    Read(u64, Vec<LogEntry>),
    /// The stream holds something that is no entry.
    Broken(u64, String),
}
