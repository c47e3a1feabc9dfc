//! The `chatd` command.

fn main() {}
