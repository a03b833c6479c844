//! Writes the CA's name into a certificate byte for byte, as clients compare it.
//!
//! rcgen encodes the name again, and keeps one attribute of each type only: the name of every CA of Active
//! Directory has two (`DC=lan, DC=home`), and would lose one.

use rcgen::SigningKey as _;

use crate::compose::certs::key::PrivateKey;
use crate::trust::der::{BIT_STRING, CONTEXT_0, INTEGER, SEQUENCE, encode, skip_values, value};

/// Returns the certificate `der` with the name `issuer`, signed again with `key`; `None` if `der` is not a
/// certificate.
pub(crate) fn with_issuer(
    der: &[u8],
    issuer: &[u8],
    key: &PrivateKey,
) -> Option<Result<Vec<u8>, rcgen::Error>> {
    // Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm, signatureValue } (RFC 5280, section 4.1)
    let (_, fields, _) = value(der)?;
    let (_, body, rest) = value(fields)?;
    let algorithm = rest.strip_suffix(skip_values(rest, &[SEQUENCE])?)?;
    // The fields before the issuer are the version, the serial number and the algorithm.
    let from_issuer = skip_values(body, &[CONTEXT_0, INTEGER, SEQUENCE])?;
    let before = body.strip_suffix(from_issuer)?;
    let after = skip_values(from_issuer, &[SEQUENCE])?;
    let body = encode(SEQUENCE, &[before, issuer, after].concat());
    Some(key.key_pair().sign(&body).map(|signature| {
        // The first byte of a BIT STRING is the number of unused bits (X.690, section 8.6.2).
        let signature = encode(BIT_STRING, &[&[0], &*signature].concat());
        encode(SEQUENCE, &[&body, algorithm, &signature].concat())
    }))
}
