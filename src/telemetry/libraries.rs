//! `Libraries`: a logger that drops the detailed lines of libraries, which may contain what people
//! send, at any log level.

use log::{Level, Log, Metadata, Record};

/// The most detailed level at which libraries may log. At more detailed ones, libraries that decode
/// what clients send, such as tungstenite and rustls, log it, passwords included.
const MOST_DETAILED: Level = Level::Info;

/// Filters what it passes to the inner logger.
pub(super) struct Libraries<L>(pub(super) L);

/// Whether `target` is one of chatd's own modules.
fn is_own(target: &str) -> bool {
    let rest = target.strip_prefix(env!("CARGO_PKG_NAME"));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

impl<L: Log> Log for Libraries<L> {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        let may_log = metadata.level() <= MOST_DETAILED || is_own(metadata.target());
        may_log && self.0.enabled(metadata)
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
