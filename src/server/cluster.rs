//! The node of a cluster that this server is.

use ring::rand::{SecureRandom, SystemRandom};

use super::error::{StartError, failed};
use crate::broadcaster::SharedLog;
use crate::chat::{Chat, RollChange};
use crate::cluster::{ClusterKey, Node, NodeOptions, NodeOrigin, SavedNode};
use crate::config::{Cluster, Config};
use crate::intake::{Input, SessionContext};
use crate::link::{self, Link, LinkSettings};
use crate::store::{self, Edit, Membership, Past};
use crate::telemetry::ClusterMetrics;

/// What the disk and the process before say of the node.
#[derive(Debug, Default)]
pub(super) struct Before {
    /// The cluster that the disk was used in.
    pub(super) membership: Membership,
    /// The accounts and bans on the disk.
    pub(super) roll: Vec<RollChange>,
    /// What other processes changed on it, and the log does not have.
    pub(super) edits: Vec<Edit>,
    /// The node of the process before, over a hot restart.
    pub(super) node: Option<SavedNode>,
    /// What the process before was, by the roster that it left when it crashed.
    pub(super) was: Option<NodeOrigin>,
    /// Whether there is a state directory.
    pub(super) has_archive: bool,
}

impl Before {
    /// What the disk says.
    pub(super) fn new(config: &Config, past: &Past, roll: Vec<RollChange>) -> Self {
        let (membership, edits) = (past.membership.clone(), past.edits.clone());
        let has_archive = config.state_dir.is_some();
        Self { membership, roll, edits, node: None, was: None, has_archive }
    }

    /// The same with what the process before says.
    pub(super) fn with(self, node: Option<SavedNode>, was: Option<NodeOrigin>) -> Self {
        Self { node, was, ..self }
    }
}

/// Fails if the cluster has another key: nothing that its nodes say could be read.
pub(super) fn check_key(cluster: &Cluster) -> Result<(), StartError> {
    match link::read_snapshot(&LinkSettings::from(cluster)) {
        Ok(Some(snapshot)) if key(cluster)?.open_snapshot(&snapshot.data).is_none() => {
            Err(StartError::new("the cluster has another key than --cluster-key"))
        }
        // Without an answer, the node goes on trying.
        _ => Ok(()),
    }
}

/// Starts the node and its link, if there is a cluster. Its clients see `chat` until it is with the
/// others. Without a cluster, the chat is this server's alone.
pub(super) fn join(
    cluster: Option<(&Cluster, ClusterMetrics)>,
    before: Before,
    chat: Chat,
    shared: &SessionContext,
) -> Result<Result<SharedLog, Chat>, StartError> {
    let Some((cluster, metrics)) = cluster else { return Ok(Err(chat)) };
    let (now, inbox) = (shared.clock.now(), shared.inbox.clone());
    let random = SystemRandom::new();
    let options = NodeOptions {
        name: cluster.node.clone(),
        has_archive: before.has_archive,
        lineage: before.membership.lineage,
        keeps_clients: before.was.is_some(),
        was: before.was.or(before.membership.origin),
        roll: before.roll,
        key: key(cluster)?,
        random: Box::new(move || {
            let mut bytes = [0; 16];
            random.fill(&mut bytes).expect("the system has random numbers");
            bytes
        }),
    };
    let node = match before.node {
        Some(saved) => Node::restore(options, chat, saved, now),
        None => Node::new(options, chat, now),
    };
    if !before.edits.is_empty() {
        // Fails only if the broadcaster has ended.
        let _ = inbox.send(Input::Store(Box::new(store::Event::Edited(before.edits))));
    }
    // Fails only if the broadcaster has ended.
    let report = move |event| drop(inbox.send(Input::Log(Box::new(event))));
    let link = Link::start(&LinkSettings::from(cluster), report);
    let link = link.map_err(failed("start the link to Redis"))?;
    Ok(Ok(SharedLog::new(node, link, metrics)))
}

fn key(cluster: &Cluster) -> Result<ClusterKey, StartError> {
    let key = ClusterKey::new(cluster.key.as_bytes());
    key.ok_or_else(|| StartError::new("the key of the cluster is too short"))
}
