//! Reads and writes Java key stores of certificates.
//!
//! It writes JKS, the only format that every JVM from 8 to 25 opens without a configured password. It reads
//! the formats of a JVM's `cacerts`: JKS until JDK 17, and since then PKCS#12 without a password
//! (<https://bugs.openjdk.org/browse/JDK-8275252>).

pub(crate) mod pkcs12;

use std::fmt::{self, Display};

use crate::trust::bundle::{self, Pem};
use crate::trust::der::{Outline, outline};
use crate::trust::fingerprint::sha1;

/// The password of every `cacerts`, which protects nothing
/// (<https://docs.oracle.com/en/java/javase/21/docs/specs/man/keytool.html>, "The cacerts file").
pub const PASSWORD: &str = "changeit";

/// The first bytes of a JKS, and of a JCEKS, which encrypts its keys better.
const JKS: [u8; 4] = [0xfe, 0xed, 0xfe, 0xed];
const JCEKS: [u8; 4] = [0xce, 0xce, 0xce, 0xce];

/// The bytes between the password and the store in the digest at the end of a JKS
/// (`sun.security.provider.JavaKeyStore`, `getPreKeyedHash`).
const WHITENER: &[u8] = b"Mighty Aphrodite";

/// The tag of an entry: a trusted certificate, or a key with its chain.
const TRUSTED: u32 = 2;
const KEY: u32 = 1;

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
    custom: &'a [Pem<'a>],
    /// The certificates that the JVM trusts already.
    pub roots: Vec<Pem<'a>>,
}

impl<'a> ExtendedStore<'a> {
    /// Adds `custom`, the custom CAs that Java can read, to `roots`; `None` if `roots` contains all of them.
    pub fn new(custom: &'a [Pem<'a>], roots: Vec<Pem<'a>>) -> Option<Self> {
        let has_all = bundle::certificate_set(&roots).is_superset(&bundle::certificate_set(custom));
        (!has_all).then_some(Self { custom, roots })
    }

    /// Returns all of them, without duplicates.
    pub fn certificates(&self) -> Vec<Pem<'_>> {
        bundle::merge(&[self.custom, &self.roots]).certificates
    }
}

/// Writes `certificates` as a JKS. The output is reproducible: aliases are numbers, and all dates are the
/// epoch.
pub fn write(certificates: &[Pem<'_>]) -> Vec<u8> {
    let all: Vec<_> = certificates.iter().filter_map(Pem::decode).collect();
    let mut store = Vec::with_capacity(all.iter().map(|der| der.len() + 64).sum());
    store.extend(JKS);
    push_number(&mut store, 2);
    push_number(&mut store, all.len());
    for (index, der) in all.iter().enumerate() {
        push_number(&mut store, TRUSTED as usize);
        push_text(&mut store, &format!("ca-{:04}", index + 1));
        store.extend([0; 8]);
        push_text(&mut store, "X.509");
        push_number(&mut store, der.len());
        store.extend(der);
    }
    let password: Vec<_> = PASSWORD.bytes().flat_map(|byte| [0, byte]).collect();
    let digest = sha1(&[&password, WHITENER, &store]);
    store.extend(digest);
    store
}

fn push_number(store: &mut Vec<u8>, number: usize) {
    store.extend(u32::try_from(number).unwrap_or(u32::MAX).to_be_bytes());
}

fn push_text(store: &mut Vec<u8>, text: &str) {
    store.extend(u16::try_from(text.len()).unwrap_or(u16::MAX).to_be_bytes());
    store.extend(text.bytes());
}

/// Returns the certificates that a JVM with the trust store `store` trusts.
///
/// # Errors
/// When it cannot be read completely.
pub fn read(store: &[u8]) -> Result<Vec<Pem<'static>>, KeyStoreError> {
    let certificates = match store.get(..4) {
        Some(magic) if magic == JKS || magic == JCEKS => jks(store).ok_or(KeyStoreError::Broken)?,
        _ if outline(store) == Outline::Pkcs12 => pkcs12::read(store)?,
        _ => return Err(KeyStoreError::Unknown),
    };
    if !certificates.iter().all(|der| outline(der) == Outline::Certificate) {
        return Err(KeyStoreError::Broken);
    }
    Ok(certificates.iter().map(|der| Pem::encode(der)).collect())
}

/// Returns the trusted certificates of a JKS. Keys and their chains are skipped.
fn jks(store: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut rest = JksReader(store.get(4..)?);
    let version = rest.take_u32()?;
    let mut certificates = Vec::new();
    for _ in 0..rest.take_u32()? {
        let kind = rest.take_u32()?;
        let alias = rest.take_u16()?;
        rest.take_bytes(alias)?;
        rest.take_bytes(8)?;
        let chain = match kind {
            TRUSTED => 1,
            KEY => {
                let key = rest.take_u32()?;
                rest.take_bytes(key as usize)?;
                rest.take_u32()?
            }
            _ => return None,
        };
        for _ in 0..chain {
            if version == 2 {
                let kind = rest.take_u16()?;
                rest.take_bytes(kind)?;
            }
            let length = rest.take_u32()?;
            let der = rest.take_bytes(length as usize)?;
            if kind == TRUSTED {
                certificates.push(der.to_vec());
            }
        }
    }
    Some(certificates)
}

/// Reads big-endian numbers and bytes from a JKS.
struct JksReader<'a>(&'a [u8]);

impl<'a> JksReader<'a> {
    fn take_bytes(&mut self, length: usize) -> Option<&'a [u8]> {
        let (front, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(front)
    }

    fn take_u32(&mut self) -> Option<u32> {
        Some(u32::from_be_bytes(self.take_bytes(4)?.try_into().ok()?))
    }

    fn take_u16(&mut self) -> Option<usize> {
        Some(u16::from_be_bytes(self.take_bytes(2)?.try_into().ok()?).into())
    }
}
