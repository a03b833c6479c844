//! Reads a Java key store and writes it again, in both formats: the certificates are the same. Files of
//! certificates are converted to key stores as well.

use super::{is_printable, source};
use trust_init::trust::inspection;
use trust_init::trust::keystore::{KeyStoreFormat, read, write};

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
    for format in [KeyStoreFormat::Jks, KeyStoreFormat::Pkcs12] {
        let store = write(format, &certificates);
        assert_eq!(KeyStoreFormat::detect(&store), Some(format));
        assert_eq!(
            read(&store).as_ref(),
            Ok(&certificates),
            "other certificates come out of a store"
        );
    }
}
