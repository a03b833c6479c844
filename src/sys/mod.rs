//! Access to the machine: files, output, the environment. Contains nothing about certificates.

pub mod output;
pub(crate) mod log_record;
pub mod quote;
pub mod diagnostic;
pub mod exit_code;
pub mod environment;
pub(crate) mod suggestion;
pub(crate) mod file;
pub(crate) mod root;
pub(crate) mod program;
pub(crate) mod signals;
#[cfg(feature = "tools")]
pub mod core_dump;
#[expect(clippy::disallowed_methods, reason = "the only module that writes files")]
pub mod dir;
#[cfg(feature = "tools")]
pub mod command_line;
#[cfg(feature = "tools")]
pub(crate) mod parallel;
pub mod styled;
#[cfg(feature = "tools")]
pub(crate) mod finding;
