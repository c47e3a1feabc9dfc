//! The broadcaster: the one thread that knows all clients and does all the telling.

mod archive; // what is said waits for the disk
mod pending; // clients that wait for an answer, and what they sent meanwhile
mod status; // what is counted, and what the service manager knows
mod words; // what people say, in the log of those who debug
mod dispatch; // an input becomes effects, and effects become bytes
mod upkeep; // time passes, and the store reports
mod parking; // sessions that left everything for the next process
mod run; // `Broadcaster`: the loop
mod handover; // everything to the next process, and from the one before

pub use self::dispatch::Environment;
pub use self::handover::HAND_OVER;
pub use self::run::Broadcaster;
