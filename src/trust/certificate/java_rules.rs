//! Whether a JVM reads a certificate, whose key store is lost as a whole for one that it cannot.
//!
//! Java decodes the key and every critical extension when it opens the store (`CertificateExtensions`
//! and `X509Key` in <https://github.com/openjdk/jdk17u/tree/master/src/java.base/share/classes/sun/security/x509>).
//! Here they are read along RFC 5280, more strictly than any JVM does: a CA that is left out of the
//! key store costs a warning. The walk through the certificate is that of [`crate::trust::certificate::strict_der`].

pub(crate) mod extensions;
pub(crate) mod key;

use crate::trust::certificate::encoding::{Flaw, holds};
pub(crate) use crate::trust::certificate::java_rules::extensions::check as extension;
use crate::trust::der::{self, SET};

/// Whether a JVM reads what is in front of the extensions: the algorithm, the names of issuer and
/// subject, the key.
pub(crate) fn fields(algorithm: &[u8], names: [&[u8]; 2], key: &[u8]) -> Result<(), Flaw> {
    key::signature(algorithm)?;
    holds(names.into_iter().all(has_part), "its issuer or its subject has no name")?;
    key::public(key)
}

/// Whether a name has any part: Java counts a SET without members as none.
fn has_part(mut name: &[u8]) -> bool {
    while let Some(pairs) = der::take(SET, &mut name) {
        if !pairs.is_empty() {
            return true;
        }
    }
    false
}
