//! The structure of a PKCS#12 archive (RFC 7292, section 4), without its encryption.
//!
//! Two modules use it: `keystore::pkcs12` reads and writes the trust store of a JVM, and `pkcs12` opens an
//! archive with its password.

use crate::trust::der::{
    CONTEXT_0, INTEGER, OCTET_STRING, OID, SEQUENCE, SET, contents_with_tag, sequences,
    take_contents, value,
};

/// `1.2.840.113549.1.7.1` and `.6`, data and encryptedData (RFC 5652, sections 4 and 8).
pub(crate) const DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01];
pub(crate) const ENCRYPTED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x06];
/// `1.2.840.113549.1.12.10.1.3`, certBag (RFC 7292, appendix D).
pub(crate) const CERT_BAG: &[u8] =
    &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x0c, 0x0a, 0x01, 0x03];

/// `1.2.840.113549.1.9.22.1`, x509Certificate, and `1.2.840.113549.1.9.20`, friendlyName (RFC 2985,
/// sections 5.5 and 5.8).
pub(crate) const X509: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x16, 0x01];
pub(crate) const FRIENDLY_NAME: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x14];

/// An archive in its two fields.
pub(crate) struct Pfx<'a> {
    /// The contents of authSafe, which the MAC covers.
    pub(crate) safe: &'a [u8],
    /// macData; empty without a MAC.
    pub(crate) mac: &'a [u8],
}

impl<'a> Pfx<'a> {
    /// Splits an archive that a password protects, not a public key.
    pub(crate) fn split(archive: &'a [u8]) -> Option<Self> {
        let mut fields = contents_with_tag(SEQUENCE, archive)?;
        take_contents(INTEGER, &mut fields)?;
        let (kind, safe) = typed(take_contents(SEQUENCE, &mut fields)?)?;
        let safe = contents_with_tag(OCTET_STRING, safe)?;
        (kind == DATA).then_some(Self { safe, mac: fields })
    }

    /// Returns the kind and the content of each part.
    pub(crate) fn parts(&self) -> Option<Vec<(&'a [u8], &'a [u8])>> {
        sequences(contents_with_tag(SEQUENCE, self.safe)?)?.into_iter().map(typed).collect()
    }
}

/// Splits the contents of `SEQUENCE { OBJECT IDENTIFIER, [0] EXPLICIT … }`.
pub(crate) fn typed(mut content: &[u8]) -> Option<(&[u8], &[u8])> {
    Some((take_contents(OID, &mut content)?, take_contents(CONTEXT_0, &mut content)?))
}

/// Returns the bags of SafeContents.
pub(crate) fn bags(contents: &[u8]) -> Option<Vec<&[u8]>> {
    sequences(contents_with_tag(SEQUENCE, contents)?)
}

/// Returns the type and the bytes of the certificate in a certBag.
pub(crate) fn certificate(content: &[u8]) -> Option<(&[u8], &[u8])> {
    let (kind, certificate) = typed(contents_with_tag(SEQUENCE, content)?)?;
    Some((kind, contents_with_tag(OCTET_STRING, certificate)?))
}

/// Returns the attributes of a bag, its optional third field.
pub(crate) fn attributes(bag: &[u8]) -> Option<Vec<&[u8]>> {
    let (_, _, rest) = value(value(bag)?.2)?;
    sequences(if rest.is_empty() { rest } else { contents_with_tag(SET, rest)? })
}
