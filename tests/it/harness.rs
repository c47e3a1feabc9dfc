//! A real server and its clients. Every wait is for an event, with a deadline. `Client::sync` shows
//! that something was *not* sent: its pong arrives after everything that was sent before it.

use std::io::Read;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

mod client;
mod cluster;
mod forwarder;
mod irc;
mod program;
mod random;
mod redis;
mod server;
mod tls;
mod websocket;

pub(crate) use client::{Client, people};
pub(crate) use cluster::Cluster;
pub(crate) use forwarder::Forwarder;
pub(crate) use irc::{Irc, commands, untagged, word};
pub(crate) use program::{Program, example};
pub(crate) use random::Random;
pub(crate) use redis::{DURABLE, RedisServer, free_port};
pub(crate) use server::{Server, Signal};
pub(crate) use tls::Identity;
pub(crate) use websocket::{JSON, PONG, WebSocket, connect, masked, timeless, upgrade};

/// How long anything may take before the test fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// The second line of every welcome.
pub(crate) const HINT: &str = "-- Type a line and press Enter. /nick NAME  /who  /help  /quit";

/// Polls until there is an answer. The short pause only saves processor time.
#[track_caller]
pub(crate) fn eventually<T>(what: &str, answer: impl FnMut() -> Option<T>) -> T {
    eventually_within(PATIENCE, what, answer)
}

/// The same with a longer deadline.
#[track_caller]
pub(crate) fn eventually_within<T>(
    limit: Duration,
    what: &str,
    mut answer: impl FnMut() -> Option<T>,
) -> T {
    let deadline = Instant::now() + limit;
    loop {
        if let Some(found) = answer() {
            return found;
        }
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// A temporary directory, removed when dropped.
pub(crate) struct TempDir(PathBuf);

impl TempDir {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let name =
            format!("chatd-test-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let dir = env::temp_dir().join(name);
        fs::create_dir(&dir).unwrap();
        TempDir(dir)
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.0.join(name).into_os_string().into_string().unwrap()
    }

    /// Writes a file and returns its path.
    pub(crate) fn file(&self, name: &str, contents: impl AsRef<[u8]>) -> String {
        fs::write(self.0.join(name), contents).unwrap();
        self.path(name)
    }

    /// The names of the files in the directory.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }
}

impl Drop for TempDir {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}

/// The program, without variables that would change its settings or its log.
pub(crate) fn chatd() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chatd"));
    for (key, _) in env::vars_os() {
        if key == "RUST_LOG" || key.to_string_lossy().starts_with("CHATD_") {
            command.env_remove(key);
        }
    }
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

/// The exit status and the output of a program.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    pub(crate) fn first_line(&self) -> &str {
        self.stderr.lines().next().unwrap_or_default()
    }
}

/// Runs a command that ends by itself.
#[track_caller]
pub(crate) fn run(command: &mut Command) -> Ended {
    run_within(PATIENCE, command)
}

/// The same with a longer deadline.
#[track_caller]
pub(crate) fn run_within(limit: Duration, command: &mut Command) -> Ended {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let stdout = read(child.stdout.take().unwrap());
    let stderr = read(child.stderr.take().unwrap());
    let deadline = Instant::now() + limit;
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if Instant::now() > deadline {
            child.kill().unwrap();
            panic!("still running; it said: {}", stderr.join().unwrap());
        }
        thread::sleep(Duration::from_millis(5));
    };
    Ended {
        status: status.code().expect("it was killed by a signal"),
        stdout: stdout.join().unwrap(),
        stderr: stderr.join().unwrap(),
    }
}

/// Waits for a program that was told to end.
#[track_caller]
pub(crate) fn wait_for_exit(child: &mut Child) {
    eventually("its end", || child.try_wait().unwrap().map(drop));
}

/// Reads a pipe, which would block the other end when full, to its end.
fn read(mut pipe: impl Read + Send + 'static) -> thread::JoinHandle<String> {
    let read = move || {
        let mut text = String::new();
        pipe.read_to_string(&mut text).unwrap();
        text
    };
    thread::Builder::new().name("pipe".into()).spawn(read).unwrap()
}

/// Lets this process, and servers started later, open as many files as the system allows; returns
/// how many that is.
pub(crate) fn raise_open_files() -> usize {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let maximum = getrlimit(Resource::Nofile).maximum;
    let limit = Rlimit { current: maximum, maximum };
    setrlimit(Resource::Nofile, limit).unwrap();
    maximum.map_or(usize::MAX, |n| n.try_into().unwrap())
}
