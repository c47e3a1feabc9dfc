//! The package for Debian that `packaging/build-rpm.sh` made: dpkg installs, upgrades and removes
//! it, with its scripts and a running systemd.

use std::path::Path;
use std::process::Command;

use super::machine::{Machine, SETTINGS};
use super::package::assert_enabled;
use super::{alice_and_bob, still_chat};
use crate::harness::{Client, TempDir, run};

/// Where build-rpm.sh leaves things.
fn target() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_chatd")).ancestors().nth(2).unwrap()
}

fn version(revision: u8) -> String {
    format!("{}-{revision}", env!("CARGO_PKG_VERSION"))
}

/// The same files once more, as the next revision.
#[track_caller]
fn next_revision(dir: &TempDir) -> String {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/packaging/build-deb.sh");
    let mut build = Command::new(script);
    build.arg(target().join("packaging/sources")).arg(dir.path("build"));
    let built = run(build.env("DEB_REVISION", "2").env("DEB_COMPRESSION", "none"));
    assert_eq!(built.status, 0, "{}", built.stderr);
    dir.path(&format!("build/chatd_{}_amd64.deb", version(2)))
}

#[track_caller]
fn dpkg(machine: &Machine, words: &[&str]) {
    // Those of other packages take half a minute, for all manual pages.
    machine.run(&[&["dpkg", "--no-triggers"], words].concat());
}

#[test]
#[ignore = "needs root, systemd (systemd) and the package (rpm)"]
fn dpkg_installs_it_upgrades_it_under_its_clients_and_removes_it() {
    let (machine, dir) = (Machine::without_chatd(), TempDir::new());
    // Where it is, it keeps services from being started and restarted.
    machine.run(&["rm", "-f", "/usr/sbin/policy-rc.d"]);
    let package = target().join(format!("rpm/chatd_{}_amd64.deb", version(1)));
    dpkg(&machine, &["--install", package.to_str().unwrap()]);

    let user = machine.run(&["getent", "passwd", "chatd"]);
    assert!(user.contains(":chatd chat server:/var/lib/chatd:/usr/sbin/nologin\n"), "{user}");
    let group = machine.run(&["getent", "group", "chat"]);
    assert!(group.ends_with(":chatd\n"), "{group}");
    assert_enabled(&machine, "chatd.service", "enabled");
    for unit in ["chatd.socket", "chatd-ssh.service", "chatd-backup.timer"] {
        assert_enabled(&machine, unit, "disabled");
    }
    assert_eq!(machine.show("ActiveState"), "inactive", "that is for the administrator to do");

    machine.set("name = 'mine'");
    machine.systemctl(&["start", "chatd"]);
    let pid = machine.show("MainPID");
    let [mut alice, mut bob] = alice_and_bob(&machine);
    bob.types(b"half a ");
    dpkg(&machine, &["--install", &next_revision(&dir)]);
    bob.send("line");
    alice.expect("<bob> half a line");
    still_chat([&mut alice, &mut bob], "here");
    assert_ne!(machine.show("MainPID"), pid, "the new program runs");
    let status =
        ["dpkg-query", "--show", "--showformat", "${Version} ${db:Status-Status}", "chatd"];
    assert_eq!(machine.run(&status), format!("{} installed", version(2)));
    assert!(machine.run(&["cat", SETTINGS]).contains("name = 'mine'"), "settings are kept");

    dpkg(&machine, &["--remove", "chatd"]);
    [alice, bob].iter_mut().for_each(|client| drop(Client::rest(client)));
    assert_eq!(machine.show("ActiveState"), "inactive");
    assert_eq!(machine.show("LoadState"), "not-found");
    assert!(machine.run(&["cat", SETTINGS]).contains("name = 'mine'"), "settings are kept");
    dpkg(&machine, &["--purge", "chatd"]);
    let left = "find /usr /etc /var/lib/dpkg /var/lib/systemd -name '*chatd*' \
        -not -path '/usr/src/*' -not -path '*/target*'";
    assert_eq!(machine.run(&["sh", "-c", left]), "");
}

#[test]
#[ignore = "needs root, systemd (systemd) and the package (rpm)"]
fn the_timer_makes_a_backup_while_the_server_runs() {
    let machine = Machine::without_chatd();
    let package = target().join(format!("rpm/chatd_{}_amd64.deb", version(1)));
    dpkg(&machine, &["--install", package.to_str().unwrap()]);
    machine.set("state-dir = '/var/lib/chatd'");
    machine.systemctl(&["start", "chatd"]);
    let mut alice = machine.join("alice");
    alice.ask("to be kept");
    let backups = "/var/lib/chatd/backups";
    machine.run(&["install", "-d", "-o", "chatd", backups]);
    machine.run(&["touch", "-d", "40 days ago", &format!("{backups}/chatd-old.db")]);
    machine.systemctl(&["start", "chatd-backup.service"]);
    let files = machine.run(&["find", backups, "-type", "f", "-user", "chatd", "-perm", "600"]);
    let [file] = files.lines().collect::<Vec<_>>()[..] else { panic!("{files}") };
    let kept = ["chatd", "export", "--state-dir", "/var/lib/chatd"];
    assert!(machine.run(&kept).contains("to be kept"));
    machine.run(&["grep", "-q", "to be kept", file]);
    machine.systemctl(&["enable", "--now", "chatd-backup.timer"]);
    let next = ["systemctl", "show", "--value", "--property", "NextElapseUSecRealtime"];
    let next = machine.run(&[&next[..], &["chatd-backup.timer"]].concat());
    assert!(next.trim().len() > 1, "{next}");
}
