//! Reads the trusted certificates of a PKCS#12 (RFC 7292) as a JVM reads its own trust store.
//!
//! A JVM opens that store without a password, so it finds no certificate in an encrypted part (measured with
//! JDK 17). JDK 18 and later contain an unencrypted store (JDK-8275252), and keytool does not encrypt it.
//! Java trusts only certificates with an attribute of Oracle's, which `openssl pkcs12 -export` does not set.

use crate::trust::der::{
    CONTEXT_0, INTEGER, OCTET_STRING, OID, SEQUENCE, SET, take_contents, value,
};
use crate::trust::keystore::KeyStoreError;

/// `1.2.840.113549.1.7.1` and `.6`, data and encryptedData (RFC 5652, sections 4 and 8).
const DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01];
const ENCRYPTED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x06];
/// `1.2.840.113549.1.12.10.1.3`, certBag (RFC 7292, appendix D).
const CERT_BAG: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x0c, 0x0a, 0x01, 0x03];
/// `2.16.840.1.113894.746875.1.1`, trustedKeyUsage (`sun.security.pkcs12.PKCS12KeyStore`).
const TRUSTED_KEY_USAGE: &[u8] =
    &[0x60, 0x86, 0x48, 0x01, 0x86, 0xf9, 0x66, 0xad, 0xca, 0x7b, 0x01, 0x01];

/// Returns the certificates in `store` that Java would trust.
pub(crate) fn read(store: &[u8]) -> Result<Vec<Vec<u8>>, KeyStoreError> {
    let mut certificates = Vec::new();
    for content in archive_parts(store).ok_or(KeyStoreError::Broken)? {
        let (kind, content) = typed(content).ok_or(KeyStoreError::Broken)?;
        let bags = match kind {
            DATA => contents_with_tag(OCTET_STRING, content).ok_or(KeyStoreError::Broken)?,
            ENCRYPTED_DATA => return Err(KeyStoreError::Encrypted),
            // Other parts contain no certificates.
            _ => continue,
        };
        let bags =
            contents_with_tag(SEQUENCE, bags).and_then(values).ok_or(KeyStoreError::Broken)?;
        for bag in bags {
            add_if_trusted(bag, &mut certificates).ok_or(KeyStoreError::Broken)?;
        }
    }
    Ok(certificates)
}

/// Returns the contents of the first value of `input`, if it has that tag.
fn contents_with_tag(tag: u8, input: &[u8]) -> Option<&[u8]> {
    let (found, contents, _) = value(input)?;
    (found == tag).then_some(contents)
}

/// Returns the contents of each SEQUENCE of `input`.
fn values(mut input: &[u8]) -> Option<Vec<&[u8]>> {
    let mut all = Vec::new();
    while !input.is_empty() {
        all.push(take_contents(SEQUENCE, &mut input)?);
    }
    Some(all)
}

/// Splits the contents of `SEQUENCE { OBJECT IDENTIFIER, [0] EXPLICIT … }`.
fn typed(mut content: &[u8]) -> Option<(&[u8], &[u8])> {
    Some((take_contents(OID, &mut content)?, take_contents(CONTEXT_0, &mut content)?))
}

/// Returns the parts of the archive (RFC 7292, section 4).
fn archive_parts(store: &[u8]) -> Option<Vec<&[u8]>> {
    let mut archive = contents_with_tag(SEQUENCE, store)?;
    take_contents(INTEGER, &mut archive)?;
    let (_, safe) = typed(take_contents(SEQUENCE, &mut archive)?)?;
    values(contents_with_tag(SEQUENCE, contents_with_tag(OCTET_STRING, safe)?)?)
}

/// Adds the certificate in a bag, if Java would trust it.
fn add_if_trusted(bag: &[u8], certificates: &mut Vec<Vec<u8>>) -> Option<()> {
    let (kind, content) = typed(bag)?;
    if kind != CERT_BAG {
        return Some(());
    }
    let (_, certificate) = typed(contents_with_tag(SEQUENCE, content)?)?;
    // The attributes are the optional third field.
    let (_, _, behind) = value(value(bag)?.2)?;
    let attributes = if behind.is_empty() { behind } else { contents_with_tag(SET, behind)? };
    let is_usage = |attribute: &&[u8]| contents_with_tag(OID, attribute) == Some(TRUSTED_KEY_USAGE);
    let is_trusted = values(attributes)?.iter().any(is_usage);
    let certificate = contents_with_tag(OCTET_STRING, certificate)?;
    certificates.extend(is_trusted.then(|| certificate.to_vec()));
    Some(())
}
