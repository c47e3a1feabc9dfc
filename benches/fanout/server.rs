//! The servers under test: starting them, and ending them however the benchmark ends.

use crate::fleet;
use crate::os::{self, Size};
use crate::placement::Placement;
use crate::tls;
use crate::wire::{self, Dialect};
use rustix::process::Pid;
use rustls::ClientConfig;
use std::io;
use std::iter;
use std::net::{Ipv4Addr, SocketAddrV4, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const START: Duration = Duration::from_secs(10);
const NGIRCD: &str = "\
[Global]
Name = bench.invalid
Info = bench
Listen = 127.0.0.1
Ports = PORT
[Limits]
MaxConnections = 0
MaxConnectionsIP = 0
MaxJoins = 0
MaxNickLength = 16
MaxPenaltyTime = 0
PingTimeout = 600
PongTimeout = 600
[Options]
DNS = no
Ident = no
PAM = no
";

const NGINX: &str = "\
daemon off;
master_process off;
pid DIR/pid;
error_log /dev/null;
events {}
http {
    access_log off;
    client_body_temp_path DIR/body;
    proxy_temp_path DIR/proxy;
    fastcgi_temp_path DIR/fastcgi;
    uwsgi_temp_path DIR/uwsgi;
    scgi_temp_path DIR/scgi;
    server {
        listen 127.0.0.1:PORT;
        location / { return 200 ok; }
    }
}
";

/// A server that can be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Chatd,
    /// So many chatds that are one chat, with the Redis between them.
    Nodes(u8),
    /// chatd with clients that speak plain lines over WebSocket, `chatd.v1`, text under TLS, or
    /// plain lines over WebSocket under TLS.
    ChatdLines,
    ChatdJson,
    ChatdTls,
    ChatdSecureLines,
    /// chatd with clients that read over HTTP, as text or by `EventSource`, or that speak IRC.
    ChatdStream,
    ChatdEvents,
    ChatdIrc,
    Floor,
    FloorTwice,
    /// A thread for each client, and little else.
    Threads,
    Redis,
    Ncat,
    Ngircd,
    /// nginx, which answers every request with the same words.
    Nginx,
}

impl Kind {
    /// Those that are other people's, and that may not be installed.
    pub(crate) const PEERS: [Kind; 4] = [Kind::Redis, Kind::Ncat, Kind::Ngircd, Kind::Nginx];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Kind::Chatd => "chatd",
            Kind::Nodes(2) => "chatd, 2 nodes",
            Kind::Nodes(_) => "chatd, 3 nodes",
            Kind::ChatdLines => "chatd, WebSocket",
            Kind::ChatdJson => "chatd, chatd.v1",
            Kind::ChatdTls => "chatd, TLS",
            Kind::ChatdSecureLines => "chatd, WebSocket over TLS",
            Kind::ChatdStream => "chatd, HTTP text",
            Kind::ChatdEvents => "chatd, HTTP events",
            Kind::ChatdIrc => "chatd, IRC",
            Kind::Floor => "floor",
            Kind::FloorTwice => "floor, looking twice",
            Kind::Threads => "one thread each",
            Kind::Redis => "redis-server",
            Kind::Ncat => "ncat",
            Kind::Ngircd => "ngircd",
            Kind::Nginx => "nginx",
        }
    }

    pub(crate) fn dialect(self) -> &'static Dialect {
        match self {
            Kind::Chatd | Kind::Nodes(_) | Kind::ChatdTls => &wire::CHATD,
            Kind::ChatdLines | Kind::ChatdSecureLines => &wire::LINES,
            Kind::ChatdJson => &wire::JSON,
            Kind::ChatdStream => &wire::STREAM,
            Kind::ChatdEvents => &wire::EVENTS,
            Kind::ChatdIrc => &wire::CHATD_IRC,
            Kind::Floor | Kind::FloorTwice | Kind::Threads | Kind::Nginx => &wire::FLOOR,
            Kind::Redis => &wire::REDIS,
            Kind::Ncat => &wire::NCAT,
            Kind::Ngircd => &wire::IRC,
        }
    }

    /// Whether it is a chatd that is alone.
    fn is_chatd(self) -> bool {
        matches!(
            self,
            Kind::Chatd
                | Kind::Nodes(_)
                | Kind::ChatdLines
                | Kind::ChatdJson
                | Kind::ChatdTls
                | Kind::ChatdSecureLines
                | Kind::ChatdStream
                | Kind::ChatdEvents
                | Kind::ChatdIrc
        )
    }

    /// What the port that its clients connect to is called in the port file.
    fn port(self) -> &'static str {
        match self {
            Kind::ChatdLines
            | Kind::ChatdJson
            | Kind::ChatdSecureLines
            | Kind::ChatdStream
            | Kind::ChatdEvents => "web ",
            Kind::ChatdIrc => "irc ",
            Kind::ChatdTls => "tls ",
            _ => "text ",
        }
    }

    /// Whether its program is there to be run.
    pub(crate) fn installed(self) -> bool {
        let found = |directory: PathBuf| directory.join(self.name()).is_file();
        !Kind::PEERS.contains(&self)
            || std::env::var_os("PATH").is_some_and(|path| std::env::split_paths(&path).any(found))
            || found(PathBuf::from("/usr/sbin"))
    }
}

/// What chatd is started with; the others have no such choice.
#[derive(Clone, Copy)]
pub(crate) struct Tuning {
    /// Lines kept for those who join.
    pub(crate) history: usize,
    /// Bytes that may wait for one client.
    pub(crate) send_queue: usize,
}

impl Default for Tuning {
    fn default() -> Tuning {
        Tuning { history: 0, send_queue: 64 << 20 }
    }
}

/// A running server, killed when dropped.
pub(crate) struct Server {
    child: Child,
    directory: PathBuf,
    pub(crate) address: SocketAddrV4,
    /// Where else its clients can connect: `web PORT` and the like.
    ports: String,
    kind: Kind,
    /// The other nodes if it is one of several, and their Redis.
    pub(crate) nodes: Vec<Server>,
    pub(crate) redis: Option<Box<Server>>,
    /// What its clients need to speak TLS, if they do.
    pub(crate) tls: Option<Arc<ClientConfig>>,
}

impl Server {
    /// Starts a server on 127.0.0.1 and waits until it listens.
    pub(crate) fn start(kind: Kind, tuning: Tuning, placement: &Placement) -> io::Result<Server> {
        match kind {
            Kind::Nodes(count) => fleet::start(count, tuning, placement),
            _ => Server::launch(kind, tuning, placement, |_, _| Ok(())),
        }
    }

    /// The same for one process, whose command `adapt` may change.
    pub(crate) fn launch(
        kind: Kind,
        tuning: Tuning,
        placement: &Placement,
        adapt: impl FnOnce(&mut Command, &Path) -> io::Result<()>,
    ) -> io::Result<Server> {
        static STARTED: AtomicUsize = AtomicUsize::new(0);
        let (own, number) = (std::process::id(), STARTED.fetch_add(1, Ordering::Relaxed));
        let directory =
            Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("fanout-{own}-{number}"));
        std::fs::create_dir_all(&directory)?;
        let port_file = directory.join("port");
        let port = if Kind::PEERS.contains(&kind) { free_port()? } else { 0 };
        let mut command = command(kind, tuning, &directory, port)?;
        adapt(&mut command, &directory)?;
        let tls = match kind {
            Kind::ChatdTls | Kind::ChatdSecureLines => {
                Some(tls::identify(&mut command, &directory)?)
            }
            _ => None,
        };
        command.stdin(Stdio::null()).stdout(Stdio::null());
        if Kind::PEERS.contains(&kind) {
            command.stderr(Stdio::null());
        }
        let child = placement.as_server(|| command.spawn())?;
        let address = SocketAddrV4::new(Ipv4Addr::LOCALHOST, port);
        let (ports, nodes, redis) = (String::new(), Vec::new(), None);
        let mut server = Server { child, directory, address, ports, kind, nodes, redis, tls };
        await_start(kind, || match server.child.try_wait()? {
            Some(status) => {
                Err(io::Error::other(format!("{} ended at once: {status}", kind.name())))
            }
            None => Ok(server.listens(kind, &port_file)),
        })?;
        Ok(server)
    }

    /// Where the client of that index connects: the nodes take turns.
    pub(crate) fn address(&self, client: usize) -> SocketAddrV4 {
        let others = self.nodes.iter().map(|node| node.address);
        let mut addresses = iter::once(self.address).chain(others).cycle();
        addresses.nth(client % (1 + self.nodes.len())).unwrap_or(self.address)
    }

    /// Where a client connects that speaks: readers over HTTP only read.
    pub(crate) fn speaking(&self, client: usize) -> SocketAddrV4 {
        match self.kind {
            Kind::ChatdStream | Kind::ChatdEvents => self.at("text ").unwrap_or(self.address),
            _ => self.address(client),
        }
    }

    /// The address of the port that is called so in the port file.
    pub(crate) fn at(&self, port: &str) -> Option<SocketAddrV4> {
        let port = self.ports.lines().find_map(|line| line.strip_prefix(port)?.parse().ok());
        Some(SocketAddrV4::new(*self.address.ip(), port?))
    }

    /// User and system time so far.
    pub(crate) fn cpu(&self) -> io::Result<Duration> {
        self.processes().map(os::cpu).sum()
    }

    pub(crate) fn size(&self) -> io::Result<Size> {
        self.processes().map(os::size).sum()
    }

    fn processes(&self) -> impl Iterator<Item = Pid> {
        let others = self.nodes.iter().chain(self.redis.as_deref());
        iter::once(self).chain(others).map(|server| Pid::from_child(&server.child))
    }

    fn listens(&mut self, kind: Kind, port_file: &Path) -> bool {
        if self.address.port() != 0 {
            return os::listens(self.address.port());
        }
        self.ports = std::fs::read_to_string(port_file).unwrap_or_default();
        let address = self.at(kind.port());
        address.inspect(|address| self.address = *address).is_some()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to kill.
        self.child.kill().ok();
        self.child.wait().ok();
        std::fs::remove_dir_all(&self.directory).ok();
    }
}

/// Waits until a server of that kind `is_ready`.
pub(crate) fn await_start(
    kind: Kind,
    mut is_ready: impl FnMut() -> io::Result<bool>,
) -> io::Result<()> {
    let deadline = Instant::now() + START;
    while !is_ready()? {
        if Instant::now() > deadline {
            return Err(io::Error::other(format!("{} doesn't listen", kind.name())));
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    Ok(())
}

fn command(kind: Kind, tuning: Tuning, directory: &Path, port: u16) -> io::Result<Command> {
    let port_file = directory.join("port");
    let port = port.to_string();
    let mut command = match kind {
        _ if kind.is_chatd() => Command::new(env!("CARGO_BIN_EXE_chatd")),
        Kind::Floor | Kind::FloorTwice | Kind::Threads => Command::new(std::env::current_exe()?),
        _ => Command::new(kind.name()),
    };
    match kind {
        Kind::Floor => command.arg("floor").arg("--port-file").arg(port_file),
        Kind::FloorTwice => command.args(["floor", "--look-twice", "--port-file"]).arg(port_file),
        Kind::Threads => command.args(["threads", "--port-file"]).arg(port_file),
        Kind::Redis => command
            .args([
                "--bind",
                "127.0.0.1",
                "--port",
                &port,
                "--save",
                "",
                "--appendonly",
                "no",
                "--protected-mode",
                "no",
            ])
            .args([
                "--maxclients",
                "19000",
                "--client-output-buffer-limit",
                "pubsub 0 0 0",
                "--dir",
            ])
            .arg(directory),
        Kind::Ncat => {
            command.args(["--chat", "--listen", "--max-conns", "20000", "127.0.0.1", &port])
        }
        Kind::Nginx => {
            let file = directory.join("nginx.conf");
            let own = directory.display().to_string();
            std::fs::write(&file, NGINX.replace("PORT", &port).replace("DIR", &own))?;
            command.env("PATH", search_path()).args(["-e", "stderr", "-c"]).arg(file)
        }
        Kind::Ngircd => {
            let file = directory.join("ngircd.conf");
            std::fs::write(&file, NGIRCD.replace("PORT", &port))?;
            command.env("PATH", search_path()).arg("--nodaemon").arg("--config").arg(file)
        }
        _ => command
            .env("RUST_LOG", "error")
            .args(["--bind", "127.0.0.1", "--port", "0", "--rate", "0", "--max-clients", "20000"])
            .args(["--web-port", "0", "--irc-port", "0"])
            .args(["--history", &tuning.history.to_string()])
            .args(["--send-queue", &tuning.send_queue.to_string()])
            .arg("--port-file")
            .arg(port_file),
    };
    Ok(command)
}

/// `PATH` with the directory of system daemons, which users' shells leave out.
fn search_path() -> String {
    format!("{}:/usr/sbin", std::env::var("PATH").unwrap_or_default())
}

fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}
