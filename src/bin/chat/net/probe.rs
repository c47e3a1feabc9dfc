//! Recognizes a wrong port by the first bytes that it sends.
//!
//! chatd sends first and begins with `--` or `!!`, so nothing that a person says can be mistaken
//! for a sign.

use std::error::Error;
use std::{fmt, io};

/// The first bytes of an answer, and what to tell the user about that port.
type Sign = (&'static [u8], &'static str);

/// The signs of wrong ports.
#[derive(Debug)]
struct Signs {
    known: &'static [Sign],
    /// What to tell the user if the connection ends without a byte, which proves nothing.
    silence: &'static str,
}

/// Without TLS: an alert, which a TLS port sends if the first record is malformed (RFC 8446,
/// section 5.1), chatd's own refusal, or the answer of a web server.
const PLAIN: Signs = Signs {
    known: &[
        (b"\x15\x03", "that port speaks TLS; use --tls"),
        (b"!! this port speaks TLS", "that port speaks TLS; use --tls"),
        (b"HTTP/1.", "that port is for browsers; use the text port, or http:// before the host"),
    ],
    silence: "the server sent nothing; is that the text port?",
};
const UNDER_TLS: Signs = Signs {
    known: &[(
        b"HTTP/1.",
        "that port is for browsers; use the TLS port, or https:// before the host",
    )],
    silence: "the server sent nothing; is that the TLS port?",
};

/// The port is not chatd's, or the wrong one of chatd's; the text says what to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WrongPort(&'static str);

impl fmt::Display for WrongPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl Error for WrongPort {}

impl WrongPort {
    /// Whether a wrong port is the reason for `error`.
    pub(crate) fn is(error: &io::Error) -> bool {
        error.get_ref().is_some_and(|inner| inner.is::<Self>())
    }
}

/// The first bytes of a connection.
#[derive(Debug)]
pub(crate) struct Probe {
    signs: Signs,
    /// At most as many as the longest sign has.
    bytes: Vec<u8>,
}

impl Probe {
    pub(crate) fn plain() -> Self {
        Self { signs: PLAIN, bytes: Vec::new() }
    }

    /// One that takes any bytes, for a port that is known to be for browsers.
    pub(crate) fn none() -> Self {
        Self { signs: Signs { known: &[], ..PLAIN }, bytes: Vec::new() }
    }

    pub(crate) fn under_tls() -> Self {
        Self { signs: UNDER_TLS, bytes: Vec::new() }
    }

    /// Checks the bytes that were read next.
    ///
    /// # Errors
    /// A [`WrongPort`], before the end of the first line.
    pub(crate) fn take(&mut self, bytes: &[u8]) -> io::Result<()> {
        let longest = self.signs.known.iter().map(|(sign, _)| sign.len()).max().unwrap_or_default();
        let room = longest - self.bytes.len();
        self.bytes.extend(bytes.iter().take(room));
        match self.signs.known.iter().find(|(sign, _)| self.bytes.starts_with(sign)) {
            Some(&(_, advice)) => Err(io::Error::other(WrongPort(advice))),
            None => Ok(()),
        }
    }

    /// Replaces the reason for `end` if the first bytes show a clearer one.
    pub(crate) fn explain(&self, end: io::Result<()>) -> io::Result<()> {
        let kind = end.as_ref().err().map(io::Error::kind);
        match kind {
            None | Some(io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted)
                if self.bytes.is_empty() =>
            {
                Err(io::Error::other(self.signs.silence))
            }
            _ => end,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALERT: &[u8] = b"\x15\x03\x03\x00\x02\x02\x32";

    /// The verdict on `bytes` that are read `at_once` at a time.
    fn judge(mut probe: Probe, bytes: &[u8], at_once: usize) -> Option<String> {
        let error = bytes.chunks(at_once).find_map(|chunk| probe.take(chunk).err())?;
        assert!(WrongPort::is(&error));
        Some(error.to_string())
    }

    #[test]
    fn tls_and_browsers_ports_are_known_however_their_answer_is_cut() {
        for at_once in [1, 2, 3, 100] {
            let plain = |bytes| judge(Probe::plain(), bytes, at_once);
            for answer in [ALERT, b"!! this port speaks TLS; try: ncat --ssl HOST 1235\r\n"] {
                assert_eq!(plain(answer).unwrap(), "that port speaks TLS; use --tls");
            }
            for answer in [b"HTTP/1.1 400 Bad Request\r\n", b"HTTP/1.0 408 Request Timeo"] {
                let text = plain(answer).unwrap();
                assert_eq!(
                    text,
                    "that port is for browsers; use the text port, or http:// before the host"
                );
                let tls = judge(Probe::under_tls(), answer, at_once).unwrap();
                assert_eq!(
                    tls,
                    "that port is for browsers; use the TLS port, or https:// before the host"
                );
            }
        }
    }

    #[test]
    fn an_end_without_a_byte_is_told_from_others() {
        let told = |probe: &Probe, end| probe.explain(end).map_err(|error| error.to_string());
        let reset = || Err(io::ErrorKind::ConnectionReset.into());
        for end in [Ok(()), reset()] {
            let why = told(&Probe::plain(), end).unwrap_err();
            assert_eq!(why, "the server sent nothing; is that the text port?");
        }
        assert!(told(&Probe::under_tls(), Ok(())).unwrap_err().ends_with("the TLS port?"));
        assert!(
            told(&Probe::plain(), Err(io::ErrorKind::TimedOut.into()))
                != told(&Probe::plain(), Ok(()))
        );
        let mut probe = Probe::plain();
        probe.take(b"-").unwrap();
        assert_eq!(told(&probe, Ok(())), Ok(()));
        assert!(told(&probe, reset()).unwrap_err().contains("reset"));
    }

    #[test]
    fn what_could_be_anything_is_left_alone() {
        for bytes in [
            &b"-- Welcome to chatd on box7."[..],
            b"!! the server is full",
            b"",
            b"H",
            b"HTTP/2",
            b"\x15",
            b"\x15\x04\x03",
            b"SSH-2.0-x\r\nHTTP/1.1",
            b"\n\x15\x03",
        ] {
            for at_once in [1, 100] {
                assert_eq!(judge(Probe::plain(), bytes, at_once), None, "{bytes:?}");
            }
        }
        assert_eq!(judge(Probe::under_tls(), ALERT, 1), None);
    }
}
