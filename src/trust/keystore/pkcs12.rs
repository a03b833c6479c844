//! Reads the trusted certificates of a PKCS#12 (RFC 7292) as a JVM reads its own trust store.
//!
//! A JVM opens that store without a password, so it finds no certificate in an encrypted part (measured with
//! JDK 17). JDK 18 and later contain an unencrypted store (JDK-8275252), and keytool does not encrypt it.
//! Java trusts only certificates with an attribute of Oracle's, which `openssl pkcs12 -export` does not set.

use crate::trust::der::{OCTET_STRING, OID, contents_with_tag};
use crate::trust::keystore::KeyStoreError;
use crate::trust::pfx::{
    CERT_BAG, DATA, ENCRYPTED_DATA, Pfx, attributes, bags, certificate, typed,
};

/// `2.16.840.1.113894.746875.1.1`, trustedKeyUsage (`sun.security.pkcs12.PKCS12KeyStore`).
const TRUSTED_KEY_USAGE: &[u8] =
    &[0x60, 0x86, 0x48, 0x01, 0x86, 0xf9, 0x66, 0xad, 0xca, 0x7b, 0x01, 0x01];

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
