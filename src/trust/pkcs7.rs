//! PKCS#7: the `.p7b` that Windows certificate authorities hand out, a signature without content
//! that carries certificates.
//!
//! Only the certificates are taken out, and each byte for byte: a decoder that rebuilds them from
//! its own structures may write other bytes than were signed.

use crate::trust::der::{self, CONTEXT_0, OID, SEQUENCE};

/// The certificates in a PKCS#7 structure, as DER, in its order: `ContentInfo { OID, [0] SignedData
/// { version, digestAlgorithms, encapContentInfo, [0] certificates, … } }` (RFC 5652, sections 3
/// and 5.1). `None` where it is built differently.
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
