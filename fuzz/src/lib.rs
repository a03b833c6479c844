//! The functions of the fuzz targets, and the checks that several of them use. tests/it runs them on the
//! corpus.

pub mod bundle;
pub mod compose;
pub mod dotenv;
pub mod inspect;
pub mod jks;
pub mod pkcs;

use std::fmt::Display;

use openssl::x509::X509;
use trust_init::sys::diagnostic::Diagnostic;
use trust_init::trust::certificate::Certificate;
use trust_init::trust::source::{CertificateSource, Label, SourceKind};

/// Wraps `bytes` as a file of custom CAs.
pub fn source(bytes: &[u8]) -> CertificateSource {
    let label = Label::Variable("TRUST_INIT_CA_PEM");
    CertificateSource { label, kind: SourceKind::Named, bytes: bytes.to_vec() }
}

/// Checks that the headline and each fix of a diagnostic is one line.
pub fn is_well_formed(diagnostic: &Diagnostic) {
    is_printable(diagnostic);
    diagnostic.fixes.iter().for_each(|fix| is_printable(fix));
}

/// Checks that a text is one line without control characters.
pub fn is_printable(text: &dyn Display) {
    let text = text.to_string();
    assert!(!text.is_empty(), "no words");
    assert!(!text.chars().any(char::is_control), "a control character: {text:?}");
}

/// Checks that OpenSSL reads a certificate completely, as the same bytes.
pub fn is_read_by_openssl(certificate: &Certificate) {
    let der = certificate.der.as_ref();
    let read = X509::from_der(der).expect("OpenSSL refuses what is accepted");
    assert_eq!(read.to_der().expect("it was read"), der, "OpenSSL reads other bytes");
}
