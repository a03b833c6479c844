//! OpenSSL's `TRUSTED CERTIFICATE`: a certificate followed by the purposes that it is trusted for.
//!
//! Only OpenSSL reads it, so it is re-encoded as a plain certificate, which is trusted for all purposes.
//! That is allowed only if the list includes servers and rejects nothing.

use crate::trust::der::{self, CONTEXT_0, OID, SEQUENCE};

/// serverAuth, `1.3.6.1.5.5.7.3.1` (RFC 5280, section 4.2.1.12), as OID contents.
const SERVER_AUTH: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01];
/// anyExtendedKeyUsage, `2.5.29.37.0` (RFC 5280, section 4.2.1.12), as OID contents.
const ANY: &[u8] = &[0x55, 0x1d, 0x25, 0x00];

/// Splits `bytes` into the certificate and its purposes (`X509_CERT_AUX` in OpenSSL's
/// crypto/x509/x_x509a.c: `SEQUENCE { trust SEQUENCE OF OID OPTIONAL, reject [0] … OPTIONAL, … }`),
/// and returns the certificate if it is trusted for servers and rejected for nothing.
pub(crate) fn for_servers(bytes: &[u8]) -> Option<&[u8]> {
    let (_, _, purposes) = der::value(bytes)?;
    let certificate = bytes.get(..bytes.len() - purposes.len())?;
    if purposes.is_empty() {
        return Some(certificate);
    }
    let (SEQUENCE, mut fields, []) = der::value(purposes)? else { return None };
    while !fields.is_empty() {
        let (tag, contents, rest) = der::value(fields)?;
        match tag {
            SEQUENCE if !names_servers(contents)? => return None,
            // Any rejection: OpenSSL can reject one purpose and trust another, which a plain certificate
            // cannot express.
            CONTEXT_0 => return None,
            _ => {}
        }
        fields = rest;
    }
    Some(certificate)
}

fn names_servers(mut purposes: &[u8]) -> Option<bool> {
    while !purposes.is_empty() {
        let (tag, purpose, rest) = der::value(purposes)?;
        if tag == OID && (purpose == SERVER_AUTH || purpose == ANY) {
            return Some(true);
        }
        purposes = rest;
    }
    Some(false)
}
