//! OpenSSL's hash of a subject: the file name of a CA in a directory of hashed names.
//!
//! OpenSSL hashes a canonical form of the subject: every text becomes UTF-8 in lower case, with one space
//! between words and none around them (`x509_name_canon` and `asn1_string_canon` in
//! <https://github.com/openssl/openssl/blob/openssl-3.0/crypto/x509/x_name.c>).

use crate::trust::bundle::Pem;
use crate::trust::der::{BMP, IA5, PRINTABLE, SEQUENCE, SET, T61, UNIVERSAL, UTF8, encode, value};
use crate::trust::fingerprint::sha1;
use crate::trust::trust_anchors;

/// VisibleString (X.680, section 8.4).
const VISIBLE: u8 = 0x1a;

/// Returns the hash of the subject of `certificate` (X509_NAME_hash(3)); `None` if it cannot be decoded.
pub fn subject_hash(certificate: &Pem<'_>) -> Option<u32> {
    let name = trust_anchors::subject_der(certificate)?;
    let (_, mut parts, _) = value(&name)?;
    let mut canonical = Vec::new();
    while !parts.is_empty() {
        let (_, mut pairs, rest) = value(parts)?;
        let mut set: Vec<Vec<u8>> = Vec::new();
        while !pairs.is_empty() {
            let (_, pair, others) = value(pairs)?;
            let (_, _, text) = value(pair)?;
            let (key, _) = pair.split_at(pair.len() - text.len());
            set.push(encode(SEQUENCE, &[key, &plain(text)?].concat()));
            pairs = others;
        }
        // The members of a SET are sorted by their encodings (X.690, section 11.6).
        set.sort();
        canonical.extend(encode(SET, &set.concat()));
        parts = rest;
    }
    let [a, b, c, d, ..] = sha1(&[&canonical]);
    Some(u32::from_le_bytes([a, b, c, d]))
}

/// Returns a text in the canonical form.
fn plain(encoded: &[u8]) -> Option<Vec<u8>> {
    let (tag, bytes, _) = value(encoded)?;
    let width = match tag {
        PRINTABLE | T61 | IA5 | VISIBLE => 1,
        BMP => 2,
        UNIVERSAL => 4,
        UTF8 => 0,
        _ => return Some(encoded.to_vec()),
    };
    let mut text = String::new();
    if width == 0 {
        text.push_str(str::from_utf8(bytes).ok()?);
    } else {
        for unit in bytes.chunks(width) {
            text.push(char::from_u32(
                unit.iter().fold(0, |sum, byte| sum << 8 | u32::from(*byte)),
            )?);
        }
    }
    let mut words = Vec::new();
    for byte in text.bytes() {
        let is_space = matches!(byte, b' ' | b'\t'..=b'\r');
        if !is_space {
            words.push(byte.to_ascii_lowercase());
        } else if words.last().is_some_and(|last| *last != b' ') {
            words.push(b' ');
        }
    }
    words.pop_if(|last| *last == b' ');
    Some(encode(UTF8, &words))
}
