//! A cluster: nodes that share a Redis, each over a link that a test can break.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::time::Duration;

use super::{
    Forwarder, RedisServer, Server, Signal, TempDir, chatd, eventually, eventually_within, run,
};
use crate::metrics::{figure, get};
use crate::restart::switch;

/// How long a node may take to be with the others (again), on a machine that others use, too.
const JOINING: Duration = Duration::from_secs(30);

/// Nodes `box1`, `box2`, … and their Redis. Dropping it ends all of them.
pub(crate) struct Cluster {
    pub(crate) nodes: Vec<ClusterNode>,
    pub(crate) redis: RedisServer,
    dir: TempDir,
}

/// A node, which may not run at the moment.
pub(crate) struct ClusterNode {
    pub(crate) name: String,
    /// The way to Redis, unless the node finds Redis by a Sentinel.
    pub(crate) link: Option<Forwarder>,
    url: String,
    key: String,
    state: Option<String>,
    flags: Vec<String>,
    server: Option<Server>,
}

impl Cluster {
    /// Starts a Redis that keeps everything in memory, and so many nodes.
    #[track_caller]
    pub(crate) fn start(nodes: usize) -> Self {
        Cluster::with(nodes, RedisServer::start(), &[])
    }

    /// Starts so many nodes with further flags.
    #[track_caller]
    pub(crate) fn with(nodes: usize, redis: RedisServer, flags: &[&str]) -> Self {
        let mut cluster = Cluster::without_nodes(redis);
        for number in 1..=nodes {
            cluster.add(&format!("box{number}"), flags);
        }
        cluster.wait_whole();
        cluster
    }

    pub(crate) fn without_nodes(redis: RedisServer) -> Self {
        let dir = TempDir::new();
        write_key(&dir, "key", "a key that all nodes of the cluster have");
        Cluster { nodes: Vec::new(), redis, dir }
    }

    /// Starts another node, and waits until it is with the others.
    #[track_caller]
    pub(crate) fn add(&mut self, name: &str, flags: &[&str]) -> &mut ClusterNode {
        let link = Forwarder::to(self.redis.port());
        let url = format!("redis://127.0.0.1:{}", link.port());
        self.add_with(name, &url, flags).link = Some(link);
        let node = self.nodes.last_mut().unwrap();
        node.start();
        node.wait_linked();
        node
    }

    /// Adds a node that finds Redis there, and does not start it.
    pub(crate) fn add_with(&mut self, name: &str, url: &str, flags: &[&str]) -> &mut ClusterNode {
        let state = self.dir.path(&format!("state-{}-{name}", self.nodes.len()));
        self.nodes.push(ClusterNode {
            name: name.to_owned(),
            link: None,
            url: url.to_owned(),
            key: self.dir.path("key"),
            state: Some(state),
            flags: flags.iter().map(|&flag| flag.to_owned()).collect(),
            server: None,
        });
        self.nodes.last_mut().unwrap()
    }

    /// Registers carol, an operator with the password `open sesame`, on the disk of node `boxN`.
    #[track_caller]
    pub(crate) fn add_operator(&mut self, number: usize) {
        self.node(number).manage(&["account", "add", "carol", "--operator"], "open sesame\n");
    }

    /// The cluster's key.
    pub(crate) fn key(&self) -> Vec<u8> {
        fs::read(self.dir.path("key")).unwrap()
    }

    /// Another key than the cluster's.
    pub(crate) fn wrong_key(&self) -> String {
        write_key(&self.dir, "wrong", "another key, which no node of the cluster has")
    }

    /// Waits until each node that runs is linked, and knows all that run.
    #[track_caller]
    pub(crate) fn wait_whole(&self) {
        let running: Vec<_> = self.nodes.iter().filter(|node| node.is_running()).collect();
        for node in &running {
            node.wait_linked();
            node.wait_figure("chatd_cluster_nodes ", running.len() as f64);
        }
    }

    /// The server of node `boxN`, by N.
    #[track_caller]
    pub(crate) fn server(&self, number: usize) -> &Server {
        self.node(number).server()
    }

    #[track_caller]
    pub(crate) fn node(&self, number: usize) -> &ClusterNode {
        &self.nodes[number - 1]
    }

    #[track_caller]
    pub(crate) fn node_mut(&mut self, number: usize) -> &mut ClusterNode {
        &mut self.nodes[number - 1]
    }
}

impl ClusterNode {
    #[track_caller]
    pub(crate) fn server(&self) -> &Server {
        self.server.as_ref().expect("the node runs")
    }

    pub(crate) fn is_running(&self) -> bool {
        self.server.is_some()
    }

    /// Has the node use another key from its next start on.
    pub(crate) fn use_key(&mut self, key: String) {
        self.key = key;
    }

    /// Has the node keep nothing on the disk from its next start on.
    pub(crate) fn forget_state_dir(&mut self) {
        self.state = None;
    }

    #[track_caller]
    pub(crate) fn state_dir(&self) -> &str {
        self.state.as_ref().expect("the node has a state directory")
    }

    /// What its cluster is, for a settings file.
    pub(crate) fn settings(&self) -> String {
        let Self { url, name, key, .. } = self;
        format!("cluster = ['{url}']\nnode = '{name}'\ncluster-key = '{key}'\n")
    }

    pub(crate) fn command(&self) -> Command {
        let mut command = chatd();
        command.args(["--bind", "127.0.0.1", "--port", "0", "--metrics", "127.0.0.1:0"]);
        command.args(["--rate", "0", "--cluster", &self.url, "--node", &self.name]);
        command.args(["--cluster-key", &self.key]).args(&self.flags);
        if let Some(state) = &self.state {
            command.args(["--state-dir", state]);
        }
        command
    }

    /// A subcommand, such as `export`, for the node's state directory.
    pub(crate) fn tool(&self, words: &[&str]) -> Command {
        let mut command = chatd();
        command.args(words).args(["--state-dir", self.state_dir()]);
        command
    }

    /// Runs a subcommand with that on its stdin, and returns what it says.
    #[track_caller]
    pub(crate) fn manage(&self, words: &[&str], input: &str) -> String {
        let (stdin, mut typed) = std::io::pipe().unwrap();
        typed.write_all(input.as_bytes()).unwrap();
        drop(typed);
        let ended = run(self.tool(words).stdin(stdin));
        assert_eq!((ended.status, &*ended.stderr), (0, ""));
        ended.stdout
    }

    /// Starts the node, and does not wait for it to be with the others.
    #[track_caller]
    pub(crate) fn start(&mut self) {
        self.run(self.command());
    }

    #[track_caller]
    pub(crate) fn start_and_join(&mut self) {
        self.start();
        self.wait_linked();
    }

    /// Starts the node by another command than its own.
    #[track_caller]
    pub(crate) fn run(&mut self, command: Command) {
        assert!(self.server.is_none(), "{} runs already", self.name);
        self.server = Some(Server::run(command));
    }

    /// SIGKILL; returns the whole log.
    #[track_caller]
    pub(crate) fn kill(&mut self) -> String {
        let server = self.server.take().expect("the node runs");
        server.signal(Signal::KILL);
        server.wait_killed()
    }

    /// SIGTERM; returns the whole log.
    #[track_caller]
    pub(crate) fn stop(&mut self) -> String {
        let (status, log) = self.server.take().expect("the node runs").stop();
        assert_eq!(status.code(), Some(0), "{log}");
        log
    }

    /// SIGSTOP; returns when all threads stand still.
    #[track_caller]
    pub(crate) fn pause(&self) {
        self.server().signal(Signal::STOP);
        let tasks = format!("/proc/{}/task", self.server().pid());
        let is_still = |task: std::io::Result<fs::DirEntry>| {
            let status = fs::read_to_string(task.unwrap().path().join("status"));
            status.is_ok_and(|status| status.contains("\nState:\tT"))
        };
        eventually("all threads to stand still", || {
            fs::read_dir(&tasks).unwrap().all(is_still).then_some(())
        });
    }

    pub(crate) fn go_on(&self) {
        self.server().signal(Signal::CONT);
    }

    /// SIGUSR2.
    #[track_caller]
    pub(crate) fn switch(&self) {
        switch(self.server());
    }

    #[track_caller]
    pub(crate) fn link(&self) -> &Forwarder {
        self.link.as_ref().expect("the node has a forwarder")
    }

    /// A metric, such as `"chatd_cluster_linked "`.
    pub(crate) fn figure(&self, name: &str) -> f64 {
        figure(&get(self.server(), "/metrics"), name).unwrap_or(f64::NAN)
    }

    #[track_caller]
    pub(crate) fn wait_figure(&self, name: &str, value: f64) {
        let what = format!("{name}{value} on {}", self.name);
        eventually_within(JOINING, &what, || (self.figure(name) == value).then_some(()));
    }

    #[track_caller]
    pub(crate) fn wait_linked(&self) {
        self.wait_figure("chatd_cluster_linked ", 1.0);
    }

    #[track_caller]
    pub(crate) fn wait_unlinked(&self) {
        self.wait_figure("chatd_cluster_linked ", 0.0);
    }
}

fn write_key(dir: &TempDir, name: &str, key: &str) -> String {
    let path = dir.file(name, key);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    path
}
