//! How certificate files are read: by `trust-compose inspect`, and by trust-init and trust-doctor, which
//! use the same code.

mod file;
mod archive;
pub mod gallery;
mod openssl;
mod mutated;
mod large;
mod recipes;
mod hostile_names;
