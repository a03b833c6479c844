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
use trust_init::trust::certificate::Certificate;
use trust_init::trust::source::{Label, Source, SourceKind};

/// `bytes` as a file of custom CAs.
pub fn source(bytes: &[u8]) -> Source {
    let label = Label::Variable("TRUST_INIT_CA_PEM");
    Source { label, kind: SourceKind::Named, bytes: bytes.to_vec() }
}

/// That a message is what happened and what mends it, each on its line, and that nothing out of the
/// input can move a cursor or add a line.
pub fn is_told_well(message: &dyn Display) {
    let text = message.to_string();
    let mut lines = text.lines();
    assert!(lines.next().is_some_and(|line| !line.is_empty()), "no words: {text:?}");
    assert!(
        lines.next().is_none_or(|line| line.starts_with("fix: ")),
        "a line of its own: {text:?}"
    );
    assert_eq!(lines.next(), None, "too many lines: {text:?}");
    assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "a control character: {text:?}");
}

/// That OpenSSL reads a certificate to its end, and as the same bytes.
pub fn is_read_by_openssl(certificate: &Certificate) {
    let der = certificate.der.as_ref();
    let read = X509::from_der(der).expect("OpenSSL refuses what is accepted");
    assert_eq!(read.to_der().expect("it was read"), der, "OpenSSL reads other bytes");
}
