//! The image of a container, as far as it can be had without a registry.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::shipped;
use crate::harness::{Client, Server, TempDir};

/// Who chatd is in the container.
const USER: u32 = 65532;
/// Begins the container: its root, which cannot be written to, and the volume in it.
const BEGIN: &str = r#"
    root=$1
    mount --bind "$root" "$root" && mount -o remount,bind,ro "$root" &&
        mount --bind "$2" "$root/var/lib/chatd" && shift 2 &&
        exec chroot --userspec=65532:65532 "$root" /usr/bin/chatd "$@"
"#;

/// The words after a keyword of the Containerfile.
fn words(keyword: &str) -> Vec<String> {
    let file = shipped("packaging/Containerfile");
    let line = file.lines().find_map(|line| line.strip_prefix(keyword)).unwrap().trim().to_owned();
    serde_json::from_str(&line).unwrap()
}

/// The libraries that a program is linked with, the dynamic linker included.
fn libraries(program: &str) -> Vec<PathBuf> {
    let listed = Command::new("ldd").arg(program).output().unwrap().stdout;
    let listed = String::from_utf8(listed).unwrap();
    let paths = listed.split_whitespace().filter(|word| word.starts_with('/'));
    paths.map(PathBuf::from).collect()
}

/// The files of the image: the programs and the C library.
fn image(dir: &TempDir) -> String {
    let root = dir.path("image");
    let put = |from: &Path, to: &Path| {
        let to = Path::new(&root).join(to.strip_prefix("/").unwrap());
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(from, to).unwrap();
    };
    let program = env!("CARGO_BIN_EXE_chatd");
    put(Path::new(program), Path::new(&words("ENTRYPOINT")[0]));
    libraries(program).iter().for_each(|library| put(library, library));
    fs::create_dir_all(format!("{root}/var/lib/chatd")).unwrap();
    root
}

#[test]
#[ignore = "needs root"]
fn it_runs_without_a_shell_without_root_and_writes_to_its_volume_only() {
    let dir = TempDir::new();
    let (root, volume) = (image(&dir), dir.path("volume"));
    fs::create_dir(&volume).unwrap();
    fs::set_permissions(&volume, fs::Permissions::from_mode(0o700)).unwrap();
    chown(&volume, Some(USER), Some(USER)).unwrap();
    let mut command = Command::new("unshare");
    command.args(["--mount", "--propagation", "private", "sh", "-c", BEGIN, "-", &root, &volume]);
    command.args(words("CMD").iter().map(|word| word.replace("8080", "0")));
    command.args(["--bind", "127.0.0.1", "--port", "0", "--port-file", "/var/lib/chatd/ports"]);
    command.stdin(Stdio::null()).stderr(Stdio::piped());
    let server = Server::run_at(command, &format!("{volume}/ports"));
    let [mut alice, mut bob] = ["alice", "bob"].map(|nick| Client::join(&server, nick));
    alice.send("hello");
    bob.wait_for(|line| line == "<alice> hello");
    assert!(fs::metadata(format!("{volume}/chatd.db")).unwrap().len() > 0);
    assert!(server.stop().0.success());
}
