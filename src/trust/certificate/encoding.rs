//! Checks the values in a certificate as strict readers do: DER (X.690), and the limits of GnuTLS.

use crate::trust::der::{
    BIT_STRING, BMP, IA5, INTEGER, OID, PRINTABLE, SEQUENCE, SET, T61, UNIVERSAL, UTF8, value,
};

/// BOOLEAN; these tags are used only for certificates (X.680, section 8.4; RFC 5280, section 4.1).
pub(crate) const BOOLEAN: u8 = 0x01;
/// NULL.
pub(crate) const NULL: u8 = 0x05;
const NUMERIC: u8 = 0x12;

/// The tags that an attribute of a name may have: `B_ASN1_PRINTABLE` in
/// <https://github.com/openssl/openssl/blob/openssl-3.0/include/openssl/asn1.h.in>, without SEQUENCE.
const TEXTS: &[u8] = &[NUMERIC, PRINTABLE, T61, IA5, BIT_STRING, UNIVERSAL, BMP, UTF8];

/// The longest OID of an extension that GnuTLS reads, in characters of its dotted form: measured, and two
/// less than `MAX_OID_SIZE` in <https://gitlab.com/gnutls/gnutls/-/blob/3.8.9/lib/gnutls_int.h>.
const LONGEST_OID: u32 = 126;

/// Why some reader cannot read a certificate.
pub(crate) type Flaw = &'static str;

/// It is not DER, or not the value that RFC 5280 requires at that position.
pub(crate) const NOT_DER: Flaw = "it is not encoded as DER asks";

/// Checks a name (section 4.1.2.4), without its outer tag.
pub(crate) fn check_name(mut parts: &[u8]) -> Result<(), Flaw> {
    while !parts.is_empty() {
        let mut pairs = take_value(&mut parts, SET)?;
        while !pairs.is_empty() {
            let mut pair = take_value(&mut pairs, SEQUENCE)?;
            take_value(&mut pair, OID)?;
            let tag =
                take_any(&mut pair).map_err(|_| "a name in it is not the text that it claims")?;
            ensure(TEXTS.contains(&tag), "a name in it is no text")?;
            expect_end(pair)?;
        }
    }
    Ok(())
}

/// Removes the first value from `fields` and returns its contents, if it has this tag.
pub(crate) fn take_value<'a>(fields: &mut &'a [u8], tag: u8) -> Result<&'a [u8], Flaw> {
    let (found, contents, rest) = value(fields).ok_or(NOT_DER)?;
    ensure(found == tag && is_valid_value(tag, contents), NOT_DER)?;
    // GnuTLS cannot read such an OID.
    ensure(
        tag != OID || has_short_numbers(contents),
        "an OID in it has a number of more than 64 bits",
    )?;
    *fields = rest;
    Ok(contents)
}

/// Removes the first value from `fields`, of any type, and returns its tag.
pub(crate) fn take_any(fields: &mut &[u8]) -> Result<u8, Flaw> {
    let tag = *fields.first().ok_or(NOT_DER)?;
    take_value(fields, tag).map(|_| tag)
}

/// Checks that `fields` is empty.
pub(crate) fn expect_end(fields: &[u8]) -> Result<(), Flaw> {
    ensure(fields.is_empty(), NOT_DER)
}

/// Returns `flaw` unless the condition is true.
pub(crate) fn ensure(condition: bool, flaw: Flaw) -> Result<(), Flaw> {
    if condition { Ok(()) } else { Err(flaw) }
}

/// The numbers of an OID, each of seven bits a byte (X.690, section 8.19).
fn numbers(oid: &[u8]) -> impl Iterator<Item = &[u8]> {
    oid.split_inclusive(|byte| *byte < 0x80)
}

/// Whether each number of an OID has 64 bits at most: nine bytes, or ten of which the first has one.
pub(crate) fn has_short_numbers(oid: &[u8]) -> bool {
    let is_counted = |number: &[u8]| match number {
        [0x81, rest @ ..] => rest.len() < 10,
        _ => number.len() < 10,
    };
    // Nearly all OIDs are short.
    oid.len() < 10 || numbers(oid).all(is_counted)
}

/// Whether an OID is short enough for GnuTLS. A byte becomes at most four characters.
pub(crate) fn fits_gnutls(oid: &[u8]) -> bool {
    oid.len() * 4 < LONGEST_OID as usize || dotted(oid) <= LONGEST_OID
}

/// The number of characters of an OID in dotted form. The first encoded number becomes two.
fn dotted(oid: &[u8]) -> u32 {
    let digits = |number: u64| number.checked_ilog10().unwrap_or(0) + 1;
    let value =
        |bytes: &[u8]| bytes.iter().fold(0, |sum: u64, byte| sum << 7 | u64::from(byte & 0x7f));
    let mut values = numbers(oid).map(value);
    let first = values.next().unwrap_or_default();
    let second = if first < 80 { first % 40 } else { first - 80 };
    values.fold(2 + digits(second), |sum, number| sum.saturating_add(1 + digits(number)))
}

/// Whether the contents of a value are valid for its tag (X.690, sections 8, 10 and 11).
pub(crate) fn is_valid_value(tag: u8, contents: &[u8]) -> bool {
    match tag {
        BOOLEAN => matches!(contents, [0 | 0xff]),
        INTEGER => match contents {
            [] | [0, 0..=0x7f, ..] | [0xff, 0x80..=0xff, ..] => false,
            [..] => true,
        },
        BIT_STRING => is_bits(contents),
        NULL => contents.is_empty(),
        OID => {
            let mut numbers = contents.split_inclusive(|byte| *byte < 0x80);
            contents.last().is_some_and(|last| *last < 0x80)
                && numbers.all(|number| number.first() != Some(&0x80))
        }
        UTF8 => str::from_utf8(contents).is_ok(),
        BMP => is_text::<2>(contents),
        UNIVERSAL => is_text::<4>(contents),
        // In DER only these two universal types are constructed; longer tags than one byte are not used.
        0x20..=0x3f => matches!(tag, SEQUENCE | SET),
        _ => tag & 0x1f != 0x1f,
    }
}

/// Whether it is a valid bit string: the number of unused bits in its last byte, then the bits.
pub(crate) fn is_bits(contents: &[u8]) -> bool {
    matches!(contents, [0] | [0..=7, _, ..])
}

/// Whether it is text of `WIDTH` bytes per character.
fn is_text<const WIDTH: usize>(contents: &[u8]) -> bool {
    let (units, rest) = contents.as_chunks::<WIDTH>();
    let code = |unit: &[u8; WIDTH]| unit.iter().fold(0, |sum, byte| sum << 8 | u32::from(*byte));
    rest.is_empty() && units.iter().all(|unit| char::from_u32(code(unit)).is_some())
}
