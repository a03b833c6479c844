//! The kind of a certificate's public key.

use std::fmt::{self, Display};

use x509_parser::prelude::X509Certificate;
use x509_parser::public_key::PublicKey;

/// Algorithm, and curve or length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// RSA, with the bits of its modulus.
    Rsa(usize),
    /// NIST P-256 (RFC 5480, section 2.1.1.1, as the other curves).
    P256,
    /// NIST P-384.
    P384,
    /// NIST P-521.
    P521,
    /// Ed25519 (RFC 8410, section 3).
    Ed25519,
    /// Another kind, by its object identifier; empty if the certificate cannot be read.
    Other(String),
}

impl Default for KeyKind {
    fn default() -> Self {
        Self::Other(String::new())
    }
}

impl KeyKind {
    pub(crate) fn read(x509: &X509Certificate<'_>) -> Self {
        let info = x509.public_key();
        let curve = info.algorithm.parameters.as_ref().and_then(|any| any.as_oid().ok());
        match info.parsed() {
            Ok(PublicKey::RSA(key)) => Self::Rsa(key.key_size()),
            Ok(PublicKey::EC(_)) => match curve.map(|oid| oid.to_id_string()).as_deref() {
                Some("1.2.840.10045.3.1.7") => Self::P256,
                Some("1.3.132.0.34") => Self::P384,
                Some("1.3.132.0.35") => Self::P521,
                Some(other) => Self::Other(format!("EC {other}")),
                None => Self::Other("EC".to_owned()),
            },
            _ => match info.algorithm.algorithm.to_id_string() {
                oid if oid == "1.3.101.112" => Self::Ed25519,
                oid => Self::Other(oid),
            },
        }
    }
}

impl Display for KeyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rsa(bits) => write!(f, "RSA {bits}"),
            Self::P256 => f.write_str("EC P-256"),
            Self::P384 => f.write_str("EC P-384"),
            Self::P521 => f.write_str("EC P-521"),
            Self::Ed25519 => f.write_str("Ed25519"),
            Self::Other(text) => f.write_str(text),
        }
    }
}
