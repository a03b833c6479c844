//! Reads and writes Java key stores of certificates, in the two formats that a JVM's own `cacerts` has.
//!
//! A key store is written in the format of that `cacerts`: a JVM with restricted cryptography may lack JKS, and
//! every JVM opens the format of its own.

pub(crate) mod jks;
pub(crate) mod pkcs12;

use std::fmt::{self, Display};

use crate::trust::bundle::{self, Pem};
use crate::trust::der::{Outline, outline};

/// The password of every `cacerts`, which protects nothing
/// (<https://docs.oracle.com/en/java/javase/21/docs/specs/man/keytool.html>, "The cacerts file").
pub const PASSWORD: &str = "changeit";

/// The format of a key store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeyStoreFormat {
    /// Sun's own, of every `cacerts` until JDK 17. Every JVM without restrictions from 8 to 26 reads it.
    #[default]
    Jks,
    /// PKCS#12 without encryption and without a password, which is the format since then
    /// (<https://bugs.openjdk.org/browse/JDK-8275252>).
    Pkcs12,
}

impl KeyStoreFormat {
    /// Returns the format of `store`, if it is one of these.
    pub fn detect(store: &[u8]) -> Option<Self> {
        if jks::is_jks(store) {
            return Some(Self::Jks);
        }
        (outline(store) == Outline::Pkcs12).then_some(Self::Pkcs12)
    }

    /// Returns Java's name of it
    /// (<https://docs.oracle.com/en/java/javase/21/docs/specs/security/standard-names.html#keystore-types>).
    pub fn name(self) -> &'static str {
        match self {
            Self::Jks => "JKS",
            Self::Pkcs12 => "PKCS12",
        }
    }

    /// Returns the usual ending of its files' names.
    pub fn ending(self) -> &'static str {
        match self {
            Self::Jks => "jks",
            Self::Pkcs12 => "p12",
        }
    }
}

/// Why a key store cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyStoreError {
    /// Its format is not supported.
    Unknown,
    /// It is truncated or inconsistent.
    Broken,
    /// It is an encrypted PKCS#12: without a password, a JVM finds no certificate in it.
    Encrypted,
}

/// The cause alone: the fix depends on the store.
impl Display for KeyStoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unknown => "it is neither JKS nor PKCS#12",
            Self::Broken => "it is damaged",
            Self::Encrypted => {
                "it is an encrypted PKCS#12, in which a JVM finds nothing without a password"
            }
        })
    }
}

/// The contents of a key store: the custom CAs, and the certificates that the JVM trusts already.
#[derive(Debug)]
pub struct ExtendedStore<'a> {
    /// Its format.
    pub format: KeyStoreFormat,
    custom: &'a [Pem<'a>],
    /// The certificates that the JVM trusts already.
    pub roots: Vec<Pem<'a>>,
}

impl<'a> ExtendedStore<'a> {
    /// Adds `custom`, the custom CAs that Java can read, to `roots`; `None` if `roots` contains all of them.
    pub fn new(format: KeyStoreFormat, custom: &'a [Pem<'a>], roots: Vec<Pem<'a>>) -> Option<Self> {
        let has_all = bundle::certificate_set(&roots).is_superset(&bundle::certificate_set(custom));
        (!has_all).then_some(Self { format, custom, roots })
    }

    /// Returns all of them, without duplicates.
    pub fn certificates(&self) -> Vec<Pem<'_>> {
        bundle::merge(&[self.custom, &self.roots]).certificates
    }

    /// Returns the contents of its file.
    pub fn encode(&self) -> Vec<u8> {
        write(self.format, &self.certificates())
    }
}

/// Writes `certificates` as a key store. The output is reproducible: aliases are numbers, and all dates are
/// the epoch.
pub fn write(format: KeyStoreFormat, certificates: &[Pem<'_>]) -> Vec<u8> {
    let all: Vec<_> = certificates.iter().filter_map(Pem::decode).collect();
    match format {
        KeyStoreFormat::Jks => jks::write(&all),
        KeyStoreFormat::Pkcs12 => pkcs12::write(&all),
    }
}

/// Returns the alias of the certificate at `index`.
fn alias(index: usize) -> String {
    format!("ca-{:04}", index + 1)
}

/// Returns the certificates that a JVM with the trust store `store` trusts.
///
/// # Errors
/// When it cannot be read completely.
pub fn read(store: &[u8]) -> Result<Vec<Pem<'static>>, KeyStoreError> {
    let certificates = match KeyStoreFormat::detect(store).ok_or(KeyStoreError::Unknown)? {
        KeyStoreFormat::Jks => jks::read(store).ok_or(KeyStoreError::Broken)?,
        KeyStoreFormat::Pkcs12 => pkcs12::read(store)?,
    };
    if !certificates.iter().all(|der| outline(der) == Outline::Certificate) {
        return Err(KeyStoreError::Broken);
    }
    Ok(certificates.iter().map(|der| Pem::encode(der)).collect())
}
