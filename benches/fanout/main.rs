//! The fan-out benchmark: chatd beside `floor`, the leanest possible server, and beside
//! redis-server, ncat and ngircd where they are installed.
//!
//! `cargo bench --bench fanout` prints Markdown tables. Every figure to judge by is a ratio of two
//! servers that took turns in the same run. The run fails when a client missed a line, or got one
//! twice, damaged or out of order. Missing a target does not fail it.

#![allow(clippy::print_stdout)]

mod bench;
mod churn;
mod cluster;
mod crowd;
mod fleet;
mod floor;
mod growth;
mod idle;
mod joins;
mod latency;
mod load;
mod os;
mod placement;
mod plot;
mod posts;
mod report;
mod rooms;
mod sample;
mod server;
mod stalled;
mod threads;
mod throughput;
mod tls;
mod transcript;
mod visits;
mod wire;
mod wires;

use bench::Bench;
use clap::{Parser, Subcommand, ValueEnum};
use placement::Slot;
use report::Report;
use server::Kind;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// Measures chatd's fan-out against the practical limit.
#[derive(Parser)]
#[command(name = "fanout")]
struct Options {
    #[command(subcommand)]
    role: Option<Role>,
    /// Fewer rows and shorter: under a minute
    #[arg(long)]
    quick: bool,
    /// Only these tables
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    only: Vec<Section>,
    /// With --quick, too, measure the growth and draw docs/growth.svg
    #[arg(long)]
    growth: bool,
    /// Where the load generator and the servers run, instead of where each table has them
    #[arg(long)]
    place: Option<Slot>,
    /// Seconds to wait in all until other processes are quiet
    #[arg(long, value_name = "SECONDS")]
    patience: Option<u64>,
    /// What cargo says to every benchmark
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Subcommand)]
enum Role {
    /// Be the server that chatd is measured against
    Floor {
        /// Where to write `text PORT`
        #[arg(long)]
        port_file: PathBuf,
        /// Look again before sending, if much came in
        #[arg(long)]
        look_twice: bool,
    },
    /// Be the server that chatd's connecting is measured against
    Threads {
        /// Where to write `text PORT`
        #[arg(long)]
        port_file: PathBuf,
    },
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Section {
    FanOut,
    Rate,
    Idle,
    Stalled,
    Visits,
    History,
    Growth,
    Wires,
    Rooms,
    Cluster,
    Joins,
    Posts,
}

type Measure = fn(&Bench, &mut Report);

/// The tables, whether `--quick` has them, and where their servers run: one processor suits a
/// stream of lines, clients that come and go are a matter for all.
const SECTIONS: [(Section, bool, Slot, Measure); 12] = [
    (Section::FanOut, true, Slot::Together, throughput::fan_out),
    (Section::Rate, false, Slot::Together, throughput::rate),
    (Section::Idle, true, Slot::Free, idle::idle),
    (Section::Stalled, true, Slot::Together, stalled::stalled),
    (Section::Visits, true, Slot::Free, visits::visits),
    (Section::Wires, false, Slot::Together, wires::wires),
    (Section::Rooms, false, Slot::Together, rooms::rooms),
    (Section::Cluster, false, Slot::Free, cluster::cluster),
    (Section::Joins, false, Slot::Together, joins::joins),
    (Section::Posts, false, Slot::Free, posts::posts),
    (Section::History, false, Slot::Together, throughput::history),
    (Section::Growth, false, Slot::Together, growth::growth),
];

fn main() -> io::Result<ExitCode> {
    let options = Options::parse();
    match options.role {
        Some(Role::Floor { port_file, look_twice }) => floor::serve(&port_file, look_twice)?,
        Some(Role::Threads { port_file }) => threads::serve(&port_file)?,
        None => {}
    }
    let files = os::raise_open_files()?;
    let patience = options.patience.unwrap_or(if options.quick { 10 } else { 60 });
    let mut bench = Bench::new(options.quick, files, Duration::from_secs(patience))?;
    let mut report = Report::default();
    introduce();
    for (section, in_quick, place, measure) in SECTIONS {
        let wanted = match section {
            Section::Growth if options.growth => true,
            _ if options.only.is_empty() => in_quick || !options.quick,
            _ => options.only.contains(&section),
        };
        if wanted {
            bench.settle(options.place.unwrap_or(place))?;
            measure(&bench, &mut report);
        }
    }
    report.finish(bench.disturbed.get());
    Ok(if report.failed() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn introduce() {
    println!("# Fan-out\n");
    println!("{}. 4 senders, lines of 64 bytes.", os::machine());
    println!("Figures are medians; × floor is the median of ratios taken side by side.");
    println!(
        "Where servers take short turns (stalled, visitors, wires) all turns are taken together."
    );
    for kind in Kind::PEERS.into_iter().filter(|kind| !kind.installed()) {
        println!("{} is not installed: its rows are missing.", kind.name());
    }
}
