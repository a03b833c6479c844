//! Checks critical extensions as a JVM does: it decodes each one that it knows completely, including URIs.

use crate::trust::certificate::encoding::{
    BOOLEAN, Flaw, NOT_DER, ensure, expect_end, is_bits, take_any, take_value,
};
use crate::trust::certificate::names::{self, DNS, EMAIL, IP, URI};
use crate::trust::der::{BIT_STRING, CONTEXT_0, CONTEXT_1, INTEGER, OCTET_STRING, OID, SEQUENCE};

/// Checks the contents of an extension.
type ExtensionCheck = fn(&[u8]) -> Result<(), Flaw>;

/// Checks whether a JVM can read the critical extension `oid` with these contents. `OIDMap` of the JDK lists
/// those that it decodes; RFC 5280, section 4.2, defines their structures.
pub(crate) fn check(oid: &[u8], contents: &[u8]) -> Result<(), Flaw> {
    let (read, what): (ExtensionCheck, Flaw) = match oid {
        [0x55, 0x1d, 14] => {
            (check_key_identifier, "its critical subjectKeyIdentifier cannot be decoded")
        }
        [0x55, 0x1d, 15] => (check_bits, "its critical keyUsage cannot be decoded"),
        [0x55, 0x1d, 17] => {
            (check_alternative_names, "its critical subjectAltName cannot be decoded")
        }
        [0x55, 0x1d, 18] => {
            (check_alternative_names, "its critical issuerAltName cannot be decoded")
        }
        [0x55, 0x1d, 19] => {
            (check_basic_constraints, "its critical basicConstraints cannot be decoded")
        }
        [0x55, 0x1d, 16 | 20 | 21 | 27..=29] => (reject, OTHERS),
        [0x55, 0x1d, 30] => {
            (check_name_constraints, "its critical nameConstraints cannot be decoded")
        }
        [0x55, 0x1d, 31] => (check_points, "its critical cRLDistributionPoints cannot be decoded"),
        [0x55, 0x1d, 32] => (check_policies, "its critical certificatePolicies cannot be decoded"),
        [0x55, 0x1d, 33] => (check_mappings, "its critical policyMappings cannot be decoded"),
        [0x55, 0x1d, 35] => {
            (check_issuer_key, "its critical authorityKeyIdentifier cannot be decoded")
        }
        [0x55, 0x1d, 36] => {
            (check_policy_constraints, "its critical policyConstraints cannot be decoded")
        }
        [0x55, 0x1d, 37] => (check_purposes, "its critical extKeyUsage cannot be decoded"),
        [0x55, 0x1d, 46] => (check_points, "its critical freshestCRL cannot be decoded"),
        [0x55, 0x1d, 54] => (check_number, "its critical inhibitAnyPolicy cannot be decoded"),
        [0x2b, 6, 1, 5, 5, 7, 1, 1] => {
            (check_access, "its critical authorityInfoAccess cannot be decoded")
        }
        [0x2b, 6, 1, 5, 5, 7, 1, 11] => {
            (check_access, "its critical subjectInfoAccess cannot be decoded")
        }
        [0x60, 0x86, 0x48, 0x01, 0x86, 0xf8, 0x42, 1, 1] => {
            (check_bits, "its critical Netscape certificate type cannot be decoded")
        }
        _ => return Ok(()),
    };
    read(contents).map_err(|flaw| if flaw == NOT_DER { what } else { flaw })
}

/// The flaw of an extension that a JVM decodes and that is not checked here.
const OTHERS: Flaw =
    "it has a critical extension for revocation lists, or an obsolete one for keys";

fn reject(_: &[u8]) -> Result<(), Flaw> {
    Err(NOT_DER)
}

fn take_only(tag: u8, mut contents: &[u8]) -> Result<&[u8], Flaw> {
    let found = take_value(&mut contents, tag)?;
    expect_end(contents)?;
    Ok(found)
}

/// Checks each SEQUENCE of a list.
fn check_each(mut list: &[u8], read: impl Fn(&[u8]) -> Result<(), Flaw>) -> Result<(), Flaw> {
    while !list.is_empty() {
        read(take_value(&mut list, SEQUENCE)?)?;
    }
    Ok(())
}

/// Checks an OID and a value of any type.
fn check_pair(mut fields: &[u8]) -> Result<(), Flaw> {
    take_value(&mut fields, OID)?;
    take_any(&mut fields)?;
    expect_end(fields)
}

fn check_key_identifier(contents: &[u8]) -> Result<(), Flaw> {
    take_only(OCTET_STRING, contents).map(|_| ())
}

fn check_bits(contents: &[u8]) -> Result<(), Flaw> {
    take_only(BIT_STRING, contents).map(|_| ())
}

/// Checks a number from zero to 2^31 - 1.
fn check_number(contents: &[u8]) -> Result<(), Flaw> {
    let number = take_only(INTEGER, contents)?;
    ensure(number.len() <= 4 && number.first().is_some_and(|first| *first < 0x80), NOT_DER)
}

fn check_alternative_names(contents: &[u8]) -> Result<(), Flaw> {
    check_names(take_only(SEQUENCE, contents)?)
}

/// Checks names, at least one.
fn check_names(names: &[u8]) -> Result<(), Flaw> {
    ensure(!names.is_empty(), NOT_DER)?;
    names::for_each_name(names, check_identifier)
}

/// Checks one name that identifies something; constraints have [`check_base`].
fn check_identifier(tag: u8, contents: &[u8]) -> Result<(), Flaw> {
    match tag {
        EMAIL => ensure(is_mailbox(contents), NOT_DER),
        URI => ensure(
            is_uri(contents),
            "a URI in a critical extension is not encoded as RFC 3986 requires",
        ),
        IP => ensure(matches!(contents.len(), 4 | 16), NOT_DER),
        _ => Ok(()),
    }
}

fn check_basic_constraints(contents: &[u8]) -> Result<(), Flaw> {
    let mut fields = take_only(SEQUENCE, contents)?;
    if fields.first() == Some(&BOOLEAN) {
        take_value(&mut fields, BOOLEAN)?;
    }
    if fields.is_empty() { Ok(()) } else { check_number(fields) }
}

fn check_name_constraints(contents: &[u8]) -> Result<(), Flaw> {
    let mut fields = take_only(SEQUENCE, contents)?;
    for tag in [CONTEXT_0, CONTEXT_1] {
        if fields.first() != Some(&tag) {
            continue;
        }
        // A subtree contains its base alone: minimum is 0 by default, maximum is absent.
        check_each(take_value(&mut fields, tag)?, check_base)?;
    }
    expect_end(fields)
}

/// Checks the base of a subtree (section 4.2.1.10).
fn check_base(mut subtree: &[u8]) -> Result<(), Flaw> {
    // An empty base means every DNS name.
    if subtree == [DNS, 0] {
        return Ok(());
    }
    let (tag, contents) = names::take_name(&mut subtree)?;
    expect_end(subtree)?;
    match tag {
        URI => ensure(
            is_host(contents.strip_prefix(b".").unwrap_or(contents)),
            "a name constraint of the kind URI is not a plain host name",
        ),
        IP => ensure(matches!(contents.len(), 8 | 32), NOT_DER),
        EMAIL => ensure(is_mailbox(contents), NOT_DER),
        _ => Ok(()),
    }
}

/// Checks CRL distribution points (section 4.2.1.13).
fn check_points(contents: &[u8]) -> Result<(), Flaw> {
    let mut points = take_only(SEQUENCE, contents)?;
    while !points.is_empty() {
        let mut point = take_value(&mut points, SEQUENCE)?;
        let mut is_named = false;
        for tag in [CONTEXT_0, 0x81, 0xa2] {
            if point.first() != Some(&tag) {
                continue;
            }
            let mut field = take_value(&mut point, tag)?;
            is_named |= tag != 0x81;
            match tag {
                CONTEXT_0 if field.first() == Some(&CONTEXT_0) => {
                    check_names(take_value(&mut field, CONTEXT_0)?)?;
                    expect_end(field)?;
                }
                CONTEXT_0 => {
                    // Relative to the issuer's name: one attribute set.
                    let pairs = take_value(&mut field, CONTEXT_1)?;
                    expect_end(field)?;
                    check_each(pairs, check_pair)?;
                }
                0x81 => ensure(is_bits(field), NOT_DER)?,
                _ => check_names(field)?,
            }
        }
        expect_end(point)?;
        ensure(is_named, NOT_DER)?;
    }
    Ok(())
}

/// Checks policies (section 4.2.1.4), each with its qualifiers.
fn check_policies(contents: &[u8]) -> Result<(), Flaw> {
    check_each(take_only(SEQUENCE, contents)?, |mut policy| {
        take_value(&mut policy, OID)?;
        if policy.is_empty() {
            return Ok(());
        }
        let qualifiers = take_only(SEQUENCE, policy)?;
        ensure(!qualifiers.is_empty(), NOT_DER)?;
        check_each(qualifiers, check_pair)
    })
}

fn check_mappings(contents: &[u8]) -> Result<(), Flaw> {
    check_each(take_only(SEQUENCE, contents)?, |mut mapping| {
        take_value(&mut mapping, OID)?;
        take_value(&mut mapping, OID)?;
        expect_end(mapping)
    })
}

fn check_issuer_key(contents: &[u8]) -> Result<(), Flaw> {
    let mut fields = take_only(SEQUENCE, contents)?;
    for tag in [0x80, CONTEXT_1, 0x82] {
        if fields.first() != Some(&tag) {
            continue;
        }
        let field = take_value(&mut fields, tag)?;
        match tag {
            CONTEXT_1 => check_names(field)?,
            // The serial number.
            0x82 => ensure(!field.is_empty(), NOT_DER)?,
            _ => {}
        }
    }
    expect_end(fields)
}

fn check_policy_constraints(contents: &[u8]) -> Result<(), Flaw> {
    let mut fields = take_only(SEQUENCE, contents)?;
    for tag in [0x80, 0x81] {
        if fields.first() == Some(&tag) {
            let number = take_value(&mut fields, tag)?;
            ensure(matches!(number, [0..=0x7f]), NOT_DER)?;
        }
    }
    expect_end(fields)
}

fn check_purposes(contents: &[u8]) -> Result<(), Flaw> {
    let mut purposes = take_only(SEQUENCE, contents)?;
    while !purposes.is_empty() {
        take_value(&mut purposes, OID)?;
    }
    Ok(())
}

/// Checks authority and subject information access (sections 4.2.2.1 and 4.2.2.2).
fn check_access(contents: &[u8]) -> Result<(), Flaw> {
    check_each(take_only(SEQUENCE, contents)?, |mut description| {
        take_value(&mut description, OID)?;
        let (tag, contents) = names::take_name(&mut description)?;
        expect_end(description)?;
        check_identifier(tag, contents)
    })
}

/// Whether it is a mail address, or in a constraint a host.
fn is_mailbox(text: &[u8]) -> bool {
    let at = text.iter().position(|byte| *byte == b'@');
    let host = at.and_then(|at| text.get(at + 1..)).unwrap_or(text);
    text.iter().all(u8::is_ascii_graphic) && !matches!(host, [] | b".")
}

/// Whether it is a URI (RFC 3986, appendix A) with a scheme, and without a user, an IPv6 address or a
/// fragment, which certificates hardly ever contain.
fn is_uri(text: &[u8]) -> bool {
    let Some(colon) = text.iter().position(|byte| *byte == b':') else { return false };
    let (scheme, rest) = text.split_at(colon);
    let rest = rest.get(1..).unwrap_or_default();
    let is_in_scheme = |byte: &u8| byte.is_ascii_alphanumeric() || b"+-.".contains(byte);
    scheme.first().is_some_and(u8::is_ascii_alphabetic)
        && scheme.iter().all(is_in_scheme)
        && is_escaped(rest)
        && rest.strip_prefix(b"//").map_or(!rest.is_empty(), has_authority)
}

/// Whether all characters are allowed, or escapes of two digits.
fn is_escaped(text: &[u8]) -> bool {
    let mut pieces = text.split(|byte| *byte == b'%');
    let is_plain = |piece: &[u8]| {
        piece
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._~:/?@!$&'()*+,;=".contains(byte))
    };
    pieces.next().is_none_or(is_plain)
        && pieces.all(|piece| {
            matches!(piece, [a, b, rest @ ..] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit() && is_plain(rest))
        })
}

/// Whether the text after `//` is a host, with a port or without, or a path alone (`ldap:///CN=…`).
fn has_authority(text: &[u8]) -> bool {
    let end = text.iter().position(|byte| matches!(byte, b'/' | b'?')).unwrap_or(text.len());
    let (authority, path) = text.split_at(end);
    let mut parts = authority.splitn(2, |byte| *byte == b':');
    let host = parts.next().unwrap_or_default();
    let is_port =
        parts.next().is_none_or(|port| !port.is_empty() && port.iter().all(u8::is_ascii_digit));
    (authority.is_empty() && path.starts_with(b"/")) || (is_host(host) && is_port)
}

/// Whether it is labels of letters, digits and hyphens, separated by dots (RFC 1123, section 2.1).
fn is_host(text: &[u8]) -> bool {
    text.split(|byte| *byte == b'.').all(|label| {
        let is_end = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
        is_end(label.first())
            && is_end(label.last())
            && label.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-')
    })
}
