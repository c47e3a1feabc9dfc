//! Signals: holding them, and sending one.

use std::io;

use nix::sys::signal::{SigSet, Signal, kill};
use nix::unistd::Pid;

/// Keeps `signals` from this thread and those it starts: what comes waits until they are
/// [released](release_signals), even if that is by the program that this process turns into.
pub fn hold_signals(signals: &[i32]) -> io::Result<()> {
    Ok(signal_set(signals)?.thread_block()?)
}

/// Lets this thread have `signals`.
pub fn release_signals(signals: &[i32]) -> io::Result<()> {
    Ok(signal_set(signals)?.thread_unblock()?)
}

fn signal_set(signals: &[i32]) -> io::Result<SigSet> {
    Ok(signals.iter().map(|&number| Signal::try_from(number)).collect::<Result<_, _>>()?)
}

/// Sends this process the signal that has it read its settings again.
///
/// # Errors
/// When the system does not want to.
pub fn ask_for_reload() -> io::Result<()> {
    // Not to this thread, which holds signals.
    Ok(kill(Pid::this(), Signal::SIGHUP)?)
}
