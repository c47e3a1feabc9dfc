//! The telnet options that line editing needs, negotiated as RFC 1143 says, so that no answer is
//! answered for ever.

use serde::{Deserialize, Serialize};

use super::telnet::{DO, DONT, IAC, WILL, WONT};

/// Options by their numbers (RFC 857, 858, 1073).
pub(super) const ECHO: u8 = 1;
const SUPPRESS_GO_AHEAD: u8 = 3;
pub(super) const WINDOW_SIZE: u8 = 31;

/// Whether an option is on, as far as is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
enum State {
    #[default]
    Off,
    /// The client was asked and has not answered.
    Asked,
    On,
    /// It was turned off, and the client has not confirmed it.
    Ending,
    /// The same, and it is to be turned on afterwards.
    EndingToAsk,
}

/// The options, all off at first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Options {
    echo: State,
    go_ahead: State,
    window: State,
}

/// The server's own options are offered with WILL, the client's are asked for with DO.
const ALL: [(u8, u8, u8); 3] =
    [(ECHO, WILL, WONT), (SUPPRESS_GO_AHEAD, WILL, WONT), (WINDOW_SIZE, DO, DONT)];

impl Options {
    /// All of them, with a client that agreed to them.
    pub(super) fn agreed() -> Self {
        Self { echo: State::On, go_ahead: State::On, window: State::On }
    }

    /// Whether the client has agreed that the server echoes, and sends keys.
    pub(super) fn is_echo_on(&self) -> bool {
        self.echo == State::On
    }

    /// Whether the client has confirmed that the server does not echo, or never agreed to it.
    pub(super) fn is_echo_off(&self) -> bool {
        self.echo == State::Off
    }

    /// Turns all of them on; returns what to send.
    pub(super) fn turn_on(&mut self) -> Vec<u8> {
        self.change(|state, yes, _| match *state {
            State::Off => (State::Asked, Some(yes)),
            State::Ending => (State::EndingToAsk, None),
            other => (other, None),
        })
    }

    /// Turns all of them off; returns what to send.
    pub(super) fn turn_off(&mut self) -> Vec<u8> {
        self.change(|state, _, no| match *state {
            State::On | State::Asked => (State::Ending, Some(no)),
            State::EndingToAsk => (State::Ending, None),
            other => (other, None),
        })
    }

    /// Turns off those that the client has agreed to; returns what to send.
    pub(super) fn turn_off_agreed(&mut self) -> Vec<u8> {
        self.change(|state, _, no| match *state {
            State::On => (State::Ending, Some(no)),
            other => (other, None),
        })
    }

    fn change(&mut self, next: impl Fn(&State, u8, u8) -> (State, Option<u8>)) -> Vec<u8> {
        let mut sent = Vec::new();
        for (option, yes, no) in ALL {
            let Some(state) = self.state(option) else { continue };
            let (new, verb) = next(state, yes, no);
            *state = new;
            sent.extend(verb.into_iter().flat_map(|verb| [IAC, verb, option]));
        }
        sent
    }

    /// Takes the client's word about an option; returns the answer, if there has to be one. An
    /// option that the server did not ask for is agreed to if `is_wanted`.
    pub(super) fn hear(&mut self, verb: u8, option: u8, is_wanted: bool) -> Option<[u8; 3]> {
        let (is_yes, yes, no) = match verb {
            DO => (true, WILL, WONT),
            DONT => (false, WILL, WONT),
            WILL => (true, DO, DONT),
            _ => (false, DO, DONT),
        };
        let known = ALL.contains(&(option, yes, no));
        let Some(state) = self.state(option).filter(|_| known) else {
            return is_yes.then_some([IAC, no, option]);
        };
        let (new, answer) = match (*state, is_yes) {
            (State::Off, true) if is_wanted => (State::On, Some(yes)),
            (State::Off, true) => (State::Off, Some(no)),
            (State::On, false) => (State::Off, Some(no)),
            (State::Asked | State::On, true) => (State::On, None),
            (State::EndingToAsk, false) => (State::Asked, Some(yes)),
            (State::Off | State::Asked | State::Ending, false) => (State::Off, None),
            // It was sent before the client knew.
            (ending @ (State::Ending | State::EndingToAsk), true) => (ending, None),
        };
        *state = new;
        answer.map(|verb| [IAC, verb, option])
    }

    fn state(&mut self, option: u8) -> Option<&mut State> {
        match option {
            ECHO => Some(&mut self.echo),
            SUPPRESS_GO_AHEAD => Some(&mut self.go_ahead),
            WINDOW_SIZE => Some(&mut self.window),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const OFFER: [u8; 9] = [IAC, WILL, 1, IAC, WILL, 3, IAC, DO, 31];
    const END: [u8; 9] = [IAC, WONT, 1, IAC, WONT, 3, IAC, DONT, 31];

    #[test]
    fn an_agreement_is_not_answered_and_a_refusal_neither() {
        let mut options = Options::default();
        assert_eq!(options.turn_on(), OFFER);
        assert!(options.turn_on().is_empty(), "it has asked already");
        for (verb, option) in [(DO, ECHO), (DONT, SUPPRESS_GO_AHEAD), (WILL, WINDOW_SIZE)] {
            assert_eq!(options.hear(verb, option, true), None);
        }
        assert!(options.is_echo_on());
        assert_eq!(options.turn_off(), [IAC, WONT, 1, IAC, DONT, 31], "one was refused");
        assert_eq!(options.hear(DONT, ECHO, false), None);
        assert!(options.is_echo_off());
    }

    #[test]
    fn what_was_not_asked_for_is_refused_unless_it_is_wanted() {
        let mut options = Options::default();
        assert_eq!(options.hear(DO, ECHO, false), Some([IAC, WONT, ECHO]));
        assert_eq!(options.hear(WILL, WINDOW_SIZE, false), Some([IAC, DONT, WINDOW_SIZE]));
        assert_eq!(options.hear(WILL, ECHO, true), Some([IAC, DONT, ECHO]), "the client's echo");
        assert_eq!(options.hear(DO, 24, true), Some([IAC, WONT, 24]));
        assert_eq!(options.hear(DO, ECHO, true), Some([IAC, WILL, ECHO]));
    }

    #[test]
    fn changes_of_mind_wait_for_the_answer() {
        let mut options = Options::default();
        options.turn_on();
        assert_eq!(options.turn_off(), END);
        assert!(options.turn_on().is_empty());
        assert_eq!(options.hear(DO, ECHO, true), None, "to the first offer");
        assert_eq!(options.hear(DONT, ECHO, true), Some([IAC, WILL, ECHO]));
        assert_eq!(options.hear(DO, ECHO, true), None);
        assert!(options.is_echo_on());
    }

    proptest! {
        #[test]
        fn two_ends_agree_in_the_end_and_fall_silent(steps in prop::collection::vec(0..4, 0..30)) {
            // The other end is a mirror: it offers what it is asked for, and agrees to everything.
            let (mut server, mut client) = (Options::default(), false);
            let (mut to_client, mut to_server) = (Vec::new(), Vec::new());
            let mut wanted = false;
            let deliver = |client: &mut bool, bytes: Vec<u8>, to_server: &mut Vec<u8>| {
                for command in bytes.chunks(3).filter(|command| command[2] == ECHO) {
                    if *client != (command[1] == WILL) {
                        *client = !*client;
                        to_server.push(if *client { DO } else { DONT });
                    }
                }
            };
            for step in steps.into_iter().chain([2, 3, 2, 3, 2, 3, 2, 3, 2, 3]) {
                match step {
                    0 => { wanted = true; to_client.extend(server.turn_on()); }
                    1 => { wanted = false; to_client.extend(server.turn_off()); }
                    2 => deliver(&mut client, std::mem::take(&mut to_client), &mut to_server),
                    _ => for verb in std::mem::take(&mut to_server) {
                        to_client.extend(server.hear(verb, ECHO, wanted).into_iter().flatten());
                    },
                }
            }
            prop_assert!(to_client.is_empty() && to_server.is_empty(), "they fall silent");
            prop_assert_eq!((server.is_echo_on(), client), (wanted, wanted));
        }
    }
}
