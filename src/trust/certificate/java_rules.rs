//! Whether every JVM can read a certificate. To open a key store, a JVM decodes each key and critical
//! extension, and rejects the whole store for one that it cannot read (`CertificateExtensions`, `X509Key` in
//! <https://github.com/openjdk/jdk17u/tree/master/src/java.base/share/classes/sun/security/x509>). These
//! checks follow RFC 5280 and are stricter than any JVM: a CA that they reject is only left out of the key
//! store, with a warning. [`crate::trust::certificate::strict_der`] calls them.

pub(crate) mod extensions;
pub(crate) mod key;

use crate::trust::certificate::encoding::{Flaw, ensure};
pub(crate) use crate::trust::certificate::java_rules::extensions::check as extension;
use crate::trust::der::{self, SET};

/// Checks the fields before the extensions: the algorithm, the names of issuer and subject, the key.
pub(crate) fn fields(algorithm: &[u8], names: [&[u8]; 2], key: &[u8]) -> Result<(), Flaw> {
    key::signature(algorithm)?;
    ensure(names.into_iter().all(has_part), "its issuer or its subject has no name")?;
    key::public(key)
}

/// Whether a name has any attribute: Java ignores an empty SET.
fn has_part(mut name: &[u8]) -> bool {
    while let Some(pairs) = der::take_contents(SET, &mut name) {
        if !pairs.is_empty() {
            return true;
        }
    }
    false
}
