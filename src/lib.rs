//! Makes every program in a container trust a private CA, then becomes the service.
//!
//! A run is one sentence: what was asked (`cli`) tells where certificates are (`discover`); their
//! bytes become certificates and verdicts (`inspect`), and those one list (`merge`); from that and
//! from what the environment trusts already follows which variable must name which file
//! (`environment`); the files are made or found (`publish`); and the process becomes the service
//! (`exec`).
//!
//! `trust-compose` is its companion on the host (`compose`): it makes a private CA and the server
//! certificates below it (`authority`), writes the overlay through which the services of a Compose
//! project trust a CA, by the same `inspect`, `merge` and `environment`, and takes it away again.
//!
//! `trust-doctor` looks at a container from beside it (`doctor`): what it trusts, and why a connection fails.
//!
//! Absent, and meant to stay so: only `cli` reads the process environment; only `inspect` parses
//! certificates; only `disk` writes to the disk; only `report` prints; only `main` exits; only
//! `exec` replaces the process; only `engine` starts another program; only `doctor` opens a socket.

pub mod cli;
pub mod discover;
pub mod inspect;
pub mod merge;
pub mod environment;
pub mod truststore;
#[cfg(target_os = "linux")]
pub mod publish;
#[cfg(target_os = "linux")]
pub mod store;
#[cfg(target_os = "linux")]
#[expect(clippy::disallowed_methods, reason = "this is the one place that replaces us")]
pub mod exec;
#[cfg(target_os = "linux")]
pub mod run;

#[expect(clippy::disallowed_methods, reason = "this is the one place that writes")]
pub mod disk;
#[cfg(target_os = "linux")]
pub mod mounts;
pub mod report;
pub mod exit;

#[cfg(feature = "compose")]
pub mod compose;
#[cfg(feature = "compose")]
pub mod authority;
#[cfg(feature = "compose")]
#[expect(clippy::disallowed_methods, reason = "this is the one place that starts other programs")]
pub mod engine;
#[cfg(feature = "tools")]
pub mod finding;
#[cfg(feature = "tools")]
pub mod several;
#[cfg(all(feature = "doctor", target_os = "linux"))]
pub mod doctor;
