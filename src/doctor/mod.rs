//! trust-doctor: inspects one process (`process`, `checks`) and the servers it calls (`endpoint`,
//! `handshake`), and says why a connection fails (`diagnosis`).

pub mod run;
pub mod cli;
pub(crate) mod process;
pub(crate) mod anchor_file;
pub mod checks;
pub(crate) mod endpoint;
#[expect(clippy::disallowed_methods, reason = "the only module that opens a socket")]
pub(crate) mod handshake;
pub(crate) mod diagnosis;
