//! Writes the manual pages, dated `DATE`, and the shell completions into a folder:
//! `cargo run --example manual -- DIR DATE`.
//!
//! Options come from the command line's definition and chat commands from their table, so the
//! manual cannot forget one.

use std::error::Error;
use std::path::Path;
use std::{env, fs};

use chatd::chat::commands;
use chatd::config;
use clap::{Arg, ArgAction, Command, CommandFactory};
use clap_complete::{Shell, generate_to};
use clap_mangen::Man;
use clap_mangen::roff::{Inline, Roff, bold, italic, roman};

// What the client's command line is made of, of which only the definition matters here.
#[allow(dead_code, reason = "the client uses it")]
#[path = "../src/bin/chat/cli.rs"]
mod cli;
#[allow(dead_code, reason = "the client uses it")]
#[path = "../src/bin/chat/notices.rs"]
mod notices;

/// What the foot of a page names.
const VERSION: &str = concat!("chatd ", env!("CARGO_PKG_VERSION"));

type Failure = Box<dyn Error>;

fn main() -> Result<(), Failure> {
    let args: Vec<String> = env::args().skip(1).collect();
    let [folder, date] = args.as_slice() else { return Err("usage: manual DIR DATE".into()) };
    let folder = Path::new(folder);
    fs::create_dir_all(folder)?;
    let (server, client) = (config::command(), cli::Options::command());
    fs::write(folder.join("chatd.8"), page(server, "8", date, &chatd_8())?)?;
    fs::write(folder.join("chat.1"), page(client, "1", date, &chat_1())?)?;
    fs::write(folder.join("chatd.toml.5"), chatd_toml_5(date))?;
    for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
        generate_to(shell, &mut chatd::config::cli::command(), "chatd", folder)?;
        generate_to(shell, &mut cli::Options::command(), "chat", folder)?;
    }
    Ok(())
}

/// A page about a command: what clap knows of it, and then `sections`.
fn page(command: Command, number: &str, date: &str, sections: &Roff) -> Result<Vec<u8>, Failure> {
    // The options follow, so the synopsis need not list them.
    let names = command.get_positionals().flat_map(|arg| arg.get_value_names().unwrap_or_default());
    let words =
        [command.get_name(), "[OPTIONS]"].into_iter().chain(names.map(|name| name.as_str()));
    let usage = words.collect::<Vec<_>>().join(" ");
    let command = command.override_usage(usage);
    let man = Man::new(command).section(number).date(date).source(VERSION).manual("chatd");
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_options_section(&mut page)?;
    sections.to_writer(&mut page)?;
    Ok(page)
}

fn chatd_8() -> Roff {
    let mut roff = Roff::new();
    section(
        &mut roff,
        "DESCRIPTION",
        &[
            "chatd listens on a TCP port. Whoever connects with netcat, telnet or PuTTY is in a chat: \
         what is typed is told to all others in the room, in the same order to everybody.",
            "Lines that the server itself says begin with -- (something happened) or !! (what you \
         asked for was refused). What people say begins with their name in brackets.",
            "Every option can also be set in the environment, as CHATD_PORT for --port, and in the \
         file of --config; see chatd.toml(5). Options win over the environment, and the \
         environment over the file.",
        ],
    );
    section(
        &mut roff,
        "SUBCOMMANDS",
        &["They look after a state directory, also beside a server that runs; --help has more."],
    );
    subcommands(&mut roff, &chatd::config::cli::command(), "chatd");
    section(
        &mut roff,
        "COMMANDS",
        &[
            "People in the chat type these; upper and lower case are the same. Anything else is said \
         to the room; //text says /text. From /kick on they are for operators.",
        ],
    );
    for (usage, help) in commands::usages() {
        item(&mut roff, usage_of(usage), help);
    }
    section(&mut roff, "SIGNALS", &[]);
    item(&mut roff, [bold("SIGHUP")], RELOAD);
    item(&mut roff, [bold("SIGUSR2")], RESTART);
    item(&mut roff, [bold("SIGTERM"), roman(", "), bold("SIGINT")], STOP);
    section(&mut roff, "ENVIRONMENT", &[]);
    item(&mut roff, [bold("CHATD_*")], "The options, in capitals, with _ for each dash.");
    item(&mut roff, [bold("RUST_LOG")], "What to log, such as debug; wins over -v and -q.");
    section(&mut roff, "FILES", &[]);
    item(&mut roff, [bold("/etc/chatd/chatd.toml")], "The settings of chatd.service.");
    section(&mut roff, "EXIT STATUS", &[]);
    item(
        &mut roff,
        [bold("0")],
        "It was told to stop, or asked for help or its version; or --check found nothing wrong.",
    );
    item(&mut roff, [bold("1")], "It cannot start: a port is taken, for example.");
    item(&mut roff, [bold("2")], "A setting is wrong; the first line on stderr says which.");
    item(&mut roff, [bold("70")], "It failed, which is a fault of the program.");
    section(&mut roff, "EXAMPLES", &[]);
    item(&mut roff, [bold("chatd --port 1234")], "Start a chat on this machine.");
    item(&mut roff, [bold("nc box7 1234")], "Join it from another one.");
    item(
        &mut roff,
        [bold("chatd --config /etc/chatd/chatd.toml --check")],
        "Try changed settings before a restart.",
    );
    item(
        &mut roff,
        [bold("printf 'build done\\n' | nc -N box7 1234")],
        "Let a script say something.",
    );
    section(&mut roff, "SEE ALSO", &["chatd.toml(5), nc(1), telnet(1), systemctl(1)"]);
    roff
}

fn chat_1() -> Roff {
    let mut roff = Roff::new();
    let more = cli::Options::command().get_after_help().map(ToString::to_string);
    let more = more.unwrap_or_default().replace('\n', " ");
    section(&mut roff, "DESCRIPTION", &more.split("  ").collect::<Vec<_>>());
    roff
}

const RELOAD: &str = "Read the settings, the MOTD and the certificates again. If something in \
    them is wrong, it is said in the log and nothing is changed. What can only change with a \
    restart is named in the log.";
const RESTART: &str = "Become the program that is now in the same place, and go on with the clients, if that program \
     finds nothing wrong with its settings (--check).";
const STOP: &str = "Say goodbye to everybody, and end.";

/// The page about the file: its keys are the options, in the same order.
fn chatd_toml_5(date: &str) -> String {
    let mut roff = Roff::new();
    roff.control("TH", ["chatd.toml", "5", date, VERSION, "chatd"]);
    section(&mut roff, "NAME", &["chatd.toml - settings of chatd(8)"]);
    section(
        &mut roff,
        "DESCRIPTION",
        &["A TOML file that --config or CHATD_CONFIG names. Its keys are the options of chatd(8) \
         without their dashes. An unknown key, or a value that the option would not take, keeps \
         chatd from starting, and a reload from changing anything. Strings are in quotes; what \
         is repeatable takes a list, too."],
    );
    section(&mut roff, "KEYS", &[]);
    for arg in config::command().get_arguments().filter(|arg| config::is_setting(arg)) {
        let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
        item(&mut roff, key(arg), &help);
    }
    section(&mut roff, "EXAMPLE", &[]);
    roff.control("nf", []);
    roff.text([roman("port = 1234")]);
    roff.text([roman("bind = [\"192.0.2.7\", \"2001:db8::7\"]")]);
    roff.text([roman("idle-timeout = \"2h\"")]);
    roff.control("fi", []);
    section(&mut roff, "SEE ALSO", &["chatd(8)"]);
    roff.to_roff()
}

/// `max-line = BYTES (default: 1024)`
fn key(arg: &Arg) -> Vec<Inline> {
    let value = match (arg.get_action(), arg.get_value_names()) {
        (ArgAction::Count, _) => "N".to_owned(),
        (_, names) => names.unwrap_or_default().join(" "),
    };
    let name = arg.get_long().unwrap_or_default().to_owned();
    let mut key = vec![bold(name), roman(" = "), italic(value)];
    if let [default] = arg.get_default_values() {
        key.push(roman(format!(" (default: {})", default.to_string_lossy())));
    }
    key
}

/// `/msg NAME TEXT`, in which what stands for something else is in capitals.
fn usage_of(usage: &str) -> Vec<Inline> {
    let mut words = usage.split_inclusive(' ');
    let name = words.next().unwrap_or_default();
    std::iter::once(bold(name)).chain(words.map(italic)).collect()
}

/// The subcommands that do something, with those that they are under.
fn subcommands(roff: &mut Roff, command: &Command, path: &str) {
    for subcommand in command.get_subcommands() {
        let path = format!("{path} {}", subcommand.get_name());
        if subcommand.has_subcommands() {
            subcommands(roff, subcommand, &path);
        } else {
            let about = subcommand.get_about().map(ToString::to_string);
            item(roff, [bold(path)], &about.unwrap_or_default());
        }
    }
}

fn section(roff: &mut Roff, title: &str, paragraphs: &[&str]) {
    roff.control("SH", [title]);
    for (number, paragraph) in paragraphs.iter().enumerate() {
        if number > 0 {
            roff.control("PP", []);
        }
        roff.text([roman(*paragraph)]);
    }
}

fn item(roff: &mut Roff, what: impl Into<Vec<Inline>>, meaning: &str) {
    roff.control("TP", []);
    roff.text(what);
    roff.text([roman(meaning)]);
}
