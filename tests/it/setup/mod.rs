//! Tests of `trust-compose setup` and `remove`: reading, deciding, writing, and the whole.

pub mod read;
mod select;
pub mod inputs;

mod block;
mod write;
mod golden;

pub mod flags;
mod place;
mod machine;
mod swarm;
mod docker_limits;
mod random;
mod completions;
mod command_line;
mod outcome;
mod lock;
mod again;
mod mounted_roots;
mod owners;
mod messages;

mod hostile_compose;
mod hostile_compose_names;
mod hostile_compose_places;
mod faults;
