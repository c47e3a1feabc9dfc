//! The chat with a few clients and a store. Whatever they do, in any order, through clock jumps,
//! restarts and crashes: every client gets exactly what it may see, and nobody enters a room or
//! takes a name that is not allowed.
//!
//! Input: one step a line, such as `a:/nick bob`: a letter for the client, a step, and its
//! arguments. `src/world/steps.rs` lists the steps.
#![no_main]

use chatd_fuzz::world::World;
use libfuzzer_sys::fuzz_target;

/// Steps that an input may have.
const MAX_STEPS: usize = 200;

fuzz_target!(|input: &[u8]| {
    let mut world = World::new();
    for step in input.split(|&byte| byte == b'\n').take(MAX_STEPS) {
        let [letter, what, more @ ..] = step else { continue };
        world.step(*letter, *what, more);
    }
    world.check_tables();
});
