//! Tests of the programs as a user sees them: each test runs a program and checks its output and files.
//!
//! The harness, in reading order: `world` is a small image for each test, `desk` a directory in which
//! trust-compose runs, `project` a Compose project, `scenes` a snapshot of messages, `target_process` a
//! process that trust-doctor inspects. Then one folder per program or subcommand, and `repository`.

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
    reason = "a test prepares its files and fails at the line of the fault"
)]

#[path = "../support/mod.rs"]
mod support;

mod world;
mod desk;
mod project;
mod scenes;
mod fixes;
mod steps;
mod target_process;

mod init;
mod host_trust;
mod inspect;
mod certs;
mod setup;
mod kustomize;
mod doctor;
mod repository;
