//! The table of commands, from which help and usage errors are made.

use std::ops::{Deref, RangeInclusive};

use super::{ignore, moderation, order, people, rooms, talk, token, view};
use crate::chat::model::{AuthCommand, RoomId};
use crate::chat::refusal::Refusal;
use crate::chat::state::Chat;
use crate::chat::turn::view::{Turn, TurnOf, View};
use crate::text::Text;

/// A row of the table.
pub(super) struct Command {
    /// The word after the slash; its case does not matter.
    pub(super) name: &'static str,
    pub(super) usage: &'static str,
    pub(super) help: &'static str,
    /// The usage and the help of each other form of it.
    pub(super) forms: &'static [(&'static str, &'static str)],
    /// How many arguments it takes; the last runs to the end of the line.
    pub(super) args: RangeInclusive<usize>,
    access: Access,
    /// Whether the last argument is to be a secret, such as a password.
    pub(super) is_secret: bool,
    /// Whether what the client sends next has to wait until the command is done.
    pub(super) is_barrier: bool,
    /// Whether it acts in a room, so that a client in several may name one.
    acts_in_room: bool,
    /// Whether it is something for lines on a screen, or IRC has a command of its own for it.
    is_for_lines: bool,
    /// What operators of a room can use instead, if it is for those of the server.
    in_rooms: Option<&'static str>,
    pub(super) run: Run,
}

/// What a command does with its arguments.
#[derive(Clone, Copy)]
pub(super) enum Run {
    /// It only answers the client.
    Query(fn(&mut View<'_>, &[&str]) -> Result<(), Refusal>),
    /// It may change the chat.
    Change(fn(&mut Turn<'_>, &[&str]) -> Result<(), Refusal>),
    /// It needs its last argument, a password, checked or stored.
    Authenticate(fn(&[&str]) -> AuthCommand),
}

/// The clients that may use a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Access {
    Everyone,
    Operators,
    /// Everyone, but only clients that speak telnet are told of it.
    Telnet,
    /// Everyone where rooms have roles; elsewhere there is no such command.
    Rooms,
    /// Everyone in rooms that have operators; elsewhere operators of the server.
    RoomsOrOperators,
}

impl Command {
    const fn new(
        usage: &'static str,
        help: &'static str,
        args: RangeInclusive<usize>,
        run: Run,
    ) -> Self {
        Self {
            name: name_of(usage),
            usage,
            help,
            forms: &[],
            args,
            access: Access::Everyone,
            is_secret: false,
            is_barrier: false,
            acts_in_room: false,
            is_for_lines: false,
            in_rooms: None,
            run,
        }
    }

    const fn query(
        usage: &'static str,
        help: &'static str,
        args: RangeInclusive<usize>,
        run: fn(&mut View<'_>, &[&str]) -> Result<(), Refusal>,
    ) -> Self {
        Self::new(usage, help, args, Run::Query(run))
    }

    const fn change(
        usage: &'static str,
        help: &'static str,
        args: RangeInclusive<usize>,
        run: fn(&mut Turn<'_>, &[&str]) -> Result<(), Refusal>,
    ) -> Self {
        Self::new(usage, help, args, Run::Change(run))
    }

    const fn authenticate(
        usage: &'static str,
        help: &'static str,
        args: RangeInclusive<usize>,
        run: fn(&[&str]) -> AuthCommand,
    ) -> Self {
        Self::new(usage, help, args, Run::Authenticate(run)).with_secret().with_barrier()
    }

    const fn with_forms(self, forms: &'static [(&'static str, &'static str)]) -> Self {
        Self { forms, ..self }
    }

    const fn for_operators(self) -> Self {
        Self { access: Access::Operators, ..self }
    }

    /// For operators of the server; those of a room have something else.
    const fn for_servers_operators(self, in_rooms: &'static str) -> Self {
        Self { in_rooms: Some(in_rooms), ..self.for_operators() }
    }

    const fn for_rooms(self) -> Self {
        Self { access: Access::Rooms, ..self }
    }

    const fn for_rooms_or_operators(self) -> Self {
        Self { access: Access::RoomsOrOperators, ..self }
    }

    const fn for_telnet(self) -> Self {
        Self { access: Access::Telnet, ..self }
    }

    const fn with_secret(self) -> Self {
        Self { is_secret: true, ..self }
    }

    const fn with_barrier(self) -> Self {
        Self { is_barrier: true, ..self }
    }

    const fn in_room(self) -> Self {
        Self { acts_in_room: true, ..self }
    }

    const fn for_lines(self) -> Self {
        Self { is_for_lines: true, ..self }
    }

    /// Its usages, each with its help.
    fn all_forms(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        [(self.usage, self.help)].into_iter().chain(self.forms.iter().copied())
    }

    fn is_open_to<C: Deref<Target = Chat>>(&self, turn: &TurnOf<'_, C>) -> bool {
        match self.access {
            Access::Operators => turn.is_operator(),
            Access::RoomsOrOperators if turn.is_operator() => true,
            Access::RoomsOrOperators => {
                turn.chat.has_room_roles() && turn.room().is_ok_and(|(id, _)| id != RoomId::LOBBY)
            }
            Access::Rooms => turn.chat.has_room_roles(),
            Access::Everyone | Access::Telnet => true,
        }
    }
}

pub(super) const COMMANDS: &[Command] = &[
    Command::query("/help [COMMAND]", "list the commands, or explain one", 0..=1, help),
    Command::change("/nick NAME", "change your name", 1..=1, people::nick).for_lines(),
    Command::authenticate("/register PASSWORD", "reserve your name with a password", 1..=1, |_| {
        AuthCommand::Register
    }),
    Command::authenticate("/login NAME PASSWORD", "take your registered name", 2..=2, |args| {
        AuthCommand::Login(Text::new(args[0]))
    }),
    Command::authenticate("/password NEW", "change your password", 1..=1, |_| {
        AuthCommand::SetPassword
    }),
    Command::change("/token [LABEL]", "make a token for programs", 0..=1, token::token)
        .with_forms(&[("/token revoke LABEL", "revoke a token")]),
    Command::query("/tokens", "list your tokens", 0..=0, token::tokens),
    Command::query("/who [ROOM]", "list who is here", 0..=1, people::who),
    Command::query("/whois NAME", "show what is known about somebody", 1..=1, people::whois)
        .for_lines(),
    Command::change("/me TEXT", "describe what you do: * alice waves", 1..=1, talk::me)
        .in_room()
        .for_lines(),
    Command::change("/msg NAME TEXT", "send a private message", 2..=2, talk::msg).for_lines(),
    Command::change("/reply TEXT", "answer the last private message", 1..=1, talk::reply)
        .for_lines(),
    Command::change("/join ROOM [KEY]", "go to a room, or create one", 1..=2, rooms::join)
        .with_barrier()
        .for_lines(),
    Command::change("/leave", "go back to the lobby", 0..=0, rooms::leave)
        .with_barrier()
        .in_room()
        .for_lines(),
    Command::query("/rooms", "list the rooms with people in them", 0..=0, rooms::rooms),
    Command::change(
        "/topic [TEXT]",
        "show or set the room's topic; - clears it",
        0..=1,
        rooms::topic,
    )
    .in_room()
    .for_lines(),
    Command::change(
        "/room [SETTING] [VALUE]",
        "show this room's settings, or change one",
        0..=2,
        order::room,
    )
    .with_forms(&order::FORMS)
    .in_room()
    .for_rooms(),
    Command::change("/invite NAME", "invite somebody to this room", 1..=1, order::invite)
        .in_room()
        .for_lines()
        .for_rooms(),
    Command::change("/op NAME", "make somebody an operator of this room", 1..=1, order::op)
        .in_room()
        .for_rooms(),
    Command::change("/deop NAME", "take the role of operator from somebody", 1..=1, order::deop)
        .in_room()
        .for_rooms(),
    Command::change("/voice NAME", "let somebody speak while it is moderated", 1..=1, order::voice)
        .in_room()
        .for_rooms(),
    Command::change("/devoice NAME", "take the voice from somebody", 1..=1, order::devoice)
        .in_room()
        .for_rooms(),
    Command::query("/history [N]", "show the last lines said in the room", 0..=1, view::history)
        .in_room(),
    Command::query("/search WORDS", "find the last lines with these words", 1..=1, view::search),
    Command::change("/ignore NAME", "hide what somebody says", 1..=1, ignore::ignore),
    Command::change("/unignore NAME", "show what somebody says again", 1..=1, ignore::unignore),
    Command::change("/away [TEXT]", "mark yourself as away, or as back", 0..=1, people::away)
        .for_lines(),
    Command::change("/echo on|off", "show your own lines, too", 1..=1, view::echo).for_lines(),
    Command::query("/edit on|off", "edit your line with the keys of telnet", 1..=1, view::edit)
        .for_telnet()
        .for_lines(),
    Command::query("/time on|off", "show the time of each line", 1..=1, view::time).for_lines(),
    Command::query("/bell on|off", "ring when a line names you", 1..=1, view::bell).for_lines(),
    Command::change("/quiet on|off", "hide joins and leaves", 1..=1, view::quiet).for_lines(),
    Command::query("/motd", "show the message of the day again", 0..=0, view::motd).for_lines(),
    Command::query("/ping", "check that the server answers", 0..=0, ping).for_lines(),
    Command::change("/quit [TEXT]", "leave, with a parting message", 0..=1, talk::quit).for_lines(),
    Command::change("/kick NAME [WHY]", "send somebody out of this room", 1..=2, order::kick)
        .in_room()
        .for_rooms_or_operators(),
    Command::change("/mute NAME [DUR]", "stop somebody from speaking", 1..=2, moderation::mute)
        .for_servers_operators("/kick NAME, or /room moderated on with /voice NAME"),
    Command::change("/unmute NAME|ADDR", "let somebody speak again", 1..=1, moderation::unmute)
        .for_servers_operators("/voice NAME"),
    Command::change(
        "/ban NAME|ADDR|CIDR [DUR] [WHY]",
        "disconnect somebody, and keep them out",
        1..=3,
        moderation::ban,
    )
    .for_servers_operators("/room ban NAME"),
    Command::change("/unban NAME|ADDR|CIDR", "lift a ban", 1..=1, moderation::unban)
        .for_servers_operators("/room unban NAME"),
    Command::query("/bans", "list bans, and mutes of people who left", 0..=0, moderation::bans)
        .for_servers_operators("/room bans"),
    Command::change(
        "/slow SECONDS",
        "let each person here speak once every SECONDS; 0: off",
        1..=1,
        moderation::slow,
    )
    .in_room()
    .for_servers_operators("/room slow SECONDS"),
    Command::change(
        "/lockdown on|off",
        "let only logged-in people speak",
        1..=1,
        moderation::lockdown,
    )
    .for_servers_operators("/room moderated on"),
    Command::change(
        "/forget NAME [TEXT]",
        "remove what somebody said here",
        1..=2,
        moderation::forget,
    )
    .with_secret()
    .with_barrier()
    .in_room()
    .for_operators(),
    Command::query("/nodes", "list the machines of the cluster", 0..=0, people::nodes)
        .for_operators(),
    Command::query("/reload", "reload the server's settings", 0..=0, moderation::reload)
        .for_operators(),
];

/// Usage and help of each command, for the manual.
pub fn usages() -> impl Iterator<Item = (&'static str, &'static str)> {
    COMMANDS.iter().flat_map(Command::all_forms)
}

/// Whether a command acts in a room, so that a client in several may name one.
pub fn acts_in_room(name: &str) -> bool {
    find(name).is_some_and(|command| command.acts_in_room)
}

/// A usage as IRC clients write it behind the name of the service: without the slash, and with the
/// room in which the command acts.
pub fn usage_on_irc(usage: &str) -> String {
    let usage = usage.trim_start_matches('/');
    let (name, rest) = usage.split_once(' ').unwrap_or((usage, ""));
    let room = if acts_in_room(name) { " [#ROOM]" } else { "" };
    let blank = if rest.is_empty() { "" } else { " " };
    format!("{name}{room}{blank}{rest}")
}

/// Finds a command that the client may use.
pub(super) fn find_for<C: Deref<Target = Chat>>(
    turn: &TurnOf<'_, C>,
    name: &str,
) -> Result<&'static Command, Refusal> {
    let unknown = || Refusal::UnknownCommand(Text::new(name));
    match find(name).ok_or_else(unknown)? {
        command if command.is_open_to(turn) => Ok(command),
        Command { access: Access::Rooms, .. } => Err(unknown()),
        Command { in_rooms: Some(means), .. } if turn.keeps_order_somewhere() => {
            Err(Refusal::OnlyOfServer(means))
        }
        _ => Err(Refusal::OperatorsOnly),
    }
}

/// Finds a command by its name, in any case.
pub(super) fn find(name: &str) -> Option<&'static Command> {
    COMMANDS.iter().find(|command| command.name.eq_ignore_ascii_case(name))
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

fn help(turn: &mut View<'_>, args: &[&str]) -> Result<(), Refusal> {
    let one = match args {
        [name, ..] => Some(find_for(turn, name.strip_prefix('/').unwrap_or(name))?.name),
        [] => None,
    };
    let is_irc = turn.me().speaks_irc();
    let is_shown = |command: &&Command| {
        one == Some(command.name) || (one.is_none() && !(is_irc && command.is_for_lines))
    };
    let open: Vec<_> = COMMANDS.iter().filter(|command| command.is_open_to(turn)).collect();
    let shown = |usage: &str| if is_irc { usage_on_irc(usage) } else { usage.to_owned() };
    let usages = open.iter().flat_map(|command| command.all_forms());
    let width = usages.map(|(usage, _)| shown(usage).len()).max().unwrap_or(0);
    for command in open.into_iter().filter(is_shown) {
        for (usage, help) in command.all_forms() {
            let row = format!("{:width$}  {help}", shown(usage));
            match command.access {
                Access::Telnet if one.is_none() => turn.notice_to_telnet(row),
                _ => turn.notice(row),
            }
        }
    }
    if one.is_none() {
        turn.notice(match is_irc {
            true => "Write /msg chatd COMMAND; all else is as usual: /join, /msg, /whois, …",
            false => "Any other line is said to the room; //text says /text.",
        });
    }
    Ok(())
}

fn ping(turn: &mut View<'_>, _: &[&str]) -> Result<(), Refusal> {
    turn.notice("pong");
    Ok(())
}
