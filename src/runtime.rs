//! What every thread of the server needs: the time, a wake-up, threads.

pub mod clock;
pub mod threads;
pub mod wakeup;
