//! A file of custom CAs becomes a bundle: OpenSSL and rustls read the same certificates from every accepted
//! file, and the bundle contains no key. With one block that OpenSSL rejects, its users would lose all
//! public roots.

use super::{is_well_formed, source};
use openssl::x509::X509;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use trust_init::trust::bundle::{self, Pem};
use trust_init::trust::inspection::{self, Inspection};
use trust_init::trust::time::Time;

/// Tries one input; panics on a finding.
pub fn try_input(bytes: &[u8]) {
    let inspection = inspected(bytes);
    inspection.errors.iter().for_each(|error| is_well_formed(&error.into()));
    inspection.warnings.iter().for_each(|warning| is_well_formed(&warning.into()));
    let text = bundle(&inspection);
    let ours: Vec<_> = inspection.certificates.iter().map(|found| found.der.as_ref()).collect();

    let openssl = X509::stack_from_pem(&text).expect("OpenSSL refuses what is accepted");
    let openssl: Vec<_> = openssl.iter().filter_map(|read| read.to_der().ok()).collect();
    let rustls = CertificateDer::pem_slice_iter(&text).collect::<Result<Vec<_>, _>>();
    let rustls = rustls.expect("rustls refuses what is accepted");
    assert!(openssl.iter().eq(rustls.iter().map(AsRef::<[u8]>::as_ref)), "they read differently");
    assert!(openssl.iter().all(|der| ours.contains(&&**der)), "OpenSSL reads other certificates");
    assert!(ours.iter().all(|der| openssl.iter().any(|read| read == der)), "OpenSSL misses one");
    for certificate in &inspection.certificates {
        // rustls skips some anchors, so those are not compared.
        if let Ok(anchor) = webpki::anchor_from_trusted_cert(&certificate.der) {
            assert!(
                certificate.subject_der().ends_with(&anchor.subject),
                "rustls reads another name"
            );
        }
    }
    assert!(!text.windows(11).any(|word| word == b"PRIVATE KEY"), "a key is in the bundle");

    let again = inspected(&text);
    assert_eq!(again.errors.is_empty(), !text.is_empty(), "a bundle is refused");
    assert_eq!(bundle(&again), text, "a bundle of a bundle is another one");

    // The image's own roots are only read.
    let roots = trust_init::trust::trust_anchors::anchors(bytes);
    let text: Vec<_> = roots.certificates.iter().flat_map(Pem::text).copied().collect();
    let again = trust_init::trust::trust_anchors::anchors(&text);
    assert!(
        again.tidy && again.certificates == roots.certificates,
        "roots do not stay as they are"
    );
}

fn inspected(bytes: &[u8]) -> Inspection {
    let mut inspection = inspection::inspect(&[source(bytes)]);
    inspection::apply_lints(&mut inspection, Time::now(), &[]);
    inspection
}

fn bundle(inspection: &Inspection) -> Vec<u8> {
    let custom: Vec<_> = inspection.certificates.iter().map(|found| found.pem.borrow()).collect();
    bundle::merge(&[&custom]).certificates.iter().flat_map(Pem::text).copied().collect()
}
