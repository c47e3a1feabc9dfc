//! Parsing of the arguments of commands.

use crate::chat::refusal::Refusal;

/// Parses the argument of a switch.
pub(super) fn on_or_off(word: &str) -> Result<bool, Refusal> {
    match word.to_ascii_lowercase().as_str() {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err(Refusal::Misused),
    }
}
