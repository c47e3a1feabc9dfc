//! What the client sends by itself, and what it takes out of what the user says.

use chatd::edit::password;
use chatd::text::{Text, is_blank, shows, split_word};

use crate::heard::Form;

/// The server answers a pong, after the answers to all earlier lines.
pub(crate) const PING: &str = "/ping";
pub(crate) const QUIT: &str = "/quit";

/// The empty line to send first: the server checks a client's first line for HTTP, and must not
/// check what the user types.
pub(crate) const FIRST_LINE: &str = "";

/// Whether the server refused something.
pub(crate) fn is_refusal(line: &str) -> bool {
    line.starts_with("!! ")
}

/// Whether the server answers a pong to this line.
pub(crate) fn is_ping(line: &Text) -> bool {
    matches!(command(line), Some((name, rest)) if name.eq_ignore_ascii_case("ping") && is_blank(rest))
}

/// Whether the server ends the connection after this line.
pub(crate) fn is_quit(line: &Text) -> bool {
    command(line).is_some_and(|(name, _)| name.eq_ignore_ascii_case("quit"))
}

/// What a line wants to enter, and what follows it.
pub(crate) fn join_target(line: &Text) -> Option<(&str, &str)> {
    let (_, rest) = command(line).filter(|(name, _)| name.eq_ignore_ascii_case("join"))?;
    Some(split_word(rest))
}

/// The room that a line wants to enter, as the server names it.
pub(crate) fn joined(line: &Text) -> Option<String> {
    let (room, _) = join_target(line)?;
    let room = room.strip_prefix('#').unwrap_or(room);
    (!room.is_empty()).then(|| room.to_ascii_lowercase())
}

/// What others read of a line, and whether as an action; `None` if the line is another command.
pub(crate) fn said(line: &Text) -> Option<(Form, &str)> {
    match command(line) {
        None => Some((Form::Said, line.as_str())),
        Some((name, text)) if name.eq_ignore_ascii_case("me") => Some((Form::Done, text)),
        Some((name, _)) if name.starts_with('/') => {
            line.as_str().split_once('/').map(|(_, text)| (Form::Said, text))
        }
        Some(_) => None,
    }
}

/// Whether a refusal may be that of this line, which people would read.
pub(crate) fn may_refuse(refusal: &str, line: &Text) -> bool {
    let Some(why) = refusal.strip_prefix("!! ") else { return false };
    if let Some(bytes) = why.strip_prefix("too long: ") {
        return bytes.split(' ').next() == Some(&line.as_str().len().to_string());
    }
    let is_for_speech = ["you are muted", "slow down: ", "only registered people may speak now"]
        .iter()
        .any(|start| why.starts_with(start))
        || why.ends_with("; not sent");
    is_for_speech && is_speech(line) && !why.starts_with("did you mean ")
}

/// Whether somebody would read a line.
pub(crate) fn is_speech(line: &Text) -> bool {
    said(line).is_some()
        || command(line).is_some_and(|(name, _)| {
            ["msg", "reply"].iter().any(|one| name.eq_ignore_ascii_case(one))
        })
}

/// What a line says to the client itself: `/bell on` or `/bell off`, which the server does not get.
/// An error is the refusal.
pub(crate) fn bell(line: &Text) -> Option<Result<bool, &'static str>> {
    let (_, switch) = command(line).filter(|(name, _)| name.eq_ignore_ascii_case("bell"))?;
    Some(match switch.trim().to_ascii_lowercase().as_str() {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err("!! usage: /bell on|off"),
    })
}

/// A line as it may be shown, with the password left out.
pub(crate) fn without_password(line: &Text) -> String {
    let whole = line.as_str().trim_end();
    let rest = password(whole).and_then(|password| whole.strip_suffix(password));
    rest.map_or_else(|| line.to_string(), |rest| format!("{rest}…"))
}

/// The command's name and arguments, as the server parses them.
fn command(line: &Text) -> Option<(&str, &str)> {
    let command = line.as_str().trim_start_matches(|c| !shows(c)).strip_prefix('/')?;
    Some(split_word(command))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pings_and_quits_are_seen_as_the_server_sees_them() {
        for line in ["/ping", " /PING ", "/pi\u{0}ng", "\u{3000}/ping\u{a0}"] {
            assert!(is_ping(&Text::new(line)), "{line:?}");
        }
        for line in ["/ping me", "//ping", "ping", "/pings"] {
            assert!(!is_ping(&Text::new(line)), "{line:?}");
        }
        for line in ["/quit", "/Quit for lunch", "\t/quit"] {
            assert!(is_quit(&Text::new(line)), "{line:?}");
        }
        assert!(!is_quit(&Text::new("//quit")));
    }

    #[test]
    fn what_others_read_is_told_from_commands() {
        for (line, read) in [
            ("hi", Some((Form::Said, "hi"))),
            ("//hi", Some((Form::Said, "/hi"))),
            ("/me waves", Some((Form::Done, "waves"))),
            ("/who", None),
        ] {
            assert_eq!(said(&Text::new(line)), read, "{line}");
        }
    }

    #[test]
    fn a_refusal_is_that_of_a_line_that_it_can_be_meant_for() {
        for (refusal, line, may_be) in [
            ("!! too long: 5 bytes, the limit is 4; not sent", "hello", true),
            ("!! too long: 5 bytes, the limit is 4; not sent", "hi", false),
            ("!! slow down: you may speak again in 9s; not sent", "hello", true),
            ("!! you are muted for 9s", "/me waves", true),
            ("!! dev is moderated; not sent", "/msg bob hi", true),
            ("!! you are muted", "/who", false),
            ("!! bob is taken", "hello", false),
            ("!! did you mean /login? not sent", "hello", false),
        ] {
            assert_eq!(may_refuse(refusal, &Text::new(line)), may_be, "{refusal} {line}");
        }
    }

    #[test]
    fn the_bell_is_the_clients_own() {
        for (line, said) in [("/bell on", Ok(true)), (" /BELL  Off ", Ok(false))] {
            assert_eq!(bell(&Text::new(line)), Some(said), "{line}");
        }
        for line in ["/bell", "/bell loud", "/bell on off"] {
            assert!(bell(&Text::new(line)).unwrap().is_err(), "{line}");
        }
        for line in ["//bell on", "bell on", "/bells on"] {
            assert_eq!(bell(&Text::new(line)), None, "{line}");
        }
    }

    #[test]
    fn passwords_are_seen_as_the_server_sees_them_and_not_shown() {
        for (line, shown) in [
            ("/login alice open  sesame ", "/login alice …"),
            (" /LOGIN  alice  x", " /LOGIN  alice  …"),
            ("/login\u{a0}alice\u{3000}x", "/login\u{a0}alice\u{3000}…"),
            ("/register secret", "/register …"),
            ("/login alice", "/login alice"),
            ("/register", "/register"),
            ("/Password  secret", "/Password  …"),
            ("//login alice x", "//login alice x"),
            ("login alice x", "login alice x"),
        ] {
            assert_eq!(without_password(&Text::new(line)), shown);
        }
    }
}
