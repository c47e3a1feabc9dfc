//! The chat, driven by a few clients and a store: whatever they do and in whatever order, through
//! clock jumps, restarts and crashes, everybody hears what they may and nothing else, and nobody
//! is where they may not be or wears what is not theirs.
//!
//! Input: a step a line, such as `a:/nick bob`: a letter for the client, what it does, more on
//! that. `src/world/steps.rs` has the list.
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
