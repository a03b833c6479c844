//! Tests of trust-doctor, and of `trust-compose doctor` without an engine. `connect` starts the servers
//! that the other files use.

mod connect;
mod calls;
mod chains;
mod inside;
mod image;
pub mod files;
mod ids;
mod readme;
