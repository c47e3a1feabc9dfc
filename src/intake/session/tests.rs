//! What a session reports to the broadcaster, however it ends.

use super::*;
use crate::runtime::channel;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

const CONNECTION_RESET: i32 = 104;
const CONNECTION_TIMED_OUT: i32 = 110;

#[test]
fn who_was_lost_by_the_network_timed_out_and_everybody_else_disconnected() {
    let told = |code| reason(&io::Error::from_raw_os_error(code)).to_string();
    assert_eq!(told(CONNECTION_TIMED_OUT), "timed out");
    assert_eq!(told(CONNECTION_RESET), "disconnected");
}

#[test]
fn a_session_that_panics_leaves_no_ghost() {
    let (inbox, inputs) = channel::bounded(1024);
    let client = Registration::new(ClientId(7), inbox);
    let session = AssertUnwindSafe(move || {
        let _client = client;
        // Like a panic, but without its report.
        resume_unwind(Box::new("a bug"));
    });
    assert!(catch_unwind(session).is_err());
    let told = inputs.try_recv();
    assert!(matches!(told, Ok(Input::Gone(ClientId(7), Reason::Disconnected))), "{told:?}");
    assert!(inputs.try_recv().is_err(), "it goes once");
}
