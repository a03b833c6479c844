//! What a file of certificates is found to be: by `trust-compose inspect`, and by trust-init and trust-doctor, which
//! read it with the same code.

mod file;
pub mod gallery;
mod openssl;
mod mutated;
mod large;
mod recipes;
mod hostile_names;
