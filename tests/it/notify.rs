//! Notifications to the service manager (sd_notify(3)), received by a test socket.

use std::os::unix::net::UnixDatagram;

use crate::harness::{PATIENCE, Server, Signal, TempDir, chatd};

/// What comes until a message has `part`; the last of it.
fn told(manager: &UnixDatagram, part: &str) -> String {
    let mut buffer = [0; 4096];
    loop {
        let length = manager.recv(&mut buffer).unwrap_or_else(|error| panic!("{part}: {error}"));
        let message = String::from_utf8_lossy(&buffer[..length]).into_owned();
        if message.lines().any(|line| line.starts_with(part)) {
            return message;
        }
    }
}

#[test]
fn it_hears_of_the_start_of_a_reload_and_of_the_end() {
    let dir = TempDir::new();
    let manager = UnixDatagram::bind(dir.path("notify")).unwrap();
    manager.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut command = chatd();
    command.env("NOTIFY_SOCKET", dir.path("notify"));
    let server = Server::run(command);
    told(&manager, "READY=1");
    server.signal(Signal::HUP);
    let reloading = told(&manager, "RELOADING=1");
    assert!(reloading.contains("MONOTONIC_USEC="), "{reloading}");
    told(&manager, "READY=1");
    server.signal(Signal::TERM);
    told(&manager, "STOPPING=1");
    server.wait();
}
