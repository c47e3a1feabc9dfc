//! A running server: its log, its status in `/proc`, its end.

use std::collections::HashMap;
use std::io::Read;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Child, Command, ExitStatus};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use std::{fs, thread};

use super::{PATIENCE, TempDir, chatd, eventually};

pub(crate) use rustix::process::Signal;

/// The stderr of a running server, read continuously so that the pipe is never full.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn read_from(pipe: impl Read + Send + 'static) -> (Log, thread::JoinHandle<()>) {
        let log = Log::default();
        let copy = log.clone();
        let reader = thread::Builder::new().name("stderr".into()).spawn(move || copy.fill(pipe));
        (log, reader.unwrap())
    }

    fn fill(&self, mut pipe: impl Read) {
        let mut chunk = [0; 4096];
        while let Ok(n @ 1..) = pipe.read(&mut chunk) {
            self.0.lock().unwrap().extend_from_slice(&chunk[..n]);
        }
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

/// A server of one test. Dropping it ends it, and fails the test if it had died or panicked.
pub(crate) struct Server {
    child: Child,
    /// The ports by their name in the port file.
    ports: HashMap<String, u16>,
    log: Log,
    log_reader: Option<thread::JoinHandle<()>>,
    ended: bool,
    _dir: TempDir,
}

impl Server {
    pub(crate) fn start() -> Self {
        Server::with([])
    }

    /// Starts a server on 127.0.0.1 with further flags.
    pub(crate) fn with<const N: usize>(flags: [&str; N]) -> Self {
        let mut command = chatd();
        command.args(["--bind", "127.0.0.1", "--port", "0"]).args(flags);
        Server::run(command)
    }

    /// The same with a web port.
    pub(crate) fn with_web<const N: usize>(flags: [&str; N]) -> Self {
        let mut command = chatd();
        command.args(["--bind", "127.0.0.1", "--port", "0", "--web-port", "0"]).args(flags);
        Server::run(command)
    }

    /// Starts the server with the caller's command; adds only `--port-file`.
    #[track_caller]
    pub(crate) fn run(command: Command) -> Self {
        Server::unread(command).reading_log()
    }

    /// Starts the server with a command that has a `--port-file` of its own.
    #[track_caller]
    pub(crate) fn run_at(command: Command, port_file: &str) -> Self {
        Server::spawn(command, TempDir::new(), port_file).reading_log()
    }

    /// A server whose stderr nobody reads until the end.
    #[track_caller]
    pub(crate) fn unread(mut command: Command) -> Self {
        let dir = TempDir::new();
        let port_file = dir.path("ports");
        command.args(["--port-file", &port_file]);
        Server::spawn(command, dir, &port_file)
    }

    #[track_caller]
    fn spawn(command: Command, dir: TempDir, port_file: &str) -> Self {
        Server::try_spawn(command, dir, port_file)
            .unwrap_or_else(|(status, log)| panic!("the server ended at once, {status}: {log}"))
    }

    /// Starts a server that may refuse to serve; then returns its status and its stderr.
    pub(crate) fn try_run(mut command: Command) -> Result<Self, (ExitStatus, String)> {
        let dir = TempDir::new();
        let port_file = dir.path("ports");
        command.args(["--port-file", &port_file]);
        Server::try_spawn(command, dir, &port_file).map(Server::reading_log)
    }

    fn try_spawn(
        mut command: Command,
        dir: TempDir,
        port_file: &str,
    ) -> Result<Self, (ExitStatus, String)> {
        let mut child = command.spawn().unwrap();
        let ports = eventually("the port file, or the end", || match child.try_wait().unwrap() {
            Some(status) => Some(Err(status)),
            None => ports_in(Path::new(port_file)).map(Ok),
        });
        let log = Log::default();
        match ports {
            Ok(ports) => {
                Ok(Server { child, ports, log, log_reader: None, ended: false, _dir: dir })
            }
            Err(status) => {
                log.fill(child.stderr.take().unwrap());
                Err((status, log.text()))
            }
        }
    }

    fn reading_log(mut self) -> Self {
        let (log, reader) = Log::read_from(self.child.stderr.take().unwrap());
        (self.log, self.log_reader) = (log, Some(reader));
        self
    }

    /// Closes the reading end of an unread stderr.
    pub(crate) fn hang_up_log(&mut self) {
        drop(self.child.stderr.take().unwrap());
    }

    pub(crate) fn port(&self) -> u16 {
        self.ports["text"]
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr_of("text")
    }

    pub(crate) fn web_port(&self) -> u16 {
        self.ports["web"]
    }

    /// The address of the listener with this name in the port file.
    pub(crate) fn addr_of(&self, name: &str) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.ports[name]))
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// A number of `/proc/PID/status`, such as `Threads`; sizes are in kB.
    pub(crate) fn status(&self, key: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'));
        line.and_then(|value| value.split_whitespace().next()?.parse().ok()).unwrap()
    }

    pub(crate) fn rss_kb(&self) -> u64 {
        self.status("VmRSS")
    }

    pub(crate) fn threads(&self) -> u64 {
        self.status("Threads")
    }

    pub(crate) fn thread_names(&self) -> Vec<String> {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.pid())).unwrap();
        let names = tasks.map(|task| fs::read_to_string(task.unwrap().path().join("comm")));
        names.filter_map(Result::ok).map(|name| name.trim_end().to_owned()).collect()
    }

    pub(crate) fn open_files(&self) -> usize {
        fs::read_dir(format!("/proc/{}/fd", self.pid())).unwrap().count()
    }

    pub(crate) fn log(&self) -> String {
        self.log.text()
    }

    /// Waits for a log line that contains all the parts, and returns it.
    #[track_caller]
    pub(crate) fn wait_log<const N: usize>(&self, parts: [&str; N]) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let log = self.log();
            if let Some(line) =
                log.lines().find(|line| parts.iter().all(|part| line.contains(part)))
            {
                return line.to_owned();
            }
            assert!(Instant::now() < deadline, "no log line with {parts:?} in:\n{log}");
            thread::sleep(Duration::from_millis(5));
        }
    }

    pub(crate) fn signal(&self, signal: Signal) {
        rustix::process::kill_process(rustix::process::Pid::from_child(&self.child), signal)
            .unwrap();
    }

    /// Waits for the server to end by itself; returns its status and its whole log.
    #[track_caller]
    pub(crate) fn wait(mut self) -> (ExitStatus, String) {
        let status = eventually("the server's end", || self.child.try_wait().unwrap());
        self.ended = true;
        let log = self.whole_log();
        assert!(!log.contains("panicked"), "{log}");
        (status, log)
    }

    /// Waits for the end of a server that was killed; returns its whole log.
    #[track_caller]
    pub(crate) fn wait_killed(mut self) -> String {
        self.ended = true;
        eventually("the server's end", || self.child.try_wait().unwrap());
        self.whole_log()
    }

    fn whole_log(&mut self) -> String {
        if let Some(reader) = self.log_reader.take() {
            reader.join().unwrap();
        } else if let Some(unread) = self.child.stderr.take() {
            self.log.fill(unread);
        }
        self.log()
    }

    /// SIGTERM, and `wait`.
    #[track_caller]
    pub(crate) fn stop(self) -> (ExitStatus, String) {
        self.signal(Signal::TERM);
        self.wait()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        let died = self.child.try_wait().unwrap();
        self.child.kill().ok();
        self.child.wait().ok();
        let log = self.whole_log();
        if thread::panicking() {
            eprintln!("the server's log:\n{log}");
        } else {
            assert!(died.is_none(), "the server died, {died:?}:\n{log}");
            assert!(!log.contains("panicked"), "{log}");
        }
    }
}

/// The ports that a port file names, once it is there and this server's own.
fn ports_in(file: &Path) -> Option<HashMap<String, u16>> {
    let text = fs::read_to_string(file).ok()?;
    let port = |line: &str| {
        let (name, port) = line.split_once(' ')?;
        Some((name.to_owned(), port.parse().ok()?))
    };
    // This one is a path.
    text.lines()
        .filter(|line| !line.starts_with("unix "))
        .map(port)
        .collect::<Option<_>>()
        .filter(|ports: &HashMap<_, _>| !ports.is_empty())
}
