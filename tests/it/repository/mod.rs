//! Tests of the repository: its rules, documents, dependencies and releases; and properties of the library
//! for any input.

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
