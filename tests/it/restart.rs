//! SIGUSR2: the server turns into the program that is now on disk, and nobody notices.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::harness::{Server, Signal, eventually};

mod activation;
mod connections;
mod crowd;
mod faults;
mod people;
mod wires;

/// How often a server has begun to listen.
fn starts(server: &Server) -> usize {
    server.log().matches(" listening on ").count()
}

/// Has the server make room for the next program, and waits until that one listens.
#[track_caller]
pub(crate) fn switch(server: &Server) {
    let before = starts(server);
    server.signal(Signal::USR2);
    eventually("the next program", || (starts(server) > before).then_some(()));
}

/// Switches again and again, and then says that it is over, even if it fails.
#[track_caller]
fn switch_often(server: &Server, times: usize, over: &AtomicBool) {
    struct AtTheEnd<'a>(&'a AtomicBool);
    impl Drop for AtTheEnd<'_> {
        fn drop(&mut self) {
            self.0.store(true, Ordering::Relaxed);
        }
    }
    let _at_the_end = AtTheEnd(over);
    (0..times).for_each(|_| switch(server));
}
