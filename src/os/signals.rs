//! Signals: blocking them, and sending one.

use std::io;

use nix::sys::signal::{SigSet, Signal, kill};
use nix::unistd::Pid;

/// Blocks `signals` in this thread and those it starts. They stay pending until
/// [released](release_signals), also across execve(2).
pub fn hold_signals(signals: &[i32]) -> io::Result<()> {
    Ok(signal_set(signals)?.thread_block()?)
}

/// Unblocks `signals` in this thread.
pub fn release_signals(signals: &[i32]) -> io::Result<()> {
    Ok(signal_set(signals)?.thread_unblock()?)
}

fn signal_set(signals: &[i32]) -> io::Result<SigSet> {
    Ok(signals.iter().map(|&number| Signal::try_from(number)).collect::<Result<_, _>>()?)
}

/// Sends this process SIGHUP, at which it reloads its settings.
///
/// # Errors
/// kill(2) fails.
pub fn ask_for_reload() -> io::Result<()> {
    // To the process: this thread may block the signal.
    Ok(kill(Pid::this(), Signal::SIGHUP)?)
}
