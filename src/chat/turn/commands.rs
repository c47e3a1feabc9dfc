//! Commands: the table that help and usage errors come from, and what each command does.

mod arguments;
mod account;
mod ignore;
mod moderation;
mod people;
mod rooms;
mod talk;
mod view;

use std::ops::RangeInclusive;

use super::speech::Turn;
use crate::chat::model::Kind;
use crate::chat::refusal::Refusal;
use crate::text::{Line, Text, is_blank, shows, split_word};

/// A row of the table.
struct Command {
    /// The word after the slash; its case does not matter.
    name: &'static str,
    usage: &'static str,
    help: &'static str,
    /// How many arguments it takes; the last runs to the end of the line.
    args: RangeInclusive<usize>,
    access: Access,
    /// Whether the last argument is a password.
    is_secret: bool,
    run: fn(&mut Turn<'_>, &[&str]) -> Result<(), Refusal>,
}

/// The clients that may use a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Access {
    Everyone,
    Operators,
}

impl Command {
    const fn new(
        usage: &'static str,
        help: &'static str,
        args: RangeInclusive<usize>,
        run: fn(&mut Turn<'_>, &[&str]) -> Result<(), Refusal>,
    ) -> Self {
        Self {
            name: name_of(usage),
            usage,
            help,
            args,
            access: Access::Everyone,
            is_secret: false,
            run,
        }
    }

    const fn for_operators(self) -> Self {
        Self { access: Access::Operators, ..self }
    }

    const fn with_secret(self) -> Self {
        Self { is_secret: true, ..self }
    }

    /// Runs the command with `args`, which `line` ends with.
    fn run(&self, turn: &mut Turn<'_>, line: &Line, args: &[&str]) -> Result<(), Refusal> {
        let is_garbled = args.last().is_some_and(|last| !line.ends_as_sent(last));
        if self.is_secret && is_garbled {
            if self.name == LOGIN {
                account::note_failed_login(turn, args);
            }
            return Err(Refusal::GarbledPassword);
        }
        (self.run)(turn, args)
    }

    fn is_open_to(&self, turn: &Turn<'_>) -> bool {
        self.access == Access::Everyone || turn.is_operator()
    }
}

/// The name of the command that logs in.
const LOGIN: &str = "login";

const COMMANDS: &[Command] = &[
    Command::new("/help [COMMAND]", "list the commands, or explain one", 0..=1, help),
    Command::new("/nick NAME", "change your name", 1..=1, people::nick),
    Command::new(
        "/register PASSWORD",
        "reserve your name with a password",
        1..=1,
        account::register,
    )
    .with_secret(),
    Command::new("/login NAME PASSWORD", "take your registered name", 2..=2, account::login)
        .with_secret(),
    Command::new("/password NEW", "change your password", 1..=1, account::password).with_secret(),
    Command::new("/who [ROOM]", "list who is here", 0..=1, people::who),
    Command::new("/whois NAME", "show what is known about somebody", 1..=1, people::whois),
    Command::new("/me TEXT", "describe what you do: * alice waves", 1..=1, talk::me),
    Command::new("/msg NAME TEXT", "send a private message", 2..=2, talk::msg),
    Command::new("/reply TEXT", "answer the last private message", 1..=1, talk::reply),
    Command::new("/join ROOM", "go to a room, or create one", 1..=1, rooms::join),
    Command::new("/leave", "go back to the lobby", 0..=0, rooms::leave),
    Command::new("/rooms", "list the rooms with people in them", 0..=0, rooms::rooms),
    Command::new("/topic [TEXT]", "show or set the room's topic; - clears it", 0..=1, rooms::topic),
    Command::new("/history [N]", "show the last lines said in the room", 0..=1, view::history),
    Command::new("/search WORDS", "find the last lines with these words", 1..=1, view::search),
    Command::new("/ignore NAME", "hide what somebody says", 1..=1, ignore::ignore),
    Command::new("/unignore NAME", "show what somebody says again", 1..=1, ignore::unignore),
    Command::new("/away [TEXT]", "mark yourself as away, or as back", 0..=1, people::away),
    Command::new("/echo on|off", "show your own lines, too", 1..=1, view::echo),
    Command::new("/time on|off", "show the time of each line", 1..=1, view::time),
    Command::new("/quiet on|off", "hide joins and leaves", 1..=1, view::quiet),
    Command::new("/motd", "show the message of the day again", 0..=0, view::motd),
    Command::new("/ping", "check that the server answers", 0..=0, ping),
    Command::new("/quit [TEXT]", "leave, with a parting message", 0..=1, talk::quit),
    Command::new("/kick NAME [WHY]", "disconnect somebody", 1..=2, moderation::kick)
        .for_operators(),
    Command::new("/mute NAME [DUR]", "stop somebody from speaking", 1..=2, moderation::mute)
        .for_operators(),
    Command::new("/unmute NAME|ADDR", "let somebody speak again", 1..=1, moderation::unmute)
        .for_operators(),
    Command::new(
        "/ban NAME|ADDR|CIDR [DUR] [WHY]",
        "disconnect somebody, and keep them out",
        1..=3,
        moderation::ban,
    )
    .for_operators(),
    Command::new("/unban NAME|ADDR|CIDR", "lift a ban", 1..=1, moderation::unban).for_operators(),
    Command::new("/bans", "list bans, and mutes of people who left", 0..=0, moderation::bans)
        .for_operators(),
    Command::new(
        "/slow SECONDS",
        "let each person here speak once every SECONDS; 0: off",
        1..=1,
        moderation::slow,
    )
    .for_operators(),
    Command::new(
        "/lockdown on|off",
        "let only logged-in people speak",
        1..=1,
        moderation::lockdown,
    )
    .for_operators(),
    Command::new(
        "/forget NAME [TEXT]",
        "remove what somebody said here",
        1..=2,
        moderation::forget,
    )
    .with_secret()
    .for_operators(),
    Command::new("/reload", "reload the server's settings", 0..=0, moderation::reload)
        .for_operators(),
];

/// Usage and help of each command, for the manual.
pub fn usages() -> impl Iterator<Item = (&'static str, &'static str)> {
    COMMANDS.iter().map(|command| (command.usage, command.help))
}

/// Characters that people take for a slash; input methods turn `/` into the first one.
const LIKE_A_SLASH: [char; 5] = ['\u{FF0F}', '\u{2044}', '\u{2215}', '\u{29F8}', '\\'];
/// The command with a password that a line seems to mean, although its first character only looks
/// like a slash.
pub(crate) fn secret_meant_by(line: &str) -> Option<&'static str> {
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

/// Runs the command that `line` ends with, here without its slash.
pub(crate) fn run(turn: &mut Turn<'_>, line: &Line, command: &str) -> Result<(), Refusal> {
    let (name, rest) = split_word(command);
    let command = find_for(turn, name)?;
    let args = arguments(rest, *command.args.end());
    let result = match args {
        Some(args) if command.args.contains(&args.len()) => command.run(turn, line, &args),
        _ => Err(Refusal::Misused),
    };
    result.map_err(|refusal| match refusal {
        Refusal::Misused => Refusal::Usage(command.usage),
        other => other,
    })
}

/// Finds a command that the client may use.
fn find_for(turn: &Turn<'_>, name: &str) -> Result<&'static Command, Refusal> {
    let command = find(name)?;
    if command.is_open_to(turn) { Ok(command) } else { Err(Refusal::OperatorsOnly) }
}

fn find(name: &str) -> Result<&'static Command, Refusal> {
    let mut commands = COMMANDS.iter();
    commands
        .find(|command| command.name.eq_ignore_ascii_case(name))
        .ok_or_else(|| Refusal::UnknownCommand(Text::new(name)))
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

/// The name in a usage: `msg` in `/msg NAME TEXT`.
const fn name_of(usage: &'static str) -> &'static str {
    let (_, name) = usage.split_at(1);
    let mut length = 0;
    while length < name.len() && name.as_bytes()[length] != b' ' {
        length += 1;
    }
    name.split_at(length).0
}

fn help(turn: &mut Turn<'_>, args: &[&str]) -> Result<(), Refusal> {
    let one = match args {
        [name, ..] => Some(find_for(turn, name.strip_prefix('/').unwrap_or(name))?),
        [] => None,
    };
    let mut open: Vec<_> = COMMANDS.iter().filter(|command| command.is_open_to(turn)).collect();
    let width = open.iter().map(|command| command.usage.len()).max().unwrap_or(0);
    open.retain(|command| one.is_none_or(|one| one.name == command.name));
    for Command { usage, help, .. } in open {
        turn.notice(format_args!("{usage:width$}  {help}"));
    }
    if one.is_none() {
        turn.notice("Any other line is said to the room; //text says /text.");
    }
    Ok(())
}

fn ping(turn: &mut Turn<'_>, _: &[&str]) -> Result<(), Refusal> {
    turn.notice("pong");
    Ok(())
}

impl Turn<'_> {
    /// Handles a line: runs a command, or says it.
    pub(crate) fn line(&mut self, line: &Line) {
        if line.is_blank() {
            return;
        }
        self.me_mut().active = self.now.uptime;
        // A blank before the slash is a typing error; a command sent to the room could reveal a
        // password.
        let typed = line.as_str().trim_start_matches(|c| !shows(c));
        if let Some(command) = secret_meant_by(typed) {
            return self.refuse(Refusal::Misspelt(command));
        }
        match typed.strip_prefix('/') {
            None => self.speak(Kind::Said, line.clone().into_text()),
            Some(text) if text.starts_with('/') => self.speak(Kind::Said, Text::new(text)),
            Some(command) => run(self, line, command),
        }
        .unwrap_or_else(|refusal| self.refuse(refusal));
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
        assert!(find(LOGIN).is_ok());
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
    fn names_are_found_in_any_case() {
        assert_eq!(find("NICK").map(|command| command.name).ok(), Some("nick"));
        assert_eq!(find("nic").err(), Some(Refusal::UnknownCommand(Text::new("nic"))));
    }
}
