//! Commands: what each does, and how a line becomes one.

mod arguments;
mod account;
mod ignore;
mod speakers;
mod token;
mod moderation;
mod order;
mod people;
pub(crate) mod rooms;
mod talk;
mod view;
mod table; // a row for each command

use std::ops::Deref;

pub use self::order::setting_usages;
use self::table::{COMMANDS, Command, Run, find, find_for};
pub use self::table::{acts_in_room, usage_on_irc, usages};
pub use self::view::edit_switch;
use super::view::{Turn, TurnOf, View};
use crate::chat::event::{Class, Event};
use crate::chat::model::{AuthCommand, Kind, Password, TypedPassword};
use crate::chat::refusal::Refusal;
use crate::chat::state::Chat;
use crate::text::{Line, Text, is_blank, shows, split_word};

/// What a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Typed<'a> {
    /// Nothing that anybody could see.
    Nothing,
    /// It seems to be this command with a secret, without a proper slash.
    Misspelt(&'static str),
    /// The whole line is said.
    Words,
    /// This part of the line is said.
    Escaped(&'a str),
    /// The name of a command, and the rest of the line.
    Command(&'a str, &'a str),
}

impl<'a> Typed<'a> {
    fn of(line: &'a Line) -> Self {
        // A blank before the slash is a typing error; a command sent to the room could reveal a
        // password.
        let typed = line.as_str().trim_start_matches(|c| !shows(c));
        if typed.is_empty() {
            return Self::Nothing;
        }
        if let Some(command) = secret_meant_by(typed) {
            return Self::Misspelt(command);
        }
        match typed.strip_prefix('/') {
            None => Self::Words,
            Some(text) if text.starts_with('/') => Self::Escaped(text),
            Some(command) => {
                let (name, rest) = split_word(command);
                Self::Command(name, rest)
            }
        }
    }
}

/// How a line is handled, as far as that can be told without the chat.
pub(crate) fn class_of(line: &Line) -> Class {
    match Typed::of(line) {
        Typed::Nothing | Typed::Misspelt(_) => Class::Query,
        Typed::Words | Typed::Escaped(_) => Class::Change,
        Typed::Command(name, rest) => find(name).map_or(Class::Query, |row| row.class(rest)),
    }
}

/// Takes the password out of a line, so that others may know of the rest: a command with a password
/// becomes an [`Event::Authenticate`]. The password is for the effect that the event may have, and is
/// returned only if the command takes it.
pub fn conceal(line: Line) -> (Event, Option<Password>) {
    if let Typed::Command(name, rest) = Typed::of(&line)
        && let Some(row) = find(name)
        && let Run::Authenticate(command) = row.run
        && let Ok(args) = row.arguments(rest)
    {
        let (command, password) = (command(&args), args.last().copied().unwrap_or_default());
        let (known, password) = typed_password(&line, &command, password);
        return (Event::Authenticate(command, known), password);
    }
    (Event::Line(line), None)
}

/// What a line says to somebody who can only speak: the line, without a slash that escapes another.
/// `None` if it is a command, or seems to be one with a secret.
pub fn without_command(line: Text) -> Option<Text> {
    let line = Line::from(line);
    match Typed::of(&line) {
        Typed::Misspelt(_) => None,
        Typed::Command(name, _) if find(name).is_some() => None,
        Typed::Escaped(text) => Some(Text::new(text)),
        Typed::Nothing | Typed::Words | Typed::Command(..) => Some(line.into_text()),
    }
}

/// The same for a command whose password came by itself.
pub fn claim(command: AuthCommand, typed: &str) -> (Event, Option<Password>) {
    let line = Line::new(typed);
    let text = line.clone().into_text();
    let (known, password) = typed_password(&line, &command, text.as_str());
    (Event::Authenticate(command, known), password)
}

/// Whether a line is a command that changes bans.
pub fn changes_bans(line: &Line) -> bool {
    let Typed::Command(name, _) = Typed::of(line) else { return false };
    ["ban", "unban"].iter().any(|command| command.eq_ignore_ascii_case(name))
}

/// What is known of the password that `line` ends with, and the password if the command takes it.
fn typed_password(
    line: &Line,
    command: &AuthCommand,
    typed: &str,
) -> (TypedPassword, Option<Password>) {
    if !line.ends_as_sent(typed) {
        return (TypedPassword::Garbled, None);
    }
    match command.password(typed) {
        None => (TypedPassword::Unacceptable, None),
        password => (TypedPassword::Acceptable, password),
    }
}

impl Command {
    fn class(&self, rest: &str) -> Class {
        match self.run {
            Run::Query(_) => Class::Query,
            // What was typed may be a password all the same.
            Run::Authenticate(_) if self.arguments(rest).is_err() => Class::Query,
            _ if self.is_barrier => Class::Barrier,
            Run::Change(_) | Run::Authenticate(_) => Class::Change,
        }
    }

    /// The arguments in `rest`, or how to use the command.
    fn arguments<'a>(&self, rest: &'a str) -> Result<Vec<&'a str>, Refusal> {
        let args = arguments(rest, *self.args.end());
        let args = args.filter(|args| self.args.contains(&args.len()));
        args.ok_or(Refusal::Usage(self.usage))
    }
}

/// What a refusal says of a command that was misused in its own way.
fn explained(refusal: Refusal, command: &Command) -> Refusal {
    match refusal {
        Refusal::Misused => Refusal::Usage(command.usage),
        other => other,
    }
}

/// Characters that people take for a slash; input methods turn `/` into the first one.
const LIKE_A_SLASH: [char; 5] = ['\u{FF0F}', '\u{2044}', '\u{2215}', '\u{29F8}', '\\'];

/// The command with a password that a line seems to mean, although its first character only looks
/// like a slash.
fn secret_meant_by(line: &str) -> Option<&'static str> {
    let line = line.strip_prefix(LIKE_A_SLASH)?;
    let word: String = line.split_whitespace().next()?.chars().map(narrow).collect();
    let mut secret = COMMANDS.iter().filter(|command| command.is_secret);
    secret.find(|command| command.name.eq_ignore_ascii_case(&word)).map(|command| command.name)
}

/// The ASCII character of which `c` is the full-width form, if it is one.
fn narrow(c: char) -> char {
    match c {
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(u32::from(c) - 0xFEE0).unwrap_or(c),
        _ => c,
    }
}

/// Cuts `rest` into at most `most` words, the last of which keeps its spaces, and is left out if it
/// is blank. `None` if `most` is 0 and `rest` is not blank.
fn arguments(rest: &str, most: usize) -> Option<Vec<&str>> {
    let mut rest = rest.trim();
    let mut args = Vec::with_capacity(most);
    while args.len() + 1 < most
        && let (word, others) = split_word(rest)
        && !others.is_empty()
    {
        args.push(word);
        rest = others;
    }
    match rest {
        _ if is_blank(rest) => Some(args),
        _ if most == 0 => None,
        _ => {
            args.push(rest);
            Some(args)
        }
    }
}

impl<C: Deref<Target = Chat>> TurnOf<'_, C> {
    /// The command of that name, if the client may use it, and its arguments.
    fn parse<'b>(
        &self,
        name: &str,
        rest: &'b str,
    ) -> Result<(&'static Command, Vec<&'b str>), Refusal> {
        let command = find_for(self, name)?;
        Ok((command, command.arguments(rest)?))
    }
}

impl View<'_> {
    /// Handles a line that changes nothing.
    pub(crate) fn line(&mut self, line: &Line) {
        match Typed::of(line) {
            Typed::Misspelt(command) => Err(Refusal::Misspelt(command)),
            Typed::Command(name, rest) => self.run(name, rest),
            Typed::Nothing | Typed::Words | Typed::Escaped(_) => Ok(()),
        }
        .unwrap_or_else(|refusal| self.refuse(refusal));
    }

    fn run(&mut self, name: &str, rest: &str) -> Result<(), Refusal> {
        let (command, args) = self.parse(name, rest)?;
        match command.run {
            Run::Query(run) => run(self, &args).map_err(|refusal| explained(refusal, command)),
            Run::Change(_) | Run::Authenticate(_) => Ok(()),
        }
    }
}

impl Turn<'_> {
    /// Handles a line: runs a command, or says it.
    pub(crate) fn line(&mut self, line: &Line) {
        let typed = Typed::of(line);
        if typed == Typed::Nothing {
            return;
        }
        self.me_mut().active = self.now.uptime;
        match typed {
            Typed::Nothing => Ok(()),
            Typed::Misspelt(command) => Err(Refusal::Misspelt(command)),
            Typed::Words => self.speak(Kind::Said, line.clone().into_text()),
            Typed::Escaped(text) => self.speak(Kind::Said, Text::new(text)),
            Typed::Command(name, rest) => self.run(line, name, rest),
        }
        .unwrap_or_else(|refusal| self.refuse(refusal));
    }

    /// Handles a command with a password.
    pub(crate) fn authenticate(&mut self, command: &AuthCommand, password: TypedPassword) {
        self.me_mut().active = self.now.uptime;
        account::authenticate(self, command, password)
            .unwrap_or_else(|refusal| self.refuse(refusal));
    }

    fn run(&mut self, line: &Line, name: &str, rest: &str) -> Result<(), Refusal> {
        let (command, args) = self.parse(name, rest)?;
        let last = args.last().copied().unwrap_or_default();
        match command.run {
            Run::Change(_) if command.is_secret && !line.ends_as_sent(last) => {
                Err(Refusal::GarbledPassword)
            }
            Run::Authenticate(of) => {
                let command = of(&args);
                let (known, _) = typed_password(line, &command, last);
                account::authenticate(self, &command, known)
            }
            Run::Query(run) => run(&mut self.view(), &args),
            Run::Change(run) => run(self, &args),
        }
        .map_err(|refusal| explained(refusal, command))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_argument_runs_to_the_end_of_the_line() {
        assert_eq!(arguments("bob  see you  there ", 2), Some(vec!["bob", "see you  there"]));
        assert_eq!(arguments("bob", 2), Some(vec!["bob"]));
        assert_eq!(arguments("a b", 1), Some(vec!["a b"]));
        assert_eq!(arguments("  ", 1), Some(vec![]));
        assert_eq!(arguments("a", 0), None);
        assert_eq!(arguments("", 0), Some(vec![]));
        let blanks = "\u{a0}bob\u{3000}\u{2003}see\u{a0}you\u{3000}";
        assert_eq!(arguments(blanks, 2), Some(vec!["bob", "see\u{a0}you"]));
        assert_eq!(arguments("bob \u{2800}\u{2800}", 2), Some(vec!["bob"]));
        assert_eq!(arguments("\u{2800}", 0), Some(vec![]));
    }

    #[test]
    fn every_row_is_well_formed_and_names_are_unique() {
        for (number, command) in COMMANDS.iter().enumerate() {
            assert!(command.name.bytes().all(|byte| byte.is_ascii_lowercase()), "{}", command.name);
            assert!(!command.help.is_empty() && command.args.start() <= command.args.end());
            let words = command.usage.split(' ').count() - 1;
            assert_eq!(words, *command.args.end(), "{}", command.usage);
            let optional = command.usage.contains('[');
            assert_eq!(optional, command.args.start() < command.args.end(), "{}", command.usage);
            assert!(COMMANDS[..number].iter().all(|other| other.name != command.name));
        }
    }

    #[test]
    fn a_secret_command_is_seen_behind_a_slash_that_is_none() {
        for (line, meant) in [
            ("\u{FF0F}register x", Some("register")),
            ("\u{FF0F}\u{FF2C}ogin\u{3000}alice x", Some("login")),
            ("\\ LOGIN alice x", Some("login")),
            ("\u{2215}login", Some("login")),
            ("\u{FF0F}loginx", None),
            ("\u{FF0F}", None),
            ("login alice x", None),
            ("/login alice x", None),
        ] {
            assert_eq!(secret_meant_by(line), meant, "{line}");
        }
    }

    #[test]
    fn what_changes_nothing_is_known_without_the_chat() {
        let classes = [
            (
                Class::Query,
                "  |/who|/WHO dev|/rooms x|/nosuch|/time on|/login s3cret|\u{FF0F}login a b| /ping|/bans",
            ),
            (Class::Change, "hi|//who|/me waves|/nick ann|/quit|/echo on|/ban eve"),
            (Class::Barrier, "/join dev|/leave|/forget eve x|/login ann x y|/password x"),
        ];
        for (class, lines) in classes {
            for line in lines.split('|') {
                assert_eq!(class_of(&Line::new(line)), class, "{line}");
            }
        }
    }

    #[test]
    fn a_password_is_taken_out_of_the_line_whatever_it_is() {
        let login = || AuthCommand::Login(Text::new("ann"));
        let long = "x".repeat(600);
        for (line, command, known) in [
            ("/login ann s3cret", login(), TypedPassword::Acceptable),
            (" /LOGIN  ann  s3cret phrase ", login(), TypedPassword::Acceptable),
            (&format!("/login ann s3cret{long}"), login(), TypedPassword::Unacceptable),
            ("/login ann s3cr\u{1b}[Aet", login(), TypedPassword::Garbled),
            ("/register s3cret phrase", AuthCommand::Register, TypedPassword::Acceptable),
            ("/register s3cret", AuthCommand::Register, TypedPassword::Unacceptable),
            ("/password s3cret phrase", AuthCommand::SetPassword, TypedPassword::Acceptable),
        ] {
            let (event, password) = conceal(Line::new(line));
            assert_eq!(password.is_some(), known == TypedPassword::Acceptable, "{line}");
            assert!(!serde_json::to_string(&event).unwrap().contains("s3cr"), "{line}");
            assert_eq!(event, Event::Authenticate(command, known), "{line}");
        }
        for line in ["hello", "/login s3cret", "/who", "//login ann s3cret", "/help login"] {
            let line = Line::new(line);
            assert_eq!(conceal(line.clone()), (Event::Line(line), None));
        }
    }

    #[test]
    fn names_are_found_in_any_case() {
        assert_eq!(find("NICK").map(|command| command.name), Some("nick"));
        assert!(find("nic").is_none());
    }
}
