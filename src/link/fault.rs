//! What an error of Redis means for the link, in words that may be logged: never with a password.

use std::fmt;

use redis::RedisError;

use crate::cluster::LinkError;
use crate::text::Text;

/// How Redis 7.0 says, as ERR, that a script called a command that the user may not use.
const DENIED_IN_SCRIPT: &str = "The user executing the script can't";
/// How Redis says that a stream has, or had, an entry where the new one has to be, or behind it.
const STUCK: [&str; 2] =
    ["equal or smaller than the target stream", "exhausted the last possible ID"];
/// The most that is shown of what a server says.
const MAX_WORDS: usize = 300;

/// What an error means that the server at `place` gave, or that came instead of an answer.
pub(super) fn of(place: &impl fmt::Display, error: &RedisError) -> LinkError {
    match error.code() {
        Some("WRONGPASS") => denied(place, "it does not accept the user or the password"),
        Some("NOAUTH") => denied(place, "it requires a password"),
        Some(code) => {
            let detail = error.detail().unwrap_or_default();
            let is_denied = code == "NOPERM" || detail.starts_with(DENIED_IN_SCRIPT);
            (if is_denied { denied } else { lost })(place, &format!("{code} {detail}"))
        }
        None if error.is_timeout() => lost(place, "no answer in time"),
        None => lost(place, &error.to_string()),
    }
}

/// Whether no script can append an entry any more, because somebody else has written to the stream.
pub(super) fn is_stuck(error: &RedisError) -> bool {
    let detail = error.detail().unwrap_or_default();
    error.code() == Some("ERR") && STUCK.iter().any(|words| detail.contains(words))
}

/// The error of logging in. What the server says is not shown: a server that does not know the
/// command may repeat it, with the password.
pub(super) fn of_login(place: &impl fmt::Display, error: &RedisError) -> LinkError {
    match error.code() {
        Some("ERR") => denied(place, "it is no Redis of version 6.2 or newer"),
        Some("LOADING") => lost(place, "it is still loading its data"),
        Some("WRONGPASS" | "NOAUTH") | None => of(place, error),
        Some("NOPERM") => denied(place, "the user may not use HELLO"),
        Some(_) => lost(place, "it refuses to be asked"),
    }
}

pub(super) fn lost(place: &impl fmt::Display, words: &str) -> LinkError {
    LinkError::Lost(about(place, words))
}

pub(super) fn denied(place: &impl fmt::Display, words: &str) -> LinkError {
    LinkError::Denied(about(place, words))
}

fn about(place: &impl fmt::Display, words: &str) -> String {
    let words = Text::new(words);
    let words: String = words.as_str().trim().chars().take(MAX_WORDS).collect();
    format!("{place}: {words}")
}

#[cfg(test)]
mod tests {
    use redis::{FromRedisValue, Value, parse_redis_value};

    use super::*;

    fn error(answer: &[u8]) -> RedisError {
        let value = parse_redis_value(answer).and_then(Value::extract_error);
        value.and_then(|value| Ok(String::from_redis_value(value)?)).unwrap_err()
    }

    #[test]
    fn what_an_administrator_has_to_act_on_is_told_from_what_may_pass() {
        for (answer, is_denied) in [
            ("-NOAUTH Authentication required.\r\n", true),
            ("-WRONGPASS invalid username-password pair\r\n", true),
            ("-NOPERM User chat has no permissions to run the 'xadd' command\r\n", true),
            ("-ERR The user executing the script can't run this command or subcommand\r\n", true),
            ("-LOADING Redis is loading the dataset in memory\r\n", false),
            ("-READONLY You can't write against a read only replica.\r\n", false),
            ("-MISCONF Errors writing to the AOF file\r\n", false),
            ("-OOM command not allowed when used memory > 'maxmemory'.\r\n", false),
            ("-NOREPLICAS Not enough good replicas to write.\r\n", false),
            ("-CLUSTERDOWN The cluster is down\r\n", false),
            ("-MASTERDOWN Link with MASTER is down\r\n", false),
            ("-BUSY Redis is busy running a script.\r\n", false),
            ("-TRYAGAIN Multiple keys request during rehashing of slot\r\n", false),
            ("-ERR something else\r\n", false),
            ("not Redis\r\n", false),
        ] {
            let found = of(&"box1:6379", &error(answer.as_bytes()));
            assert_eq!(matches!(found, LinkError::Denied(_)), is_denied, "{found:?}");
        }
    }

    #[test]
    fn a_server_that_repeats_the_password_is_not_quoted() {
        for answer in [
            "-ERR unknown command 'HELLO', with args beginning with: '2' 'AUTH' 'u' 'secret'\r\n",
            "-secret\r\n",
            "-NOPERM secret\r\n",
            "-WRONGPASS secret\r\n",
        ] {
            let found = of_login(&"box1:6379", &error(answer.as_bytes()));
            assert!(!format!("{found:?}").contains("secret"), "{found:?}");
        }
    }

    #[test]
    fn what_a_server_says_is_one_line_of_bounded_length() {
        let answer = format!("-ERR \x1b[2J{}\r\n", "x".repeat(10_000));
        let LinkError::Lost(words) = of(&"box1:6379", &error(answer.as_bytes())) else { panic!() };
        assert!(words.starts_with("box1:6379: ERR [2Jxxx") && words.len() < 320, "{words}");
    }
}
