//! The `chatd` command: settings in, a server started, signals obeyed.

use std::io::Write;
use std::process::ExitCode;

use chatd::cli::{self, Job};
use chatd::config::{self, Config, Stop};
use chatd::logging;
use chatd::server::Server;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

const CANNOT_START: u8 = 1;
const WRONG_SETTINGS: u8 = 2;
const CRASHED: i32 = 70;

fn main() -> ExitCode {
    let job = match cli::parse(std::env::args_os(), std::env::vars_os()) {
        Ok(job) => job,
        Err(Stop::Answered(text)) => {
            let _ = std::io::stdout().write_all(text.as_bytes());
            return ExitCode::SUCCESS;
        }
        Err(Stop::Wrong(text)) => {
            complain(&text);
            return ExitCode::from(WRONG_SETTINGS);
        }
    };
    let done = match job {
        Job::Serve(config) => run(*config),
        Job::Manage(errand) => errand.run(),
    };
    let code = match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            logging::flush();
            complain(&format!("chatd: {error}\n"));
            ExitCode::from(CANNOT_START)
        }
    };
    logging::flush();
    code
}

/// There may be nobody to complain to.
fn complain(text: &str) {
    let _ = std::io::stderr().write_all(text.as_bytes());
}

fn load() -> Result<Config, Stop> {
    config::load(std::env::args_os(), std::env::vars_os())
}

fn run(config: Config) -> Result<(), Box<dyn std::error::Error>> {
    logging::start(config.log_level())?;
    for variable in &config.unknown_variables {
        log::warn!("{variable} is set, but there is no such setting");
    }
    let mut signals = Signals::new([SIGTERM, SIGINT, SIGHUP])?;
    let server = Server::start(&config, crash)?;
    for signal in signals.forever() {
        if signal != SIGHUP {
            break;
        }
        match load() {
            Ok(changed) => reload(&server, &config, &changed),
            Err(Stop::Answered(text) | Stop::Wrong(text)) => {
                let reason = text.lines().next().unwrap_or_default().trim_start_matches("chatd: ");
                log::error!("not reloaded, nothing is changed: {reason}");
            }
        }
    }
    log::info!("going down");
    server.stop();
    Ok(())
}

/// Puts changed settings in force, except those that were fixed at the start.
fn reload(server: &Server, started_with: &Config, changed: &Config) {
    for option in started_with.fixed_differences(changed) {
        log::warn!("{option} is changed, which takes a restart");
    }
    logging::set_level(changed.log_level());
    server.configure(changed);
    log::info!("reloaded");
}

/// Without its broadcaster the server is of no use; whoever started it may start it again.
fn crash() {
    logging::flush();
    std::process::exit(CRASHED);
}
