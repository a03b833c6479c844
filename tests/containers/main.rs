//! The program in real containers, against real TLS servers, under a real Docker engine.
//!
//! `./scripts/test.sh` runs these with all else; alone they are
//! `cargo test --test containers`. The engine and the base images come from
//! `engine.sh` and `bases.sh` beside this file, and whatever a test creates goes when it ends.
//!
//! The harness, in reading order: `engine`, `site`, `container`, `clients`, `project`, `model`, `stack`. Then one
//! folder per program; `init::trust` is the promise of trust-init, `setup::trust` that of `trust-compose setup`.

#![allow(
    clippy::disallowed_methods,
    clippy::doc_markdown,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "a test that cannot go on says why by panicking; the rules are the program's"
)]

#[path = "../support/mod.rs"]
mod support;

mod engine;
mod site;
mod container;
mod clients;
mod project;
mod model;
mod stack;

mod init;
mod setup;
mod doctor;
mod runtimes;
mod stacks;
mod full;
