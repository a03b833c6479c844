//! The CAs in one file of any format.

use crate::compose::inputs::{Error, Note};
use crate::compose::passwords::Passwords;
use crate::trust::certificate::Certificate;
use crate::trust::inspection::certificates;
use crate::trust::pkcs12;
use crate::trust::source::Source;

/// Every certificate of a file that should hold nothing else; of an archive, which seldom does, the
/// CAs, and a note on what was left in it.
///
/// # Errors
/// When it holds a key and is no archive, holds anything else or no CA, or is broken.
pub fn authorities(
    source: &Source,
    passwords: &Passwords<'_>,
) -> Result<(Vec<Certificate>, Option<Note>), Error> {
    let label = source.label.clone();
    if !pkcs12::is_archive(&source.bytes) {
        let found = certificates(source);
        return match found {
            Ok(found) => Ok((found, None)),
            Err(problem) => Err(Error::Unusable { label, problem }),
        };
    }
    let archive = passwords.open(source).map_err(Error::Archive)?;
    let keys = archive.keys.len();
    let (found, others): (Vec<_>, Vec<_>) =
        archive.certificates.into_iter().partition(|certificate| certificate.is_ca);
    if found.is_empty() {
        return Err(Error::NoAuthority { label, keys, others });
    }
    let is_whole = keys == 0 && others.is_empty();
    Ok((found, (!is_whole).then_some(Note::LeftInArchive { label, keys, others })))
}
