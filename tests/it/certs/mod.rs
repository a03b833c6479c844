//! Tests of `trust-compose certs`.

mod issue;
mod served;
mod broken;
mod messages;
pub mod owners;
