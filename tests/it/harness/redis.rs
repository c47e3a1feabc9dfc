//! A real Redis server of one test, and Sentinel.

use std::net::{Ipv4Addr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};

use ::redis::{Client, Connection, FromRedisValue};

use super::{PATIENCE, TempDir, eventually};

use super::Signal;

/// Options of a server that loses nothing when it is killed.
pub(crate) const DURABLE: [&str; 4] = ["--appendonly", "yes", "--appendfsync", "always"];

/// A server on a port of 127.0.0.1. Dropping it kills it.
pub(crate) struct RedisServer {
    program: &'static str,
    child: Option<Child>,
    port: u16,
    options: Vec<String>,
    dir: TempDir,
}

impl RedisServer {
    /// Starts a server that keeps nothing on the disk.
    #[track_caller]
    pub(crate) fn start() -> Self {
        RedisServer::with([])
    }

    /// Starts a server with further options, such as [`DURABLE`].
    #[track_caller]
    pub(crate) fn with<const N: usize>(options: [&str; N]) -> Self {
        RedisServer::with_options(&options)
    }

    #[track_caller]
    pub(crate) fn with_options(options: &[&str]) -> Self {
        let options = options.iter().map(|&option| option.to_owned()).collect();
        let mut server = RedisServer::new("redis-server", options);
        server.restart();
        server
    }

    /// Starts a server that has what `primary` has.
    #[track_caller]
    pub(crate) fn replica_of(primary: &RedisServer) -> Self {
        RedisServer::with(["--replicaof", &format!("127.0.0.1 {}", primary.port)])
    }

    /// Starts a server that speaks TLS as well, on the port that is returned.
    #[track_caller]
    pub(crate) fn with_tls(certificate: &str, key: &str) -> (Self, u16) {
        let port = free_port();
        let files = ["--tls-cert-file", certificate, "--tls-key-file", key];
        let mut options = vec!["--tls-ca-cert-file", certificate, "--tls-auth-clients", "no"];
        let port_option = port.to_string();
        options.extend(files.into_iter().chain(["--tls-port", &port_option]));
        (RedisServer::with_options(&options), port)
    }

    /// Starts a Sentinel that calls `primary` by the name `main`, and replaces it soon after its end.
    #[track_caller]
    pub(crate) fn sentinel(primary: &RedisServer) -> Self {
        let mut sentinel = RedisServer::new("redis-sentinel", Vec::new());
        let config = format!(
            "sentinel monitor main 127.0.0.1 {} 1\n\
             sentinel down-after-milliseconds main 300\n\
             sentinel failover-timeout main 3000\n",
            primary.port
        );
        sentinel.options.push(sentinel.dir.file("sentinel.conf", config));
        sentinel.restart();
        sentinel
    }

    /// Starts a server of a Redis Cluster, which listens for the other servers on the port that is
    /// returned. Unless told, it would take the one 10,000 above its own, which an outgoing
    /// connection may have.
    #[track_caller]
    pub(crate) fn in_redis_cluster() -> (Self, u16) {
        let port = free_port();
        let options = ["--cluster-enabled", "yes", "--cluster-port", &port.to_string()];
        (RedisServer::with(options), port)
    }

    fn new(program: &'static str, options: Vec<String>) -> Self {
        RedisServer { program, child: None, port: free_port(), options, dir: TempDir::new() }
    }

    /// Starts the server again, on the same port and with the same files.
    #[track_caller]
    pub(crate) fn restart(&mut self) {
        self.kill();
        eventually("a Redis server", || {
            self.spawn();
            self.is_up().then_some(())
        });
    }

    fn spawn(&mut self) {
        if self.child.as_mut().is_none_or(|child| child.try_wait().unwrap().is_some()) {
            let mut command = Command::new(self.program);
            // A configuration file comes first.
            let (file, options): (Vec<_>, Vec<_>) =
                self.options.iter().partition(|option| option.ends_with(".conf"));
            let port = self.port.to_string();
            command.args(file).args(["--bind", "127.0.0.1", "--port", &port, "--save", ""]);
            command.args(["--dir", &self.dir.path("")]).args(options);
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            self.child = Some(command.spawn().unwrap());
        }
    }

    /// Whether the server answers, with data and password or without.
    fn is_up(&self) -> bool {
        let Ok(mut connection) = self.try_connect() else { return false };
        let answer = ::redis::cmd("PING").query::<String>(&mut connection);
        answer.is_ok() || answer.is_err_and(|error| error.code() == Some("NOAUTH"))
    }

    /// Ends the server at once.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().ok();
            child.wait().unwrap();
        }
    }

    /// [`Signal::STOP`], for one, makes it a server that accepts and never answers.
    pub(crate) fn signal(&self, signal: Signal) {
        let pid = rustix::process::Pid::from_child(self.child.as_ref().unwrap());
        rustix::process::kill_process(pid, signal).unwrap();
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The directory of its files.
    pub(crate) fn dir(&self) -> String {
        self.dir.path("")
    }

    /// What `--cluster` takes.
    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// The answer to a command, such as `["HGET", "{chatd}:head", "n"]`.
    #[track_caller]
    pub(crate) fn ask<T: FromRedisValue, const N: usize>(&self, command: [&str; N]) -> T {
        let mut connection = self.try_connect().unwrap();
        ::redis::Cmd::new().arg(&command).query(&mut connection).unwrap()
    }

    fn try_connect(&self) -> ::redis::RedisResult<Connection> {
        let connection = Client::open(self.url())?.get_connection_with_timeout(PATIENCE)?;
        connection.set_read_timeout(Some(PATIENCE))?;
        Ok(connection)
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A port that nobody listens on. Outside the range for outgoing connections, so that it stays free
/// while the server is down, and never the same again in this process.
pub(crate) fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = 10_000 + u16::try_from(std::process::id() % 100).unwrap() * 200;
    let next = || first + NEXT.fetch_add(1, Ordering::Relaxed);
    let is_free = |port: &u16| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok();
    std::iter::repeat_with(next).find(is_free).unwrap()
}
