//! Checks general names (RFC 5280, section 4.2.1.6) as strict readers do.
//!
//! GnuTLS rejects a whole bundle for an alternative name that it cannot decode, and a JVM a whole key store
//! for a name in a critical extension. GnuTLS rejects x400Address and ediPartyName in any encoding, so they
//! are flaws.

use crate::trust::certificate::encoding::{
    Flaw, NOT_DER, check_name, ensure, expect_end, fits_gnutls, has_short_numbers, is_valid_value,
    take_any, take_value,
};
use crate::trust::der::{CONTEXT_0, OID, SEQUENCE, SET, value};

/// `[0]`, otherName.
const OTHER: u8 = CONTEXT_0;
/// `[1]`, rfc822Name.
pub(crate) const EMAIL: u8 = 0x81;
/// `[2]`, dNSName.
pub(crate) const DNS: u8 = 0x82;
/// `[4]`, directoryName.
const DIRECTORY: u8 = 0xa4;
/// `[6]`, uniformResourceIdentifier.
pub(crate) const URI: u8 = 0x86;
/// `[7]`, iPAddress.
pub(crate) const IP: u8 = 0x87;
/// `[8]`, registeredID.
const REGISTERED: u8 = 0x88;

/// Checks `GeneralNames`, a SEQUENCE, and calls `then` with the tag and the contents of each name.
pub(crate) fn for_each_in_list(
    mut bytes: &[u8],
    then: impl FnMut(u8, &[u8]) -> Result<(), Flaw>,
) -> Result<(), Flaw> {
    let names = take_value(&mut bytes, SEQUENCE)?;
    expect_end(bytes)?;
    for_each_name(names, then)
}

/// The same without the outer tag.
pub(crate) fn for_each_name(
    mut names: &[u8],
    mut then: impl FnMut(u8, &[u8]) -> Result<(), Flaw>,
) -> Result<(), Flaw> {
    while !names.is_empty() {
        let (tag, contents) = take_name(&mut names)?;
        then(tag, contents)?;
    }
    Ok(())
}

/// Removes the first name from `names` and returns its tag and its contents.
pub(crate) fn take_name<'a>(names: &mut &'a [u8]) -> Result<(u8, &'a [u8]), Flaw> {
    let tag = *names.first().ok_or(NOT_DER)?;
    let contents = take_value(names, tag)?;
    match tag {
        EMAIL | DNS | URI | IP => ensure(!contents.is_empty(), NOT_DER)?,
        REGISTERED => {
            ensure(
                is_valid_value(OID, contents)
                    && has_short_numbers(contents)
                    && fits_gnutls(contents),
                NOT_DER,
            )?;
        }
        DIRECTORY => {
            let mut fields = contents;
            directory(take_value(&mut fields, SEQUENCE)?)?;
            expect_end(fields)?;
        }
        OTHER => {
            let mut fields = contents;
            ensure(fits_gnutls(take_value(&mut fields, OID)?), NOT_DER)?;
            let mut value = take_value(&mut fields, CONTEXT_0)?;
            take_any(&mut value)?;
            expect_end(value)?;
            expect_end(fields)?;
        }
        _ => return Err(NOT_DER),
    }
    Ok((tag, contents))
}

/// Checks a name as in the certificate's own fields, of which no attribute may be empty.
fn directory(mut parts: &[u8]) -> Result<(), Flaw> {
    check_name(parts)?;
    while !parts.is_empty() {
        let mut pairs = take_value(&mut parts, SET)?;
        ensure(!pairs.is_empty(), NOT_DER)?;
        while !pairs.is_empty() {
            let mut pair = take_value(&mut pairs, SEQUENCE)?;
            ensure(fits_gnutls(take_value(&mut pair, OID)?), NOT_DER)?;
            ensure(value(pair).is_some_and(|(_, text, _)| !text.is_empty()), NOT_DER)?;
        }
    }
    Ok(())
}
