//! Checks keys and algorithms as a JVM does: it decodes every number of a key of a known kind, and keeps
//! other keys as bytes.

use crate::trust::certificate::encoding::{Flaw, NOT_DER, NULL, ensure, expect_end, take_value};
use crate::trust::der::{BIT_STRING, CONTEXT_0, CONTEXT_1, EC_KEY, INTEGER, OID, SEQUENCE};

/// rsaEncryption and id-RSASSA-PSS (RFC 8017, appendix C), as OID contents.
const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
const PSS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a];
/// id-mgf1 (RFC 8017, appendix C).
const MGF1: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x08];
/// id-sha1, and the start of id-sha256, id-sha384, id-sha512 and id-sha224 (RFC 8017, appendix C).
const SHA1: &[u8] = &[0x2b, 0x0e, 0x03, 0x02, 0x1a];
const SHA2: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02];
/// id-dsa (RFC 3279, section 2.3.2).
const DSA: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x38, 0x04, 0x01];

/// The curves that every JVM supports (RFC 5480, section 2.1.1.1: P-256, P-384, P-521), and the bytes of a
/// coordinate. The JVMs of some distributions reject keys on others.
const CURVES: [(&[u8], usize); 3] = [
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07], 32),
    (&[0x2b, 0x81, 0x04, 0x00, 0x22], 48),
    (&[0x2b, 0x81, 0x04, 0x00, 0x23], 66),
];

/// Keys that are one byte string, and its length: Ed25519 and Ed448 (RFC 8410, section 3), ML-DSA
/// (RFC 9881, section 4).
const STRINGS: [(&[u8], usize); 5] = [
    (&[0x2b, 0x65, 0x70], 32),
    (&[0x2b, 0x65, 0x71], 57),
    (&[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x11], 1312),
    (&[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x12], 1952),
    (&[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x13], 2592),
];

/// Prefixes of the OIDs of further keys that some JVM decodes and no CA uses: PKCS#1, Diffie-Hellman
/// (PKCS#3), LMS, RSA of X.500, X25519 and X448.
const OTHERS: [&[u8]; 6] = [
    &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01],
    &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x03],
    &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x03],
    &[0x55, 0x08, 0x01],
    &[0x2b, 0x65, 0x6e],
    &[0x2b, 0x65, 0x6f],
];

/// The lengths of an RSA modulus and of its exponent, in bits, that `RSAKeyFactory` accepts.
const MODULUS: std::ops::RangeInclusive<usize> = 512..=16_384;
const EXPONENT: std::ops::RangeInclusive<usize> = 2..=64;

const KEY: Flaw = "its key cannot be decoded, or is of a kind that no CA uses";
const PARAMETERS: Flaw = "the parameters of an algorithm in it cannot be decoded";

/// Checks the algorithm that signed a certificate.
pub(crate) fn signature(mut algorithm: &[u8]) -> Result<(), Flaw> {
    if take_value(&mut algorithm, OID)? == PSS {
        return pss(algorithm).map_err(|_| PARAMETERS);
    }
    ensure(is_nothing(algorithm), PARAMETERS)
}

/// Checks a public key (`SubjectPublicKeyInfo`, RFC 5280, section 4.1.2.7).
pub(crate) fn public(mut fields: &[u8]) -> Result<(), Flaw> {
    let mut algorithm = take_value(&mut fields, SEQUENCE)?;
    let kind = take_value(&mut algorithm, OID)?;
    let Some((0, key)) =
        take_value(&mut fields, BIT_STRING)?.split_first().map(|(first, rest)| (*first, rest))
    else {
        return Err(KEY);
    };
    match kind {
        RSA => rsa(key),
        PSS => pss(algorithm).map_err(|_| PARAMETERS).and_then(|()| rsa(key)),
        EC_KEY => curve(algorithm, key),
        DSA => dsa(algorithm, key).map_err(|_| KEY),
        _ => match STRINGS.iter().find(|(oid, _)| *oid == kind) {
            Some((_, length)) => ensure(key.len() == *length, KEY),
            None => ensure(!OTHERS.iter().any(|other| kind.starts_with(other)), KEY),
        },
    }
}

fn rsa(mut key: &[u8]) -> Result<(), Flaw> {
    let mut numbers = take_value(&mut key, SEQUENCE).map_err(|_| KEY)?;
    let modulus = take_bit_length(&mut numbers).map_err(|_| KEY)?;
    let exponent = take_bit_length(&mut numbers).map_err(|_| KEY)?;
    ensure(key.is_empty() && numbers.is_empty(), KEY)?;
    ensure(
        MODULUS.contains(&modulus),
        "its RSA key is shorter than 512 or longer than 16384 bits",
    )?;
    ensure(EXPONENT.contains(&exponent), "the exponent of its RSA key is not of 2 to 64 bits")
}

/// Removes a number above zero from `fields` and returns its length in bits.
fn take_bit_length(fields: &mut &[u8]) -> Result<usize, Flaw> {
    let number = take_value(fields, INTEGER)?;
    let digits = number.strip_prefix(&[0]).unwrap_or(number);
    let first = digits.first().ok_or(NOT_DER)?;
    ensure(number.first().is_some_and(|first| *first < 0x80), NOT_DER)?;
    Ok(digits.len() * 8 - first.leading_zeros() as usize)
}

fn curve(mut algorithm: &[u8], key: &[u8]) -> Result<(), Flaw> {
    let name = take_value(&mut algorithm, OID)?;
    let known = CURVES.iter().find(|(curve, _)| *curve == name);
    let (_, length) = known.ok_or("the curve of its key is not P-256, P-384 or P-521")?;
    let is_whole = matches!(key, [4, point @ ..] if point.len() == 2 * length);
    ensure(is_whole, "the point of its key is compressed, or of a wrong length")
}

fn dsa(mut algorithm: &[u8], mut key: &[u8]) -> Result<(), Flaw> {
    take_bit_length(&mut key)?;
    expect_end(key)?;
    if algorithm.is_empty() {
        return Ok(());
    }
    let mut parameters = take_value(&mut algorithm, SEQUENCE)?;
    for _ in 0..3 {
        take_bit_length(&mut parameters)?;
    }
    expect_end(parameters)
}

/// Checks `RSASSA-PSS-params` (RFC 8017, appendix A.2.3).
fn pss(mut parameters: &[u8]) -> Result<(), Flaw> {
    if is_nothing(parameters) {
        return Ok(());
    }
    let mut fields = take_value(&mut parameters, SEQUENCE)?;
    for tag in [CONTEXT_0, CONTEXT_1, 0xa2, 0xa3] {
        if fields.first() != Some(&tag) {
            continue;
        }
        let mut field = take_value(&mut fields, tag)?;
        match tag {
            CONTEXT_0 => digest(take_value(&mut field, SEQUENCE)?)?,
            CONTEXT_1 => {
                let mut mask = take_value(&mut field, SEQUENCE)?;
                ensure(take_value(&mut mask, OID)? == MGF1, NOT_DER)?;
                digest(take_value(&mut mask, SEQUENCE)?)?;
                expect_end(mask)?;
            }
            // The length of the salt, and the trailer field, which has one defined value.
            0xa2 => {
                ensure(
                    matches!(take_value(&mut field, INTEGER)?, [0..=0x7f] | [0..=0x7f, _]),
                    NOT_DER,
                )?;
            }
            _ => ensure(take_value(&mut field, INTEGER)? == [1], NOT_DER)?,
        }
        expect_end(field)?;
    }
    expect_end(fields)
}

/// Checks that the digest is one that every JVM supports for PSS.
fn digest(mut algorithm: &[u8]) -> Result<(), Flaw> {
    let digest = take_value(&mut algorithm, OID)?;
    let is_known = digest == SHA1 || matches!(digest.strip_prefix(SHA2), Some([1..=4]));
    ensure(is_known && is_nothing(algorithm), NOT_DER)
}

/// Whether parameters are absent, or NULL.
fn is_nothing(parameters: &[u8]) -> bool {
    matches!(parameters, [] | [NULL, 0])
}
