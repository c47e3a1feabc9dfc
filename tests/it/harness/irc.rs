//! A small IRC client. It answers pings, and every wait has a deadline.

use std::net::TcpStream;

use super::{Client, Server};

/// One connection to the IRC port.
pub(crate) struct Irc {
    client: Client,
    pings: usize,
}

impl Irc {
    /// Connects; sends and reads nothing.
    #[track_caller]
    pub(crate) fn connect(server: &Server) -> Self {
        Irc::over(Client::over(TcpStream::connect(server.addr_of("irc")).unwrap()))
    }

    pub(crate) fn over(client: Client) -> Self {
        Irc { client, pings: 0 }
    }

    /// Connects and registers; reads everything up to the end of the MOTD.
    #[track_caller]
    pub(crate) fn named(server: &Server, nick: &str) -> Self {
        Irc::with_caps(server, nick, "")
    }

    /// The same with capabilities.
    #[track_caller]
    pub(crate) fn with_caps(server: &Server, nick: &str, caps: &str) -> Self {
        let mut irc = Irc::connect(server);
        irc.register(nick, caps);
        irc
    }

    /// Registers; returns everything up to the end of the MOTD.
    #[track_caller]
    pub(crate) fn register(&mut self, nick: &str, caps: &str) -> Vec<String> {
        if !caps.is_empty() {
            self.send(&format!("CAP REQ :{caps}\nCAP END"));
        }
        self.send(&format!("NICK {nick}\nUSER {nick} 0 * :{nick} of the tests"));
        self.until(|line| word(line, 1) == "376" || word(line, 1) == "422")
    }

    /// Sends lines.
    #[track_caller]
    pub(crate) fn send(&mut self, lines: &str) {
        self.client.send_raw(format!("{}\r\n", lines.replace('\n', "\r\n")).as_bytes());
    }

    #[track_caller]
    pub(crate) fn send_raw(&mut self, bytes: &[u8]) {
        self.client.send_raw(bytes);
    }

    /// The next line, which has to end in CR LF.
    #[track_caller]
    pub(crate) fn line(&mut self) -> String {
        loop {
            let line = String::from_utf8(self.client.raw_until(b"\n")).unwrap();
            let line = line.strip_suffix("\r\n").expect("a line ends in CR LF").to_owned();
            match line.strip_prefix("PING ") {
                Some(token) => self.send(&format!("PONG {token}")),
                None => return line,
            }
        }
    }

    #[track_caller]
    pub(crate) fn expect(&mut self, line: &str) {
        assert_eq!(self.line(), line);
    }

    /// The lines up to the first that fits, with it.
    #[track_caller]
    pub(crate) fn until(&mut self, fits: impl Fn(&str) -> bool) -> Vec<String> {
        let mut lines = Vec::new();
        loop {
            let line = self.line();
            lines.push(line.clone());
            if fits(untagged(&line)) {
                return lines;
            }
        }
    }

    /// The lines sent so far and not read yet: those before the answer to a ping.
    #[track_caller]
    pub(crate) fn sync(&mut self) -> Vec<String> {
        self.pings += 1;
        let token = format!("sync-{}", self.pings);
        self.send(&format!("PING {token}"));
        let mut lines = self.until(|line| line.contains(" PONG ") && line.ends_with(&token));
        lines.pop();
        lines
    }

    /// Sends lines and returns what the server sends this client in response.
    #[track_caller]
    pub(crate) fn ask(&mut self, lines: &str) -> Vec<String> {
        self.send(lines);
        self.sync()
    }

    /// Asserts that nothing was sent since the last read.
    #[track_caller]
    pub(crate) fn expect_nothing(&mut self) {
        assert_eq!(self.sync(), [""; 0]);
    }

    /// The lines up to the end of the stream.
    #[track_caller]
    pub(crate) fn rest(&mut self) -> Vec<String> {
        self.client.rest_lines()
    }

    /// The connection below.
    pub(crate) fn client(&mut self) -> &mut Client {
        &mut self.client
    }
}

/// A line without its tags.
pub(crate) fn untagged(line: &str) -> &str {
    match line.strip_prefix('@') {
        Some(rest) => rest.split_once(' ').unwrap().1,
        None => line,
    }
}

/// A word of a line without tags: 0 is the source, 1 the command.
pub(crate) fn word(line: &str, number: usize) -> &str {
    untagged(line).split(' ').nth(number).unwrap_or_default()
}

/// The commands or numerics of lines.
pub(crate) fn commands(lines: &[String]) -> Vec<&str> {
    lines.iter().map(|line| word(line, usize::from(untagged(line).starts_with(':')))).collect()
}
