//! Whether a private key belongs to a certificate, as far as the key itself says it.
//!
//! A proxy reads keys of more kinds than can sign here: on other curves, of other lengths, in the
//! traditional form. All of them but a few carry their public half, which is compared and not
//! computed. Nothing of the key leaves this place.

use crate::trust::der::{self, BIT_STRING, CONTEXT_1, INTEGER, OCTET_STRING, Outline, SEQUENCE};
use crate::trust::pem;

/// What a key says of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyMatch {
    /// It belongs to it.
    Yes,
    /// It does not.
    No,
    /// It carries no public half of a kind that is known here.
    Unknown,
}

/// Compares the first private key in a PEM text with the bits of a public key as a certificate has
/// them; `None` where no key can be decoded.
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

/// Whether a key's public half is `public`, if it carries one. Three structures begin alike:
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
                // The first byte counts the bits that the last one lacks.
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
