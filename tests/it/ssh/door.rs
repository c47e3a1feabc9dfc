//! `Door`: a server with a socket, and an sshd before it.

use std::fs::{self, File};
use std::io::Write;
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::harness::{Ended, Server, TempDir, eventually, free_port, run};

/// The files of the package that sshd needs, by their places.
const FILES: [(&str, &str); 2] = [
    ("packaging/sshd_config", "etc/chatd/sshd_config"),
    ("packaging/chatd.sysusers.conf", "usr/lib/sysusers.d/chatd.conf"),
];

/// Both of them. Dropping it ends them, and all sessions.
pub(super) struct Door {
    pub(super) server: Server,
    sshd: Child,
    port: u16,
    key: String,
    dir: TempDir,
}

impl Door {
    #[track_caller]
    pub(super) fn open() -> Self {
        Self::with_files(&[])
    }

    /// With further files, by their places on the machine that sshd sees.
    #[track_caller]
    pub(super) fn with_files(files: &[(&str, &str)]) -> Self {
        let (dir, port) = (TempDir::new(), free_port());
        lay_out(&dir, files);
        let sshd = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ssh/serve"))
            .args([&dir.path(""), &port.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(dir.path("log")).unwrap())
            .spawn()
            .unwrap();
        let group = eventually("the group of the socket", || {
            let group = fs::read_to_string(dir.path("group")).ok()?;
            group.ends_with('\n').then(|| group.trim().to_owned())
        });
        let socket = dir.path("run/chatd/chatd.sock");
        let server = Server::with(["--unix", &socket, "--unix-group", &group]);
        let mut door = Self { server, sshd, port, key: new_key(&dir, "ed25519", "key"), dir };
        eventually("sshd", || {
            assert!(door.sshd.try_wait().unwrap().is_none(), "{}", door.log());
            TcpStream::connect(("127.0.0.1", port)).ok()
        });
        door
    }

    /// What sshd logged.
    pub(super) fn log(&self) -> String {
        fs::read_to_string(self.dir.path("log")).unwrap()
    }

    pub(super) fn dir(&self) -> &TempDir {
        &self.dir
    }

    /// `ssh chat@box7 COMMAND`, or without a command if that is empty.
    pub(super) fn ssh(&self, options: &[&str], command: &str) -> Command {
        self.ssh_by_key(&self.key, options, command)
    }

    pub(super) fn ssh_by_key(&self, key: &str, options: &[&str], command: &str) -> Command {
        let mut ssh = client("ssh", key, self.port);
        ssh.args(options).args(["-o", "User=chat", "127.0.0.1"]);
        ssh.args(Some(command).filter(|command| !command.is_empty()));
        ssh
    }

    /// The same with scp or sftp and these arguments.
    pub(super) fn transfers(&self, program: &str, arguments: &[&str]) -> Ended {
        let mut command = client(program, &self.key, self.port);
        run(command.args(arguments).stdin(Stdio::null()))
    }

    /// `printf INPUT | ssh chat@box7 COMMAND`
    #[track_caller]
    pub(super) fn pipes(&self, options: &[&str], command: &str, input: &str) -> Ended {
        let (stdin, mut printf) = std::io::pipe().unwrap();
        printf.write_all(input.as_bytes()).unwrap();
        drop(printf);
        run(self.ssh(options, command).stdin(stdin))
    }

    /// The processes of `chat` that sshd has started.
    pub(super) fn sessions(&self) -> Vec<String> {
        let namespace = |pid: &str| fs::read_link(format!("/proc/{pid}/ns/mnt")).ok();
        let children = format!("/proc/{0}/task/{0}/children", self.sshd.id());
        let children = fs::read_to_string(children).unwrap();
        let own = namespace(children.trim());
        let processes = fs::read_dir("/proc").unwrap().flatten();
        let processes = processes.filter_map(|entry| entry.file_name().into_string().ok());
        let is_chat = |pid: &String| {
            let name = fs::read_to_string(format!("/proc/{pid}/comm"));
            name.is_ok_and(|name| name == "chat\n") && namespace(pid) == own
        };
        processes.filter(is_chat).collect()
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("sshd's log:\n{}", self.log());
        }
        // unshare takes all of its namespace with it.
        self.sshd.kill().ok();
        self.sshd.wait().unwrap();
    }
}

/// The files that the machine of sshd has and this one has not.
#[track_caller]
fn lay_out(dir: &TempDir, files: &[(&str, &str)]) {
    let place = |name: &str| {
        let place = dir.path(&format!("files/{name}"));
        fs::create_dir_all(Path::new(&place).parent().unwrap()).unwrap();
        place
    };
    let source = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (file, name) in FILES {
        fs::copy(source.join(file), place(name)).unwrap();
    }
    fs::copy(env!("CARGO_BIN_EXE_chat"), place("usr/bin/chat")).unwrap();
    place("etc/ssh/ssh_host_ed25519_key");
    new_key(dir, "ed25519", "files/etc/ssh/ssh_host_ed25519_key");
    for (name, contents) in files {
        fs::write(place(name), contents).unwrap();
    }
    for folder in ["run/chatd", "run/sshd"] {
        fs::create_dir_all(dir.path(folder)).unwrap();
    }
}

/// ssh, scp or sftp with this key and nothing of the user's own.
pub(crate) fn client(program: &str, key: &str, port: u16) -> Command {
    let mut command = Command::new(program);
    command.args(["-F", "/dev/null", "-i", key]).env_remove("SSH_AUTH_SOCK");
    command.env("TERM", "xterm");
    for option in [
        "IdentitiesOnly=yes",
        "UserKnownHostsFile=/dev/null",
        "StrictHostKeyChecking=no",
        "LogLevel=ERROR",
        &format!("Port={port}"),
    ] {
        command.args(["-o", option]);
    }
    command
}

/// Makes a key, and returns its file.
#[track_caller]
pub(crate) fn new_key(dir: &TempDir, kind: &str, name: &str) -> String {
    let file = dir.path(name);
    let mut command = Command::new("ssh-keygen");
    assert_eq!(run(command.args(["-q", "-t", kind, "-N", "", "-f", &file])).status, 0);
    file
}
