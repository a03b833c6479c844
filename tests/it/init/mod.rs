//! trust-init: each stage of a start, then the promises that cut across the stages, and what hostile places and
//! failing system calls do to it.

mod cli;
mod discover;
mod environment;
mod served;
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
