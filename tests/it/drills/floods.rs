//! Floods: whatever many clients do at once, the lines of the others arrive, once and in order, and
//! memory stays bounded.

use std::collections::HashSet;
use std::fs;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use super::talk::exported;
use super::{Drill, SPEED, Talk, wait_stored, within};
use crate::harness::{Client, Random, Server, TempDir, chatd, raise_open_files, run};

/// What a flood may cost at its height, in kB, beyond what there was before.
const BOUND: u64 = 48 * 1024;

type Flood = fn(&Server, &mut Random) -> u64;

/// Each says how much of it there was.
const FLOODS: [(&str, Flood); 7] = [
    ("silent connections", silence),
    ("bytes one by one", drip),
    ("MB without a newline", endless_line),
    ("comings and goings", comings_and_goings),
    ("rooms entered", room_storm),
    ("names taken", nick_storm),
    ("failed logins", failed_logins),
];

#[test]
fn floods_delay_nobody_and_cost_little() {
    raise_open_files();
    let mut drill = Drill::begin("floods");
    let dir = TempDir::new();
    let state = dir.path("state");
    std::fs::create_dir(&state).unwrap();
    add_alice(&state);
    let server = Server::run(within(&["env"], &["--state-dir", &state]));
    for round in drill.rounds(1) {
        let talk = Talk::begin(&server, &format!("r{round}"), &mut drill.random);
        for (what, flood) in FLOODS {
            // Has the kernel measure the peak anew (proc(5)).
            fs::write(format!("/proc/{}/clear_refs", server.pid()), "5").unwrap();
            let before = server.rss_kb();
            let mut random = Random::new(drill.random.next());
            let amount = thread::scope(|scope| {
                let flood = scope.spawn(|| flood(&server, &mut random));
                while !flood.is_finished() {
                    let slowest = talk.go_on(5);
                    assert!(slowest < SPEED, "{what}: {slowest:?}");
                }
                flood.join().unwrap()
            });
            let most = server.status("VmHWM");
            eprintln!("drill floods: {amount} {what}, {before} kB before, {most} kB at most");
            assert!(most < before + BOUND, "{what}: {before} kB, then {most} kB");
            drill.note(what, amount);
        }
        let people = talk.end();
        wait_stored(&server);
        let mut export = chatd();
        export.args(["export", "--state-dir", &state]);
        drill.compare(&people, &exported(&mut export));
    }
    drill.end();
}

/// Somebody whose password is to be guessed.
fn add_alice(state: &str) {
    let (stdin, mut typed) = std::io::pipe().unwrap();
    std::io::Write::write_all(&mut typed, b"the right one\n").unwrap();
    drop(typed);
    let mut add = chatd();
    let ended = run(add.args(["account", "add", "alice", "--state-dir", state]).stdin(stdin));
    assert_eq!(ended.status, 0, "{}", ended.stderr);
}

fn silence(server: &Server, _: &mut Random) -> u64 {
    let mut crowd: Vec<_> = (0..500).map(|_| Client::connect(server)).collect();
    for client in &mut crowd {
        client.line();
    }
    crowd.len() as u64
}

/// A byte a second from each.
fn drip(server: &Server, random: &mut Random) -> u64 {
    let mut crowd: Vec<_> = (0..100).map(|_| Client::guest(server)).collect();
    for _ in 0..3 {
        for client in &mut crowd {
            client.send_raw(&[b'a' + random.byte() % 26]);
            thread::sleep(Duration::from_secs(1) / 100);
        }
    }
    3 * crowd.len() as u64
}

/// The server hangs up after 64 KiB, so it takes many.
fn endless_line(server: &Server, _: &mut Random) -> u64 {
    const ALL: usize = 100 << 20;
    let (piece, mut sent) = (vec![b'x'; 16 * 1024], 0);
    while sent < ALL {
        let mut client = Client::connect(server);
        while client.try_send_raw(&piece).is_ok() {
            sent += piece.len();
        }
    }
    (sent >> 20) as u64
}

fn comings_and_goings(server: &Server, random: &mut Random) -> u64 {
    const STORM: usize = 600;
    for _ in 0..STORM {
        let mut client = Client::connect(server);
        match random.below(4) {
            0 => drop(client),
            1 => client.reset(),
            2 => {
                client.try_send_raw(b"/join room0\n/leave\n/join room1\n/quit\n").ok();
                client.rest();
            }
            _ => drop(client.try_send_raw(b"/join room0\n/me waves\n").ok()),
        }
    }
    STORM as u64
}

fn room_storm(server: &Server, random: &mut Random) -> u64 {
    const STORM: usize = 3000;
    let mut client = Client::guest(server);
    for n in 0..STORM {
        let room = ["room0", "room1", "room2", &format!("mine{n}")][random.below(4)].to_owned();
        client.send(&format!("/join {room}"));
        if n % 50 == 0 {
            client.sync();
        }
    }
    client.sync();
    STORM as u64
}

fn nick_storm(server: &Server, random: &mut Random) -> u64 {
    const STORM: usize = 3000;
    let mut crowd = [(); 5].map(|()| Client::guest(server));
    let mut names = HashSet::new();
    for client in &mut crowd {
        client.ask("/join room0");
    }
    for n in 0..STORM {
        let name = format!("x{}", random.below(100_000));
        let client = &mut crowd[n % 5];
        client.send(&format!("/nick {name}"));
        names.insert(name);
        if n % 50 < 5 {
            client.sync();
        }
    }
    names.len() as u64
}

/// From ten addresses, on forty connections at the same time.
fn failed_logins(server: &Server, _: &mut Random) -> u64 {
    let failed = Mutex::new(0);
    thread::scope(|scope| {
        for n in 0..40 {
            let mut guesser = Client::connect_from(server, &format!("127.0.0.{}", 10 + n % 10));
            let failed = &failed;
            scope.spawn(move || {
                for guess in 0..25 {
                    guesser.send(&format!("/login alice wrong{guess}"));
                    let told = guesser.wait_for(|line| line.starts_with("!!"));
                    let why = ["wrong password", "too many failed logins", "busy"];
                    assert!(why.iter().any(|why| told.contains(why)), "{told}");
                    *failed.lock().unwrap() += 1;
                }
            });
        }
    });
    let failed = *failed.lock().unwrap();
    assert_eq!(failed, 1000);
    failed
}
