//! trust-doctor, and `trust-compose doctor` without an engine: `connect` has the servers that the others use.

mod connect;
mod calls;
mod chains;
mod inside;
mod image;
pub mod files;
mod ids;
mod readme;
