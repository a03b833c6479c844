//! Sources of certificates, and their names in messages: paths, variables, options. No file is read here.

use std::fmt::{self, Display};
use std::path::{Path, PathBuf};

use crate::sys::diagnostic::{Diagnostic, owned_into_diagnostic};
use crate::sys::file::FileReadError;
use crate::sys::quote;

/// A path and the origin of its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// The path as the user wrote it.
    pub path: PathBuf,
    /// Its origin.
    pub origin: Origin,
}

/// The origin of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// An option of the command line.
    Option(&'static str),
    /// A variable of the environment.
    Variable(&'static str),
    /// A default of the program.
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

/// The public roots that the bundle contains besides the custom CAs.
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

/// The default directory of custom CAs: that of `update-ca-certificates` (update-ca-certificates(8)), where
/// users mount their CAs.
pub const DEFAULT_DIRECTORY: &str = "/usr/local/share/ca-certificates";

/// The file of the default directory that the overlay mounts: it counts as named by the user.
pub const CUSTOM_CA: &str = "/usr/local/share/ca-certificates/custom-ca.crt";

/// The contents of a file or variable that may contain custom CAs.
#[derive(Debug)]
pub struct CertificateSource {
    /// Its name in messages.
    pub label: Label,
    /// How the user named it, which decides whether a fault is an error.
    pub kind: SourceKind,
    /// Its contents.
    pub bytes: Vec<u8>,
}

/// How the user named a source, which decides whether a fault is an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceKind {
    /// The user named the file itself: every fault in it is an error.
    Named,
    /// The file is in a directory that the user named: a file without a CA is skipped.
    Member,
    /// The file is in the default directory: if it cannot be used, it is left out with a warning.
    Default,
}

/// A source's name in messages.
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

    /// Creates the error of an `action` that failed on this source.
    pub fn cannot(&self, action: &'static str) -> Diagnostic {
        match self {
            Self::Path(named) => {
                Diagnostic::cannot(action, quote::path(&named.path)).named(named.origin)
            }
            Self::Variable(name) => Diagnostic::cannot(action, format_args!("the value of {name}")),
        }
    }

    /// Returns the path, if the source is a file.
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

/// A file or directory in a container that cannot be read.
#[derive(Debug)]
pub struct SourceError {
    /// Its name in messages.
    pub label: Label,
    /// The cause.
    pub problem: FileReadError,
}

owned_into_diagnostic!(SourceError);

impl From<&SourceError> for Diagnostic {
    fn from(error: &SourceError) -> Self {
        let fix = match &error.problem {
            FileReadError::Missing => "mount it there, or correct the name",
            FileReadError::Denied { .. } => {
                "make it readable for that uid: it is public, mode 0644 is right (a directory: 0755)"
            }
            FileReadError::Directory { .. } => {
                "create the file on the host, remove the directory that Docker created there, and \
                 create the container again"
            }
            FileReadError::Special(_) => "name a regular file",
            FileReadError::TooLarge { .. } => "name a file that contains only CAs",
            FileReadError::TooMany { .. } => "put the CAs into a separate directory",
            FileReadError::System(_) => "check that path inside the container",
        };
        error.label.cannot("read").because(&error.problem).advise(fix)
    }
}

/// A file on the host that cannot be read: its fixes differ from those in a container.
#[derive(Debug)]
pub struct HostFileError {
    /// Its name in messages.
    pub label: Label,
    /// The cause.
    pub problem: FileReadError,
}

owned_into_diagnostic!(HostFileError);

impl From<&HostFileError> for Diagnostic {
    fn from(error: &HostFileError) -> Self {
        let fix = match &error.problem {
            FileReadError::Missing => "correct the name",
            FileReadError::Denied { .. } => "run as the owner of the file",
            FileReadError::Directory { .. } | FileReadError::Special(_) => "name a regular file",
            FileReadError::TooLarge { .. } | FileReadError::TooMany { .. } => {
                "name a file of certificates"
            }
            FileReadError::System(_) => "check that path",
        };
        error.label.cannot("read").because(&error.problem).advise(fix)
    }
}
