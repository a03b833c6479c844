//! General names (RFC 5280, section 4.2.1.6) as strict readers take them.
//!
//! GnuTLS gives up a whole bundle for an alternative name that it cannot decode, and a JVM a whole key
//! store for a name in a critical extension. x400Address and ediPartyName, which GnuTLS refuses however
//! they are encoded, count as flaws here.

use crate::trust::certificate::encoding::{
    Flaw, NOT_DER, any, ends, holds, is_counted, is_filled, is_short, name, take,
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

/// Walks through `GeneralNames`, a SEQUENCE, and hands each name to `then`: its tag, and its contents.
pub(crate) fn list(
    mut bytes: &[u8],
    then: impl FnMut(u8, &[u8]) -> Result<(), Flaw>,
) -> Result<(), Flaw> {
    let names = take(&mut bytes, SEQUENCE)?;
    ends(bytes)?;
    members(names, then)
}

/// The same without the tag around it.
pub(crate) fn members(
    mut names: &[u8],
    mut then: impl FnMut(u8, &[u8]) -> Result<(), Flaw>,
) -> Result<(), Flaw> {
    while !names.is_empty() {
        let (tag, contents) = one(&mut names)?;
        then(tag, contents)?;
    }
    Ok(())
}

/// Takes the first name off `names` and returns its tag and its contents.
pub(crate) fn one<'a>(names: &mut &'a [u8]) -> Result<(u8, &'a [u8]), Flaw> {
    let tag = *names.first().ok_or(NOT_DER)?;
    let contents = take(names, tag)?;
    match tag {
        EMAIL | DNS | URI | IP => holds(!contents.is_empty(), NOT_DER)?,
        REGISTERED => {
            holds(is_filled(OID, contents) && is_counted(contents) && is_short(contents), NOT_DER)?;
        }
        DIRECTORY => {
            let mut fields = contents;
            directory(take(&mut fields, SEQUENCE)?)?;
            ends(fields)?;
        }
        OTHER => {
            let mut fields = contents;
            holds(is_short(take(&mut fields, OID)?), NOT_DER)?;
            let mut value = take(&mut fields, CONTEXT_0)?;
            any(&mut value)?;
            ends(value)?;
            ends(fields)?;
        }
        _ => return Err(NOT_DER),
    }
    Ok((tag, contents))
}

/// A name as in the certificate's own fields, and with none of its parts empty.
fn directory(mut parts: &[u8]) -> Result<(), Flaw> {
    name(parts)?;
    while !parts.is_empty() {
        let mut pairs = take(&mut parts, SET)?;
        holds(!pairs.is_empty(), NOT_DER)?;
        while !pairs.is_empty() {
            let mut pair = take(&mut pairs, SEQUENCE)?;
            holds(is_short(take(&mut pair, OID)?), NOT_DER)?;
            holds(value(pair).is_some_and(|(_, text, _)| !text.is_empty()), NOT_DER)?;
        }
    }
    Ok(())
}
