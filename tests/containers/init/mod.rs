//! trust-init as the entrypoint of real containers: first the general case, then differences by image, user
//! and mount.

mod trust;
mod pinned;
pub mod java;
mod store;
mod nothing;
mod first;
mod exec;
mod restart;
mod volume;
mod mounted;
mod rungs;
mod scratch;
mod secure;
mod build;
pub mod image;
pub mod readme;
mod recipes;
mod mistakes;
