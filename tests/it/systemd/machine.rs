//! `Machine`: a systemd that runs nothing but chatd.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU8, Ordering};

use crate::harness::{Client, TempDir, eventually, run};

const UNITS: &str = "usr/lib/systemd/system";
/// The settings.
pub(super) const SETTINGS: &str = "/etc/chatd/chatd.toml";
const PROGRAM: &str = "/usr/bin/chatd";

/// One machine, ended when dropped.
pub(super) struct Machine {
    boot: Child,
    pid: u32,
    addr: SocketAddr,
    dir: TempDir,
}

impl Machine {
    /// One whose chatd has further settings, and whose unit has further lines. Nothing is started.
    #[track_caller]
    pub(super) fn boot(settings: &str, lines: &str) -> Self {
        let machine = Self::with_files(|root, addr| lay_out(root, addr, lines));
        machine.set(settings);
        machine
    }

    /// One that has no chatd.
    #[track_caller]
    pub(super) fn without_chatd() -> Self {
        Self::with_files(|root, _| fs::create_dir_all(root.join(UNITS)).unwrap())
    }

    #[track_caller]
    fn with_files(lay_out: impl FnOnce(&Path, SocketAddr)) -> Self {
        let (dir, addr) = (TempDir::new(), free_addr());
        lay_out(Path::new(&dir.path("files")), addr);
        let source = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut boot = Command::new(source.join("tests/systemd/boot"))
            .arg(dir.path(""))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(fs::File::create(dir.path("console")).unwrap())
            .spawn()
            .unwrap();
        let pid = eventually("process 1", || {
            let ended = boot.try_wait().unwrap();
            assert!(ended.is_none(), "{}", fs::read_to_string(dir.path("console")).unwrap());
            child_of(boot.id())
        });
        let machine = Machine { boot, pid, addr, dir };
        eventually("the end of booting", || machine.is_up().then_some(()));
        machine
    }

    fn is_up(&self) -> bool {
        // Even nsenter fails until process 1 is on its own.
        let is_systemd = fs::read_to_string(format!("/proc/{}/comm", self.pid));
        is_systemd.is_ok_and(|name| name == "systemd\n")
            && run(&mut self.command(&["systemctl", "is-system-running"])).stdout == "running\n"
    }

    /// A command that runs inside.
    pub(super) fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new("nsenter");
        command.args(["-t", &self.pid.to_string(), "-m", "-p", "-u", "-i", "-C", "--"]).args(words);
        command
    }

    /// Runs a command inside that must succeed, and returns what it prints.
    #[track_caller]
    pub(super) fn run(&self, words: &[&str]) -> String {
        let ended = run(&mut self.command(words));
        assert_eq!(ended.status, 0, "{words:?}: {}{}", ended.stderr, self.report());
        ended.stdout
    }

    #[track_caller]
    pub(super) fn systemctl(&self, words: &[&str]) {
        assert!(self.try_systemctl(words), "{words:?}: {}", self.report());
    }

    /// Whether it did what it was asked to.
    pub(super) fn try_systemctl(&self, words: &[&str]) -> bool {
        run(&mut self.command(&[&["systemctl"], words].concat())).status == 0
    }

    /// Sends the service a signal.
    #[track_caller]
    pub(super) fn signal(&self, signal: &str) {
        self.systemctl(&["kill", "--kill-who=main", "--signal", signal, "chatd"]);
    }

    /// What systemd knows of the service.
    #[track_caller]
    pub(super) fn show(&self, property: &str) -> String {
        self.run(&["systemctl", "show", "--value", "--property", property, "chatd"])
            .trim()
            .to_owned()
    }

    /// The number that the service's thread of this name has outside of the machine.
    #[track_caller]
    pub(super) fn thread(&self, name: &str) -> i32 {
        let inside = self.show("MainPID");
        let namespace = |pid: &str| fs::read_link(format!("/proc/{pid}/ns/pid")).ok();
        let is_it = |pid: &str| {
            let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
            let numbers = status.lines().find_map(|line| line.strip_prefix("NSpid:"));
            numbers.and_then(|numbers| numbers.split_whitespace().last()) == Some(&*inside)
                && namespace(pid) == namespace(&self.pid.to_string())
        };
        let process = names_in("/proc").into_iter().find(|pid| is_it(pid)).unwrap();
        let tasks = format!("/proc/{process}/task");
        let called = |task: &String| {
            let comm = fs::read_to_string(format!("{tasks}/{task}/comm"));
            comm.is_ok_and(|comm| comm.trim() == name)
        };
        names_in(&tasks).into_iter().find(called).unwrap().parse().unwrap()
    }

    /// Waits until systemd has started another process of the service than `pid`.
    #[track_caller]
    pub(super) fn wait_successor(&self, pid: &str) {
        eventually("another process", || {
            let is_new = self.show("MainPID") != pid && self.show("ActiveState") == "active";
            is_new.then_some(())
        });
    }

    /// Writes the settings anew: those that tests have in common, and these.
    pub(super) fn set(&self, settings: &str) {
        self.set_port(self.addr.port(), settings);
    }

    /// The same with another port.
    pub(super) fn set_port(&self, port: u16, settings: &str) {
        let all = format!("bind = '{}'\nport = {port}\n{settings}\n", self.addr.ip());
        self.write(SETTINGS, all, 0o644);
    }

    /// Replaces a file inside, as a package manager would.
    pub(super) fn write(&self, path: &str, contents: impl AsRef<[u8]>, mode: u32) {
        let new = self.dir.file("new", contents);
        fs::set_permissions(&new, fs::Permissions::from_mode(mode)).unwrap();
        // Other folders of this machine are seen in there, too.
        self.run(&["sh", "-c", &format!("cp -p {new} {path}.new && mv {path}.new {path}")]);
    }

    /// Replaces chatd itself.
    pub(super) fn install(&self, program: impl AsRef<[u8]>) {
        self.write(PROGRAM, program, 0o755);
    }

    /// What the service logged.
    pub(super) fn journal(&self, filter: &[&str]) -> Vec<String> {
        let common = ["journalctl", "--identifier", "chatd", "--output", "cat", "--quiet"];
        let ended = run(&mut self.command(&[&common, filter].concat()));
        ended.stdout.lines().map(str::to_owned).collect()
    }

    #[track_caller]
    pub(super) fn wait_journal(&self, part: &str) {
        eventually(part, || (self.count(part) > 0).then_some(()));
    }

    /// How many lines of the service's log contain `part`.
    pub(super) fn count(&self, part: &str) -> usize {
        self.journal(&[]).iter().filter(|line| line.contains(part)).count()
    }

    /// Has the service become the program that is now on disk.
    #[track_caller]
    pub(super) fn switch(&self) {
        let before = self.count("listening on");
        self.signal("USR2");
        eventually("the next program", || (self.count("listening on") > before).then_some(()));
    }

    /// Waits until systemd says something of the service.
    #[track_caller]
    pub(super) fn wait_verdict(&self, part: &str) {
        let words = ["journalctl", "--unit", "chatd", "--output", "cat", "--quiet"];
        let is_said = || run(&mut self.command(&words)).stdout.contains(part);
        eventually(part, || is_said().then_some(()));
    }

    /// Where the service listens.
    pub(super) fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Where nothing listens yet.
    pub(super) fn another_addr(&self) -> SocketAddr {
        TcpListener::bind((self.addr.ip(), 0)).unwrap().local_addr().unwrap()
    }

    /// Connected, nothing read yet.
    #[track_caller]
    pub(super) fn connect(&self) -> Client {
        Client::over(TcpStream::connect(self.addr).unwrap())
    }

    /// Welcomed, named and announced in the lobby.
    #[track_caller]
    pub(super) fn join(&self, nick: &str) -> Client {
        self.connect().welcomed().named(nick)
    }

    /// The journal, for a failure's report.
    fn report(&self) -> String {
        let mut command = self.command(&["journalctl", "--no-pager", "--lines", "50"]);
        command
            .output()
            .map_or(String::new(), |output| String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the machine's journal:\n{}", self.report());
        }
        // Its process 1 goes with it, and with that everything else.
        self.boot.kill().ok();
        self.boot.wait().ok();
        let process = PathBuf::from(format!("/proc/{}", self.pid));
        eventually("the end of the machine", || (!process.exists()).then_some(()));
        forget_groups(Path::new("/sys/fs/cgroup"), &self.dir.path(""));
    }
}

/// An address of the test's own, so that nobody takes the port meanwhile.
fn free_addr() -> SocketAddr {
    static NEXT: AtomicU8 = AtomicU8::new(1);
    let process = std::process::id().to_be_bytes();
    let ip =
        Ipv4Addr::new(127, process[2] | 0x80, process[3], NEXT.fetch_add(1, Ordering::Relaxed));
    TcpListener::bind((ip, 0)).unwrap().local_addr().unwrap()
}

fn names_in(folder: &str) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap().flatten();
    entries.filter_map(|entry| entry.file_name().into_string().ok()).collect()
}

/// The files that the machine has and this one has not.
fn lay_out(root: &Path, addr: SocketAddr, lines: &str) {
    let source = Path::new(env!("CARGO_MANIFEST_DIR"));
    let write = |path: &str, contents: &str| {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, contents).unwrap();
    };
    let unit = |name| fs::read_to_string(source.join("packaging").join(name)).unwrap();
    write(&format!("{UNITS}/chatd.service"), &unit("chatd.service"));
    let socket = unit("chatd.socket").replace("ListenStream=1234", &format!("ListenStream={addr}"));
    write(&format!("{UNITS}/chatd.socket"), &socket);
    write(&format!("{UNITS}/chatd.service.d/test.conf"), &format!("[Service]\n{lines}\n"));
    for (file, line) in
        [("passwd", "chatd:x:54321:54321::/:/usr/sbin/nologin"), ("group", "chatd:x:54321:")]
    {
        let known = fs::read_to_string(format!("/etc/{file}")).unwrap();
        write(&format!("etc/{file}"), &format!("{}\n{line}\n", known.trim_end()));
    }
    fs::create_dir_all(root.join("etc/chatd")).unwrap();
    fs::create_dir_all(root.join("usr/bin")).unwrap();
    fs::copy(env!("CARGO_BIN_EXE_chatd"), root.join(&PROGRAM[1..])).unwrap();
}

/// The first process that unshare(1) starts, once it is that.
fn child_of(pid: u32) -> Option<u32> {
    let unshare = fs::read_to_string(format!("/proc/{pid}/comm")).ok()?;
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).ok()?;
    children.split_whitespace().next().filter(|_| unshare == "unshare\n")?.parse().ok()
}

/// Removes the control groups that the machine was shut in.
fn forget_groups(hierarchies: &Path, dir: &str) {
    let name = Path::new(dir).file_name().unwrap();
    for hierarchy in ["systemd", "unified", "pids", "."] {
        remove_groups(&hierarchies.join(hierarchy).join(name));
    }
}

fn remove_groups(group: &Path) {
    let Ok(entries) = fs::read_dir(group) else { return };
    let folders = entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir());
    folders.for_each(|folder| remove_groups(&folder));
    fs::remove_dir(group).ok();
}
