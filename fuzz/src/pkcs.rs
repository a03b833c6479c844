//! PKCS#7 and PKCS#12: the certificates are those that OpenSSL reads, and no archive exceeds the limits for
//! time and memory (libFuzzer's -timeout and -rss_limit_mb).

use super::{is_printable, is_read_by_openssl, source};
use openssl::pkcs7::Pkcs7;
use openssl::pkcs12::Pkcs12;
use trust_init::trust::certificate_file::CertificateFile;
use trust_init::trust::keystore::{self, PASSWORD};
use trust_init::trust::{inspection, pkcs12};

/// Returns the certificates that OpenSSL finds in a PKCS#12; it may support less.
fn theirs(bytes: &[u8], password: &str) -> Vec<Vec<u8>> {
    let opened = Pkcs12::from_der(bytes).and_then(|archive| archive.parse2(password));
    let found = opened.ok().and_then(|opened| opened.ca);
    found.into_iter().flatten().filter_map(|found| found.to_der().ok()).collect()
}

/// Tries one input; panics on a finding.
pub fn try_input(bytes: &[u8]) {
    let source = source(bytes);
    // As a JVM opens it, and as a user opens an archive.
    let _ = keystore::read(bytes);
    for password in ["", PASSWORD] {
        match pkcs12::open(&source, password) {
            Ok(archive) => {
                // OpenSSL would decrypt keys, which has no limit of time.
                let theirs =
                    if archive.keys.is_empty() { theirs(bytes, password) } else { Vec::new() };
                let ours = CertificateFile::from(archive).certificates;
                ours.iter().for_each(is_read_by_openssl);
                let has = |der: &Vec<u8>| ours.iter().any(|found| found.der.as_ref() == der);
                assert!(theirs.iter().all(has), "a certificate of a PKCS#12 is lost");
            }
            Err(problem) => is_printable(&problem),
        }
    }

    let Ok(ours) = inspection::certificates(&source) else { return };
    ours.iter().for_each(is_read_by_openssl);
    let is_binary = Pkcs7::from_der(bytes).is_ok();
    let Ok(theirs) = Pkcs7::from_der(bytes).or_else(|_| Pkcs7::from_pem(bytes)) else { return };
    let Some(theirs) = theirs.signed().and_then(|signed| signed.certificates()) else { return };
    let theirs: Vec<_> = theirs.iter().filter_map(|read| read.to_der().ok()).collect();
    let ours: Vec<_> = ours.iter().map(|found| found.der.to_vec()).collect();
    assert!(theirs.iter().all(|der| ours.contains(der)), "a certificate of a PKCS#7 is lost");
    assert!(!is_binary || ours == theirs, "a PKCS#7 gives what OpenSSL does not find in it");
}
