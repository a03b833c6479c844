//! Private keys: made, or read from a file that may hold any of the many forms of one.

use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384};

use crate::sys::diagnostic::Diagnostic;
use crate::trust::certificate::extensions::Details;
use crate::trust::certificate::key_kind::KeyKind;
use crate::trust::source::Label;

/// The keys that are made here. Every client of the last ten years knows both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeyType {
    /// NIST P-256.
    #[default]
    P256,
    /// NIST P-384.
    P384,
}

impl KeyType {
    /// The type of an existing key; `None` for one that is not made here.
    pub fn from_kind(kind: &KeyKind) -> Option<Self> {
        match kind {
            KeyKind::P256 => Some(Self::P256),
            KeyKind::P384 => Some(Self::P384),
            _ => None,
        }
    }
}

/// A private key. It has no Debug, so that no message can hold it.
pub(crate) struct PrivateKey(KeyPair);

/// Why a file that should hold a key cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyError {
    /// It needs a password.
    Encrypted,
    /// It is in the form of RFC 5915 or RFC 8017.
    Traditional,
    /// It is OpenSSH's own form.
    OpenSsh,
    /// It holds no key.
    NoKey,
    /// It holds one that cannot be read, or of a type that cannot sign here.
    Unsupported,
}

impl KeyError {
    /// The diagnostic for the file of that label, from which a CA or a server was to be signed.
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
            Self::NoKey => ("there is no private key in it", "put back the key, in PEM"),
            Self::Unsupported => (
                "it holds no key of a type that can sign here (EC P-256 and P-384, RSA from 2048 \
                 bits, Ed25519)",
                "put back the key, or start in another directory with --out",
            ),
        };
        label.cannot("use").because(cause).advise(fix)
    }
}

impl PrivateKey {
    /// A new one.
    ///
    /// # Errors
    /// When the system has no randomness to give.
    pub(crate) fn generate(kind: KeyType) -> Result<Self, rcgen::Error> {
        let algorithm = match kind {
            KeyType::P256 => &PKCS_ECDSA_P256_SHA256,
            KeyType::P384 => &PKCS_ECDSA_P384_SHA384,
        };
        KeyPair::generate_for(algorithm).map(Self)
    }

    /// The first key in a PEM text.
    ///
    /// # Errors
    /// When there is none that can sign here.
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

    /// Whether it is the private half of the key in that certificate.
    pub(crate) fn is_key_of(&self, details: &Details) -> bool {
        self.0.public_key_raw() == details.public_key
    }

    /// The key as text, which goes into a file for its owner alone.
    pub(crate) fn pem(&self) -> String {
        self.0.serialize_pem()
    }

    /// The key, to sign with.
    pub(crate) fn key_pair(&self) -> &KeyPair {
        &self.0
    }
}
