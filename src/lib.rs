//! Makes every program in a container trust a private CA, then becomes the service.
//!
//! A run is one sentence: what was asked (`cli`) tells where certificates are (`discover`); their
//! bytes become certificates and verdicts (`inspect`), and those one list (`merge`); from that and
//! from what the environment trusts already follows which variable must name which file
//! (`environment`); the files are made or found (`publish`); and the process becomes the service
//! (`exec`).
//!
//! Absent, and meant to stay so: only `cli` reads the process environment; only `inspect` parses
//! certificates; only `disk` writes to the disk; only `report` prints; only `main` exits; only
//! `exec` replaces the process; nothing opens a socket, and nothing starts another process.

pub mod cli;
pub mod discover;
#[expect(clippy::disallowed_methods, reason = "this is the one place that writes")]
pub mod disk;
pub mod environment;
#[cfg(target_os = "linux")]
#[expect(clippy::disallowed_methods, reason = "this is the one place that replaces us")]
pub mod exec;
pub mod exit;
pub mod inspect;
pub mod merge;
pub mod mounts;
#[cfg(target_os = "linux")]
pub mod publish;
pub mod report;
#[cfg(target_os = "linux")]
pub mod run;
