//! Rooms that people own: roles, settings, kicks, bans, invitations, privacy.

use crate::harness::{Client, Server, TempDir, people};
use crate::order::{account, log_in_soon};

mod kept;
mod lobby;
mod objects;
mod privacy;
mod removal;
mod restarts;
mod roles;
mod server_operators;
mod settings;

/// What the one who makes a room is told, after the welcome there.
const KEEPS_ORDER: &str = "-- you keep order here; /room shows the settings";

/// Connected people in dev; the first one made it.
#[track_caller]
fn in_dev<const N: usize>(server: &Server, nicks: [&str; N]) -> [Client; N] {
    let mut all = people(server, nicks);
    for client in &mut all {
        client.ask("/join dev");
    }
    for client in &mut all {
        client.sync();
    }
    all
}

/// What `actor` and the others are told when it types a line: the same.
#[track_caller]
fn all_told<const N: usize>(actor: &mut Client, line: &str, others: [&mut Client; N], told: &str) {
    assert_eq!(actor.ask(line), [told]);
    for other in others {
        assert_eq!(other.sync(), [told]);
    }
}

/// The client is refused each of the lines.
#[track_caller]
fn refused<const N: usize>(client: &mut Client, lines: [(&str, &str); N]) {
    for (line, why) in lines {
        assert_eq!(client.ask(line), [format!("!! {why}")], "{line}");
    }
}

fn server() -> Server {
    Server::with(["--rate", "0"])
}

/// A server with accounts, and carol, an operator of it.
fn ruled(dir: &TempDir) -> (Server, Client) {
    account(dir, "add carol --operator", "open sesame\n");
    let server = Server::with(["--rate", "0", "--state-dir", &dir.path("")]);
    let mut carol = log_in_soon(&server, "carol", "open sesame");
    carol.ask("/join hall-carol\n/leave");
    (server, carol)
}
