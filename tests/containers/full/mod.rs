//! Tests with the engine and Compose, over many projects, of properties that tests/it checks without them.
//! Only `./scripts/test.sh full` runs them.

mod fuzzed;
mod hostile_compose;
mod hostile_compose_names;
mod random;
