//! Why the inputs cannot be used: a diagnostic, and its kind, from which `doctor` derives the finding's id.

use crate::sys::diagnostic::{Diagnostic, owned_into_diagnostic};
use crate::sys::file;
use crate::trust::certificate::lints::LintHit;
use crate::trust::source::HostFileError;

/// Why the inputs cannot be used.
pub struct Error {
    /// What kind of fault it is.
    pub kind: ErrorKind,
    /// The words.
    pub diagnostic: Box<Diagnostic>,
}

/// What is wrong.
pub enum ErrorKind {
    /// A file or directory does not exist.
    Missing,
    /// A file or directory cannot be read, or an archive not be opened.
    Unreadable,
    /// A file that should hold CAs holds a private key.
    HoldsKey,
    /// A certificate that no client accepts as a CA.
    NoCa(Box<LintHit>),
    /// A file that holds something else than CAs, or is broken.
    Unusable,
    /// A file or directory without a CA, or a directory with several.
    NotFound,
    /// A server's certificate without its key, the key alone, or neither.
    ServerIncomplete,
    /// Options that are wrong, or do not fit each other.
    Options,
    /// A server's certificate that clients would refuse.
    Server(ServerFault),
}

/// Why a server's certificate cannot be served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerFault {
    /// Its file is broken, or not in PEM.
    Unusable,
    /// The key's file holds no key that a proxy can read.
    Key,
    /// The key belongs to another certificate.
    KeyMismatch,
    /// The certificates in its file are in the wrong order, or one does not belong there.
    ChainOrder,
    /// None of the trusted CAs issued it.
    NotBelowCa,
    /// It, or an issuer in its file, has expired.
    Expired,
    /// Its validity, or that of an issuer in its file, has not begun.
    NotYetValid,
    /// It is for other names.
    NameMissing,
}

impl ErrorKind {
    pub(crate) fn because(self, diagnostic: Diagnostic) -> Error {
        Error { kind: self, diagnostic: Box::new(diagnostic) }
    }
}

impl ServerFault {
    pub(crate) fn because(self, diagnostic: Diagnostic) -> Error {
        ErrorKind::Server(self).because(diagnostic)
    }
}

impl From<&HostFileError> for Error {
    fn from(error: &HostFileError) -> Self {
        let kind = match error.problem {
            file::FileReadError::Missing => ErrorKind::Missing,
            _ => ErrorKind::Unreadable,
        };
        kind.because(error.into())
    }
}

impl From<&Error> for Diagnostic {
    fn from(error: &Error) -> Self {
        Self::clone(&error.diagnostic)
    }
}

owned_into_diagnostic!(Error);
