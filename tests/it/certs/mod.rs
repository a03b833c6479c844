//! Tests of `trust-compose certs`.

mod issue;
pub mod served;
mod broken;
mod constraints;
mod messages;
mod names;
mod renewal;
pub mod owners;
