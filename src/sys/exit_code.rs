//! The exit codes of the three programs.
//!
//! Those of trust-init are the codes of `env(1)`, `chroot(1)` and `docker run`; any other code is the
//! service's. trust-compose and trust-doctor, which start no service, use the common 1 and 2.

/// trust-init itself failed: wrong usage, or trust could not be prepared (`env(1)`: 125).
pub const FAILED: u8 = 125;

/// The program exists but cannot be run (POSIX `exec` in the shell: 126).
pub const CANNOT_RUN: u8 = 126;

/// The program was not found (POSIX `exec` in the shell: 127).
pub const NOT_FOUND: u8 = 127;

/// Added to the number of a signal that arrived before the service was started (POSIX shell: more than 128).
pub const SIGNALLED: u8 = 128;

/// The command failed, or completed only in part; or doctor reported an error.
pub const TROUBLE: u8 = 1;

/// `trust-compose certs --renew`: the CA expires soon, or has expired, and only a new CA helps. Not a failure
/// of the run: what was due has been renewed if the CA could still sign.
pub const CA_ENDS: u8 = 3;

/// The command line is wrong (2, as the shell and clap use it), or trust-doctor cannot inspect the process.
pub const USAGE: u8 = 2;
