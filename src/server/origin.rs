//! The origin of the lines of this process: the prefix of their ids.

use std::hash::{BuildHasher, RandomState};

use crate::chat::Moment;
use crate::os;

/// A name that no other process has. With a store (`is_stored`) it says where and when the process
/// started; without one it is random, so that it does not disclose the machine's name.
pub(super) fn origin(is_stored: bool, started: Moment) -> String {
    if is_stored {
        return format!("{}-{}", node(&os::host_name()), started.unix_ms);
    }
    format!("{:016x}", RandomState::new().hash_one(started.unix_ms))
}

/// A machine's name, with characters replaced that some protocol does not allow.
fn node(name: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    name.chars().map(|c| if is_plain(c) { c } else { '_' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_plain_and_no_other_processes() {
        let started = Moment { unix_ms: 1_795_348_952_000 };
        let stored = origin(true, started);
        let one = origin(false, started);
        let other = origin(false, started);
        assert!(stored.ends_with("-1795348952000"), "{stored}");
        assert_ne!(one, other);
        assert!(one.len() == 16 && one.bytes().all(|byte| byte.is_ascii_hexdigit()), "{one}");
        assert_eq!(node("bo x\u{e9}7.example"), "bo_x_7.example");
    }
}
