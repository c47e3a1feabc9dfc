//! `Libraries`: keeps what libraries see of people out of the log, whatever the log's level is.

use log::{Level, Log, Metadata, Record};

/// The most detailed level at which libraries are heard. Below it those that decode what clients
/// send, such as tungstenite and rustls, log it, passwords included.
const MOST_DETAILED: Level = Level::Info;

/// A logger in front of another.
pub(super) struct Libraries<L>(pub(super) L);

/// Whether it is one of chatd's own modules.
fn is_own(target: &str) -> bool {
    let rest = target.strip_prefix(env!("CARGO_PKG_NAME"));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

impl<L: Log> Log for Libraries<L> {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        let may_be_heard = metadata.level() <= MOST_DETAILED || is_own(metadata.target());
        may_be_heard && self.0.enabled(metadata)
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            self.0.log(record);
        }
    }

    fn flush(&self) {
        self.0.flush();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_modules_of_chatd_are_its_own() {
        for (target, own) in [
            ("chatd", true),
            ("chatd::session", true),
            ("chatd_like", false),
            ("tungstenite::protocol", false),
            ("rustls::conn", false),
            ("", false),
        ] {
            assert_eq!(is_own(target), own, "{target}");
        }
    }
}
