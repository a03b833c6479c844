//! A Java key store, and what is written of it: the same certificates come out again. Files of
//! certificates are put through it as well, so that stores are made of what a user hands over.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trust_init::trust::inspection;
use trust_init::trust::keystore::{read, write};
use trust_init_fuzz::{is_told_well, source};

fuzz_target!(|bytes: &[u8]| {
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
});
