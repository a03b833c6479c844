//! trust-compose, on the host: one module per subcommand (`certs`, `inspect`, `setup`, `kustomize`,
//! `doctor`), and what they share.

pub mod run;
pub mod cli;
pub mod certs;
pub mod inspect;
pub mod setup;
pub mod kustomize;
pub mod doctor;

pub mod project;
pub mod select;
pub mod images;
pub mod inputs;
pub mod injection;
pub mod passwords;
#[expect(clippy::disallowed_methods, reason = "starts docker")]
pub mod docker;
#[expect(clippy::disallowed_methods, reason = "starts git")]
pub mod git;
pub mod layout;
pub mod output;
pub mod yaml;
pub mod decide;
