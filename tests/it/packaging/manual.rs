//! docs/MANUAL.md: its tables match the code.

use std::process::Command;

use chatd::chat::commands;
use chatd::config::{self, cli};
use clap::{Arg, ArgAction};

use super::shipped;
use crate::harness::run;

const SERVER: &str = "The server, chatd(8)";
const CLIENT: &str = "The client, chat(1)";

/// What is between one heading and the next of the same depth.
fn under<'a>(text: &'a str, heading: &str) -> &'a str {
    let depth = heading.split(' ').next().unwrap();
    let (_, after) = text.split_once(&format!("\n{heading}\n")).unwrap();
    after.split(&format!("\n{depth} ")).next().unwrap()
}

/// The cells of the table in a section of the manual, without its head.
fn table(part: &str, section: &str) -> Vec<Vec<String>> {
    let manual = shipped("docs/MANUAL.md");
    let section = under(under(&manual, &format!("## {part}")), &format!("### {section}"));
    let rows = section.lines().filter(|line| line.starts_with('|')).skip(2);
    let cells = |row: &str| -> Vec<String> {
        let row = row.trim_matches('|').replace("\\|", "\0");
        row.split('|').map(|cell| cell.trim().replace('\0', "|")).collect()
    };
    rows.map(cells).collect()
}

fn first_cells(part: &str, section: &str) -> Vec<String> {
    table(part, section).into_iter().map(|mut row| row.swap_remove(0)).collect()
}

/// `` `-p`, `--port PORT` ``
fn flags(arg: &Arg) -> String {
    let short = arg.get_short().map_or_else(String::new, |short| format!("`-{short}`, "));
    let value = match arg.get_action() {
        ArgAction::Set | ArgAction::Append => format!(" {}", arg.get_value_names().unwrap()[0]),
        _ => String::new(),
    };
    format!("{short}`--{}{value}`", arg.get_long().unwrap())
}

#[test]
fn the_manual_has_every_option_and_no_other() {
    let options: Vec<_> = config::command().get_arguments().map(flags).collect();
    assert_eq!(first_cells(SERVER, "Options"), options);
}

#[test]
fn the_manual_has_the_default_of_every_option() {
    let table = table(SERVER, "Options");
    for arg in config::command().get_arguments() {
        let row = table.iter().find(|row| row[0] == flags(arg)).unwrap();
        match arg.get_default_values() {
            [default] => assert_eq!(row[1], default.to_str().unwrap(), "{}", row[0]),
            _ => assert!(!row[1].is_empty(), "{}", row[0]),
        }
    }
}

#[test]
fn the_manual_has_every_command_of_the_chat_and_no_other() {
    let mut explained = first_cells(SERVER, "Commands");
    explained.extend(first_cells(SERVER, "Moderation"));
    let (forms, commands): (Vec<_>, Vec<_>) =
        commands::usages().map(|(usage, _)| usage).partition(|usage| is_form_of_room(usage));
    assert_eq!(explained, quoted(commands));
    let mut explained = first_cells(SERVER, "Rooms");
    let mut forms = quoted(forms.into_iter().chain(commands::setting_usages()));
    explained.sort();
    forms.sort();
    assert_eq!(explained, forms);
}

/// Whether it is a form of `/room` that changes no setting.
fn is_form_of_room(usage: &str) -> bool {
    usage.strip_prefix("/room ").is_some_and(|rest| !rest.starts_with('['))
}

fn quoted(usages: impl IntoIterator<Item = &'static str>) -> Vec<String> {
    usages.into_iter().map(|usage| format!("`{usage}`")).collect()
}

/// `` `chatd backup FILE` ``, and those below a subcommand.
fn subcommands(command: &clap::Command, path: &str) -> Vec<String> {
    let calls = command.get_subcommands().flat_map(|command| {
        let path = format!("{path} {}", command.get_name());
        if command.has_subcommands() {
            return subcommands(command, &path);
        }
        let names = command.get_positionals().map(|arg| &arg.get_value_names().unwrap()[0]);
        vec![names.fold(path, |call, name| format!("{call} {name}"))]
    });
    calls.collect()
}

#[test]
fn the_manual_has_every_subcommand_and_no_other() {
    let mut explained = first_cells(SERVER, "Subcommands");
    let mut subcommands = subcommands(&cli::command(), "chatd");
    subcommands.iter_mut().for_each(|call| *call = format!("`{call}`"));
    explained.sort();
    subcommands.sort();
    assert_eq!(explained, subcommands);
}

#[test]
fn the_manual_has_every_option_of_the_client_and_no_other() {
    let help = run(Command::new(env!("CARGO_BIN_EXE_chat")).arg("--help")).stdout;
    let lines = help.lines().filter_map(|line| line.trim_start().strip_prefix("--"));
    let options: Vec<_> = lines
        .map(|line| format!("`--{}`", line.split("  ").next().unwrap().replace(['<', '>'], "")))
        .collect();
    assert!(options.len() > 3, "{help}");
    assert_eq!(first_cells(CLIENT, "Options"), options);
}
