//! trust-compose, which runs on the host: one module per subcommand (`certs`, `inspect`, `setup`,
//! `kustomize`, `host_trust`, `doctor`), and the modules that they share.

pub mod run;
pub mod cli;
pub(crate) mod certs;
pub(crate) mod inspect;
pub mod setup;
pub(crate) mod kustomize;
pub(crate) mod doctor;
pub(crate) mod host_trust;

pub mod project;
pub mod select;
pub mod images;
pub mod inputs;
pub(crate) mod injection;
pub(crate) mod passwords;
pub(crate) mod replaceable;
#[expect(clippy::disallowed_methods, reason = "starts docker")]
pub(crate) mod docker;
#[expect(clippy::disallowed_methods, reason = "starts git")]
pub(crate) mod git;
pub mod layout;
pub(crate) mod output;
pub(crate) mod temporary;
pub(crate) mod yaml;
pub mod decide;
