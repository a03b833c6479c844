//! What each fuzz target tries, and what several ask: of an input as a file that the user named, of
//! messages, and of OpenSSL. tests/it tries the corpus with the same functions.

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

/// `bytes` as a file of custom CAs.
pub fn source(bytes: &[u8]) -> CertificateSource {
    let label = Label::Variable("TRUST_INIT_CA_PEM");
    CertificateSource { label, kind: SourceKind::Named, bytes: bytes.to_vec() }
}

/// A diagnostic has a headline and fixes of one line each.
pub fn is_well_formed(diagnostic: &Diagnostic) {
    is_told_well(diagnostic);
    diagnostic.fixes.iter().for_each(|fix| is_told_well(fix));
}

/// A text is one line, and nothing out of the input can move a cursor or add a line.
pub fn is_told_well(text: &dyn Display) {
    let text = text.to_string();
    assert!(!text.is_empty(), "no words");
    assert!(!text.chars().any(char::is_control), "a control character: {text:?}");
}

/// That OpenSSL reads a certificate to its end, and as the same bytes.
pub fn is_read_by_openssl(certificate: &Certificate) {
    let der = certificate.der.as_ref();
    let read = X509::from_der(der).expect("OpenSSL refuses what is accepted");
    assert_eq!(read.to_der().expect("it was read"), der, "OpenSSL reads other bytes");
}
