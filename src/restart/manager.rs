//! What the service manager is told and gives: readiness, a pulse, sockets, and a store for
//! descriptors that outlives the process (sd_notify(3), sd_listen_fds(3)).

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::FileExt;
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use sd_notify::NotifyState;

use super::snapshot::{EMPTY_SLOT, Inherited, Listener, RECORD, Record, Snapshot};
use crate::chat::ClientId;
use crate::os;

/// The name under which the next process looks for a snapshot.
pub const SNAPSHOT: &str = "snapshot";
/// That of a roster.
pub const ROSTER: &str = "roster";
/// What those of our own listeners begin with. A client's is `c` and its number.
const LISTENER: &str = "listen-";
/// Messages that may wait for the manager.
const QUEUE: usize = 16 * 1024;
/// How often the manager is told what goes on.
const STATUS_INTERVAL: Duration = Duration::from_secs(10);
/// Takes what the process before, or the service manager, left open for this one. The manager has
/// it still, for another start if this one fails, until [`Keeper::take_over`].
pub fn inherit() -> Inherited {
    let mut inherited = Inherited::default();
    let given = sd_listen_fds::get().unwrap_or_else(|error| {
        log::error!("cannot take over sockets: {error}");
        Vec::new()
    });
    for (name, fd) in given {
        let (name, fd) = (name.unwrap_or_default(), fd.into_std());
        if let Err(error) = take(&mut inherited, &name, fd) {
            log::error!("cannot take over {name:?}: {error}");
        }
    }
    inherited
}

fn take(inherited: &mut Inherited, name: &str, fd: OwnedFd) -> Result<(), String> {
    os::close_on_exec(&fd).map_err(|error| error.to_string())?;
    if name == SNAPSHOT {
        let bytes = contents(fd).map_err(|error| error.to_string())?;
        if !bytes.is_empty() {
            inherited.snapshot = Some(Snapshot::from_bytes(bytes)?);
        }
    } else if name == ROSTER {
        let bytes = contents(fd).map_err(|error| error.to_string())?;
        inherited.roster = known(&bytes);
    } else if let Some(id) = name.strip_prefix('c').and_then(|number| number.parse().ok()) {
        inherited.clients.push((ClientId(id), TcpStream::from(fd)));
    } else {
        let own = name.strip_prefix(LISTENER);
        let socket = TcpListener::from(fd);
        socket.set_nonblocking(true).map_err(|error| error.to_string())?;
        let name = own.unwrap_or(name).to_owned();
        inherited.listeners.push(Listener { name, is_assigned: own.is_none(), socket });
    }
    Ok(())
}

/// Those in a roster whose records can be read.
fn known(roster: &[u8]) -> Vec<Record> {
    let (known, unknown): (Vec<_>, Vec<_>) = Record::all_in(roster).partition(Result::is_ok);
    if let Some(Err(error)) = unknown.first() {
        log::error!("cannot take over {} records of the roster: {error}", unknown.len());
    }
    known.into_iter().flatten().collect()
}

/// All of a file, from its beginning.
fn contents(fd: OwnedFd) -> io::Result<Vec<u8>> {
    let file = File::from(fd);
    let length = usize::try_from(file.metadata()?.len()).map_err(io::Error::other)?;
    let mut bytes = vec![0; length];
    file.read_exact_at(&mut bytes, 0)?;
    Ok(bytes)
}

/// A client's name in the store.
pub fn client_name(id: ClientId) -> String {
    id.to_string()
}

/// The name under which the next process looks for a listener.
pub fn listener_name(service: &str, is_assigned: bool) -> String {
    if is_assigned { service.to_owned() } else { format!("{LISTENER}{service}") }
}

/// A place for the snapshot, taken before it is needed: the manager drops what comes when its
/// store is full.
#[derive(Debug)]
pub struct SnapshotFile(File);

impl SnapshotFile {
    /// Makes an empty one.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub fn reserve() -> io::Result<Self> {
        Ok(Self(File::from(os::memory_file(SNAPSHOT)?)))
    }

    /// Leaves `snapshot` in it.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub fn fill(&self, snapshot: &Snapshot) -> io::Result<()> {
        snapshot.write_to(&self.0)
    }

    /// Empties it again: what it says is no longer true.
    pub fn clear(&self) {
        if let Err(error) = self.0.set_len(0) {
            log::error!("cannot empty the snapshot: {error}");
        }
    }

    /// The file, for the next process.
    ///
    /// # Errors
    /// When there are too many open files.
    pub fn try_clone(&self) -> io::Result<OwnedFd> {
        Ok(self.0.try_clone()?.into())
    }
}

/// A file of what is noted of those in `snapshot`, for a next process that cannot read that.
///
/// # Errors
/// When there is no memory for it.
pub fn roster_of(snapshot: &Snapshot) -> io::Result<OwnedFd> {
    let file = File::from(os::memory_file(ROSTER)?);
    let slots: Vec<_> = snapshot.records().filter_map(|record| record.to_slot()).collect();
    file.write_all_at(&slots.concat(), 0)?;
    Ok(file.into())
}

/// Whether a service manager started this process, so that its end may be a restart.
pub fn is_managed() -> bool {
    std::env::var_os("NOTIFY_SOCKET").is_some()
}

/// Tells the manager something; without one, nothing happens.
pub fn notify(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        log::warn!("cannot reach the service manager: {error}");
    }
}

/// Tells the manager that the server is ready.
pub fn ready() {
    notify(&[NotifyState::Ready]);
}

/// Tells it that settings are being read again; [`ready`] ends that.
pub fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => notify(&[NotifyState::Reloading, now]),
        Err(_) => notify(&[NotifyState::Reloading]),
    }
}

/// Tells it that the server is about to end.
pub fn stopping() {
    notify(&[NotifyState::Stopping]);
}

/// Leaves a descriptor with the manager, for the next process.
pub fn store(name: &str, fd: &impl AsFd) {
    let states = [NotifyState::FdStore, NotifyState::FdName(name)];
    if let Err(error) = sd_notify::notify_with_fds(&states, &[fd.as_fd()]) {
        log::warn!("cannot store {name}: {error}");
    }
}

/// The same, and has it let go of what it has by that name.
fn replace(name: &str, fd: &impl AsFd) {
    forget(name);
    store(name, fd);
}

/// Has the manager let go of a descriptor; it may go on using what it refers to until it did.
pub fn forget(name: &str) {
    notify(&[NotifyState::FdStoreRemove, NotifyState::FdName(name)]);
}

/// Keeps the manager informed, on a thread of its own: the manager may be slow to listen.
///
/// Without a manager it does nothing.
#[derive(Clone, Debug, Default)]
pub struct Keeper {
    jobs: Option<Sender<Job>>,
    pulse: Option<Duration>,
}

#[derive(Debug)]
enum Job {
    TakeOver,
    Keep(ClientId, OwnedFd),
    Note(Box<Record>),
    Forget(ClientId),
    Pulse(String),
    Flush(Sender<()>),
}

impl Keeper {
    /// One that reaches the manager, if there is one; `snapshot` is to be kept there.
    ///
    /// # Errors
    /// When there is no thread, no memory or no descriptor for it.
    pub fn start(snapshot: &SnapshotFile) -> io::Result<Self> {
        if !is_managed() {
            return Ok(Self::default());
        }
        let (jobs, queue) = bounded(QUEUE);
        let (snapshot, roster) = (snapshot.try_clone()?, Roster::new()?);
        let work = move || work(&queue, &snapshot, roster);
        thread::Builder::new().name("systemd".to_owned()).spawn(work)?;
        let watchdog = sd_notify::watchdog_enabled().map(|timeout| timeout / 3);
        let pulse = watchdog.map_or(STATUS_INTERVAL, |watchdog| watchdog.min(STATUS_INTERVAL));
        Ok(Self { jobs: Some(jobs), pulse: Some(pulse) })
    }

    /// How often it wants a [pulse](Self::pulse), if at all.
    pub fn pulse_interval(&self) -> Option<Duration> {
        self.pulse
    }

    /// Whether anything is kept.
    pub fn is_active(&self) -> bool {
        self.jobs.is_some()
    }

    /// Has the manager keep our snapshot and roster instead of those that were left to us. Only
    /// when nothing can fail any more, and before anybody is told anything: a later crash must
    /// not find again what was.
    pub fn take_over(&self) {
        if let Some(jobs) = &self.jobs {
            // It may wait here: the others have not begun.
            let _ = jobs.send(Job::TakeOver);
        }
    }

    /// Keeps a client's connection beyond the process.
    pub fn keep(&self, id: ClientId, socket: impl AsFd) {
        if self.is_active() {
            match socket.as_fd().try_clone_to_owned() {
                Ok(fd) => self.send(Job::Keep(id, fd)),
                Err(error) => log::warn!("cannot keep {id}: {error}"),
            }
        }
    }

    /// Notes who a client is.
    pub fn note(&self, record: Record) {
        self.send(Job::Note(Box::new(record)));
    }

    /// Lets go of a client that is gone.
    pub fn forget(&self, id: ClientId) {
        self.send(Job::Forget(id));
    }

    /// Waits until the manager was told everything, but not for longer than `patience`.
    pub fn flush(&self, patience: Duration) {
        if let Some(jobs) = &self.jobs {
            let (deadline, (done, told)) = (Instant::now() + patience, bounded(1));
            let _ = jobs.send_deadline(Job::Flush(done), deadline);
            if told.recv_deadline(deadline).is_err() {
                log::error!("the service manager is too slow: some may not survive the restart");
            }
        }
    }

    /// Proves that the caller is alive, and says what goes on.
    pub fn pulse(&self, status: String) {
        self.send(Job::Pulse(status));
    }

    fn send(&self, job: Job) {
        if let Some(Err(TrySendError::Full(job))) =
            self.jobs.as_ref().map(|jobs| jobs.try_send(job))
        {
            log::warn!("the service manager does not listen: {job:?}");
        }
    }
}

fn work(jobs: &Receiver<Job>, snapshot: &OwnedFd, mut roster: Roster) {
    for job in jobs {
        match job {
            Job::TakeOver => {
                replace(SNAPSHOT, snapshot);
                replace(ROSTER, &roster.file);
            }
            Job::Keep(id, fd) => store(&client_name(id), &fd),
            Job::Note(record) => roster.note(&record),
            Job::Forget(id) => {
                forget(&client_name(id));
                roster.forget(id);
            }
            Job::Flush(done) => drop(done.send(())),
            Job::Pulse(status) => notify(&[NotifyState::Watchdog, NotifyState::Status(&status)]),
        }
    }
}

/// A file in memory with a record of each client. The manager holds it, too, so that it is there
/// after a crash.
#[derive(Debug)]
struct Roster {
    file: File,
    slots: BTreeMap<ClientId, usize>,
    free: Vec<usize>,
}

impl Roster {
    fn new() -> io::Result<Self> {
        let file = File::from(os::memory_file(ROSTER)?);
        Ok(Self { file, slots: BTreeMap::new(), free: Vec::new() })
    }

    fn note(&mut self, record: &Record) {
        let next = self.slots.len() + self.free.len();
        let free = &mut self.free;
        let slot = *self.slots.entry(record.id).or_insert_with(|| free.pop().unwrap_or(next));
        match record.to_slot() {
            Some(bytes) => self.write(slot, &bytes),
            None => log::error!("cannot note {}", record.id),
        }
    }

    fn forget(&mut self, id: ClientId) {
        if let Some(slot) = self.slots.remove(&id) {
            self.free.push(slot);
            self.write(slot, &EMPTY_SLOT);
        }
    }

    fn write(&self, slot: usize, record: &[u8; RECORD]) {
        if let Err(error) = self.file.write_all_at(record, (slot * RECORD) as u64) {
            log::error!("cannot write the roster: {error}");
        }
    }
}
