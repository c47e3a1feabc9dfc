//! The account of `--login` and its password: from a file, a variable, or the user.

use std::io::{self, BufRead, BufReader, IsTerminal, Read};
use std::path::Path;
use std::{env, fs};

use crate::cli::Options;
use crate::failure::Failure;
use crate::terminal;

/// Longest password, in bytes.
const MAX_PASSWORD: u64 = 1024;
const VARIABLE: &str = "CHAT_PASSWORD";

/// The name and the password, if the user wants to log in.
pub(crate) fn of(options: &Options) -> Result<Option<(String, String)>, Failure> {
    let Some(nick) = &options.login else { return Ok(None) };
    let password = match &options.password_file {
        Some(file) => first_line(file).map_err(|error| format!("{}: {error}", file.display()))?,
        None => match env::var(VARIABLE) {
            Ok(password) => password,
            Err(_) if io::stdin().is_terminal() => terminal::ask_password(nick)?,
            Err(_) => {
                return Err("no password for --login: use --password-file or CHAT_PASSWORD".into());
            }
        },
    };
    match password.trim().is_empty() || password.contains(char::is_control) {
        true => Err("not a password: it is empty, or has control characters".into()),
        false => Ok(Some((nick.clone(), password))),
    }
}

fn first_line(file: &Path) -> io::Result<String> {
    let mut line = String::new();
    BufReader::new(fs::File::open(file)?.take(MAX_PASSWORD)).read_line(&mut line)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
