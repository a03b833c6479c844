//! Digests of certificates and generated files.

use std::fmt::{self, Display};

use sha1::Sha1;
use sha2::{Digest as _, Sha256};

/// A SHA-256 digest, shown in lower-case hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// Computes the digest of `pieces`, one after the other.
    pub fn of<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut digest = Sha256::new();
        pieces.into_iter().for_each(|piece| digest.update(piece));
        Self(digest.finalize().into())
    }

    /// Parses a digest as trust-init and `openssl x509 -fingerprint -sha256` print it: hexadecimal digits in
    /// upper or lower case, with or without colons between the bytes.
    pub fn parse(text: &str) -> Option<Self> {
        let digits: String = text.chars().filter(|c| *c != ':').collect();
        let mut bytes = [0; 32];
        (digits.len() == 64).then_some(())?;
        for (at, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(digits.get(2 * at..2 * at + 2)?, 16).ok()?;
        }
        Some(Self(bytes))
    }
}

/// Returns the SHA-1 digest of `pieces`, one after the other, for the two formats that require it: JKS and
/// OpenSSL's hashed names.
pub(crate) fn sha1(pieces: &[&[u8]]) -> [u8; 20] {
    let mut digest = Sha1::new();
    for piece in pieces {
        digest.update(piece);
    }
    digest.finalize().into()
}

impl Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
