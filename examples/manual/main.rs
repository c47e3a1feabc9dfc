//! Writes the manual pages, dated `DATE`, and the shell completions into a folder:
//! `cargo run --example manual -- DIR DATE`.
//!
//! The command line's definition gives names, synopses and options; docs/MANUAL.md gives the prose.

mod markdown;
mod pages;

use std::error::Error;
use std::path::Path;
use std::{env, fs};

use clap::CommandFactory;
use clap_complete::{Shell, generate_to};

// What the client's command line is made of, of which only the definition matters here.
#[allow(dead_code, reason = "the client uses it")]
#[path = "../../src/bin/chat/cli.rs"]
mod cli;

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = env::args().skip(1).collect();
    let [folder, date] = args.as_slice() else { return Err("usage: manual DIR DATE".into()) };
    let folder = Path::new(folder);
    fs::create_dir_all(folder)?;
    for page in pages::all() {
        fs::write(folder.join(page.file_name()), page.render(date)?)?;
    }
    for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
        generate_to(shell, &mut chatd::config::cli::command(), "chatd", folder)?;
        generate_to(shell, &mut cli::Options::command(), "chat", folder)?;
    }
    Ok(())
}
