//! Where certificates come from, and how messages name that: paths, variables, options.
//!
//! Nothing is read here; a source is bytes that its finder read.

use std::fmt::{self, Display};
use std::path::{Path, PathBuf};

use crate::sys::diagnostic::{Diagnostic, owned_into_diagnostic};
use crate::sys::file::FileError;
use crate::sys::quote;

/// A path and where its name came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// The path as it was written.
    pub path: PathBuf,
    /// Where it was written.
    pub origin: Origin,
}

/// Where a name came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// An option of the command line.
    Option(&'static str),
    /// A variable of the environment.
    Variable(&'static str),
    /// It is built in.
    Default,
}

impl Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Option(name) | Self::Variable(name) => write!(f, "from {name}"),
            Self::Default => f.write_str("the default"),
        }
    }
}

/// The public roots that go into the bundle beside the custom CAs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Roots {
    /// The image's own.
    #[default]
    System,
    /// Mozilla's, built into this program.
    Mozilla,
    /// None: only the custom CAs are trusted.
    None,
}

/// Where `update-ca-certificates` looks for local CAs, and so where people mount theirs
/// (update-ca-certificates(8)).
pub const DEFAULT_DIRECTORY: &str = "/usr/local/share/ca-certificates";

/// The one file of the default directory that counts as named: the overlay mounts it.
pub const CUSTOM_CA: &str = "/usr/local/share/ca-certificates/custom-ca.crt";

/// Bytes that may hold custom CAs.
#[derive(Debug)]
pub struct CertificateSource {
    /// What to call it.
    pub label: Label,
    /// How it was named, which decides how strictly it is taken.
    pub kind: SourceKind,
    /// Its contents.
    pub bytes: Vec<u8>,
}

/// How a source was named, which decides how strictly it is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceKind {
    /// The file itself was named: every fault in it is an error.
    Named,
    /// It is in a directory that was named: a file that holds no CA is skipped.
    Member,
    /// It is in the default directory: what cannot be used is left out with a warning.
    Default,
}

/// A source's name for messages: the path, and where that came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Label {
    /// A file or directory.
    Path(Named),
    /// The value of a variable.
    Variable(&'static str),
}

impl Label {
    pub(crate) fn new(path: impl Into<PathBuf>, origin: Origin) -> Self {
        Self::Path(Named { path: path.into(), origin })
    }

    /// A failure to do `action` to this source.
    pub fn cannot(&self, action: &'static str) -> Diagnostic {
        match self {
            Self::Path(named) => {
                Diagnostic::cannot(action, quote::path(&named.path)).named(named.origin)
            }
            Self::Variable(name) => Diagnostic::cannot(action, format_args!("the value of {name}")),
        }
    }

    /// The path, if it is one.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Path(named) => Some(&named.path),
            Self::Variable(_) => None,
        }
    }
}

impl Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(named) => write!(f, "{} ({})", quote::path(&named.path), named.origin),
            Self::Variable(name) => write!(f, "the value of {name}"),
        }
    }
}

/// A place that cannot be read.
#[derive(Debug)]
pub struct SourceError {
    /// The place.
    pub label: Label,
    /// Why.
    pub problem: FileError,
}

owned_into_diagnostic!(SourceError);

impl From<&SourceError> for Diagnostic {
    fn from(error: &SourceError) -> Self {
        let fix = match &error.problem {
            FileError::Missing => "mount it there, or correct the name",
            FileError::Denied { .. } => {
                "make it readable for that uid: it is public, mode 0644 is right (a directory: 0755)"
            }
            FileError::Directory { .. } => {
                "create the file on the host, remove the directory that Docker made there, and \
                 create the container again"
            }
            FileError::Special(_) => "name a regular file",
            FileError::TooLarge { .. } => "name a file that holds CAs only",
            FileError::TooMany { .. } => "put the CAs into a directory of their own",
            FileError::System(_) => "look at that path from inside the container",
        };
        error.label.cannot("read").because(&error.problem).advise(fix)
    }
}

/// A file on the host that cannot be read: its fixes differ from those in a container.
#[derive(Debug)]
pub struct HostFileError {
    /// The file.
    pub label: crate::trust::source::Label,
    /// Why.
    pub problem: FileError,
}

owned_into_diagnostic!(HostFileError);

impl From<&HostFileError> for Diagnostic {
    fn from(error: &HostFileError) -> Self {
        let fix = match &error.problem {
            FileError::Missing => "correct the name",
            FileError::Denied { .. } => "run as the owner of the file",
            FileError::Directory { .. } | FileError::Special(_) => "name a regular file",
            FileError::TooLarge { .. } | FileError::TooMany { .. } => "name a file of certificates",
            FileError::System(_) => "look at that path",
        };
        error.label.cannot("read").because(&error.problem).advise(fix)
    }
}
