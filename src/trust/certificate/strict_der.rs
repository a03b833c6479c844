//! Whether every reader takes a certificate as it is encoded.
//!
//! OpenSSL, GnuTLS and a JVM give up a whole bundle for one certificate in it that they cannot read, and
//! look more closely than the parser that reads the fields here: at every number, name and identifier.
//! So a custom CA is walked through once, along RFC 5280, section 4.1.

use std::collections::BTreeSet;

use crate::trust::certificate::{java_rules, names};
use crate::trust::der::{
    BIT_STRING, CONTEXT_0, EC_KEY, INTEGER, OCTET_STRING, OID, SEQUENCE, SET, value,
};

/// Tags that only certificates use here (X.680, section 8.4; RFC 5280, section 4.1).
pub const BOOLEAN: u8 = 0x01;
/// NULL.
pub const NULL: u8 = 0x05;
const UTF8: u8 = 0x0c;
const NUMERIC: u8 = 0x12;
const PRINTABLE: u8 = 0x13;
const T61: u8 = 0x14;
const IA5: u8 = 0x16;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const UNIVERSAL: u8 = 0x1c;
const BMP: u8 = 0x1e;
const ISSUER_ID: u8 = 0x81;
const SUBJECT_ID: u8 = 0x82;
const EXTENSIONS: u8 = 0xa3;

/// What a part of a name may be: `B_ASN1_PRINTABLE` in
/// <https://github.com/openssl/openssl/blob/openssl-3.0/include/openssl/asn1.h.in>, without SEQUENCE.
const TEXTS: &[u8] = &[NUMERIC, PRINTABLE, T61, IA5, BIT_STRING, UNIVERSAL, BMP, UTF8];

/// What the parameters of an algorithm are in all that sign certificates (RFC 4055 and 5480).
const PARAMETERS: &[u8] = &[NULL, OID, SEQUENCE];

/// Version 3, the first with extensions (RFC 5280, section 4.1.2.1).
const V3: &[u8] = &[2];

/// The longest OID of an extension that GnuTLS reads, in characters of its dotted form: measured, and
/// `MAX_OID_SIZE` in <https://gitlab.com/gnutls/gnutls/-/blob/3.8.9/lib/gnutls_int.h> with two less.
const LONGEST_OID: u32 = 126;

/// What keeps some reader from reading it.
pub type Flaw = &'static str;

/// It is not DER, or not what RFC 5280 has in that place.
pub const NOT_DER: Flaw = "it is not encoded as DER asks";

/// Whether every reader but a JVM can read the certificate `der`, and why some JVM cannot.
///
/// # Errors
/// Why some other reader cannot.
pub fn check(mut der: &[u8]) -> Result<Option<Flaw>, Flaw> {
    let mut for_java = Ok(());
    let mut fields = take(&mut der, SEQUENCE)?;
    let inner = body(take(&mut fields, SEQUENCE)?, &mut for_java)?;
    let outer = take(&mut fields, SEQUENCE)?;
    take(&mut fields, BIT_STRING)?;
    ends(fields)?;
    ends(der)?;
    // GnuTLS and Java cannot read it (section 4.1.1.2).
    holds(inner == outer, "the algorithms that it names inside and outside differ")?;
    Ok(for_java.err())
}

/// Returns the algorithm that it names.
fn body<'a>(mut fields: &'a [u8], for_java: &mut Result<(), Flaw>) -> Result<&'a [u8], Flaw> {
    let version = match take(&mut fields, CONTEXT_0) {
        Ok(mut explicit) => {
            take(&mut explicit, INTEGER).and_then(|n| ends(explicit).map(|()| n))?
        }
        Err(_) => &[0],
    };
    take(&mut fields, INTEGER)?;
    let algorithm = take(&mut fields, SEQUENCE)?;
    self::algorithm(algorithm)?;
    let issuer = take(&mut fields, SEQUENCE)?;
    name(issuer)?;
    // Java cannot read it (section 4.1.2.4).
    holds(!issuer.is_empty(), "its issuer has no name")?;
    let mut validity = take(&mut fields, SEQUENCE)?;
    time(&mut validity)?;
    time(&mut validity)?;
    ends(validity)?;
    let subject = take(&mut fields, SEQUENCE)?;
    name(subject)?;
    let key = take(&mut fields, SEQUENCE)?;
    self::key(key)?;
    *for_java = java_rules::fields(algorithm, [issuer, subject], key);
    for id in [ISSUER_ID, SUBJECT_ID] {
        if fields.first() == Some(&id) {
            holds(is_bits(take(&mut fields, id)?), NOT_DER)?;
        }
    }
    if !fields.is_empty() {
        let mut extensions = take(&mut fields, EXTENSIONS)?;
        self::extensions(take(&mut extensions, SEQUENCE)?, for_java)?;
        ends(extensions)?;
        // GnuTLS and Java cannot read it (section 4.1.2.9).
        holds(version == V3, "it has extensions and is not of version 3")?;
    }
    ends(fields)?;
    Ok(algorithm)
}

fn algorithm(mut fields: &[u8]) -> Result<(), Flaw> {
    take(&mut fields, OID)?;
    if !fields.is_empty() {
        let tag = any(&mut fields)?;
        holds(PARAMETERS.contains(&tag), NOT_DER)?;
    }
    ends(fields)
}

/// A name (section 4.1.2.4), without the tag around it.
pub fn name(mut parts: &[u8]) -> Result<(), Flaw> {
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

/// To the second, in UTC (section 4.1.2.5): GnuTLS cannot read others. Whether there is such a day is
/// seen where it is read, in [`crate::trust::certificate::Certificate::read`].
fn time(fields: &mut &[u8]) -> Result<(), Flaw> {
    let (tag, text, _) = value(fields).ok_or(NOT_DER)?;
    any(fields)?;
    let digits = text.strip_suffix(b"Z").unwrap_or_default();
    let length = if tag == UTC_TIME { 12 } else { 14 };
    let is_time = matches!(tag, UTC_TIME | GENERALIZED_TIME) && digits.len() == length;
    holds(
        is_time && digits.iter().all(u8::is_ascii_digit),
        "one of its dates is not in UTC, to the second",
    )
}

fn key(mut fields: &[u8]) -> Result<(), Flaw> {
    let mut algorithm = take(&mut fields, SEQUENCE)?;
    self::algorithm(algorithm)?;
    let is_on_a_curve = take(&mut algorithm, OID)? == EC_KEY;
    // Java cannot read others, and nobody trusts them (RFC 5480, section 2.1.1).
    holds(!is_on_a_curve || algorithm.first() == Some(&OID), "the curve of its key has no name")?;
    take(&mut fields, BIT_STRING)?;
    ends(fields)
}

/// Each may be there once (section 4.2): GnuTLS and Java cannot read a second one.
fn extensions(mut list: &[u8], for_java: &mut Result<(), Flaw>) -> Result<(), Flaw> {
    let mut known = Vec::new();
    while !list.is_empty() {
        let Extension { oid, is_critical, contents } = extension(&mut list)?;
        known.push(oid);
        holds(is_short(oid), "the OID of an extension is longer than 126 characters")?;
        // GnuTLS reads subjectAltName and issuerAltName (sections 4.2.1.6 and 4.2.1.7) in every
        // certificate, and nothing of what other extensions contain.
        if matches!(oid, [0x55, 0x1d, 0x11 | 0x12]) {
            names::list(contents, |_, _| Ok(()))
                .map_err(|_| "its subjectAltName or issuerAltName is not a list of names")?;
        }
        // What is not critical may be whatever it is: Java keeps the bytes.
        if is_critical && for_java.is_ok() {
            *for_java = java_rules::extension(oid, contents);
        }
    }
    holds(!has_doubles(&known), "an extension is in it twice")
}

/// Whether one of `oids` is there twice. Of a few each is held against each, which is the least work.
fn has_doubles(oids: &[&[u8]]) -> bool {
    if oids.len() > 50 {
        let mut known = BTreeSet::new();
        return !oids.iter().all(|oid| known.insert(*oid));
    }
    let mut rest = oids;
    while let [oid, others @ ..] = rest {
        if others.contains(oid) {
            return true;
        }
        rest = others;
    }
    false
}

/// One extension (section 4.2).
struct Extension<'a> {
    /// What it is, as OID contents.
    oid: &'a [u8],
    /// Whether readers that do not know it must refuse the certificate.
    is_critical: bool,
    /// What it says.
    contents: &'a [u8],
}

/// Takes the first extension off `list`.
fn extension<'a>(list: &mut &'a [u8]) -> Result<Extension<'a>, Flaw> {
    let mut fields = take(list, SEQUENCE)?;
    let oid = take(&mut fields, OID)?;
    let mut is_critical = false;
    if fields.first() == Some(&BOOLEAN) {
        is_critical = take(&mut fields, BOOLEAN)? != [0];
    }
    let contents = take(&mut fields, OCTET_STRING)?;
    ends(fields)?;
    Ok(Extension { oid, is_critical, contents })
}

/// Takes the first value off `fields` and returns what is in it, if it has this tag.
pub fn take<'a>(fields: &mut &'a [u8], tag: u8) -> Result<&'a [u8], Flaw> {
    let (found, contents, rest) = value(fields).ok_or(NOT_DER)?;
    holds(found == tag && is_filled(tag, contents), NOT_DER)?;
    // GnuTLS cannot read it.
    holds(tag != OID || is_counted(contents), "an OID in it has a number of more than 64 bits")?;
    *fields = rest;
    Ok(contents)
}

/// Takes the first value off `fields`, whatever it is, and returns its tag.
pub fn any(fields: &mut &[u8]) -> Result<u8, Flaw> {
    let tag = *fields.first().ok_or(NOT_DER)?;
    take(fields, tag).map(|_| tag)
}

/// Nothing may be left.
pub fn ends(fields: &[u8]) -> Result<(), Flaw> {
    holds(fields.is_empty(), NOT_DER)
}

/// It is a flaw if this does not hold.
pub fn holds(condition: bool, flaw: Flaw) -> Result<(), Flaw> {
    if condition { Ok(()) } else { Err(flaw) }
}

/// The numbers of an OID, each of seven bits a byte (X.690, section 8.19).
fn numbers(oid: &[u8]) -> impl Iterator<Item = &[u8]> {
    oid.split_inclusive(|byte| *byte < 0x80)
}

/// Whether each number of an OID has 64 bits at most: nine bytes, or ten of which the first has one.
pub fn is_counted(oid: &[u8]) -> bool {
    let is_counted = |number: &[u8]| match number {
        [0x81, rest @ ..] => rest.len() < 10,
        _ => number.len() < 10,
    };
    // Nearly all are short.
    oid.len() < 10 || numbers(oid).all(is_counted)
}

/// Whether GnuTLS has room for an OID. A byte comes to four characters at most.
pub fn is_short(oid: &[u8]) -> bool {
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
pub fn is_filled(tag: u8, contents: &[u8]) -> bool {
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
pub fn is_bits(contents: &[u8]) -> bool {
    matches!(contents, [0] | [0..=7, _, ..])
}

/// Whether all of it are characters of so many bytes each.
fn is_text<const WIDTH: usize>(contents: &[u8]) -> bool {
    let (units, rest) = contents.as_chunks::<WIDTH>();
    let code = |unit: &[u8; WIDTH]| unit.iter().fold(0, |sum, byte| sum << 8 | u32::from(*byte));
    rest.is_empty() && units.iter().all(|unit| char::from_u32(code(unit)).is_some())
}
