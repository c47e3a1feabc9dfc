//! What threads of the server share: the time, replaceable values, a wakeup.

pub(crate) mod clock; // the time, for a core that has none
mod replaceable; // a value that a reload replaces
mod threads; // threads that are used again
mod wakeup; // wakes all sessions at once

pub(crate) use self::clock::Clock;
pub use self::replaceable::Replaceable;
pub(crate) use self::threads::Threads;
pub(crate) use self::wakeup::Wakeup;
