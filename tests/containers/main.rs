//! The program in real containers, against real TLS servers, under a real Docker engine.
//!
//! `./scripts/test.sh` runs these with all else; alone they are
//! `cargo test --test containers`. The engine and the base images come from
//! `engine.sh` and `bases.sh` beside this file, and whatever a test creates goes when it ends.
//!
//! The harness, to be read in this order: `engine`, `site`, `container`, `clients`, `project`, `stack`. The rest
//! is one file per topic; `trust` is the promise of trust-init, `setup` that of trust-compose.

#![allow(
    clippy::disallowed_methods,
    clippy::doc_markdown,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on says why by panicking; the rules are the program's"
)]

#[path = "../support/mod.rs"]
mod support;

mod clients;
mod container;
mod engine;
mod model;
mod project;
mod site;
mod stack;

mod activate;
mod ai_services;
mod ai_services_proxy;
mod ai_services_refused;
mod breaks;
mod build;
mod check;
mod companion;
mod doctor;
mod doctor_files;
mod doctor_hostile;
mod doctor_servers;
mod exec;
mod first;
mod full;
mod golden;
mod hostile;
mod image;
mod java;
mod kubernetes;
mod java_overlaid;
mod mistakes;
mod mounted;
mod nothing;
mod overlaid;
mod pinned;
mod promises;
mod proxy;
mod read;
mod recipes;
mod readme;
mod readme_setup;
mod replace;
mod restart;
mod rungs;
mod runtimes;
mod scratch;
mod secure;
mod selfhosted;
mod served;
mod setup;
mod store;
mod swarm;
mod trust;
mod voice_agent;
mod volume;
mod without;
