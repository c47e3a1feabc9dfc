//! Somebody who has never seen chatd, and has not read the manual.

use rusqlite::Connection;

use super::*;
use crate::order::account;

const WEEK: i64 = 7 * 86_400_000;

/// A server on which carol, who may become operator there, said something a week ago.
#[track_caller]
fn server_of_a_week(dir: &TempDir) -> Server {
    account(dir, "add carol --operator", "open sesame\n");
    let state = dir.path("");
    let server = Server::with(["--state-dir", &state]);
    let [mut bob] = people(&server, ["bob"]);
    bob.ask("the key is in the blue folder\nand the door is red");
    drop(server);
    let disk = Connection::open(dir.path("chatd.db")).unwrap();
    disk.execute("UPDATE msg SET ts = ts - ?1", [WEEK]).unwrap();
    Server::with_web(["--state-dir", &state])
}

/// Bob in `chat`, on the text wire, in the lobby.
#[track_caller]
fn bob(server: &Server) -> Terminal {
    let mut bob = Terminal::run(chat(server.addr(), ["--nick", "bob"]));
    bob.displays(|rows| rows.contains(&"-- you are now bob"));
    bob
}

#[test]
fn names_themself_finds_a_room_invites_by_a_link_is_told_of_an_answer_searches_and_mutes() {
    let dir = TempDir::new();
    let server = server_of_a_week(&dir);
    let [mut dan] = people(&server, ["dan"]);
    dan.ask("/join dev");
    let mut bob = bob(&server);
    let page = format!("http://{}/", server.addr_of("web"));
    let mut alice = Terminal::run(chat(&page, []));

    // The welcome says how to get a name, and what there is.
    let hint = "-- Type a line and press Enter. /nick NAME  /who  /help  /quit";
    alice.displays(|rows| rows.contains(&hint) && rows.last() == Some(&">"));
    alice.types("/nick José\r");
    let rule = "!! a nick has 1 to 16 of the characters A-Z a-z 0-9 _ - and starts with a letter";
    ends_in(&mut alice, &[rule, ">"]);
    alice.types("/nick alice\r");
    ends_in(&mut alice, &["-- you are now alice", ">"]);

    alice.types("/rooms\r");
    alice.displays(|rows| rows.contains(&"-- dev (1 here)") && rows.last() == Some(&">"));
    alice.types("/join dev\r");
    let link = format!("{page}#dev");
    let told = format!("-- to invite others to dev, send them {link}");
    ends_in(&mut alice, &["-- You are in dev with dan (2 here).", &told, ">"]);

    // The page shows a link as one; in `chat`, it goes behind /join.
    alice.types(&format!("\x1b1bob: come to {link}\r"));
    bob.displays(|rows| rows.ends_with(&[&*format!("<alice> bob: come to {link}"), ">"]));
    bob.types(&format!("\x1b[200~/join {link}\x1b[201~\r"));
    bob.displays(|rows| {
        rows.iter().any(|row| row.starts_with("-- joining dev here; if 127.0.0.1:"))
    });
    bob.displays(|rows| rows.contains(&"-- You are in dev with dan and alice (3 here)."));

    alice.types("/bell on\r");
    ends_in(&mut alice, &["-- bell is on", ">"]);
    bob.types("alice: here I am\r");
    alice.displays_status(|bar| bar.starts_with("alice in lobby | 2:dev+1! "));
    assert!(alice.written().contains(&0x07), "it rings");
    alice.types("\x1b2");
    ends_in(&mut alice, &["-- 1 new line", "<bob> alice: here I am", ">"]);

    alice.types("/search blue folder\r");
    alice.displays(|rows| {
        let [.., found, "-- end of search", ">"] = rows else { return false };
        found.starts_with("[20") && found.ends_with("] lobby <bob> the key is in the blue folder")
    });

    // An operator finds in /help what to do.
    alice.types("/login carol open sesame\r");
    alice.displays(|rows| rows.contains(&"-- you are logged in as carol"));
    alice.types("/help mute\r");
    let help = "-- /mute NAME [DUR]                 stop somebody from speaking";
    ends_in(&mut alice, &[help, ">"]);
    alice.types("/mute dan 10m\r");
    ends_in(&mut alice, &["-- dan is muted for 10m", ">"]);
    let refusal = dan.ask("spam").pop().unwrap();
    assert!(refusal.starts_with("!! you are muted for "), "{refusal}");
}

#[test]
fn is_not_sent_to_a_room_of_another_server_by_a_link_to_that() {
    let server = Server::start();
    let [mut bob] = people(&server, ["bob"]);
    let mut alice = alice(&server);
    alice.types("/join http://box8.example/#dev\r");
    let told = [
        "!! box8.example may be another server; /join dev stays on this one, and \"chat",
        "  http://box8.example/#dev\" goes there",
        ">",
    ];
    ends_in(&mut alice, &told);
    alice.types("still here\r");
    bob.wait_for(|line| line == "<alice> still here");
}
