//! The tests of trust-init, each through the program and on what a user could see.
//!
//! `world` is the harness: a small image of its own for every test. The rest is one file per stage,
//! then the promises that cut across them.

#![allow(
    clippy::pedantic,
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test prepares a world, and fails where it stands"
)]

mod world;

#[cfg(feature = "compose")]
mod compose;

#[cfg(feature = "compose")]
mod certs;
#[cfg(feature = "compose")]
mod certs_broken;
#[cfg(feature = "compose")]
mod certs_messages;
#[cfg(feature = "compose")]
mod certs_served;
mod cli;
mod clients;
mod discover;
mod environment;
mod exec;
mod inspect;
#[cfg(feature = "compose")]
mod inspect_file;
mod messages;
mod pid1;
mod publish;
mod tidy;
mod transparency;
