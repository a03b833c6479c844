//! What proves by the engine and Compose, over many projects, what tests/it proves without them: for
//! `./scripts/test.sh full`, not for every push.

mod fuzzed;
mod hostile_compose;
mod hostile_compose_names;
mod random;
