//! Errors of the inputs: a diagnostic, and its kind, from which `doctor` derives the finding's id.

use crate::sys::diagnostic::{Diagnostic, owned_into_diagnostic};
use crate::sys::file;
use crate::trust::certificate::lints::LintHit;
use crate::trust::source::HostFileError;

/// The reason why the inputs cannot be used.
pub struct InputError {
    /// The kind of error.
    pub kind: InputErrorKind,
    /// The message.
    pub diagnostic: Box<Diagnostic>,
}

/// The kinds of input errors.
pub enum InputErrorKind {
    /// A file or directory does not exist.
    Missing,
    /// A file, directory or archive cannot be read.
    Unreadable,
    /// A CA file contains a private key.
    HoldsKey,
    /// No client accepts the certificate as a CA.
    NoCa(Box<LintHit>),
    /// A CA file contains something else than CAs, or is broken.
    Unusable,
    /// A file or directory contains no CA, or a directory several.
    NotFound,
    /// The server certificate, its key, or both are missing.
    ServerIncomplete,
    /// Options are invalid or contradictory.
    Options,
    /// Clients would refuse the server certificate.
    Server(ServerFault),
}

/// Why a server certificate cannot be served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerFault {
    /// The file is broken, or not in PEM.
    Unusable,
    /// The key file contains no key that a proxy can read.
    Key,
    /// The key belongs to another certificate.
    KeyMismatch,
    /// The certificates in the file have the wrong order, or one is not in the chain.
    ChainOrder,
    /// The chain does not end at a custom CA.
    NotBelowCa,
    /// The leaf or an issuer in the file has expired.
    Expired,
    /// The leaf or an issuer in the file is not valid yet.
    NotYetValid,
    /// The leaf does not cover the domain.
    NameMissing,
}

impl InputErrorKind {
    pub(crate) fn because(self, diagnostic: Diagnostic) -> InputError {
        InputError { kind: self, diagnostic: Box::new(diagnostic) }
    }
}

impl ServerFault {
    pub(crate) fn because(self, diagnostic: Diagnostic) -> InputError {
        InputErrorKind::Server(self).because(diagnostic)
    }
}

impl From<&HostFileError> for InputError {
    fn from(error: &HostFileError) -> Self {
        let kind = match error.problem {
            file::FileReadError::Missing => InputErrorKind::Missing,
            _ => InputErrorKind::Unreadable,
        };
        kind.because(error.into())
    }
}

impl From<&InputError> for Diagnostic {
    fn from(error: &InputError) -> Self {
        Self::clone(&error.diagnostic)
    }
}

owned_into_diagnostic!(InputError);
