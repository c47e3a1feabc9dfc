//! `ManagerThread`: the thread that sends descriptors and the status to the service manager.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::FileExt;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use sd_notify::NotifyState;

use super::files::{ROSTER, SNAPSHOT, SnapshotFile, client_name};
use super::manager::{forget, is_managed, notify, replace, store};
use super::record::{EMPTY_SLOT, RECORD, Record, room_slot};
use crate::chat::{ClientId, RoomName, RoomRecord};
use crate::cluster::NodeOrigin;
use crate::os;

/// Messages that may wait for the manager.
const QUEUE: usize = 16 * 1024;

/// How often the manager is told the status.
const STATUS_INTERVAL: Duration = Duration::from_secs(10);

/// Informs the manager, on a thread of its own, as the manager may be slow. Without a manager it
/// does nothing.
#[derive(Clone, Debug, Default)]
pub struct ManagerThread {
    jobs: Option<Sender<ManagerJob>>,
    pulse: Option<Duration>,
    /// Written at once, not in the order of the jobs: the process may crash while many wait.
    roster: Option<Arc<Mutex<Roster>>>,
}

#[derive(Debug)]
enum ManagerJob {
    TakeOver,
    Store(ClientId, OwnedFd),
    Forget(ClientId),
    Pulse(String),
    Flush(Sender<()>),
}

impl ManagerThread {
    /// Starts the thread if there is a manager; `snapshot` will be stored there.
    ///
    /// # Errors
    /// When there is no thread, no memory or no descriptor for it.
    pub fn start(snapshot: &SnapshotFile) -> io::Result<Self> {
        if !is_managed() {
            return Ok(Self::default());
        }
        let (jobs, queue) = bounded(QUEUE);
        let roster = Roster::new()?;
        let files = [(SNAPSHOT, snapshot.try_clone()?), (ROSTER, roster.file.try_clone()?.into())];
        let work = move || work(&queue, &files);
        thread::Builder::new().name("systemd".to_owned()).spawn(work)?;
        let watchdog = sd_notify::watchdog_enabled().map(|timeout| timeout / 3);
        let pulse = watchdog.map_or(STATUS_INTERVAL, |watchdog| watchdog.min(STATUS_INTERVAL));
        let roster = Some(Arc::new(Mutex::new(roster)));
        Ok(Self { jobs: Some(jobs), pulse: Some(pulse), roster })
    }

    /// How often the manager wants a [pulse](Self::pulse), if at all.
    pub fn pulse_interval(&self) -> Option<Duration> {
        self.pulse
    }

    /// Whether there is a manager.
    pub fn is_active(&self) -> bool {
        self.jobs.is_some()
    }

    /// Replaces the snapshot and roster of the previous process in the manager's store by our own.
    /// Must be called once the start cannot fail any more, and before the first message to a
    /// client: after a later crash the old state must not be found again.
    pub fn take_over(&self) {
        if let Some(jobs) = &self.jobs {
            // This may block: no other thread waits for the caller yet.
            let _ = jobs.send(ManagerJob::TakeOver);
        }
    }

    /// Stores a client's connection, so that it outlives the process. The caller must
    /// [note](Self::note) the client first: after a crash, a connection without a record is that of
    /// a client that has left.
    pub fn store(&self, id: ClientId, socket: impl AsFd) {
        if self.is_active() {
            match socket.as_fd().try_clone_to_owned() {
                Ok(fd) => self.send(ManagerJob::Store(id, fd)),
                Err(error) => log::warn!("cannot store {id}: {error}"),
            }
        }
    }

    /// Writes a client's record to the roster.
    pub fn note(&self, record: Record) {
        self.with_roster(|roster| roster.note(&record));
    }

    /// Writes a room's record to the roster, or removes it.
    pub fn note_room(&self, room: RoomName, record: Option<RoomRecord>) {
        self.with_roster(|roster| roster.note_room(room, record));
    }

    /// Writes to the roster what this process is in its cluster.
    pub fn note_node(&self, origin: NodeOrigin) {
        self.note(Record::of_node(origin));
    }

    /// Removes a client that has left, whether or not its connection is still open.
    pub fn forget(&self, id: ClientId) {
        self.with_roster(|roster| roster.forget(id));
        self.send(ManagerJob::Forget(id));
    }

    /// Waits until all messages were sent to the manager, but no longer than `patience`.
    pub fn flush(&self, patience: Duration) {
        if let Some(jobs) = &self.jobs {
            let deadline = Instant::now() + patience;
            let (done, told) = bounded(1);
            let _ = jobs.send_deadline(ManagerJob::Flush(done), deadline);
            if told.recv_deadline(deadline).is_err() {
                log::error!(
                    "the service manager is too slow: some clients may not survive the restart"
                );
            }
        }
    }

    /// Tells the manager that the caller is alive, and its status.
    pub fn pulse(&self, status: String) {
        self.send(ManagerJob::Pulse(status));
    }

    fn with_roster(&self, change: impl FnOnce(&mut Roster)) {
        if let Some(roster) = &self.roster {
            change(&mut roster.lock().unwrap_or_else(PoisonError::into_inner));
        }
    }

    fn send(&self, job: ManagerJob) {
        if let Some(Err(TrySendError::Full(job))) =
            self.jobs.as_ref().map(|jobs| jobs.try_send(job))
        {
            log::warn!("the service manager does not respond: {job:?}");
        }
    }
}

fn work(jobs: &Receiver<ManagerJob>, files: &[(&str, OwnedFd)]) {
    for job in jobs {
        match job {
            ManagerJob::TakeOver => files.iter().for_each(|(name, file)| replace(name, file)),
            ManagerJob::Store(id, fd) => store(&client_name(id), &fd),
            ManagerJob::Forget(id) => forget(&client_name(id)),
            ManagerJob::Flush(done) => drop(done.send(())),
            ManagerJob::Pulse(status) => {
                notify(&[NotifyState::Watchdog, NotifyState::Status(&status)])
            }
        }
    }
}

/// A file in memory with a record of each client. The manager has its descriptor, too, so that the
/// file outlives a crash.
#[derive(Debug)]
struct Roster {
    file: File,
    slots: BTreeMap<SlotOf, usize>,
    free: Vec<usize>,
}

/// What a slot is about.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum SlotOf {
    Client(ClientId),
    Room(RoomName),
}

impl Roster {
    fn new() -> io::Result<Self> {
        let file = File::from(os::memory_file(ROSTER)?);
        Ok(Self { file, slots: BTreeMap::new(), free: Vec::new() })
    }

    fn note(&mut self, record: &Record) {
        let slot = self.slot_of(SlotOf::Client(record.id));
        match record.to_slot() {
            Some(bytes) => self.write(slot, &bytes),
            None => log::error!("cannot record {} in the roster", record.id),
        }
    }

    fn note_room(&mut self, room: RoomName, record: Option<RoomRecord>) {
        match record.and_then(room_slot) {
            Some(bytes) => {
                let slot = self.slot_of(SlotOf::Room(room));
                self.write(slot, &bytes);
            }
            None => self.clear(&SlotOf::Room(room)),
        }
    }

    /// The slot of that client or room, perhaps a new one.
    fn slot_of(&mut self, whose: SlotOf) -> usize {
        let next = self.slots.len() + self.free.len();
        let free = &mut self.free;
        *self.slots.entry(whose).or_insert_with(|| free.pop().unwrap_or(next))
    }

    fn forget(&mut self, id: ClientId) {
        self.clear(&SlotOf::Client(id));
    }

    fn clear(&mut self, whose: &SlotOf) {
        if let Some(slot) = self.slots.remove(whose) {
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
