//! The account of `--login` and its password: from a file, a command, a variable, or the user.

use std::io::{self, BufRead, BufReader, IsTerminal, Read};
use std::path::Path;
use std::process::{Command, Stdio};
use std::{env, fs};

use crate::cli::Options;
use crate::failure::Failure;
use crate::terminal;

/// Longest first line of a file, in bytes.
const MAX_FIRST_LINE: u64 = terminal::MAX_PASSWORD as u64 + 2;
/// Longest output of the command, in bytes.
const MAX_OUTPUT: u64 = 64 * 1024;
/// The variable that may have the password.
pub(crate) const VARIABLE: &str = "CHAT_PASSWORD";

/// The name and the password, if the user wants to log in.
pub(crate) fn of(options: &Options) -> Result<Option<(String, String)>, Failure> {
    let Some(nick) = &options.login else { return Ok(None) };
    let password = match (&options.password_file, &options.password_command) {
        (Some(file), _) => {
            first_line(file).map_err(|error| format!("{}: {error}", file.display()))?
        }
        (_, Some(command)) => {
            output_of(command).map_err(|why| format!("password command: {why}"))?
        }
        _ => match env::var(VARIABLE) {
            Ok(password) => password,
            Err(_) if io::stdin().is_terminal() => terminal::ask_password(nick)?,
            Err(_) => {
                return Err("no password for --login: use --password-file, --password-command or CHAT_PASSWORD".into());
            }
        },
    };
    if password.len() > terminal::MAX_PASSWORD {
        return Err("not a password: it is too long".into());
    }
    match password.trim().is_empty() || password.contains(char::is_control) {
        true => Err("not a password: it is empty, or has control characters".into()),
        false => Ok(Some((nick.clone(), password))),
    }
}

/// The first line that a command of the shell writes.
fn output_of(command: &str) -> io::Result<String> {
    let (shell, flag) = if cfg!(windows) { ("cmd", "/C") } else { ("sh", "-c") };
    // In a pipe, the input is not for the command.
    let input = if io::stdin().is_terminal() { Stdio::inherit() } else { Stdio::null() };
    let mut shell = Command::new(shell);
    let mut running = shell.args([flag, command]).stdin(input).stdout(Stdio::piped()).spawn()?;
    let mut written = Vec::new();
    if let Some(output) = running.stdout.take() {
        output.take(MAX_OUTPUT).read_to_end(&mut written)?;
    }
    let status = running.wait()?;
    if !status.success() {
        return Err(io::Error::other(status.to_string()));
    }
    let line = written.split(|&byte| byte == b'\n').next().unwrap_or_default();
    let line = std::str::from_utf8(line).map_err(io::Error::other)?;
    Ok(line.trim_end_matches('\r').to_owned())
}

fn first_line(file: &Path) -> io::Result<String> {
    let mut line = String::new();
    BufReader::new(fs::File::open(file)?.take(MAX_FIRST_LINE)).read_line(&mut line)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
