//! Handing everything over to the next process.

mod snapshot; // everything that a process knows
pub mod files; // files in memory, and their names
pub mod manager; // what the service manager is told
pub mod inherit; // what a process finds open
mod manager_thread; // tells the manager what to keep

pub use self::files::SnapshotFile;
pub use self::inherit::Inherited;
pub(crate) use self::inherit::Listener;
pub(crate) use self::manager_thread::ManagerThread;
pub(crate) use self::snapshot::{Handover, SavedClient};
pub use self::snapshot::{Record, SavedSession, Snapshot};
