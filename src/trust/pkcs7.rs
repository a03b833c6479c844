//! PKCS#7: the `.p7b` files of Windows certificate authorities, signed data without content that contains
//! certificates.
//!
//! The certificates are copied byte for byte: a decoder that encodes them again may write other bytes than
//! those that were signed.

use crate::trust::der::{self, CONTEXT_0, OID, SEQUENCE};

/// Returns the certificates of a PKCS#7 structure, as DER, in its order: `ContentInfo { OID, [0] SignedData
/// { version, digestAlgorithms, encapContentInfo, [0] certificates, … } }` (RFC 5652, sections 3
/// and 5.1). `None` for another structure.
pub(crate) fn certificates(der: &[u8]) -> Option<Vec<&[u8]>> {
    let (SEQUENCE, info, []) = der::value(der)? else { return None };
    let (OID, _, info) = der::value(info)? else { return None };
    let (CONTEXT_0, signed, []) = der::value(info)? else { return None };
    let (SEQUENCE, mut fields, []) = der::value(signed)? else { return None };
    let mut certificates = Vec::new();
    while !fields.is_empty() {
        let (tag, mut contents, rest) = der::value(fields)?;
        while tag == CONTEXT_0 && !contents.is_empty() {
            let (_, _, behind) = der::value(contents)?;
            certificates.push(contents.get(..contents.len() - behind.len())?);
            contents = behind;
        }
        fields = rest;
    }
    Some(certificates)
}
