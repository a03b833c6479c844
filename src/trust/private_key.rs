//! Checks whether a private key belongs to a certificate.
//!
//! Proxies read more kinds of keys than this package can sign with: other curves, other lengths, the
//! traditional form. Nearly all contain their public key, which is compared. The key does not leave this
//! module.

use crate::trust::der::{self, BIT_STRING, CONTEXT_1, INTEGER, OCTET_STRING, Outline, SEQUENCE};
use crate::trust::pem;

/// Whether a private key belongs to a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyMatch {
    /// It does.
    Yes,
    /// It does not.
    No,
    /// It contains no public key of a supported kind.
    Unknown,
}

/// Compares the first private key in a PEM text with the public key bits of a certificate; `None` if no key
/// can be decoded.
pub(crate) fn compare(text: &[u8], public: &[u8]) -> Option<KeyMatch> {
    let is_key =
        |label: &str| matches!(label, "PRIVATE KEY" | "EC PRIVATE KEY" | "RSA PRIVATE KEY");
    let mut blocks = pem::blocks(text).filter_map(Result::ok);
    let mut buffer = Vec::new();
    let key = blocks.find(|block| is_key(block.label))?.decode(&mut buffer).ok()?.der;
    let is_known = der::outline(key) == Outline::PrivateKey;
    is_known.then(|| match carries(key, public) {
        Some(true) => KeyMatch::Yes,
        Some(false) => KeyMatch::No,
        None => KeyMatch::Unknown,
    })
}

/// Whether the public key in a private key is `public`, if it contains one. Three structures begin alike:
/// `version, modulus, publicExponent, …` (RFC 8017, appendix A.1.2), `version, privateKey,
/// [0] parameters, [1] publicKey` (RFC 5915, section 3), and around either `version, algorithm,
/// privateKey, …` (RFC 5208, section 5).
fn carries(key: &[u8], public: &[u8]) -> Option<bool> {
    let (SEQUENCE, fields, _) = der::value(key)? else { return None };
    let (INTEGER, _, rest) = der::value(fields)? else { return None };
    match der::value(rest)? {
        (INTEGER, _, _) => match der::value(public) {
            Some((SEQUENCE, numbers, [])) => Some(rest.starts_with(numbers)),
            _ => Some(false),
        },
        (OCTET_STRING, _, mut rest) => loop {
            let (tag, contents, behind) = der::value(rest)?;
            if tag == CONTEXT_1 {
                let (BIT_STRING, bits, []) = der::value(contents)? else { return None };
                // The first byte is the number of unused bits in the last one.
                break Some(bits.get(1..)? == public);
            }
            rest = behind;
        },
        (SEQUENCE, _, rest) => {
            let (OCTET_STRING, inner, _) = der::value(rest)? else { return None };
            carries(inner, public)
        }
        _ => None,
    }
}
