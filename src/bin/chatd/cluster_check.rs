//! What `--check` says about the cluster.

use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use chatd::cluster::LinkError;
use chatd::config::Cluster;
use chatd::link::{self, LinkSettings};

/// How long Redis may take. Each restart by SIGUSR2 and each reload waits for `--check`.
const PATIENCE: Duration = Duration::from_secs(2);

/// What is in the log of `cluster`, in one line.
///
/// # Errors
/// A warning. It is no more than that, because a node starts without Redis, too.
pub(crate) fn ask(cluster: &Cluster) -> Result<String, String> {
    let settings = LinkSettings::from(cluster);
    let (tell, told) = channel();
    let check = move || tell.send(link::check(&settings));
    let thread = thread::Builder::new().name("check".to_owned()).spawn(check);
    thread.map_err(|error| format!("--cluster: cannot start a thread: {error}"))?;
    match told.recv_timeout(PATIENCE) {
        Ok(Ok(seen)) => Ok(seen),
        Ok(Err(LinkError::Lost(why) | LinkError::Denied(why))) => Err(format!("--cluster: {why}")),
        Err(_) => Err(format!("--cluster: no answer within {PATIENCE:?}")),
    }
}
