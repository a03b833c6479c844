//! Values as strict readers take them from a certificate: in DER (X.690), and what GnuTLS has room for.

use crate::trust::der::{
    BIT_STRING, BMP, IA5, INTEGER, OID, PRINTABLE, SEQUENCE, SET, T61, UNIVERSAL, UTF8, value,
};

/// Tags that only certificates use here (X.680, section 8.4; RFC 5280, section 4.1).
pub(crate) const BOOLEAN: u8 = 0x01;
/// NULL.
pub(crate) const NULL: u8 = 0x05;
const NUMERIC: u8 = 0x12;

/// What a part of a name may be: `B_ASN1_PRINTABLE` in
/// <https://github.com/openssl/openssl/blob/openssl-3.0/include/openssl/asn1.h.in>, without SEQUENCE.
const TEXTS: &[u8] = &[NUMERIC, PRINTABLE, T61, IA5, BIT_STRING, UNIVERSAL, BMP, UTF8];

/// The longest OID of an extension that GnuTLS reads, in characters of its dotted form: measured, and
/// `MAX_OID_SIZE` in <https://gitlab.com/gnutls/gnutls/-/blob/3.8.9/lib/gnutls_int.h> with two less.
const LONGEST_OID: u32 = 126;

/// What keeps some reader from reading it.
pub(crate) type Flaw = &'static str;

/// It is not DER, or not what RFC 5280 has in that place.
pub(crate) const NOT_DER: Flaw = "it is not encoded as DER asks";

/// A name (section 4.1.2.4), without the tag around it.
pub(crate) fn name(mut parts: &[u8]) -> Result<(), Flaw> {
    while !parts.is_empty() {
        let mut pairs = take(&mut parts, SET)?;
        while !pairs.is_empty() {
            let mut pair = take(&mut pairs, SEQUENCE)?;
            take(&mut pair, OID)?;
            let tag = any(&mut pair).map_err(|_| "a name in it is not the text that it claims")?;
            holds(TEXTS.contains(&tag), "a name in it is no text")?;
            ends(pair)?;
        }
    }
    Ok(())
}

/// Takes the first value off `fields` and returns what is in it, if it has this tag.
pub(crate) fn take<'a>(fields: &mut &'a [u8], tag: u8) -> Result<&'a [u8], Flaw> {
    let (found, contents, rest) = value(fields).ok_or(NOT_DER)?;
    holds(found == tag && is_filled(tag, contents), NOT_DER)?;
    // GnuTLS cannot read it.
    holds(tag != OID || is_counted(contents), "an OID in it has a number of more than 64 bits")?;
    *fields = rest;
    Ok(contents)
}

/// Takes the first value off `fields`, whatever it is, and returns its tag.
pub(crate) fn any(fields: &mut &[u8]) -> Result<u8, Flaw> {
    let tag = *fields.first().ok_or(NOT_DER)?;
    take(fields, tag).map(|_| tag)
}

/// Nothing may be left.
pub(crate) fn ends(fields: &[u8]) -> Result<(), Flaw> {
    holds(fields.is_empty(), NOT_DER)
}

/// It is a flaw if this does not hold.
pub(crate) fn holds(condition: bool, flaw: Flaw) -> Result<(), Flaw> {
    if condition { Ok(()) } else { Err(flaw) }
}

/// The numbers of an OID, each of seven bits a byte (X.690, section 8.19).
fn numbers(oid: &[u8]) -> impl Iterator<Item = &[u8]> {
    oid.split_inclusive(|byte| *byte < 0x80)
}

/// Whether each number of an OID has 64 bits at most: nine bytes, or ten of which the first has one.
pub(crate) fn is_counted(oid: &[u8]) -> bool {
    let is_counted = |number: &[u8]| match number {
        [0x81, rest @ ..] => rest.len() < 10,
        _ => number.len() < 10,
    };
    // Nearly all are short.
    oid.len() < 10 || numbers(oid).all(is_counted)
}

/// Whether GnuTLS has room for an OID. A byte takes four characters at most.
pub(crate) fn is_short(oid: &[u8]) -> bool {
    oid.len() * 4 < LONGEST_OID as usize || dotted(oid) <= LONGEST_OID
}

/// How many characters an OID has in its dotted form: of its first number come two.
fn dotted(oid: &[u8]) -> u32 {
    let digits = |number: u64| number.checked_ilog10().unwrap_or(0) + 1;
    let value =
        |bytes: &[u8]| bytes.iter().fold(0, |sum: u64, byte| sum << 7 | u64::from(byte & 0x7f));
    let mut values = numbers(oid).map(value);
    let first = values.next().unwrap_or_default();
    let second = if first < 80 { first % 40 } else { first - 80 };
    values.fold(2 + digits(second), |sum, number| sum.saturating_add(1 + digits(number)))
}

/// Whether the contents of a value are what its tag asks for (X.690, sections 8, 10 and 11).
pub(crate) fn is_filled(tag: u8, contents: &[u8]) -> bool {
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
        // Of the values that consist of others only these two are so in DER, and no tag is longer than a byte.
        0x20..=0x3f => matches!(tag, SEQUENCE | SET),
        _ => tag & 0x1f != 0x1f,
    }
}

/// Whether it is a string of bits behind the number of those that its last byte lacks.
pub(crate) fn is_bits(contents: &[u8]) -> bool {
    matches!(contents, [0] | [0..=7, _, ..])
}

/// Whether all of it are characters of so many bytes each.
fn is_text<const WIDTH: usize>(contents: &[u8]) -> bool {
    let (units, rest) = contents.as_chunks::<WIDTH>();
    let code = |unit: &[u8; WIDTH]| unit.iter().fold(0, |sum, byte| sum << 8 | u32::from(*byte));
    rest.is_empty() && units.iter().all(|unit| char::from_u32(code(unit)).is_some())
}
