//! How the process ends: its exit statuses, and the line on stderr that explains one.

use std::process;

use chatd::telemetry::logging;

/// The server cannot start, for example because a port is taken.
pub(crate) const CANNOT_START: u8 = 1;
/// A setting, or a file that it names, is wrong.
pub(crate) const WRONG_SETTINGS: u8 = 2;
/// A fault of the program (`EX_SOFTWARE`, sysexits(3)).
pub(crate) const CRASHED: i32 = 70;

/// The first line of `complaint`, without the name of the program.
pub(crate) fn first_line(complaint: &str) -> &str {
    complaint.lines().next().unwrap_or_default().trim_start_matches("chatd: ")
}

/// Exits because the broadcaster ended, without which the server cannot serve. The service manager
/// may start it again.
pub(crate) fn crash() {
    logging::flush();
    process::exit(CRASHED);
}
