//! Why nothing was set up, and what mends it: the words of the stages, and those that belong to none.

use std::fmt::{self, Display};
use std::io;
use std::path::PathBuf;

use crate::sys::diagnostic::Diagnostic;
use crate::sys::quote;

use crate::compose::docker::Failure;
use crate::compose::inputs;
use crate::compose::setup::overlay::MOST;
use crate::compose::setup::{disabled_services, mount_conflicts, proxy, write};
use crate::sys::{exit_code, output};

/// Why nothing was done.
pub enum Refusal {
    /// What is complete already.
    Diagnostic(Diagnostic),
    /// An unreadable project.
    Read(Diagnostic),
    /// A service that cannot be switched off.
    Without(disabled_services::Error),
    /// A mount in the way.
    Obstacle(mount_conflicts::Error),
    /// A proxy that cannot serve.
    Proxy(proxy::Error),
    /// Roots of this machine that cannot be read.
    Roots(crate::trust::source::ReadError),
    /// A disk that does not take it, or holds what is not ours.
    Write(write::Error),
    /// An option that means nothing without a CA.
    NoAuthority(&'static str),
    /// An option that would remove what is set up, as no CA is named beside it.
    WouldRemove { option: &'static str, instead: String },
    /// docker could not be started, so it is not known which containers mount the directory.
    Unasked { path: PathBuf, error: io::Error },
    /// The engine is on another machine.
    Elsewhere(String),
    /// The words of the present overlay cannot be read.
    Words(PathBuf),
    /// A file that is larger than a config of a swarm may be.
    Config { file: String, size: usize },
    /// The overlay cannot be written as YAML.
    Yaml(String),
    /// There is no current directory.
    Here(io::Error),
    /// `docker compose` could not be run.
    Up(Failure),
}

output::error_of_words!(Refusal);

macro_rules! from {
    ($($variant:ident: $error:ty),* $(,)?) => {
        $(impl From<$error> for Refusal {
            fn from(error: $error) -> Self {
                Self::$variant(error)
            }
        })*
    };
}
from! {
    Diagnostic: Diagnostic,
    Without: disabled_services::Error,
    Obstacle: mount_conflicts::Error,
    Proxy: proxy::Error,
    Roots: crate::trust::source::ReadError,
    Write: write::Error,
}

impl From<inputs::Error> for Refusal {
    fn from(error: inputs::Error) -> Self {
        Self::Diagnostic(*error.diagnostic)
    }
}

impl From<serde_yaml::Error> for Refusal {
    fn from(error: serde_yaml::Error) -> Self {
        Self::Yaml(error.to_string())
    }
}

impl From<&Refusal> for Diagnostic {
    fn from(refusal: &Refusal) -> Self {
        match refusal {
            Refusal::Diagnostic(diagnostic) => diagnostic.clone(),
            other => Self::parsed(&other.to_string()),
        }
    }
}

impl Refusal {
    /// The exit code.
    pub fn code(&self) -> u8 {
        match self {
            Self::Diagnostic(diagnostic) if diagnostic.is_usage => exit_code::USAGE,
            Self::NoAuthority(_) | Self::WouldRemove { .. } => exit_code::USAGE,
            _ => exit_code::TROUBLE,
        }
    }
}

impl Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Diagnostic(error) | Self::Read(error) => {
                write!(f, "{error}")?;
                error.fixes.iter().try_for_each(|fix| write!(f, "\nfix: {fix}"))
            }
            Self::Without(error) => write!(f, "{error}"),
            Self::Obstacle(error) => write!(f, "{error}"),
            Self::Proxy(error) => write!(f, "{error}"),
            Self::Roots(error) => write!(f, "{error}"),
            Self::Write(error) => write!(f, "{error}"),
            Self::NoAuthority(option) => write!(
                f,
                "cannot use {option} without a CA\n\
                 fix: add --custom-ca, or leave out all options to take the overlay away"
            ),
            Self::WouldRemove { option, instead } => write!(
                f,
                "cannot use {option} without a CA: setup would remove what is set up here\n\
                 fix: {instead}"
            ),
            Self::Unasked { path, error } => write!(
                f,
                "cannot ask the engine which containers mount {}: {}\nfix: run it again",
                quote::path(path),
                output::cause(error)
            ),
            Self::Elsewhere(endpoint) => write!(
                f,
                "cannot mount anything from here: the engine is on another machine ({})\n\
                 fix: run this there, in a copy of the project",
                quote::word(endpoint)
            ),
            Self::Words(path) => write!(
                f,
                "cannot tell with which options {} was made\nfix: run setup with them again",
                quote::path(path)
            ),
            Self::Config { file, size } => write!(
                f,
                "cannot hand {} to the swarm (from --swarm): it has {size} bytes, and a config at most {MOST}\n\
                 fix: leave the services out whose image brings so many roots (--service NAME=leave), or take \
                 --roots mozilla",
                quote::word(file)
            ),
            Self::Yaml(cause) => write!(f, "cannot write the overlay: {cause}\nfix: report this"),
            Self::Here(error) => write!(
                f,
                "cannot find the current directory: {}\nfix: change to one that is there",
                output::cause(error)
            ),
            Self::Up(failure) => write!(
                f,
                "cannot run `docker compose up`: {failure}\nfix: run the printed command where docker is"
            ),
        }
    }
}
