//! Settings: defined once as clap arguments, and taken from flags, environment and file.

mod values; // values that clap has no parser for
mod files; // the files that settings name
mod cluster; // those of a node of a cluster
mod settings; // `Config`: all of them
mod layers; // command line, environment and file
mod tasks; // the subcommands
mod errand; // running a subcommand
pub mod cli; // the command line, with its subcommands

pub use self::cluster::{Cluster, KeyBytes};
pub use self::layers::{Stop, command, is_setting, load, state_dir};
pub use self::settings::{Config, Durability};

pub use self::cli::{BadPassword, Job};
