//! `chatd-ssh.service`: sshd under its restrictions, beside `chatd.service`.

use std::fs;
use std::path::Path;

use super::machine::Machine;
use crate::harness::{TempDir, eventually};
use crate::pty::Terminal;
use crate::ssh::{client, new_key};

const SOCKET: &str = "unix = '/run/chatd/chatd.sock'\nunix-group = 'chat'";

/// Puts what the package has for ssh into the machine; sshd listens on this port of chatd's address.
#[track_caller]
fn install(machine: &Machine, dir: &TempDir, port: u16) {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging");
    let packaged = |name| fs::read_to_string(source.join(name)).unwrap();
    let listen = format!("Port {port}\nListenAddress {}\n", machine.addr().ip());
    let config = packaged("sshd_config").replace("Port 2222\n", &listen);
    machine.write("/etc/chatd/sshd_config", config, 0o644);
    machine.write("/usr/lib/sysusers.d/chatd.conf", packaged("chatd.sysusers.conf"), 0o644);
    let unit = packaged("chatd-ssh.service");
    machine.write("/usr/lib/systemd/system/chatd-ssh.service", unit, 0o644);
    machine.write("/usr/bin/chat", fs::read(env!("CARGO_BIN_EXE_chat")).unwrap(), 0o755);
    let key = new_key(dir, "ed25519", "host-key");
    for (end, mode) in [("", 0o600), (".pub", 0o644)] {
        let half = fs::read(format!("{key}{end}")).unwrap();
        machine.write(&format!("/etc/ssh/ssh_host_ed25519_key{end}"), half, mode);
    }
    machine.run(&["systemd-sysusers", "chatd.conf"]);
    machine.systemctl(&["daemon-reload"]);
}

#[test]
#[ignore = "needs root and systemd and sshd (systemd, openssh-server, openssh-client)"]
fn sshd_serves_people_under_the_restrictions_of_its_unit() {
    let (machine, dir) = (Machine::boot(SOCKET, ""), TempDir::new());
    let port = machine.another_addr().port();
    install(&machine, &dir, port);
    machine.systemctl(&["start", "chatd", "chatd-ssh"]);
    let mut bob = machine.join("bob");
    let (key, host) = (new_key(&dir, "ed25519", "key"), format!("chat@{}", machine.addr().ip()));
    let mut command = client("ssh", &key, port);
    command.args(["-t", &host, "alice"]);
    let mut alice = Terminal::run(command);
    alice.displays(|rows| rows.contains(&"-- you are now alice") && rows.last() == Some(&">"));
    alice.types("hello\r");
    bob.wait_for(|line| line == "<alice> hello");
    // A session goes on when sshd does something else.
    machine.systemctl(&["reload", "chatd-ssh"]);
    machine.systemctl(&["restart", "chatd-ssh"]);
    bob.send("still there?");
    alice.displays(|rows| rows.contains(&"<bob> still there?"));
    let log = machine.run(&["journalctl", "--unit", "chatd-ssh", "--output", "cat"]);
    for failure in ["error:", "fatal:", "Permission denied"] {
        assert!(!log.contains(failure), "{log}");
    }
    assert!(log.contains("Accepted publickey for chat from "), "{log}");
    drop(alice);
    machine.wait_journal("alice left: disconnected");
    let processes = "ps -o comm= -u chat";
    eventually("the end of the session", || {
        machine.run(&["sh", "-c", &format!("{processes} || true")]).is_empty().then_some(())
    });
}
