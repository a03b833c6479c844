//! The repository itself: its rules, its documents, its dependencies and releases; and what holds for any input of
//! the library.

mod modules;
mod tidy;
mod words;
pub mod promises;
mod verification;
mod guide;

mod properties;
mod fuzzed;
mod fuzz_corpus;

mod dependencies;
mod release;
