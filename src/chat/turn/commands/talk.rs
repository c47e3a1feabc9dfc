//! Commands that say something.

use crate::chat::action::Manner;
use crate::chat::model::{Kind, RoomName};
use crate::chat::refusal::Refusal;
use crate::chat::turn::view::Turn;
use crate::text::Text;

pub(crate) fn me(turn: &mut Turn<'_>, args: &[&str]) -> Result<(), Refusal> {
    turn.speak(Kind::Emoted, Text::new(args[0]))
}

pub(crate) fn msg(turn: &mut Turn<'_>, args: &[&str]) -> Result<(), Refusal> {
    if args[0].starts_with('#') && turn.chat.has_room_roles() {
        return turn.speak_to_room(RoomName::new(args[0])?, Kind::Said, Text::new(args[1]).into());
    }
    turn.check_not_speaker(args[0])?;
    let to = turn.find(args[0])?;
    turn.whisper(to, Manner::Line, Text::new(args[1]).into())
}

/// Answers the client that wrote, even if another one has its nick now.
pub(crate) fn reply(turn: &mut Turn<'_>, args: &[&str]) -> Result<(), Refusal> {
    let to = turn.me().writer.ok_or(Refusal::NobodyWrote)?;
    if !turn.chat.clients.contains_key(&to) {
        return Err(Refusal::WriterLeft);
    }
    turn.whisper(to, Manner::Line, Text::new(args[0]).into())
}

pub(crate) fn quit(turn: &mut Turn<'_>, args: &[&str]) -> Result<(), Refusal> {
    let words = args.first().filter(|_| turn.may_say_goodbye());
    turn.quit(words.map(Text::new));
    Ok(())
}
