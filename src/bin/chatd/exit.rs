//! How the process ends: its exit statuses, and the line on stderr that explains one.

use std::process;

use chatd::telemetry::logging;

/// A port cannot be had, or the like.
pub(crate) const CANNOT_START: u8 = 1;
/// A setting, or what it names, is wrong.
pub(crate) const WRONG_SETTINGS: u8 = 2;
/// A fault of the program (`EX_SOFTWARE`, sysexits(3)).
pub(crate) const CRASHED: i32 = 70;

/// What a complaint says first, without the name of the program.
pub(crate) fn first_line(complaint: &str) -> &str {
    complaint.lines().next().unwrap_or_default().trim_start_matches("chatd: ")
}

/// Without its broadcaster the server is of no use; whoever started it may start it again.
pub(crate) fn crash() {
    logging::flush();
    process::exit(CRASHED);
}
