//! The origin of the lines that are said in this process.

use std::hash::{BuildHasher, RandomState};

use crate::chat::Moment;
use crate::os;

/// A name that no other process has. What is kept on a disk says where and when it began; without
/// one a random name does, and tells nobody what the machine is called.
pub(super) fn origin(is_kept: bool, started: Moment) -> String {
    if is_kept {
        return format!("{}-{}", node(&os::host_name()), started.unix_ms);
    }
    format!("{:016x}", RandomState::new().hash_one(started.unix_ms))
}

/// The name of a machine in the characters that every wire takes.
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
        let (kept, one, other) =
            (origin(true, started), origin(false, started), origin(false, started));
        assert!(kept.ends_with("-1795348952000"), "{kept}");
        assert_ne!(one, other);
        assert!(one.len() == 16 && one.bytes().all(|byte| byte.is_ascii_hexdigit()), "{one}");
        assert_eq!(node("bo x\u{e9}7.example"), "bo_x_7.example");
    }
}
