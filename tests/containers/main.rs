//! The program in real containers, against real TLS servers, under a real Docker engine.
//!
//! `./scripts/test.sh` runs these with all else; alone they are
//! `cargo test --features containers --test containers`. The engine and the base images come from
//! `engine.sh` and `bases.sh` beside this file, and whatever a test creates goes when it ends.
//!
//! The harness, to be read in this order: `engine`, `site`, `container`, `clients`. The rest is one
//! file per topic; `trust` is the promise.

#![allow(
    clippy::disallowed_methods,
    clippy::doc_markdown,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on says why by panicking; the rules are the program's"
)]

mod clients;
mod container;
mod engine;
mod site;

mod build;
mod exec;
mod first;
mod image;
mod mistakes;
mod mounted;
mod nothing;
mod pinned;
mod readme;
mod restart;
mod rungs;
mod scratch;
mod trust;
mod volume;
