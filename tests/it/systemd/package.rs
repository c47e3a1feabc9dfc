//! The package that `packaging/build-rpm.sh` made: rpm installs, upgrades and removes it, with its
//! scriptlets and a running systemd.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::machine::{Machine, SETTINGS};
use super::{alice_and_bob, still_chat};
use crate::harness::{Client, TempDir, run};

/// Where build-rpm.sh leaves things.
fn target() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_chatd")).ancestors().nth(2).unwrap()
}

/// The package in `folder`.
#[track_caller]
fn package_in(folder: PathBuf) -> String {
    let mut files = fs::read_dir(&folder).into_iter().flatten().flatten().map(|it| it.path());
    let package = files.find(|path| path.extension().is_some_and(|end| end == "rpm"));
    let package = package.unwrap_or_else(|| {
        panic!("no package in {}: packaging/build-rpm.sh makes it", folder.display())
    });
    package.into_os_string().into_string().unwrap()
}

/// Where build-rpm.sh gathers the files.
fn sources() -> PathBuf {
    target().join("packaging/sources")
}

/// These files as another release.
#[track_caller]
fn release(dir: &TempDir, sources: &Path, number: &str) -> String {
    // It may take a while to compress it.
    let mut rpmbuild = Command::new("timeout");
    rpmbuild.args(["60", "rpmbuild", "-bb", "--quiet", "--target", "x86_64-redhat-linux"]);
    for (name, value) in [
        ("_topdir", &*dir.path("build")),
        ("_sourcedir", sources.to_str().unwrap()),
        ("chatd_version", env!("CARGO_PKG_VERSION")),
        ("chatd_release", number),
    ] {
        rpmbuild.args(["--define", &format!("{name} {value}")]);
    }
    rpmbuild.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/packaging/chatd.spec"));
    let built = rpmbuild.output().unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    package_in(PathBuf::from(dir.path("build/RPMS/x86_64")))
}

/// What rpm does must succeed; `says` is all that it may say, be it of the scriptlets'.
#[track_caller]
fn rpm<const N: usize>(machine: &Machine, words: [&str; N], says: &str) {
    // Debian's rpm wants to be told that it is meant, has no packages to depend on, and would put
    // its database into this machine's /root.
    let debian = ["rpm", "--dbpath", DATABASE, "--nodeps", "--force-debian"];
    let ended = run(&mut machine.command(&[&debian, &words[..]].concat()));
    assert_eq!((ended.status, &*ended.stdout, &*ended.stderr), (0, "", says), "{words:?}");
}

/// RHEL's rpm has it there.
const DATABASE: &str = "/var/lib/rpm";

#[track_caller]
pub(super) fn assert_enabled(machine: &Machine, unit: &str, state: &str) {
    let ended = run(&mut machine.command(&["systemctl", "is-enabled", unit]));
    assert_eq!(ended.stdout.trim(), state, "{unit}: {}", ended.stderr);
}

#[test]
#[ignore = "needs root, systemd (systemd) and the package (rpm)"]
fn it_is_installed_upgraded_under_its_clients_and_removed() {
    let (machine, dir) = (Machine::without_chatd(), TempDir::new());
    rpm(&machine, ["--install", &package_in(target().join("rpm"))], "");

    let user = machine.run(&["getent", "passwd", "chatd"]);
    assert!(user.ends_with(":chatd chat server:/var/lib/chatd:/sbin/nologin\n"), "{user}");
    assert_enabled(&machine, "chatd.service", "enabled");
    let user = machine.run(&["getent", "passwd", "chat"]);
    assert!(user.ends_with(":chatd over ssh:/:/bin/sh\n"), "{user}");
    let group = machine.run(&["getent", "group", "chat"]);
    assert!(group.ends_with(":chatd\n"), "{group}");
    for unit in [
        "chatd-ssh.service",
        "chatd.socket",
        "chatd-web.socket",
        "chatd-tls.socket",
        "chatd-irc.socket",
        "chatd-irc-tls.socket",
    ] {
        assert_enabled(&machine, unit, "disabled");
    }
    assert_eq!(machine.show("ActiveState"), "inactive", "that is for the administrator to do");

    machine.set("name = 'mine'");
    machine.systemctl(&["start", "chatd"]);
    let pid = machine.show("MainPID");
    let [mut alice, mut bob] = alice_and_bob(&machine);
    bob.types(b"half a ");
    machine.systemctl(&["disable", "chatd.service"]);
    rpm(&machine, ["--upgrade", &release(&dir, &sources(), "2")], "");
    bob.send("line");
    alice.expect("<bob> half a line");
    still_chat([&mut alice, &mut bob], "here");
    assert_ne!(machine.show("MainPID"), pid, "the new program runs");
    let query = ["rpm", "--dbpath", DATABASE, "--query", "--queryformat", "%{RELEASE}", "chatd"];
    assert_eq!(machine.run(&query), "2.el8");
    assert_enabled(&machine, "chatd.service", "disabled");
    assert!(machine.run(&["cat", SETTINGS]).contains("name = 'mine'"), "settings are kept");

    // Settings that were changed stay beside.
    let kept = format!("warning: {SETTINGS} saved as {SETTINGS}.rpmsave\n");
    rpm(&machine, ["--erase", "chatd"], &kept);
    [alice, bob].iter_mut().for_each(|client| drop(Client::rest(client)));
    assert_eq!(machine.show("ActiveState"), "inactive");
    assert_eq!(machine.show("LoadState"), "not-found");
    let left = "find /usr /etc -name '*chatd*' -not -path '/usr/src/*' -not -path '*/target*'";
    assert_eq!(machine.run(&["sh", "-c", left]), "/etc/chatd\n/etc/chatd/chatd.toml.rpmsave\n");
}

#[test]
#[ignore = "needs root, systemd (systemd) and the package (rpm)"]
fn a_service_that_does_not_run_is_not_started_by_an_upgrade_and_none_stays_enabled() {
    let machine = Machine::without_chatd();
    let package = package_in(target().join("rpm"));
    rpm(&machine, ["--install", &package], "");
    machine.systemctl(&["enable", "chatd.socket"]);
    rpm(&machine, ["--upgrade", "--replacepkgs", &package], "");
    assert_eq!(machine.show("ActiveState"), "inactive");
    assert_enabled(&machine, "chatd.socket", "enabled");
    rpm(&machine, ["--erase", "chatd"], "");
    let links = machine.run(&["find", "/etc/systemd/system", "-name", "chatd*"]);
    assert_eq!(links, "", "nothing is enabled that is not there");
}

#[test]
#[ignore = "needs root, systemd (systemd) and the package (rpm)"]
fn an_upgrade_shuts_nobody_out_who_could_come_by_the_settings_before() {
    let (machine, dir) = (Machine::without_chatd(), TempDir::new());
    let files = PathBuf::from(dir.path("files-before"));
    run(Command::new("cp").arg("-a").arg(sources()).arg(&files));
    let settings = fs::read_to_string(files.join("chatd.toml")).unwrap();
    let before = settings.replace("\nbind = ", "\n#bind = ");
    assert_ne!(before, settings);
    fs::write(files.join("chatd.toml"), &before).unwrap();
    rpm(&machine, ["--install", &release(&dir, &files, "0")], "");
    let beside = format!("warning: {SETTINGS} created as {SETTINGS}.rpmnew\n");
    rpm(&machine, ["--upgrade", &package_in(target().join("rpm"))], &beside);
    let kept = "# An upgrade kept these settings: without bind, chatd listens on all addresses.\n";
    assert_eq!(machine.run(&["cat", SETTINGS]), format!("{before}{kept}"));
    rpm(&machine, ["--upgrade", "--replacepkgs", &package_in(target().join("rpm"))], "");
    assert_eq!(machine.run(&["cat", SETTINGS]), format!("{before}{kept}"));
}
