//! Shared by the server's threads: a channel, the clock, replaceable values, the wakeup of all
//! sessions, a pool.

pub mod channel; // a channel whose receiver sleeps at once
pub(crate) mod clock; // the time, for a core that has none
mod replaceable; // a value that a reload replaces
mod threads; // a pool of threads
mod wakeup; // wakes all sessions at once

pub(crate) use self::clock::Clock;
pub use self::replaceable::Replaceable;
pub(crate) use self::threads::{NotStarted, Threads};
pub(crate) use self::wakeup::Wakeup;
