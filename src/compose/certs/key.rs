//! Private keys: generated, or read from a PEM file of any form.

use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384};

use crate::sys::diagnostic::Diagnostic;
use crate::trust::certificate::extensions::Details;
use crate::trust::certificate::key_kind::KeyKind;
use crate::trust::source::Label;

/// The types of keys that `certs` generates. Every client of the last ten years supports both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeyType {
    /// NIST P-256.
    #[default]
    P256,
    /// NIST P-384.
    P384,
}

impl KeyType {
    /// Returns the type of an existing key; `None` if `certs` does not generate keys of that type.
    pub fn from_kind(kind: &KeyKind) -> Option<Self> {
        match kind {
            KeyKind::P256 => Some(Self::P256),
            KeyKind::P384 => Some(Self::P384),
            _ => None,
        }
    }
}

/// A private key. It has no Debug, so that no message can contain it.
pub(crate) struct PrivateKey(KeyPair);

/// Why the key in a file cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyError {
    /// The key is encrypted with a password.
    Encrypted,
    /// The key has the form of RFC 5915 or RFC 8017.
    Traditional,
    /// The key has OpenSSH's own form.
    OpenSsh,
    /// The file contains no key.
    NoKey,
    /// The key cannot be read, or rcgen cannot sign with a key of its type.
    Unsupported,
}

impl KeyError {
    /// Returns the diagnostic for a key file of `certs`.
    pub(crate) fn diagnostic(self, label: &Label) -> Diagnostic {
        let (cause, fix) = match self {
            Self::Encrypted => (
                "it is encrypted with a password",
                "write it without one: `openssl pkcs8 -topk8 -nocrypt -in FILE -out NEW`",
            ),
            Self::Traditional => (
                "it is in the traditional form, not in PKCS#8 (RFC 5208)",
                "convert it: `openssl pkcs8 -topk8 -nocrypt -in FILE -out NEW`",
            ),
            Self::OpenSsh => (
                "it is in OpenSSH's form, not in PKCS#8 (RFC 5208)",
                "convert a copy of it: `ssh-keygen -p -m PKCS8 -N '' -f COPY`",
            ),
            Self::NoKey => ("it contains no private key", "restore the key, in PEM"),
            Self::Unsupported => (
                "it contains no key of a type that can sign here (EC P-256 and P-384, RSA from 2048 \
                 bits, Ed25519)",
                "restore the key, or start in another directory with --out",
            ),
        };
        label.cannot("use").because(cause).advise(fix)
    }
}

impl PrivateKey {
    /// Generates a key.
    ///
    /// # Errors
    /// When the system's random number generator fails.
    pub(crate) fn generate(kind: KeyType) -> Result<Self, rcgen::Error> {
        let algorithm = match kind {
            KeyType::P256 => &PKCS_ECDSA_P256_SHA256,
            KeyType::P384 => &PKCS_ECDSA_P384_SHA384,
        };
        KeyPair::generate_for(algorithm).map(Self)
    }

    /// Reads the first key in a PEM text.
    ///
    /// # Errors
    /// When it contains no key, or one that cannot be used.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, KeyError> {
        let text = String::from_utf8_lossy(bytes);
        let marker = |label: &str| text.find(&format!("-----BEGIN {label}-----"));
        if marker("ENCRYPTED PRIVATE KEY").is_some() || text.contains("Proc-Type: 4,ENCRYPTED") {
            return Err(KeyError::Encrypted);
        }
        if let Some(block) = marker("PRIVATE KEY").and_then(|at| text.get(at..)) {
            return KeyPair::from_pem(block).map(Self).map_err(|_| KeyError::Unsupported);
        }
        if marker("EC PRIVATE KEY").or_else(|| marker("RSA PRIVATE KEY")).is_some() {
            Err(KeyError::Traditional)
        } else if marker("OPENSSH PRIVATE KEY").is_some() {
            Err(KeyError::OpenSsh)
        } else {
            Err(KeyError::NoKey)
        }
    }

    /// Whether this is the private key of the certificate with these `details`.
    pub(crate) fn is_key_of(&self, details: &Details) -> bool {
        self.0.public_key_raw() == details.public_key
    }

    /// Returns the key in PEM, for a file that only its owner can read.
    pub(crate) fn pem(&self) -> String {
        self.0.serialize_pem()
    }

    /// Returns the key pair, to sign with.
    pub(crate) fn key_pair(&self) -> &KeyPair {
        &self.0
    }
}
