//! Who may come in, and how fast anybody may speak.

pub mod limits;

pub mod bucket;
pub mod crowd;
pub mod door;
