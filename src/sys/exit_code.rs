//! Every exit code that is ours, and what it means.
//!
//! They are those of `env(1)`, `chroot(1)` and `docker run`, so that a reader of a container's
//! exit code needs to learn nothing new. Any other code is the service's own. trust-compose, which
//! becomes nothing else, has the two that every tool has.

/// The wrapper itself failed: bad usage, or trust could not be prepared (`env(1)`: 125).
pub const FAILED: u8 = 125;

/// The program was found but cannot be run (POSIX `exec` in the shell: 126).
pub const CANNOT_RUN: u8 = 126;

/// The program was not found (POSIX `exec` in the shell: 127).
pub const NOT_FOUND: u8 = 127;

/// Added to a signal's number when a stop arrived before the service was started (POSIX shell:
/// more than 128).
pub const SIGNALLED: u8 = 128;

/// trust-compose could not do, or not do all of, what it was asked to.
pub const TROUBLE: u8 = 1;

/// trust-compose was called in a way it does not understand (the shell's and clap's 2).
pub const USAGE: u8 = 2;
