//! The errors of an archive. They are apart from the reader, because its parts return them too.

use std::fmt::{self, Display};

/// Why an archive cannot be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pkcs12Error {
    /// The password is wrong or missing.
    Locked,
    /// It cannot be decoded.
    Broken,
    /// Its encryption, or a kind of its contents, is not supported.
    Unknown,
    /// Its keys are derived in more than `most` rounds.
    TooManyRounds { most: u32 },
    /// It contains a certificate that makes some client reject the whole bundle.
    Unreadable(&'static str),
}

/// The cause alone: the fix depends on the caller.
impl Display for Pkcs12Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Locked => f.write_str("it is protected with a password"),
            Self::Broken => f.write_str("its PKCS#12 is damaged, or not in DER"),
            Self::Unknown => f.write_str("its PKCS#12 is encrypted in a way that is not supported"),
            Self::TooManyRounds { most } => {
                write!(f, "its PKCS#12 requires more than {most} rounds of key derivation")
            }
            Self::Unreadable(what) => {
                write!(
                    f,
                    "a certificate in it makes some TLS libraries reject the entire bundle: {what}"
                )
            }
        }
    }
}
