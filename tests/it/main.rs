//! The tests of the programs, each through the program and on what a user could see.
//!
//! The harness, in reading order: `world` is a small image of its own for every test, `desk` a directory in which
//! trust-compose runs, `project` a Compose project, `scenes` a snapshot of messages, `patient` a process that
//! trust-doctor inspects. Then one folder per program or subcommand, and `repository`.

#![allow(
    clippy::pedantic,
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::result_large_err,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "a test prepares a world, and fails where it stands"
)]

#[path = "../support/mod.rs"]
mod support;

mod world;
mod desk;
mod project;
mod scenes;
mod steps;
mod patient;

mod init;
mod inspect;
mod certs;
mod setup;
mod kustomize;
mod doctor;
mod repository;
