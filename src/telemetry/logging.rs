//! The log: one line per event on stderr, written by its own thread.
//!
//! Logging never waits for the reader: a stalled terminal or journal must not stall the chat. When
//! the queue is full, lines are dropped and counted.

use std::fmt::Display;
use std::io::{self, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use env_logger::{Builder, Target};
use log::{Level, LevelFilter};

use super::flood::Floodgate;
use super::libraries::Libraries;
use crate::os;

/// Lines that may wait to be written.
const QUEUE: usize = 4096;
/// How long [`flush`] waits for each of its steps.
const LAST_WORDS: Duration = Duration::from_millis(500);

static LOG: OnceLock<LogWriter> = OnceLock::new();

/// Starts logging, at `level` unless `RUST_LOG` says otherwise. Only the first call counts.
///
/// # Errors
/// The thread cannot be started.
pub fn start(level: LevelFilter) -> io::Result<()> {
    let (lines, queue) = bounded(QUEUE);
    let writer = LogWriter { lines, dropped: Arc::default() };
    let dropped = Arc::clone(&writer.dropped);
    thread::Builder::new().name("log".into()).spawn(move || write_lines(&queue, &dropped))?;

    let mut builder = Builder::new();
    match rust_log() {
        Some(filters) => builder.parse_filters(&filters),
        // Only chatd's own lines: those of libraries about a client name neither it nor its
        // address.
        None => builder.filter_module(env!("CARGO_PKG_NAME"), LevelFilter::Trace),
    };
    builder.target(Target::Pipe(Box::new(writer.clone())));
    let form = Form::of_stderr();
    builder.format(move |line, record| form.write(line, record.level(), record.args()));
    let logger = builder.build();
    let most = logger.filter();
    let gate = Box::new(Floodgate::new(Libraries(logger)));
    if LOG.set(writer).is_ok() && log::set_boxed_logger(gate).is_ok() {
        log::set_max_level(most);
        set_level(level);
    }
    log_panics();
    Ok(())
}

/// The format of a line.
#[derive(Clone, Copy)]
enum Form {
    /// With the time and the level, for people.
    Plain,
    /// With a priority in front, for the journal, which adds the time (sd-daemon(3)).
    Journal,
}

impl Form {
    fn of_stderr() -> Self {
        if os::is_journal() { Self::Journal } else { Self::Plain }
    }

    fn write(self, out: &mut impl Write, level: Level, words: &impl Display) -> io::Result<()> {
        match self {
            Self::Plain => {
                let now = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S%.3fZ");
                writeln!(out, "{now} {level:5} {words}")
            }
            Self::Journal => {
                let priority = match level {
                    Level::Error => 3,
                    Level::Warn => 4,
                    Level::Info => 6,
                    Level::Debug | Level::Trace => 7,
                };
                words.to_string().lines().try_for_each(|line| writeln!(out, "<{priority}>{line}"))
            }
        }
    }
}

/// Writes to stderr why the program cannot run; ignores errors. Does not need [`start`].
pub fn complain(words: &str) {
    let _ = match Form::of_stderr() {
        Form::Plain => io::stderr().write_all(words.as_bytes()),
        journal @ Form::Journal => journal.write(&mut io::stderr(), Level::Error, &words),
    };
}

/// Changes the level, unless `RUST_LOG` sets it.
pub fn set_level(level: LevelFilter) {
    if rust_log().is_none() {
        log::set_max_level(level);
    }
}

fn rust_log() -> Option<String> {
    std::env::var("RUST_LOG").ok().filter(|filters| !filters.is_empty())
}

/// Waits until what was logged before is written, for at most a second.
pub fn flush() {
    if let Some(log) = LOG.get() {
        let (done, written) = bounded(1);
        let _ = log.lines.send_timeout(LogLine::Flush(done), LAST_WORDS);
        let _ = written.recv_timeout(LAST_WORDS);
    }
}

/// Logs panics as lines of the log.
fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let thread = thread::current();
        log::error!("thread {:?} {panic}", thread.name().unwrap_or("unnamed"));
    }));
}

enum LogLine {
    Text(Vec<u8>),
    Flush(Sender<()>),
}

/// The queue as the logger's target: each write is a whole line. Never blocks.
#[derive(Clone)]
struct LogWriter {
    lines: Sender<LogLine>,
    dropped: Arc<AtomicUsize>,
}

impl Write for LogWriter {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if let Err(TrySendError::Full(_)) = self.lines.try_send(LogLine::Text(line.to_vec())) {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn write_lines(queue: &Receiver<LogLine>, dropped: &AtomicUsize) {
    let mut stderr = io::stderr();
    let form = Form::of_stderr();
    for line in queue {
        // An error of the log itself cannot be reported anywhere.
        match line {
            LogLine::Text(text) => drop(stderr.write_all(&text)),
            LogLine::Flush(done) => drop(done.send(())),
        }
        let lost = dropped.swap(0, Ordering::Relaxed);
        if lost > 0 {
            let words = format!("{lost} lines were not logged: the log was read too slowly");
            let _ = form.write(&mut stderr, Level::Warn, &words);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    fn a_panic_is_logged_with_its_thread() {
        const INSIDE: &str = "TEST_HAS_ITS_OWN_LOG";
        if std::env::var_os(INSIDE).is_some() {
            start(LevelFilter::Error).unwrap();
            let doomed = thread::Builder::new().name("doomed".into());
            doomed.spawn(|| panic!("at the disco")).unwrap().join().unwrap_err();
            return flush();
        }
        let mut again = Command::new(std::env::current_exe().unwrap());
        let (_, module) = module_path!().split_once("::").unwrap();
        again.args(["--exact", &format!("{module}::a_panic_is_logged_with_its_thread")]);
        let ended = again.env(INSIDE, "1").env_remove("RUST_LOG").output().unwrap();
        let log = String::from_utf8(ended.stderr).unwrap();
        assert!(ended.status.success(), "{log}");
        assert!(
            log.contains(" ERROR thread \"doomed\" panicked at src/telemetry/logging.rs:"),
            "{log}"
        );
        assert!(log.contains("at the disco"), "{log}");
    }
}
