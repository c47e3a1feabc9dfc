//! The `chatd` command: reads the settings, runs the server, and handles signals.

#[cfg(not(target_os = "linux"))]
compile_error!("chatd runs on Linux only; elsewhere, build the client: cargo build --bin chat");

mod cluster_check; // what `--check` says about the cluster
mod exit; // how the process ends
mod restart; // handing over to the next process

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::SystemTime;

use chatd::config::{self, BadPassword, Config, Job, Stop, cli};
use chatd::os;
use chatd::restart::{inherit, manager};
use chatd::server::{Server, failed};
use chatd::telemetry::logging;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR2};
use signal_hook::iterator::Signals;

use self::exit::{CANNOT_START, WRONG_SETTINGS, crash, first_line};
use self::restart::Restart;

const SIGNALS: [i32; 4] = [SIGTERM, SIGINT, SIGHUP, SIGUSR2];

fn main() -> ExitCode {
    let job = match cli::parse(std::env::args_os(), std::env::vars_os()) {
        Ok(job) => job,
        Err(Stop::Answered(text)) => {
            let _ = std::io::stdout().write_all(text.as_bytes());
            return ExitCode::SUCCESS;
        }
        Err(Stop::Wrong(text)) => {
            logging::complain(&text);
            return ExitCode::from(WRONG_SETTINGS);
        }
    };
    let done = match job {
        Job::Serve(config) if config.check => {
            report_warnings(&config);
            report_cluster(&config);
            Ok(())
        }
        Job::Serve(config) => run(*config),
        Job::Manage(errand) => errand.run(),
    };
    let code = match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            logging::flush();
            logging::complain(&format!("chatd: {error}\n"));
            let is_mistake = error.is::<BadPassword>();
            ExitCode::from(if is_mistake { WRONG_SETTINGS } else { CANNOT_START })
        }
    };
    logging::flush();
    code
}

/// Prints warnings about valid settings, such as variables that are most likely misspelt.
fn report_warnings(config: &Config) {
    for warning in config.warnings(SystemTime::now()) {
        logging::complain(&format!("chatd: {warning}\n"));
    }
}

/// Prints what is in the log of the cluster, if there is one.
fn report_cluster(config: &Config) {
    match config.cluster.as_ref().map(cluster_check::ask) {
        Some(Ok(seen)) => drop(writeln!(io::stdout(), "{seen}")),
        Some(Err(warning)) => logging::complain(&format!("chatd: {warning}\n")),
        None => {}
    }
}

fn load() -> Result<Config, Stop> {
    config::load(std::env::args_os(), std::env::vars_os())
}

fn run(mut config: Config) -> Result<(), Box<dyn std::error::Error>> {
    // A signal that arrives during a restart stays pending for the next program.
    os::hold_signals(&SIGNALS).map_err(failed("block signals"))?;
    let mut signals = Signals::new(SIGNALS).map_err(failed("wait for signals"))?;
    logging::start(config.log_level()).map_err(failed("start the thread \"log\""))?;
    for variable in &config.unknown_variables {
        log::warn!("{variable} is set, but there is no such setting");
    }
    let database = Server::open_database(&config)?;
    let restart = Restart::prepare().map_err(failed("prepare for a restart"))?;
    let inherited = inherit::inherit();
    let mut server = Server::start(&config, database, inherited, &restart.file, crash)?;
    manager::ready();
    loop {
        let caught = next_signals(&mut signals).map_err(failed("wait for signals"))?;
        if caught.contains(&SIGTERM) || caught.contains(&SIGINT) {
            break;
        }
        if caught.contains(&SIGHUP) {
            reload(&server, &config);
        }
        if caught.contains(&SIGUSR2) && restart.try_out() {
            let left = restart.replace(server);
            // The restart failed before execve, so this process continues.
            config = load().unwrap_or(config);
            let database = Server::open_database(&config)?;
            server = Server::start(&config, database, left, &restart.file, crash)?;
        }
    }
    log::info!("going down");
    manager::stopping();
    if manager::is_managed() {
        restart.leave_to_manager(server);
    } else {
        server.stop();
    }
    Ok(())
}

/// Waits for signals. They stay blocked while the caller handles them.
fn next_signals(signals: &mut Signals) -> io::Result<Vec<i32>> {
    os::release_signals(&SIGNALS)?;
    let mut caught: Vec<_> = signals.wait().collect();
    os::hold_signals(&SIGNALS)?;
    caught.extend(signals.pending());
    Ok(caught)
}

/// Applies changed settings, except those that only a restart can change.
fn reload(server: &Server, started_with: &Config) {
    manager::reloading();
    let changed = load();
    server.count_reload(changed.is_ok());
    match changed {
        Ok(mut changed) => {
            for option in started_with.fixed_differences(&changed) {
                log::warn!("{option} was changed; restart chatd to apply it");
            }
            changed.keep_fixed(started_with);
            logging::set_level(changed.log_level());
            server.configure(&changed);
            log::info!("reloaded");
        }
        Err(Stop::Answered(text) | Stop::Wrong(text)) => {
            log::error!("not reloaded, nothing was changed: {}", first_line(&text));
        }
    }
    manager::ready();
}
