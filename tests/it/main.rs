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

#[path = "../support/mod.rs"]
mod support;

mod world;
mod compose;
mod patient;
mod project;
mod promises;
mod runtime;
mod scenes;

mod block;
mod certs;
mod certs_broken;
mod certs_messages;
mod certs_served;
mod cli;
mod clients;
mod completions;
mod dependencies;
mod discover;
mod doctor;
mod doctor_calls;
mod doctor_chains;
mod doctor_files;
mod doctor_files_wrong;
mod doctor_ids;
mod doctor_image;
mod doctor_inside;
mod environment;
mod faults;
mod faults_compose;
mod faults_limits;
mod faults_named;
mod faults_runs;
mod faults_service;
mod exec;
mod fuzzed;
mod golden;
mod guide;
mod hostile_compose;
mod hostile_compose_names;
mod hostile_compose_places;
mod hostile_names;
mod inspect;
mod hostile_bundle;
mod hostile_environment;
mod hostile_paths;
mod hostile_places;
mod hostile_tools;
mod inputs;
mod inputs_messages;
mod inputs_served;
mod inspect_bent;
mod inspect_file;
mod inspect_large;
mod inspect_openssl;
mod kustomize;
mod kustomize_adopted;
mod kustomize_broken;
mod kustomize_listed;
mod kustomize_order;
mod kustomize_refused;
mod messages;
mod messages_runtimes;
mod pid1;
mod properties;
mod publish;
mod read;
mod readme_doctor;
mod release;
mod read_model;
mod read_refused;
mod recipes;
mod select;
mod served;
mod select_dockerfile;
mod select_images;
mod setup;
mod setup_endless;
mod setup_machine;
mod setup_messages;
mod setup_place;
mod setup_random;
mod setup_swarm;
mod starts;
mod stopped;
mod store;
mod store_broken;
mod store_hash;
mod store_messages;
mod store_refused;
mod tidy;
mod transparency;
mod truststore;
mod truststore_java;
mod verification;
mod write;
mod write_broken;
mod write_env;
