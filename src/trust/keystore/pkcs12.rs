//! Reads the trusted certificates of a PKCS#12 (RFC 7292) as a JVM reads its own trust store, and writes one.
//!
//! A JVM opens that store without a password, so it finds no certificate in an encrypted part (measured with
//! JDK 17). JDK 18 and later contain an unencrypted store (JDK-8275252), and keytool does not encrypt it.
//! Java trusts only certificates with an attribute of Oracle's, which `openssl pkcs12 -export` does not set.

use crate::trust::der::{
    BMP, CONTEXT_0, INTEGER, OCTET_STRING, OID, SEQUENCE, SET, contents_with_tag, encode,
};
use crate::trust::keystore::{KeyStoreError, alias};
use crate::trust::pfx::{
    CERT_BAG, DATA, ENCRYPTED_DATA, FRIENDLY_NAME, Pfx, X509, attributes, bags, certificate, typed,
};

/// `2.16.840.1.113894.746875.1.1`, trustedKeyUsage (`sun.security.pkcs12.PKCS12KeyStore`).
const TRUSTED_KEY_USAGE: &[u8] =
    &[0x60, 0x86, 0x48, 0x01, 0x86, 0xf9, 0x66, 0xad, 0xca, 0x7b, 0x01, 0x01];

/// `2.5.29.37.0`, anyExtendedKeyUsage (RFC 5280, section 4.2.1.12): trusted for every purpose.
const ANY_USAGE: &[u8] = &[0x55, 0x1d, 0x25, 0x00];

/// Returns a store of `certificates` that a JVM opens without a password, and trusts.
pub(crate) fn write(certificates: &[Vec<u8>]) -> Vec<u8> {
    let bags = certificates.iter().enumerate();
    let bags: Vec<_> = bags.flat_map(|(index, der)| trusted_bag(&alias(index), der)).collect();
    let part = typed_octets(DATA, &encode(SEQUENCE, &bags));
    let archive = typed_octets(DATA, &encode(SEQUENCE, &part));
    encode(SEQUENCE, &[encode(INTEGER, &[3]), archive].concat())
}

/// Encodes `SEQUENCE { OBJECT IDENTIFIER, [0] EXPLICIT OCTET STRING }`.
fn typed_octets(kind: &[u8], octets: &[u8]) -> Vec<u8> {
    let content = encode(CONTEXT_0, &encode(OCTET_STRING, octets));
    encode(SEQUENCE, &[encode(OID, kind), content].concat())
}

/// Encodes a certificate with its alias and the attribute of a trusted one, in the order of DER.
fn trusted_bag(alias: &str, der: &[u8]) -> Vec<u8> {
    let alias: Vec<_> = alias.bytes().flat_map(|byte| [0, byte]).collect();
    let attributes = [
        attribute(TRUSTED_KEY_USAGE, &encode(OID, ANY_USAGE)),
        attribute(FRIENDLY_NAME, &encode(BMP, &alias)),
    ];
    let certificate = encode(CONTEXT_0, &typed_octets(X509, der));
    let attributes = encode(SET, &attributes.concat());
    encode(SEQUENCE, &[encode(OID, CERT_BAG), certificate, attributes].concat())
}

/// Encodes an attribute with one value.
fn attribute(kind: &[u8], value: &[u8]) -> Vec<u8> {
    encode(SEQUENCE, &[encode(OID, kind), encode(SET, value)].concat())
}

/// Returns the certificates in `store` that Java would trust.
pub(crate) fn read(store: &[u8]) -> Result<Vec<Vec<u8>>, KeyStoreError> {
    let mut certificates = Vec::new();
    let parts = Pfx::split(store).and_then(|store| store.parts()).ok_or(KeyStoreError::Broken)?;
    for (kind, content) in parts {
        match kind {
            DATA => add_trusted(content, &mut certificates).ok_or(KeyStoreError::Broken)?,
            ENCRYPTED_DATA => return Err(KeyStoreError::Encrypted),
            // Other parts contain no certificates.
            _ => {}
        }
    }
    Ok(certificates)
}

/// Adds the certificates of an unencrypted part that Java would trust.
fn add_trusted(content: &[u8], certificates: &mut Vec<Vec<u8>>) -> Option<()> {
    for bag in bags(contents_with_tag(OCTET_STRING, content)?)? {
        let (kind, content) = typed(bag)?;
        if kind != CERT_BAG {
            continue;
        }
        let is_usage =
            |attribute: &&[u8]| contents_with_tag(OID, attribute) == Some(TRUSTED_KEY_USAGE);
        let is_trusted = attributes(bag)?.iter().any(is_usage);
        let (_, certificate) = certificate(content)?;
        certificates.extend(is_trusted.then(|| certificate.to_vec()));
    }
    Some(())
}
