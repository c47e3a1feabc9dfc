//! Parsers for values of settings that clap has none for.

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::RangedU64ValueParser;

use crate::os;
use crate::text::Text;

/// How long a client may be silent; `None` is no limit.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timeout(pub(super) Option<Duration>);

pub(super) fn parse_timeout(text: &str) -> Result<Timeout, String> {
    if text.eq_ignore_ascii_case("off") {
        return Ok(Timeout(None));
    }
    match humantime::parse_duration(text) {
        Ok(Duration::ZERO) => Err("must be longer than zero, or off".to_owned()),
        Ok(duration) => Ok(Timeout(Some(duration))),
        Err(error) => Err(format!("{error}; expected a duration such as 30m, or off")),
    }
}

/// The path of a socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SocketPath(pub PathBuf);

/// Bytes in the path of a socket (unix(7)).
const MAX_SOCKET_PATH: usize = 107;

pub(super) fn parse_socket_path(path: &str) -> Result<SocketPath, String> {
    match path.len() {
        0 => Err("the path is empty".to_owned()),
        1..=MAX_SOCKET_PATH => Ok(SocketPath(path.into())),
        length => {
            Err(format!("the path of a socket has at most {MAX_SOCKET_PATH} bytes, not {length}"))
        }
    }
}

/// The permissions of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mode(pub u32);

pub(super) fn parse_mode(text: &str) -> Result<Mode, String> {
    let is_octal = text.bytes().all(|byte| byte.is_ascii_digit());
    let mode = u32::from_str_radix(text, 8).ok().filter(|&mode| is_octal && mode <= 0o777);
    mode.map(Mode).ok_or_else(|| "expected octal digits, such as 660".to_owned())
}

/// The number of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Group(pub u32);

pub(super) fn parse_group(name: &str) -> Result<Group, String> {
    os::group(name).map(Group).ok_or_else(|| "there is no such group".to_owned())
}

pub(super) fn parse_age(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(Duration::ZERO) => Err("must be longer than zero".to_owned()),
        Ok(age) => Ok(age),
        Err(error) => Err(format!("{error}; expected a duration such as 90d")),
    }
}

pub(super) fn parse_name(text: &str) -> Result<Text, String> {
    let name = Text::new(text);
    if name.is_blank() { Err("the name has no visible characters".to_owned()) } else { Ok(name) }
}

/// Parses a number of bytes, with an optional binary unit.
pub(super) fn parse_size(text: &str) -> Result<usize, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let shift = match text[digits.len()..].to_ascii_lowercase().as_str() {
        "" | "b" => 0,
        "k" | "kib" => 10,
        "m" | "mib" => 20,
        "g" | "gib" => 30,
        _ => return Err("the unit must be KiB, MiB or GiB".to_owned()),
    };
    let number: u32 = digits.trim().parse().map_err(|error| format!("{error}"))?;
    let bytes = usize::try_from(u64::from(number) << shift).unwrap_or(usize::MAX);
    if bytes == 0 { Err("must be more than zero".to_owned()) } else { Ok(bytes) }
}

pub(super) fn between(least: u64, most: u64) -> RangedU64ValueParser<usize> {
    RangedU64ValueParser::new().range(least..=most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_take_binary_units() {
        assert_eq!(parse_size("1MiB"), Ok(1 << 20));
        assert_eq!(parse_size("64k"), Ok(64 << 10));
        assert_eq!(parse_size("1000"), Ok(1000));
        for bad in ["", "0", "-1", "1.5M", "10 parsecs", "MiB", "99999999999"] {
            assert!(parse_size(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn timeouts_need_a_unit_and_more_than_nothing() {
        assert_eq!(parse_timeout("30m").unwrap().0, Some(Duration::from_secs(1800)));
        assert_eq!(parse_timeout("off").unwrap().0, None);
        for bad in ["", "30", "0s", "soon", "-1s"] {
            assert!(parse_timeout(bad).is_err(), "{bad}");
        }
    }
}
