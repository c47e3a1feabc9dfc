//! The manual pages: each combines a part of docs/MANUAL.md with clap's definition of a command.

use std::io;

use chatd::config;
use clap::{Arg, ArgAction, Command, CommandFactory};
use clap_mangen::Man;
use clap_mangen::roff::{Inline, Roff, bold, italic, roman};

use crate::cli;
use crate::markdown::{self, Table};

const MANUAL: &str = include_str!("../../docs/MANUAL.md");
/// What the foot of a page names.
const VERSION: &str = concat!("chatd ", env!("CARGO_PKG_VERSION"));

/// A page of the manual.
pub(crate) struct Page {
    name: &'static str,
    number: &'static str,
    /// The part of the manual that it shows.
    part: &'static str,
    /// The command that it is about, or whose options it explains.
    command: Command,
}

pub(crate) fn all() -> [Page; 3] {
    let page = |name, number, title, command: Command| {
        let part = markdown::part(MANUAL, title).unwrap_or_default();
        Page { name, number, part, command }
    };
    let settings = config::command().name("chatd.toml").about("settings of chatd(8)");
    [
        page("chatd", "8", "The server, chatd(8)", chatd::config::cli::command()),
        page("chatd.toml", "5", "The settings file, chatd.toml(5)", settings),
        page("chat", "1", "The client, chat(1)", cli::Options::command()),
    ]
}

impl Page {
    pub(crate) fn file_name(&self) -> String {
        format!("{}.{}", self.name, self.number)
    }

    pub(crate) fn render(&self, date: &str) -> io::Result<Vec<u8>> {
        let mut out = Vec::new();
        let man = Man::new(self.command.clone());
        let man = man.section(self.number).date(date).source(VERSION).manual("chatd");
        man.render_title(&mut out)?;
        man.render_name_section(&mut out)?;
        let mut roff = Roff::new();
        self.synopsis(&mut roff);
        for (title, body) in markdown::sections(self.part) {
            roff.control("SH", [title.to_uppercase().as_str()]);
            match title {
                "Options" => self.options(&mut roff, body),
                "Subcommands" => self.subcommands(&mut roff, body),
                "Keys" => keys(&mut roff, body),
                _ => markdown::render(&mut roff, body),
            }
        }
        roff.to_writer(&mut out)?;
        Ok(out)
    }

    /// How the command is called, and each of its subcommands.
    fn synopsis(&self, roff: &mut Roff) {
        roff.control("SH", ["SYNOPSIS"]);
        if self.number == "5" {
            roff.text([bold("chatd --config "), italic("FILE")]);
            return;
        }
        let mut calls = match self.command.has_subcommands() {
            // Twenty-seven options are no synopsis.
            true => vec![vec![bold(self.name), roman(" [OPTIONS]")]],
            false => vec![call(self.name, &self.command)],
        };
        let leaves = leaves(&self.command, self.name);
        calls.extend(leaves.iter().map(|(path, command)| call(path, command)));
        for (number, call) in calls.into_iter().enumerate() {
            if number > 0 {
                roff.control("br", []);
            }
            roff.text(call);
        }
    }

    /// What precedes the table of options, and the options of clap with the manual's words.
    fn options(&self, roff: &mut Roff, body: &str) {
        markdown::render(roff, markdown::before_table(body));
        let table = Table::of(body);
        let mut command = self.command.clone();
        command.build();
        for arg in options(&command) {
            item(roff, flags(arg), &meaning(arg, &table));
        }
    }

    fn subcommands(&self, roff: &mut Roff, body: &str) {
        markdown::render(roff, markdown::before_table(body));
        let table = Table::of(body);
        for (path, command) in leaves(&self.command, self.name) {
            let meaning = table.row(&path).map_or_else(String::new, |row| row[1].clone());
            item(roff, call(&path, &command), &meaning);
            roff.control("RS", []);
            for arg in options(&command).chain(command.get_positionals()) {
                item(roff, flags(arg), &help(arg));
            }
            roff.control("RE", []);
        }
        roff.control("PP", []);
        markdown::render(roff, markdown::after_table(body));
    }
}

/// The settings that a file can have: what the server's part says of the options.
fn keys(roff: &mut Roff, body: &str) {
    markdown::render(roff, body);
    let server = markdown::part(MANUAL, "The server, chatd(8)").unwrap_or_default();
    let options = markdown::sections(server).find(|(title, _)| *title == "Options");
    let table = Table::of(options.map_or("", |(_, body)| body));
    for arg in config::command().get_arguments().filter(|arg| config::is_setting(arg)) {
        let name = arg.get_long().unwrap_or_default();
        let key = [bold(name), roman(" = "), italic(value(arg))];
        item(roff, key, &meaning(arg, &table));
    }
}

/// The subcommands that do something, by how they are called: not those that have others.
pub(crate) fn leaves(command: &Command, path: &str) -> Vec<(String, Command)> {
    let leaves = command.get_subcommands().flat_map(|subcommand| {
        let path = format!("{path} {}", subcommand.get_name());
        match subcommand.has_subcommands() {
            true => leaves(subcommand, &path),
            false => vec![(path, subcommand.clone())],
        }
    });
    leaves.collect()
}

/// What begins with a dash.
fn options(command: &Command) -> impl Iterator<Item = &Arg> {
    command.get_arguments().filter(|arg| !arg.is_positional())
}

/// `chatd backup [--state-dir DIR] FILE`
fn call(path: &str, command: &Command) -> Vec<Inline> {
    let mut words = vec![bold(path)];
    for arg in options(command) {
        let flag = format!("--{}", arg.get_long().unwrap_or_default());
        words.extend([roman(" ["), bold(flag)]);
        if takes_value(arg) {
            words.extend([roman(" "), italic(value(arg))]);
        }
        words.push(roman("]"));
    }
    for arg in command.get_positionals() {
        words.extend([roman(" "), italic(value(arg))]);
    }
    words
}

/// `-p, --port PORT`
fn flags(arg: &Arg) -> Vec<Inline> {
    let mut words = Vec::new();
    if let Some(short) = arg.get_short() {
        words.extend([bold(format!("-{short}")), roman(", ")]);
    }
    if let Some(long) = arg.get_long() {
        words.push(bold(format!("--{long}")));
    }
    if takes_value(arg) {
        let space = if words.is_empty() { "" } else { " " };
        words.extend([roman(space), italic(value(arg))]);
    }
    words
}

fn takes_value(arg: &Arg) -> bool {
    matches!(arg.get_action(), ArgAction::Set | ArgAction::Append)
}

/// What stands for the value; a switch that counts takes a number in a file.
fn value(arg: &Arg) -> String {
    arg.get_value_names().map_or_else(|| "N".to_owned(), |names| names.join(" "))
}

/// What the manual says of an option, and its default; clap's own words for those that it makes.
fn meaning(arg: &Arg, table: &Table) -> String {
    let Some(row) = table.row(&format!("--{}", arg.get_long().unwrap_or_default())) else {
        return help(arg);
    };
    match row[1].as_str() {
        default if takes_value(arg) && default != "none" => {
            format!("{} Default: {default}.", row[2])
        }
        _ => row[2].clone(),
    }
}

fn help(arg: &Arg) -> String {
    arg.get_help().map(ToString::to_string).unwrap_or_default()
}

fn item(roff: &mut Roff, what: impl Into<Vec<Inline>>, meaning: &str) {
    roff.control("TP", []);
    roff.text(what);
    roff.text(markdown::inline(meaning));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A page as it is read: without the marks of roff.
    fn text(page: &Page) -> String {
        let page = String::from_utf8(page.render("2026-11-28").unwrap()).unwrap();
        ["\\fB", "\\fI", "\\fR", "\\"].iter().fold(page, |page, mark| page.replace(mark, ""))
    }

    #[test]
    fn every_page_has_the_sections_that_a_reader_looks_for() {
        for page in all() {
            let text = text(&page);
            for title in
                ["SYNOPSIS", "DESCRIPTION", "\"EXIT STATUS\"", "FILES", "EXAMPLES", "\"SEE ALSO\""]
            {
                assert!(text.contains(&format!("\n.SH {title}\n")), "{}: {title}", page.name);
            }
        }
    }

    #[test]
    fn a_command_is_explained_with_all_its_options() {
        for page in all().iter().filter(|page| page.number != "5") {
            let text = text(page);
            for arg in options(&page.command) {
                let flag = format!("--{}", arg.get_long().unwrap());
                assert!(text.lines().any(|line| line.contains(&flag)), "{}: {flag}", page.name);
            }
        }
    }

    #[test]
    fn the_synopsis_has_every_subcommand_with_all_its_options() {
        let [server, ..] = all();
        let text = text(&server);
        let synopsis = text.split(".SH ").find(|section| section.starts_with("SYNOPSIS")).unwrap();
        assert!(
            synopsis.contains("chatd backup [--state-dir DIR] [--config FILE] FILE\n"),
            "{synopsis}"
        );
        for (path, command) in leaves(&server.command, "chatd") {
            let call = synopsis.lines().find(|line| line.starts_with(&path)).unwrap();
            for arg in command.get_arguments() {
                let name = arg.get_long().map_or_else(|| value(arg), |long| format!("--{long}"));
                assert!(call.contains(&name), "{call}: {name}");
            }
        }
    }

    #[test]
    fn the_settings_file_is_explained_with_all_its_keys() {
        let [_, settings, _] = all();
        let text = text(&settings);
        for arg in config::command().get_arguments().filter(|arg| config::is_setting(arg)) {
            let key = format!("\n{} = ", arg.get_long().unwrap());
            assert!(text.contains(&key), "{key}");
        }
    }

    #[test]
    fn no_markdown_is_left_in_a_page() {
        for page in all() {
            let text = text(&page);
            for mark in ["`", "](", "|---", "\n#", "**"] {
                assert!(!text.contains(mark), "{}: {mark}", page.name);
            }
        }
    }
}
