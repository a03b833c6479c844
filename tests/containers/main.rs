//! The programs in real containers, against real TLS servers, under a real Docker engine.
//!
//! `./scripts/test.sh` runs these and all other tests; `cargo test --test containers` runs only these.
//! `engine.sh` and `bases.sh` provide the engine and the base images. Each test removes what it creates.
//!
//! The harness, in reading order: `engine`, `site`, `container`, `clients`, `project`, `model`, `stack`. Then
//! one folder per program; `init::trust` tests what trust-init promises, `setup::trust` what `trust-compose
//! setup` does.

#![allow(
    clippy::disallowed_methods,
    clippy::doc_markdown,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "a test reports a failure by a panic; these lints are for the programs"
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
