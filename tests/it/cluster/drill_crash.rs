//! Nodes whose process was killed, and what the next one finds of it.

use std::fs;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::Command;

use super::drill_nodes::GIVING_UP;
use super::drill_together::{one_each, says};
use crate::harness::{Client, Cluster, PATIENCE, RedisServer, TempDir, run};
use crate::restart::crash::{Kept, wait_kept};
use crate::restart::given;

/// A service manager that keeps descriptors, and what it keeps.
struct Manager {
    socket: UnixDatagram,
    kept: Kept,
    dir: TempDir,
}

impl Manager {
    fn new() -> Self {
        let dir = TempDir::new();
        let socket = UnixDatagram::bind(dir.path("notify")).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        Manager { socket, kept: Kept::default(), dir }
    }

    /// Starts the node with what there is to give.
    #[track_caller]
    fn start(&mut self, cluster: &mut Cluster, number: usize) {
        self.kept.hear_all(&self.socket);
        let node = cluster.node_mut(number);
        let mut command = given(self.kept.give_all());
        // The first two are those that it has already.
        command.args(node.command().get_args().skip(2));
        command.env("NOTIFY_SOCKET", self.dir.path("notify"));
        node.run(command);
    }

    #[track_caller]
    fn wait_kept(&mut self, clients: usize) {
        wait_kept(&self.socket, &mut self.kept, clients);
    }
}

/// Nodes box1 and box2, of which a manager starts the second.
#[track_caller]
fn managed(flags: &[&str], state_dir: bool) -> (Cluster, Manager) {
    let mut cluster = Cluster::with(1, RedisServer::start(), &[]);
    let url = cluster.redis.url();
    let node = cluster.add_with("box2", &url, flags);
    if !state_dir {
        node.forget_state_dir();
    }
    let mut manager = Manager::new();
    manager.start(&mut cluster, 2);
    cluster.wait_whole();
    (cluster, manager)
}

#[test]
#[ignore = "needs redis-server (redis-server)"]
fn nobody_notices_a_crash_if_a_service_manager_kept_the_connections() {
    for state_dir in [true, false] {
        let (mut cluster, mut manager) = managed(&[], state_dir);
        let [mut ann, mut ben] = one_each(&cluster, ["ann", "ben"]);
        let mut dan = Client::join(cluster.server(2), "dan");
        for person in [&mut ann, &mut ben] {
            person.wait_for(|line| line == "-- dan joined (3 here)");
        }
        dan.ask("/join attic");
        for person in [&mut ann, &mut ben] {
            person.wait_for(|line| line.starts_with("-- dan left: "));
        }
        for time in 1..=2 {
            manager.wait_kept(2);
            // The last that the log knows has gone when the next process starts.
            let mut last = Client::guest(cluster.server(2));
            last.send("/quit");
            last.rest();
            cluster.node_mut(2).kill();
            manager.start(&mut cluster, 2);
            cluster.wait_whole();
            says(&mut ben, &mut [&mut ann], &format!("still here, {time}"));
            says(&mut ann, &mut [&mut ben], &format!("so am I, {time}"));
            assert_eq!(dan.ask("/who"), ["-- attic (1 here): dan"]);
            assert_eq!(ben.ask("/who"), ["-- lobby (2 here): ann, ben"]);
            let mut eve = Client::join(cluster.server(2), "eve");
            eve.send("/quit");
            for person in [&mut ann, &mut ben] {
                person.expect("-- eve joined (3 here)");
                person.expect("-- eve left: quit (2 here)");
            }
        }
        [&mut ann, &mut ben, &mut dan].into_iter().for_each(Client::expect_nothing);
    }
}

#[test]
#[ignore = "needs redis-server (redis-server)"]
fn who_was_given_up_with_a_crashed_node_comes_back_with_its_connection() {
    let (mut cluster, mut manager) = managed(&[], false);
    let [mut ann, mut ben] = one_each(&cluster, ["ann", "ben"]);
    manager.wait_kept(1);
    cluster.node_mut(2).kill();
    ann.patience = GIVING_UP;
    ann.expect("-- ben left: lost with box2 (1 here)");
    says(&mut ann, &mut [], "said meanwhile");
    manager.start(&mut cluster, 2);
    ann.expect("-- ben joined (2 here)");
    says(&mut ben, &mut [&mut ann], "here again");
    assert_eq!(ben.ask("/who"), ["-- lobby (2 here): ann, ben"]);
}

#[test]
#[ignore = "needs redis-server (redis-server)"]
fn a_node_that_is_started_soon_after_its_crash_ends_what_it_was() {
    let mut cluster = Cluster::start(2);
    let [mut ann, ben] = one_each(&cluster, ["ann", "ben"]);
    cluster.node_mut(2).kill();
    drop(ben);
    // A client that connects before the node has joined gets the number that ben had.
    cluster.node(2).link().cut();
    cluster.node_mut(2).start();
    let mut eve = Client::join(cluster.server(2), "eve");
    cluster.node(2).link().open();
    ann.patience = GIVING_UP;
    let told = ann.line();
    assert!(told.starts_with("-- ben left: "), "{told}");
    ann.expect("-- eve joined (2 here)");
    cluster.wait_whole();
    let mut ben = Client::join(cluster.server(1), "ben");
    ann.expect("-- ben joined (3 here)");
    ann.expect_nothing();
    eve.wait_for(|line| line == "-- ben joined (3 here)");
    says(&mut ben, &mut [&mut ann, &mut eve], "and again");
}

#[test]
#[ignore = "needs redis-server (redis-server)"]
fn without_a_state_directory_a_node_waits_until_what_it_was_is_given_up() {
    let mut cluster = Cluster::start(1);
    let url = cluster.redis.url();
    cluster.add_with("box2", &url, &[]).forget_state_dir();
    cluster.node_mut(2).start_and_join();
    let [mut ann, _ben] = one_each(&cluster, ["ann", "ben"]);
    cluster.node_mut(2).kill();
    cluster.node_mut(2).start();
    cluster.server(2).wait_log(["another node is called box2"]);
    ann.patience = GIVING_UP;
    ann.expect("-- ben left: lost with box2 (1 here)");
    cluster.wait_whole();
    let mut ben = Client::join(cluster.server(2), "ben");
    ann.expect("-- ben joined (2 here)");
    says(&mut ben, &mut [&mut ann], "here again");
}

#[test]
#[ignore = "needs redis-server (redis-server)"]
fn a_database_from_a_backup_gets_what_the_log_has() {
    let mut cluster = Cluster::start(2);
    let [mut ann, mut ben] = one_each(&cluster, ["ann", "ben"]);
    says(&mut ben, &mut [&mut ann], "before the backup");
    cluster.node_mut(2).stop();
    ben.rest();
    let (state, backup) = (cluster.node(2).state_dir().to_owned(), TempDir::new());
    copy(&state, &backup.path(""));
    cluster.node_mut(2).start_and_join();
    let mut ben = Client::join(cluster.server(2), "ben");
    ann.wait_for(|line| line.starts_with("-- ben joined ("));
    ben.send("/register open sesame\nafter the backup");
    ann.wait_for(|line| line == "<ben> after the backup");
    ben.wait_for(|line| line.starts_with("-- ben is yours now"));
    cluster.node_mut(2).kill();
    fs::remove_dir_all(&state).unwrap();
    fs::create_dir(&state).unwrap();
    copy(&backup.path(""), &state);
    cluster.node_mut(2).start_and_join();
    let mut again = Client::guest(cluster.server(2));
    again.send("/login ben open sesame");
    again.wait_for(|line| line.starts_with("-- you are logged in as ben"));
    cluster.node_mut(2).stop();
    let export = run(&mut cluster.node(2).tool(&["export"]));
    for line in ["before the backup", "after the backup"] {
        assert_eq!(export.stdout.matches(line).count(), 1, "{line}: {}", export.stdout);
    }
}

/// Copies the files of a directory, which has no others in it.
fn copy(from: &str, to: &str) {
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, Path::new(to).join(path.file_name().unwrap())).unwrap();
    }
}

#[test]
#[ignore = "needs redis-server and faketime (redis-server, faketime)"]
fn a_wrong_clock_of_one_machine_shows_nowhere() {
    let mut cluster = Cluster::start(1);
    let url = cluster.redis.url();
    cluster.add_with("box2", &url, &[]);
    let mut command = cluster.node(2).command();
    let library = run(Command::new("faketime").args(["-f", "+5h", "printenv", "LD_PRELOAD"]));
    command.env("LD_PRELOAD", library.stdout.trim()).env("FAKETIME", "+5h");
    command.env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    cluster.node_mut(2).run(command);
    cluster.wait_whole();
    let [mut ann, mut ben] = one_each(&cluster, ["ann", "ben"]);
    says(&mut ben, &mut [&mut ann], "what time is it");
    says(&mut ann, &mut [&mut ben], "the same for all of us");
    let told = [&mut ann, &mut ben].map(|person| person.ask("/history"));
    assert_eq!(told[0], told[1]);
    assert!(told[0].iter().any(|line| line.ends_with("<ben> what time is it")), "{told:?}");
    cluster.node(2).switch();
    says(&mut ben, &mut [&mut ann], "and now");
    ann.expect_nothing();
    let disks = [1, 2].map(|number| {
        cluster.node_mut(number).stop();
        run(&mut cluster.node(number).tool(&["export"])).stdout
    });
    assert_eq!(disks[0], disks[1]);
}
