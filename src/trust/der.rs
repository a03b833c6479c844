//! Values in DER: their encoding, and their outline, which distinguishes kinds of files and shows that a root
//! has the structure of a certificate without parsing it.
//!
//! The image's own roots are not linted, and about 150 are read at every start. But one block that is not a
//! certificate breaks the bundle for OpenSSL, so the structure is checked. x509-parser parses custom CAs.

/// INTEGER; the tags follow X.690, section 8.
pub(crate) const INTEGER: u8 = 0x02;
/// BIT STRING.
pub(crate) const BIT_STRING: u8 = 0x03;
/// OCTET STRING.
pub(crate) const OCTET_STRING: u8 = 0x04;
/// OBJECT IDENTIFIER.
pub(crate) const OID: u8 = 0x06;
/// UTF8String; the text types of names (X.680, section 8.4).
pub(crate) const UTF8: u8 = 0x0c;
/// PrintableString.
pub(crate) const PRINTABLE: u8 = 0x13;
/// TeletexString.
pub(crate) const T61: u8 = 0x14;
/// IA5String.
pub(crate) const IA5: u8 = 0x16;
/// UniversalString, with four bytes per character.
pub(crate) const UNIVERSAL: u8 = 0x1c;
/// BMPString, with two bytes per character.
pub(crate) const BMP: u8 = 0x1e;
/// SEQUENCE, constructed.
pub(crate) const SEQUENCE: u8 = 0x30;
/// SET, constructed.
pub(crate) const SET: u8 = 0x31;
/// `[0]`, constructed.
pub(crate) const CONTEXT_0: u8 = 0xa0;
/// `[1]`, constructed.
pub(crate) const CONTEXT_1: u8 = 0xa1;

/// `1.2.840.10045.2.1`, id-ecPublicKey (RFC 5480, section 2.1.1), as OID contents.
pub(crate) const EC_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];

/// Splits `input` into the tag and the contents of its first value, and the rest. Only definite lengths in
/// their shortest form are accepted (X.690, section 10.1).
#[inline(never)]
pub(crate) fn value(input: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = input.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81..=0x84 => {
            let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            let length = bytes.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte));
            let is_shortest = bytes.first() != Some(&0) && length >= 0x80;
            is_shortest.then_some((length, rest))?
        }
        _ => return None,
    };
    let (contents, rest) = rest.split_at_checked(length)?;
    Some((tag, contents, rest))
}

/// Encodes a value in DER (X.690, section 8.1).
pub(crate) fn encode(tag: u8, contents: &[u8]) -> Vec<u8> {
    let length = contents.len().to_be_bytes();
    let significant = length.iter().position(|byte| *byte != 0).unwrap_or(length.len() - 1);
    let (_, length) = length.split_at(significant);
    let mut encoded = vec![tag];
    if contents.len() >= 0x80 {
        encoded.extend(u8::try_from(length.len()).map(|bytes| 0x80 | bytes));
    }
    encoded.extend(length);
    encoded.extend(contents);
    encoded
}

/// Removes the first value from `input` and returns its contents, if it has that tag.
pub(crate) fn take_contents<'a>(tag: u8, input: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (found, contents, rest) = value(input)?;
    *input = rest;
    (found == tag).then_some(contents)
}

/// Returns the contents of the first value of `input`, if it has that tag.
pub(crate) fn contents_with_tag(tag: u8, input: &[u8]) -> Option<&[u8]> {
    let (found, contents, _) = value(input)?;
    (found == tag).then_some(contents)
}

/// Returns the contents of each SEQUENCE of `input`, which contains nothing else.
pub(crate) fn sequences(mut input: &[u8]) -> Option<Vec<&[u8]>> {
    let mut all = Vec::new();
    while !input.is_empty() {
        all.push(take_contents(SEQUENCE, &mut input)?);
    }
    Some(all)
}

/// Returns what follows the first values of `contents`, if these have the given tags.
pub(crate) fn skip_values<'a>(mut contents: &'a [u8], tags: &[u8]) -> Option<&'a [u8]> {
    for wanted in tags {
        let (tag, _, rest) = value(contents)?;
        if tag != *wanted {
            return None;
        }
        contents = rest;
    }
    Some(contents)
}

/// The kind of a DER value, by its outline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outline {
    /// A certificate (RFC 5280, section 4.1).
    Certificate,
    /// A certificate followed by other bytes: a `TRUSTED CERTIFICATE`, or garbage.
    CertificateAndMore,
    /// PKCS#7 (RFC 5652, section 3).
    SignedData,
    /// PKCS#12 (RFC 7292, section 4).
    Pkcs12,
    /// A private key (RFC 5208, RFC 8017 or RFC 5915), plain or encrypted.
    PrivateKey,
    /// None of these.
    Other,
}

/// `1.2.840.113549.1.7.2`, signedData (RFC 5652, section 5.1), as OID contents.
const SIGNED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02];

/// Returns the kind of `der`.
pub(crate) fn outline(der: &[u8]) -> Outline {
    let Some((SEQUENCE, contents, rest)) = value(der) else { return Outline::Other };
    let Some((tag, first, second)) = value(contents) else { return Outline::Other };
    let is = |tags: &[u8]| skip_values(second, tags).is_some_and(<[u8]>::is_empty);
    let begins = |tags: &[u8]| skip_values(second, tags).is_some();
    match tag {
        SEQUENCE if is(&[SEQUENCE, BIT_STRING]) && is_tbs_certificate(first) => {
            if rest.is_empty() {
                Outline::Certificate
            } else {
                Outline::CertificateAndMore
            }
        }
        OID if first == SIGNED_DATA && is(&[CONTEXT_0]) => Outline::SignedData,
        INTEGER if first == [3] && begins(&[SEQUENCE]) => Outline::Pkcs12,
        // A version, then a key: algorithm and key, the numbers of RSA, or the secret of EC.
        INTEGER if begins(&[SEQUENCE]) || begins(&[INTEGER]) || begins(&[OCTET_STRING]) => {
            Outline::PrivateKey
        }
        SEQUENCE if is(&[OCTET_STRING]) => Outline::PrivateKey,
        _ => Outline::Other,
    }
}

/// `[0] version OPTIONAL, serialNumber, signature, issuer, validity, subject, subjectPublicKeyInfo`
/// and then only context-specific fields.
fn is_tbs_certificate(contents: &[u8]) -> bool {
    const FIELDS: &[u8] = &[INTEGER, SEQUENCE, SEQUENCE, SEQUENCE, SEQUENCE, SEQUENCE];
    let fields = skip_values(contents, &[CONTEXT_0]).unwrap_or(contents);
    let Some(mut extra) = skip_values(fields, FIELDS) else { return false };
    while !extra.is_empty() {
        match value(extra) {
            Some((tag, _, rest)) if tag & 0xc0 == 0x80 => extra = rest,
            _ => return false,
        }
    }
    true
}
