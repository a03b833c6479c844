//! trust-doctor: inspects one process (`process`, `checks`) and the servers it calls (`endpoint`,
//! `handshake`), and says why a connection fails (`diagnosis`).

pub mod run;
pub mod cli;
pub mod process;
pub mod anchor_file;
pub mod checks;
pub mod endpoint;
#[expect(clippy::disallowed_methods, reason = "this is the one place that opens a socket")]
pub mod handshake;
pub mod diagnosis;
