//! trust-init, PID 1 of a container: reads the options (`cli`), finds the custom CAs and the pinned files
//! (`discover`, `pins`), publishes the bundle and the files that variables name (`publish`), and executes the
//! service (`exec`). `run` performs these steps.

pub mod run;
pub mod cli;
pub(crate) mod ca_event;
pub(crate) mod discover;
pub(crate) mod pins;
pub(crate) mod configured;
pub(crate) mod mounts;
pub mod publish;
pub(crate) mod system_store;
#[expect(clippy::disallowed_methods, reason = "the only module that replaces the process")]
pub(crate) mod exec;
