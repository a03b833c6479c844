//! A Java key store, and what is written of it: the same certificates come out again. Files of
//! certificates are put through it as well, so that stores are made of what a user hands over.

use super::{is_told_well, source};
use trust_init::trust::inspection;
use trust_init::trust::keystore::{read, write};

/// Tries one input; panics at a finding.
pub fn try_input(bytes: &[u8]) {
    let certificates = match read(bytes) {
        Ok(certificates) => certificates,
        Err(problem) => {
            is_told_well(&problem);
            let found = inspection::certificates(&source(bytes)).unwrap_or_default();
            found.into_iter().map(|found| found.pem).collect()
        }
    };
    let store = write(&certificates);
    assert_eq!(read(&store), Ok(certificates), "other certificates come out of a store");
}
