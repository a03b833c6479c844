//! Tests of trust-init: each stage of a start, then guarantees across the stages, hostile places, and
//! failing system calls.

mod cli;
mod discover;
mod environment;
mod served;
mod pinned_cas;
mod configured;
mod runtime;
pub mod truststore;
mod publish;
mod store;
mod exec;
mod pid1;

mod transparency;
mod starts;
mod clients;
mod messages;

mod stopped;
mod hostile_environment;
mod hostile_paths;
mod hostile_bundle;
mod hostile_tools;
mod hostile_places;

pub mod faults;
