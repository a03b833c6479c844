//! trust-init, PID 1 of a container: reads the options (`cli`), finds the custom CAs and the image's roots
//! (`discover`, `pins`), publishes the bundle and the files that variables name (`publish`), and becomes the
//! service (`exec`). `run` is that sentence.

pub mod run;
pub mod cli;
pub(crate) mod discover;
pub(crate) mod pins;
pub(crate) mod mounts;
pub mod publish;
pub(crate) mod system_store;
#[expect(clippy::disallowed_methods, reason = "this is the one place that replaces us")]
pub(crate) mod exec;
