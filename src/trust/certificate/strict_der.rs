//! Checks that every reader can decode a certificate.
//!
//! OpenSSL, GnuTLS and a JVM reject a whole bundle for one certificate that they cannot decode, and check
//! every number, name and identifier, which x509-parser does not. So this walks through each custom CA once,
//! in the order of RFC 5280, section 4.1.

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

/// The tags of the parameters of all algorithms that sign certificates (RFC 4055 and 5480).
const PARAMETERS: &[u8] = &[NULL, OID, SEQUENCE];

/// Version 3, the first with extensions (RFC 5280, section 4.1.2.1).
const V3: &[u8] = &[2];

/// Checks that every reader except a JVM can read the certificate `der`, and returns why some JVM cannot.
///
/// # Errors
/// Why a reader that is not a JVM cannot read it.
pub(crate) fn check(mut der: &[u8]) -> Result<Option<Flaw>, Flaw> {
    let mut for_java = Ok(());
    let mut fields = take_value(&mut der, SEQUENCE)?;
    let inner = body(take_value(&mut fields, SEQUENCE)?, &mut for_java)?;
    let outer = take_value(&mut fields, SEQUENCE)?;
    take_value(&mut fields, BIT_STRING)?;
    expect_end(fields)?;
    expect_end(der)?;
    // GnuTLS and Java reject a difference (section 4.1.1.2).
    ensure(inner == outer, "its inner and outer signature algorithms differ")?;
    Ok(for_java.err())
}

/// Checks the signed part and returns its signature algorithm.
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
    // Java rejects an empty issuer (section 4.1.2.4).
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
        // GnuTLS and Java reject other versions (section 4.1.2.9).
        ensure(version == V3, "it has extensions but is not version 3")?;
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

/// Checks that a time is in UTC, to the second (section 4.1.2.5): GnuTLS rejects others.
/// [`crate::trust::certificate::Certificate::read`] checks that the day exists.
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
    // Java rejects explicit curve parameters, and no client trusts such a key (RFC 5480, section 2.1.1).
    ensure(!is_on_a_curve || algorithm.first() == Some(&OID), "the curve of its key has no name")?;
    take_value(&mut fields, BIT_STRING)?;
    expect_end(fields)
}

/// Checks the extensions. Each may occur once (section 4.2): GnuTLS and Java reject a duplicate.
fn extensions(mut list: &[u8], for_java: &mut Result<(), Flaw>) -> Result<(), Flaw> {
    let mut known = Vec::new();
    while !list.is_empty() {
        let Extension { oid, is_critical, contents } = extension(&mut list)?;
        known.push(oid);
        ensure(fits_gnutls(oid), "the OID of an extension is longer than 126 characters")?;
        // Of all extensions, GnuTLS decodes only subjectAltName and issuerAltName (sections 4.2.1.6 and
        // 4.2.1.7) in every certificate.
        if matches!(oid, [0x55, 0x1d, 0x11 | 0x12]) {
            names::for_each_in_list(contents, |_, _| Ok(()))
                .map_err(|_| "its subjectAltName or issuerAltName is not a list of names")?;
        }
        // Java keeps the bytes of an extension that is not critical, without decoding them.
        if is_critical && for_java.is_ok() {
            *for_java = java_rules::extension(oid, contents);
        }
    }
    ensure(!has_doubles(&known), "it contains an extension twice")
}

/// Whether one of `oids` occurs twice. For a few, comparing all pairs is fastest.
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
    /// Its type, as OID contents.
    oid: &'a [u8],
    /// Whether readers that do not support it must reject the certificate.
    is_critical: bool,
    /// Its value.
    contents: &'a [u8],
}

/// Removes the first extension from `list` and returns it.
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
