//! Reads and writes JKS, the format of `sun.security.provider.JavaKeyStore`: big-endian numbers, entries with
//! an alias and a date, and a digest with the password at the end.

use crate::trust::fingerprint::sha1;
use crate::trust::keystore::{PASSWORD, alias};

/// The first bytes of a JKS, and of a JCEKS, which encrypts its keys better.
const JKS: [u8; 4] = [0xfe, 0xed, 0xfe, 0xed];
const JCEKS: [u8; 4] = [0xce, 0xce, 0xce, 0xce];

/// The bytes between the password and the store in the digest (`getPreKeyedHash`).
const WHITENER: &[u8] = b"Mighty Aphrodite";

/// The tag of an entry: a trusted certificate, or a key with its chain.
const TRUSTED: u32 = 2;
const KEY: u32 = 1;

/// Whether `store` begins like a JKS or a JCEKS.
pub(crate) fn is_jks(store: &[u8]) -> bool {
    store.starts_with(&JKS) || store.starts_with(&JCEKS)
}

/// Returns a JKS of `certificates`.
pub(crate) fn write(certificates: &[Vec<u8>]) -> Vec<u8> {
    let mut store = Vec::with_capacity(certificates.iter().map(|der| der.len() + 64).sum());
    store.extend(JKS);
    push_number(&mut store, 2);
    push_number(&mut store, certificates.len());
    for (index, der) in certificates.iter().enumerate() {
        push_number(&mut store, TRUSTED as usize);
        push_text(&mut store, &alias(index));
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

/// Returns the trusted certificates of a JKS. Keys and their chains are skipped.
pub(crate) fn read(store: &[u8]) -> Option<Vec<Vec<u8>>> {
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
