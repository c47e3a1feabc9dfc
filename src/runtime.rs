//! What threads of the server share: the time, replaceable values, a wake-up.

pub mod clock;
pub mod replaceable;
pub mod threads;
pub mod wakeup;
