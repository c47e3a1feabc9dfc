//! The services that a client can write to, which are no clients: `chatd` runs commands of the text
//! wire, NickServ takes passwords. What they say has the form in which IRC clients write commands.

use super::commands::Tasks;
use super::line::Line;
use super::login::{Login, takes_passwords};
use crate::chat::commands::{acts_in_room, usage_on_irc};
use crate::chat::{Action, Refusal, RoomRefusal};
use crate::text;

/// The service that runs commands.
pub const COMMANDS: &str = "chatd";
/// The service that takes passwords.
pub const PASSWORDS: &str = "NickServ";

/// Whether it is the name of the service that runs commands.
pub(super) fn runs_commands(name: &str) -> bool {
    name.eq_ignore_ascii_case(COMMANDS)
}

/// Whether it is the name of a service.
pub(super) fn is_service(name: &str) -> bool {
    runs_commands(name) || takes_passwords(name)
}

/// The source of what a service says.
pub(super) fn source(name: &str, server: &str) -> String {
    format!("{name}!{name}@{server}")
}

/// A refusal in the words for IRC clients: the command that it names is one of IRC.
pub(super) fn refusal(why: &Refusal) -> String {
    let login = "/msg NickServ IDENTIFY";
    match why {
        Refusal::Usage(usage) => format!("usage: /msg {COMMANDS} {}", usage_on_irc(usage)),
        Refusal::UnknownCommand(name) => {
            format!("unknown command /{name}; try /msg {COMMANDS} help")
        }
        Refusal::Misused => format!("wrong usage; try /msg {COMMANDS} help"),
        Refusal::Registered(nick) => format!("{nick} is registered; {login} {nick} PASSWORD"),
        Refusal::NotLoggedIn => format!("log in first: {login} NAME PASSWORD"),
        Refusal::Lockdown => {
            format!("only registered people may speak now; {login} NAME PASSWORD")
        }
        Refusal::Guest => {
            format!("choose a name first: /nick NAME, then /msg {COMMANDS} register PASSWORD")
        }
        Refusal::TooManyTokens(most) => {
            format!("you have {most} tokens already; /msg {COMMANDS} token revoke LABEL")
        }
        Refusal::InRoom(RoomRefusal::NeedsKey(room)) => {
            format!("{room} needs a key: /join #{room} KEY")
        }
        other => other.to_string(),
    }
}

impl Tasks<'_> {
    /// Runs a command of the text wire, with or without its slash; a first argument such as `#dev`
    /// says in which room.
    pub(super) fn command(&mut self, command: &str) {
        let command = command.trim_start_matches('/');
        let (name, rest) = command.split_once(' ').unwrap_or((command, ""));
        let rest = rest.trim_start();
        let (first, after) = rest.split_once(' ').unwrap_or((rest, ""));
        let name = name.to_ascii_lowercase();
        if name == "echo" {
            // On the text wire; here a capability decides which lines come back.
            return self.answer(COMMANDS, "!! ask for the capability echo-message instead");
        }
        let (room, rest) = match super::target::room(first).filter(|_| acts_in_room(&name)) {
            Some(room) => (Some(room), after.trim_start()),
            None => (None, rest),
        };
        // An operator of the server who names a room does not mean the whole server.
        let name = if name == "kick" && room.is_some() { "room kick" } else { &*name };
        let line = if rest.is_empty() { format!("/{name}") } else { format!("/{name} {rest}") };
        self.act(Action::Command(room, text::Line::new(line)));
    }

    /// A message to the service that takes passwords.
    pub(super) fn ask_service(&mut self, words: &str) {
        match Login::of_message(self.names.1, words) {
            Some(login) => self.list.push(super::commands::Task::Authenticate(login)),
            None => self.answer(
                PASSWORDS,
                "IDENTIFY [NAME] PASSWORD or REGISTER PASSWORD; for all else: /msg chatd help",
            ),
        }
    }

    /// A service answers at once.
    fn answer(&mut self, name: &str, words: &str) {
        self.reply(|replies| {
            let source = source(name, replies.server);
            Line::new(source, "NOTICE").param(replies.nick).last(words).end(replies.out);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_word_refusals_in_the_commands_of_irc() {
        let usage = Refusal::Usage("/room ban NAME|MASK [DUR] [WHY]");
        let room = "usage: /msg chatd room [#ROOM] ban NAME|MASK [DUR] [WHY]";
        assert_eq!(refusal(&usage), room);
        assert_eq!(
            refusal(&Refusal::Usage("/register PASSWORD")),
            "usage: /msg chatd register PASSWORD"
        );
        assert_eq!(refusal(&Refusal::InLobby), Refusal::InLobby.to_string());
    }
}
