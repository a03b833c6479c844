//! Whether every reader takes a certificate as it is encoded.
//!
//! OpenSSL, GnuTLS and a JVM give up a whole bundle for one certificate in it that they cannot read, and
//! look more closely than the parser that reads the fields here: at every number, name and identifier.
//! So a custom CA is walked through once, along RFC 5280, section 4.1.

use std::collections::BTreeSet;

use crate::trust::certificate::encoding::{
    BOOLEAN, Flaw, NOT_DER, NULL, check_name, ensure, expect_end, fits_gnutls, is_bits, take_any,
    take_value,
};
use crate::trust::certificate::{java_rules, names};
use crate::trust::der::{
    BIT_STRING, CONTEXT_0, EC_KEY, INTEGER, OCTET_STRING, OID, SEQUENCE, value,
};

const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const ISSUER_ID: u8 = 0x81;
const SUBJECT_ID: u8 = 0x82;
const EXTENSIONS: u8 = 0xa3;

/// What the parameters of an algorithm are in all that sign certificates (RFC 4055 and 5480).
const PARAMETERS: &[u8] = &[NULL, OID, SEQUENCE];

/// Version 3, the first with extensions (RFC 5280, section 4.1.2.1).
const V3: &[u8] = &[2];

/// Whether every reader but a JVM can read the certificate `der`, and why some JVM cannot.
///
/// # Errors
/// Why some other reader cannot.
pub(crate) fn check(mut der: &[u8]) -> Result<Option<Flaw>, Flaw> {
    let mut for_java = Ok(());
    let mut fields = take_value(&mut der, SEQUENCE)?;
    let inner = body(take_value(&mut fields, SEQUENCE)?, &mut for_java)?;
    let outer = take_value(&mut fields, SEQUENCE)?;
    take_value(&mut fields, BIT_STRING)?;
    expect_end(fields)?;
    expect_end(der)?;
    // GnuTLS and Java cannot read it (section 4.1.1.2).
    ensure(inner == outer, "the algorithms that it names inside and outside differ")?;
    Ok(for_java.err())
}

/// Returns the algorithm that it names.
fn body<'a>(mut fields: &'a [u8], for_java: &mut Result<(), Flaw>) -> Result<&'a [u8], Flaw> {
    let version = match take_value(&mut fields, CONTEXT_0) {
        Ok(mut explicit) => {
            take_value(&mut explicit, INTEGER).and_then(|n| expect_end(explicit).map(|()| n))?
        }
        Err(_) => &[0],
    };
    take_value(&mut fields, INTEGER)?;
    let algorithm = take_value(&mut fields, SEQUENCE)?;
    self::algorithm(algorithm)?;
    let issuer = take_value(&mut fields, SEQUENCE)?;
    check_name(issuer)?;
    // Java cannot read it (section 4.1.2.4).
    ensure(!issuer.is_empty(), "its issuer has no name")?;
    let mut validity = take_value(&mut fields, SEQUENCE)?;
    time(&mut validity)?;
    time(&mut validity)?;
    expect_end(validity)?;
    let subject = take_value(&mut fields, SEQUENCE)?;
    check_name(subject)?;
    let key = take_value(&mut fields, SEQUENCE)?;
    self::key(key)?;
    *for_java = java_rules::fields(algorithm, [issuer, subject], key);
    for id in [ISSUER_ID, SUBJECT_ID] {
        if fields.first() == Some(&id) {
            ensure(is_bits(take_value(&mut fields, id)?), NOT_DER)?;
        }
    }
    if !fields.is_empty() {
        let mut extensions = take_value(&mut fields, EXTENSIONS)?;
        self::extensions(take_value(&mut extensions, SEQUENCE)?, for_java)?;
        expect_end(extensions)?;
        // GnuTLS and Java cannot read it (section 4.1.2.9).
        ensure(version == V3, "it has extensions and is not of version 3")?;
    }
    expect_end(fields)?;
    Ok(algorithm)
}

fn algorithm(mut fields: &[u8]) -> Result<(), Flaw> {
    take_value(&mut fields, OID)?;
    if !fields.is_empty() {
        let tag = take_any(&mut fields)?;
        ensure(PARAMETERS.contains(&tag), NOT_DER)?;
    }
    expect_end(fields)
}

/// To the second, in UTC (section 4.1.2.5): GnuTLS cannot read others. Whether there is such a day is
/// seen where it is read, in [`crate::trust::certificate::Certificate::read`].
fn time(fields: &mut &[u8]) -> Result<(), Flaw> {
    let (tag, text, _) = value(fields).ok_or(NOT_DER)?;
    take_any(fields)?;
    let digits = text.strip_suffix(b"Z").unwrap_or_default();
    let length = if tag == UTC_TIME { 12 } else { 14 };
    let is_time = matches!(tag, UTC_TIME | GENERALIZED_TIME) && digits.len() == length;
    ensure(
        is_time && digits.iter().all(u8::is_ascii_digit),
        "one of its dates is not in UTC, to the second",
    )
}

fn key(mut fields: &[u8]) -> Result<(), Flaw> {
    let mut algorithm = take_value(&mut fields, SEQUENCE)?;
    self::algorithm(algorithm)?;
    let is_on_a_curve = take_value(&mut algorithm, OID)? == EC_KEY;
    // Java cannot read others, and no client trusts them (RFC 5480, section 2.1.1).
    ensure(!is_on_a_curve || algorithm.first() == Some(&OID), "the curve of its key has no name")?;
    take_value(&mut fields, BIT_STRING)?;
    expect_end(fields)
}

/// Each may be there once (section 4.2): GnuTLS and Java cannot read a second one.
fn extensions(mut list: &[u8], for_java: &mut Result<(), Flaw>) -> Result<(), Flaw> {
    let mut known = Vec::new();
    while !list.is_empty() {
        let Extension { oid, is_critical, contents } = extension(&mut list)?;
        known.push(oid);
        ensure(fits_gnutls(oid), "the OID of an extension is longer than 126 characters")?;
        // GnuTLS reads subjectAltName and issuerAltName (sections 4.2.1.6 and 4.2.1.7) in every
        // certificate, and nothing of what other extensions contain.
        if matches!(oid, [0x55, 0x1d, 0x11 | 0x12]) {
            names::for_each_in_list(contents, |_, _| Ok(()))
                .map_err(|_| "its subjectAltName or issuerAltName is not a list of names")?;
        }
        // What is not critical may be whatever it is: Java keeps the bytes.
        if is_critical && for_java.is_ok() {
            *for_java = java_rules::extension(oid, contents);
        }
    }
    ensure(!has_doubles(&known), "an extension is in it twice")
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
    let mut fields = take_value(list, SEQUENCE)?;
    let oid = take_value(&mut fields, OID)?;
    let mut is_critical = false;
    if fields.first() == Some(&BOOLEAN) {
        is_critical = take_value(&mut fields, BOOLEAN)? != [0];
    }
    let contents = take_value(&mut fields, OCTET_STRING)?;
    expect_end(fields)?;
    Ok(Extension { oid, is_critical, contents })
}
