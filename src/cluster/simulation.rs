//! Nodes on a simulated network and Redis, which lose, delay and repeat what real ones may: with a
//! seed, so that whatever happens can happen again.

mod rng;
mod redis;
mod machine;
mod world;
mod checks;

use self::world::World;

/// Seeds that found something, and what it was.
const FOUND: &[u64] = &[
    28,        // lines that came with a snapshot were not shown
    59,        // the primary was another one between looking and joining
    1093,      // a second snapshot before the node had joined
    1_323,     // lines that a node knew from a snapshot only were not passed on
    1_013,     // a log was taken for an earlier form of one that began at a snapshot
    2_000_173, // two founders had different states before the first entry
    1_000_130, // cut off between looking and the first confirmed input
    400_122,   // a hot restart forgot what the clients had not seen
    300_164,   // a digest was compared with that of another log
    709_581,   // a log that began anew from a disk was taken for the one before
    710_396,   // an order was expected of lines that one of two primaries forgot
    3_035_837, // more lines were said than a snapshot has
    200_027,   // a late line hid earlier ones that another node passed on
];

/// The same with somebody who writes into the log without the key.
const FOUND_WITH_FORGER: &[u64] = &[
    2,          // a stream that took no entry kept all nodes apart
    6,          // nobody made a snapshot that was removed
    8,          // a node that was forged never went
    10,         // nodes waited for each other to make a snapshot
    1738,       // the head was another one than the entries led to
    702_119,    // a node far behind founded the log anew over what others had read
    3_001_690,  // one that knew nothing founded the log before those that knew it
    12_046_836, // nodes were compared while one was a moment ahead, and a room ended then
];

fn run(seed: u64) {
    World::new(seed).run();
}

/// With somebody who writes into the log without the key.
fn run_with_forger(seed: u64) {
    World::new(seed).with_forger().run();
}

#[test]
fn seeds_that_found_something_find_nothing_more() {
    FOUND.iter().for_each(|seed| run(*seed));
    FOUND_WITH_FORGER.iter().for_each(|seed| run_with_forger(*seed));
}

#[test]
fn no_line_is_lost_or_shown_twice_whatever_fails() {
    (1..=60).for_each(run);
}

#[test]
fn nor_whoever_writes_into_the_log_without_the_key() {
    (1..=60).for_each(run_with_forger);
}

#[test]
#[ignore = "takes as long as CHATD_SIMULATE says, in seconds, or one seed; CHATD_SEED is the first"]
fn no_line_is_lost_or_shown_twice_for_long() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let (first, seconds) = (number("CHATD_SEED"), number("CHATD_SIMULATE").unwrap_or(0));
    let end = std::time::Instant::now() + std::time::Duration::from_secs(seconds);
    let mut seed = first.unwrap_or(1_000);
    loop {
        run(seed);
        run_with_forger(seed);
        seed += 1;
        if std::time::Instant::now() >= end {
            return eprintln!("all seeds below {seed} find nothing");
        }
    }
}
