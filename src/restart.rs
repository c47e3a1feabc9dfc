//! Restart without disconnecting: state, listeners and connections for the next process.

mod reader; // who is still given the past over HTTP
mod record; // what the roster says of one client
mod snapshot; // the state of a whole process
pub mod files; // files in memory, and their names
pub mod manager; // messages to the service manager
pub mod inherit; // descriptors that a process finds open
mod manager_thread; // stores descriptors with the manager

pub use self::files::SnapshotFile;
pub use self::inherit::Inherited;
pub(crate) use self::inherit::Listener;
pub(crate) use self::manager_thread::ManagerThread;
pub(crate) use self::reader::PastQuery;
pub use self::reader::SavedReader;
pub use self::record::{Lasting, Record};
pub use self::snapshot::{Answers, SavedRequests, SavedSession, Snapshot};
pub(crate) use self::snapshot::{Handover, SavedClient};
