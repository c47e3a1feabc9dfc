//! Black-box tests: a real server on a free port, and clients that speak plain TCP to it.
//!
//! `harness` has the verbs; every other file is a topic of the contract.
#![allow(clippy::unwrap_used, reason = "in a test a failed step is a failed test")]

mod batching;
mod browser;
mod chat_client;
mod chatd_v1;
mod command_line;
mod commands;
mod door;
mod drills;
mod harness;
mod history_on_disk;
mod hostile;
mod life;
mod limits;
mod load;
mod metrics;
mod mistakes;
mod nicks;
mod notify;
mod order;
mod packaging;
mod presence;
mod private;
mod probes;
mod pty;
mod real_clients;
mod reload;
mod restart;
mod rooms;
mod safety;
mod slow;
mod store;
mod systemd;
mod telnet;
mod text_wire;
mod tidy;
mod times;
mod tls;
mod web;
mod web_noise;
mod websocket;
mod welcome;
