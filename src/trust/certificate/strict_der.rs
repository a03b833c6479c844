//! Whether every reader takes a certificate as it is encoded.
//!
//! OpenSSL, GnuTLS and a JVM give up a whole bundle for one certificate in it that they cannot read, and
//! look more closely than the parser that reads the fields here: at every number, name and identifier.
//! So a custom CA is walked through once, along RFC 5280, section 4.1.

use std::collections::BTreeSet;

use crate::trust::certificate::encoding::{
    BOOLEAN, Flaw, NOT_DER, NULL, any, ends, holds, is_bits, is_short, name, take,
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
    // Java cannot read others, and no client trusts them (RFC 5480, section 2.1.1).
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
