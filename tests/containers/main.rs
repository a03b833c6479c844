//! The program in real containers, against real TLS servers, under a real Docker engine.
//!
//! `./scripts/test.sh` runs these with all else; alone they are
//! `cargo test --features containers --test containers`. The engine and the base images come from
//! `engine.sh` and `bases.sh` beside this file, and whatever a test creates goes when it ends.
//!
//! The harness comes first (`engine`, `site`, `container`, `clients`), then a file per topic.

// A test that cannot go on says why by panicking.
#![allow(clippy::panic, clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
// Programs and variables are called what they are called.
#![allow(clippy::doc_markdown)]

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
