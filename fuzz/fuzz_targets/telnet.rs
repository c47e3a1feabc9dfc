//! Telnet within the text wire: commands in the stream leave no trace in its lines, and each gets
//! the required answer, and no other.
//!
//! Input: every byte below 128 is text; every other one picks a command.
#![no_main]

use chatd::wire::Incoming;
use chatd_fuzz::{decode, texts};
use libfuzzer_sys::fuzz_target;

const MAX_LINE: usize = 64;
const DONT: u8 = 254;
const DO: u8 = 253;
const WONT: u8 = 252;
const WILL: u8 = 251;

fuzz_target!(|input: &[u8]| {
    let (mut plain, mut strewn, mut due) = (Vec::new(), Vec::new(), Vec::new());
    for &byte in input {
        // Its option is one that many clients ask for, or one that nobody knows.
        let option = if byte & 8 == 0 { byte & 7 } else { byte };
        match byte {
            // A TLS hello is one only as the first byte of all.
            0x16 => {}
            0..128 => {
                plain.push(byte);
                strewn.push(byte);
            }
            _ => match byte >> 4 & 7 {
                0 => {
                    strewn.extend([255, DO, option]);
                    due.push(Incoming::Answer(vec![255, WONT, option]));
                }
                1 => {
                    strewn.extend([255, WILL, option]);
                    due.push(Incoming::Answer(vec![255, DONT, option]));
                }
                2 => strewn.extend([255, WONT, option]),
                3 => strewn.extend([255, DONT, option]),
                4 => {
                    strewn.extend([255, 246]);
                    due.push(Incoming::Ping);
                }
                // A subnegotiation, with an escaped 255, a line end and the end of a file in it.
                5 => strewn.extend([255, 250, option, b'x', 255, 255, b'\n', 236, 4, 255, 240]),
                // No operation, go ahead, data mark, and what is no command at all.
                6 => strewn.extend([255, [241, 249, 242, 0][usize::from(byte & 3)]]),
                _ => {
                    plain.extend([255, 255]);
                    strewn.extend([255, 255]);
                }
            },
        }
    }

    let expected = decode([&*plain], MAX_LINE);
    let is_telnet = |item: &Incoming| matches!(item, Incoming::Answer(_) | Incoming::Ping);
    let (answers, rest): (Vec<_>, Vec<_>) =
        decode([&*strewn], MAX_LINE).into_iter().partition(is_telnet);
    assert_eq!(texts(&rest), texts(&expected));
    // After its end nobody listens to a client any more.
    let ended = matches!(expected.last(), Some(Incoming::Quit | Incoming::Error(_)));
    assert!(if ended { due.starts_with(&answers) } else { due == answers });
});
