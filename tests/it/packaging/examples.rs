//! What is in `examples` to be tried.

use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, TcpStream};
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, kill_process};

use super::path;
use crate::harness::{Client, Signal, eventually, wait_for_exit};

/// `examples/cluster/up`. Dropping it is Ctrl-C.
struct Up(Child);

impl Up {
    /// Starts it; returns with it the lines that it prints until all runs.
    fn start() -> (Self, Vec<String>) {
        let mut command = Command::new(path("examples/cluster/up"));
        command.env("CHATD", env!("CARGO_BIN_EXE_chatd")).stdin(Stdio::null());
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let printed = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let up = Up(child);
        let lines = printed.take_while(|line| !line.starts_with("Ctrl-C")).collect();
        (up, lines)
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        // As Ctrl-C does.
        kill_process(Pid::from_child(&self.0), Signal::INT).unwrap();
        wait_for_exit(&mut self.0);
    }
}

/// The number between these words in a line.
fn number(line: &str, before: &str, after: &str) -> u16 {
    let (_, rest) = line.split_once(before).unwrap();
    rest.split(after).next().unwrap().parse().unwrap()
}

#[test]
#[ignore = "needs redis-server (redis-server)"]
fn the_example_of_a_cluster_runs_three_nodes_and_stops_them() {
    let (up, lines) = Up::start();
    let [redis, nodes @ ..] = lines.as_slice() else { panic!("{lines:?}") };
    let mut ports = vec![number(redis, "port ", ",")];
    ports.extend(nodes.iter().map(|node| number(node, "localhost ", " (")));
    assert_eq!(ports.len(), 4, "{lines:?}");
    let connect = |port: &u16| TcpStream::connect((Ipv4Addr::LOCALHOST, *port));
    let client = |(port, nick)| Client::over(connect(port).unwrap()).welcomed().named(nick);
    let mut clients: Vec<_> = ports[1..].iter().zip(["ann", "ben", "cyd"]).map(client).collect();
    clients[0].send("hello");
    for other in &mut clients[1..] {
        other.wait_for(|line| line == "<ann> hello");
    }
    drop(clients);
    drop(up);
    eventually("the end of all of them", || {
        ports.iter().all(|port| connect(port).is_err()).then_some(())
    });
}
