//! The chat of a cluster, and two replicas that hear the same. One has the same settings, the other
//! none of them, and each is saved and read back now and then: those with the same settings show
//! the same after every step, and all become the same.
//!
//! Input: as that of the target `chat`.
#![no_main]

use chatd_fuzz::world::World;
use libfuzzer_sys::fuzz_target;

/// Steps that an input may have.
const MAX_STEPS: usize = 200;

fuzz_target!(|input: &[u8]| {
    let mut world = World::shared();
    for step in input.split(|&byte| byte == b'\n').take(MAX_STEPS) {
        let [letter, what, more @ ..] = step else { continue };
        world.step(*letter, *what, more);
    }
    world.check_tables();
});
