//! Parses telnet commands in the stream (RFC 854, 855, 860, 1143), byte by byte.

use serde::{Deserialize, Serialize};

/// What a byte completed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// An ordinary byte.
    Data(u8),
    /// Interrupt process, break or abort output: drop the half-typed line.
    Interrupt,
    /// Are you there?
    AreYouThere,
    /// Erase the last character.
    EraseCharacter,
    /// Erase the half-typed line.
    EraseLine,
    /// End of file: the client will send nothing more.
    EndOfFile,
    /// No operation: a keep-alive.
    KeepAlive,
    /// Not a command, or not one that has a meaning here: the 0xFF may be a letter in another
    /// encoding.
    Meaningless,
    /// The same, followed by this byte of a line end.
    MeaninglessBefore(u8),
    /// The client's word about an option: the verb, and the option.
    Option(u8, u8),
    /// A byte of a subnegotiation.
    Parameter(u8),
    /// The end of a subnegotiation.
    ParametersEnd,
}

impl Token {
    /// Whether only a client that speaks telnet sends it.
    pub(super) fn is_command(self) -> bool {
        !matches!(self, Self::Data(_) | Self::Meaningless | Self::MeaninglessBefore(_))
    }
}

const END_OF_FILE: u8 = 236;
const ABORT: u8 = 238;
const SUBNEGOTIATION_END: u8 = 240;
const NO_OPERATION: u8 = 241;
const BREAK: u8 = 243;
const INTERRUPT_PROCESS: u8 = 244;
const ARE_YOU_THERE: u8 = 246;
const ERASE_CHARACTER: u8 = 247;
const ERASE_LINE: u8 = 248;
const SUBNEGOTIATION: u8 = 250;
pub(super) const WILL: u8 = 251;
pub(super) const WONT: u8 = 252;
pub(super) const DO: u8 = 253;
pub(super) const DONT: u8 = 254;
/// Interpret as command.
pub(super) const IAC: u8 = 255;

/// The position of the stream within a command.
///
/// What is agreed about options is not known here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Telnet {
    #[default]
    Data,
    Command,
    Option(u8),
    Subnegotiation,
    SubnegotiationCommand,
}

impl Telnet {
    /// Whether the next byte is ordinary unless it is [`IAC`].
    pub(super) fn is_data(self) -> bool {
        self == Self::Data
    }

    /// Whether it is in the middle of an option's negotiation.
    pub(super) fn is_about_option(self) -> bool {
        !matches!(self, Self::Data | Self::Command)
    }

    /// Parses the next byte.
    pub(super) fn push(&mut self, byte: u8) -> Option<Token> {
        let (next, token) = match (*self, byte) {
            (Self::Data, IAC) => (Self::Command, None),
            (Self::Data, _) => (Self::Data, Some(Token::Data(byte))),
            (Self::Command, WILL | WONT | DO | DONT) => (Self::Option(byte), None),
            (Self::Command, SUBNEGOTIATION) => (Self::Subnegotiation, None),
            (Self::Command, b'\r' | b'\n') => (Self::Data, Some(Token::MeaninglessBefore(byte))),
            (Self::Command, _) => (Self::Data, Some(command(byte))),
            (Self::Option(verb), option) => (Self::Data, Some(Token::Option(verb, option))),
            (Self::Subnegotiation, IAC) => (Self::SubnegotiationCommand, None),
            (Self::Subnegotiation, _) => (Self::Subnegotiation, Some(Token::Parameter(byte))),
            (Self::SubnegotiationCommand, SUBNEGOTIATION_END) => {
                (Self::Data, Some(Token::ParametersEnd))
            }
            (Self::SubnegotiationCommand, IAC) => {
                (Self::Subnegotiation, Some(Token::Parameter(IAC)))
            }
            (Self::SubnegotiationCommand, _) => (Self::Subnegotiation, None),
        };
        *self = next;
        token
    }
}

/// The meaning of a command without an option.
fn command(byte: u8) -> Token {
    match byte {
        IAC => Token::Data(IAC),
        INTERRUPT_PROCESS | BREAK | ABORT => Token::Interrupt,
        NO_OPERATION => Token::KeepAlive,
        ARE_YOU_THERE => Token::AreYouThere,
        ERASE_CHARACTER => Token::EraseCharacter,
        ERASE_LINE => Token::EraseLine,
        END_OF_FILE => Token::EndOfFile,
        _ => Token::Meaningless,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(bytes: &[u8]) -> Vec<Token> {
        let mut telnet = Telnet::default();
        bytes.iter().filter_map(|&byte| telnet.push(byte)).collect()
    }

    #[test]
    fn ctrl_c_interrupts_and_asks_for_a_timing_mark() {
        assert_eq!(
            tokens(&[IAC, INTERRUPT_PROCESS, IAC, DO, 6]),
            [Token::Interrupt, Token::Option(DO, 6)]
        );
    }

    #[test]
    fn subnegotiations_are_apart_with_their_escapes() {
        let bytes = [b'a', IAC, SUBNEGOTIATION, 24, IAC, IAC, b'x', IAC, SUBNEGOTIATION_END, b'b'];
        let parameters = [24, IAC, b'x'].map(Token::Parameter);
        let expected = [&[Token::Data(b'a')], &parameters[..], &[Token::ParametersEnd]].concat();
        assert_eq!(tokens(&bytes), [&expected[..], &[Token::Data(b'b')]].concat());
    }

    #[test]
    fn meaningless_commands_are_told_of_and_an_escaped_iac_is_data() {
        assert_eq!(tokens(&[IAC, 0, 0]), [Token::Meaningless, Token::Data(0)]);
        assert_eq!(tokens(&[IAC, b'\n', IAC, b'\r']), [b'\n', b'\r'].map(Token::MeaninglessBefore));
        assert_eq!(tokens(&[IAC, IAC]), [Token::Data(IAC)]);
    }
}
