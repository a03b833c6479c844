//! Reads a Java key store and writes it again: the certificates are the same. Files of certificates are
//! converted to a key store as well.

use super::{is_printable, source};
use trust_init::trust::inspection;
use trust_init::trust::keystore::{read, write};

/// Tries one input; panics on a finding.
pub fn try_input(bytes: &[u8]) {
    let certificates = match read(bytes) {
        Ok(certificates) => certificates,
        Err(problem) => {
            is_printable(&problem);
            let found = inspection::certificates(&source(bytes)).unwrap_or_default();
            found.into_iter().map(|found| found.pem).collect()
        }
    };
    let store = write(&certificates);
    assert_eq!(read(&store), Ok(certificates), "other certificates come out of a store");
}
