//! PKCS#12: the archive of certificates and keys that Windows, Java and browsers export.
//!
//! Only trust-compose opens it, on the host, for its certificates, which are copied byte for byte. Keys are
//! never decrypted: an archive has their names outside of them. The reader is ours, over the ciphers of
//! RustCrypto, because the crates for the format are pre-releases.

mod encryption;
mod error;
mod key_derivation;

use crate::trust::certificate::Certificate;
use crate::trust::certificate_file::{CertificateFile, OtherBlock};
use crate::trust::der::{
    BMP, INTEGER, OCTET_STRING, OID, SEQUENCE, SET, contents_with_tag, take_contents,
};
use crate::trust::file_error::CertificateFileError;
use crate::trust::inspection::read_certificate;
use crate::trust::pfx::{
    CERT_BAG, DATA, ENCRYPTED_DATA, FRIENDLY_NAME, Pfx, X509, attributes, bags, certificate, typed,
};
use crate::trust::pkcs12::encryption::{check_mac, decrypt};
pub use crate::trust::pkcs12::error::Pkcs12Error;
use crate::trust::pkcs12::key_derivation::{Password, Rounds};
use crate::trust::source::CertificateSource;

/// `1.2.840.113549.1.12.10.1.1`, `.2`, `.4` and `.5`: keyBag, pkcs8ShroudedKeyBag, crlBag and secretBag
/// (RFC 7292, appendix D).
const KEY_BAG: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x0c, 0x0a, 0x01, 0x01];
const ENCRYPTED_KEY_BAG: &[u8] =
    &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x0c, 0x0a, 0x01, 0x02];
const CRL_BAG: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x0c, 0x0a, 0x01, 0x04];
const SECRET_BAG: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x0c, 0x0a, 0x01, 0x05];

/// The contents of an archive.
#[derive(Debug)]
pub struct Archive {
    /// Its certificates, in their order.
    pub certificates: Vec<Certificate>,
    /// The names of its keys; empty for a key without a name.
    pub keys: Vec<String>,
}

impl From<Archive> for CertificateFile {
    fn from(archive: Archive) -> Self {
        let others = archive.keys.into_iter().map(|name| {
            let label = format!("key {name}").trim_end().to_owned() + " in PKCS#12";
            OtherBlock { line: 0, label, is_key: true }
        });
        Self { certificates: archive.certificates, others: others.collect() }
    }
}

/// Whether a file is an archive or a part of one: `PFX { version 3, authSafe SEQUENCE, … }` (RFC 7292,
/// section 4), possibly truncated, with a definite or indefinite length (X.690, section 8.1.3).
pub fn is_archive(bytes: &[u8]) -> bool {
    let Some(([SEQUENCE, length], rest)) = bytes.split_first_chunk() else { return false };
    let skipped = if *length < 0x80 { 0 } else { usize::from(length & 0x7f) };
    rest.get(skipped..).is_some_and(|fields| fields.starts_with(&[INTEGER, 1, 3, SEQUENCE]))
}

/// Opens an archive with `password`, which is empty for an archive without one.
///
/// # Errors
/// When the password is wrong, or the archive cannot be read.
pub fn open(source: &CertificateSource, password: &str) -> Result<Archive, Pkcs12Error> {
    let mut rounds = Rounds::default();
    let mut contents = read(&source.bytes, &Password::new(password), &mut rounds);
    if contents == Err(Pkcs12Error::Locked) && password.is_empty() {
        contents = read(&source.bytes, &Password::absent(), &mut rounds);
    }
    let Contents { certificates, keys } = contents?;
    let read = |der: &Vec<u8>| {
        read_certificate(der, source, &|| 0).map_err(|error| match error {
            CertificateFileError::Unreadable { what, .. } => Pkcs12Error::Unreadable(what),
            _ => Pkcs12Error::Broken,
        })
    };
    let certificates = certificates.iter().map(read).collect::<Result<_, _>>()?;
    Ok(Archive { certificates, keys })
}

/// The certificates of an archive in DER, and the names of its keys.
#[derive(Default, PartialEq, Eq)]
struct Contents {
    certificates: Vec<Vec<u8>>,
    keys: Vec<String>,
}

fn read(bytes: &[u8], password: &Password, rounds: &mut Rounds) -> Result<Contents, Pkcs12Error> {
    let archive = Pfx::split(bytes).ok_or(Pkcs12Error::Broken)?;
    let has_mac = !archive.mac.is_empty();
    if has_mac {
        check_mac(&archive, password, rounds)?;
    }
    let mut contents = Contents::default();
    for (kind, content) in archive.parts().ok_or(Pkcs12Error::Broken)? {
        match kind {
            DATA => {
                let part = contents_with_tag(OCTET_STRING, content).ok_or(Pkcs12Error::Broken)?;
                contents.add(part)?;
            }
            ENCRYPTED_DATA => {
                let part = decrypt(content, password, rounds)?;
                // Without a MAC, a wrong password may decrypt to bytes of any kind.
                contents.add(&part).map_err(|error| match error {
                    Pkcs12Error::Broken if !has_mac => Pkcs12Error::Locked,
                    error => error,
                })?;
            }
            // Encrypted for the owner of a key.
            _ => return Err(Pkcs12Error::Unknown),
        }
    }
    Ok(contents)
}

impl Contents {
    /// Adds the certificates and names in a part of an archive.
    fn add(&mut self, part: &[u8]) -> Result<(), Pkcs12Error> {
        for bag in bags(part).ok_or(Pkcs12Error::Broken)? {
            let (kind, content) = typed(bag).ok_or(Pkcs12Error::Broken)?;
            match kind {
                CERT_BAG => {
                    let (kind, der) = certificate(content).ok_or(Pkcs12Error::Broken)?;
                    if kind != X509 {
                        return Err(Pkcs12Error::Unknown);
                    }
                    self.certificates.push(der.to_vec());
                }
                KEY_BAG | ENCRYPTED_KEY_BAG | SECRET_BAG => {
                    let attributes = attributes(bag).ok_or(Pkcs12Error::Broken)?;
                    self.keys.push(attributes.into_iter().find_map(name).unwrap_or_default());
                }
                CRL_BAG => {}
                _ => return Err(Pkcs12Error::Unknown),
            }
        }
        Ok(())
    }
}

/// Returns the name in an attribute, if it is the friendlyName.
fn name(mut attribute: &[u8]) -> Option<String> {
    if take_contents(OID, &mut attribute)? != FRIENDLY_NAME {
        return None;
    }
    let name = contents_with_tag(BMP, contents_with_tag(SET, attribute)?)?;
    let units =
        name.chunks_exact(2).filter_map(|unit| Some(u16::from_be_bytes(unit.try_into().ok()?)));
    Some(char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect())
}
