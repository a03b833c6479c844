//! The verdict of `inspect` on a server's certificate: whether clients accept it, and which CA to trust.

use crate::compose::inputs::meant;
use crate::sys::output;
use crate::sys::quote;
use crate::trust::certificate::Certificate;
use crate::trust::certificate::extensions::Details;
use crate::trust::time::Time;

/// Shortest RSA key that OpenSSL accepts at security level 2
/// (<https://docs.openssl.org/3.0/man3/SSL_CTX_set_security_level/>).
const MIN_RSA_BITS: usize = 2048;

/// Returns the lines about a server's certificate, each with its key; `issuer` is the CA that issued it, if one
/// of the files contains it.
pub(super) fn lines(
    certificate: &Certificate,
    details: &Details,
    issuer: Option<&Certificate>,
    now: Time,
) -> Vec<(&'static str, String)> {
    let mut lines = Vec::new();
    for (fault, fix) in faults(certificate, details, now) {
        lines.extend([("verdict", fault), ("  fix", fix.to_owned())]);
    }
    if lines.is_empty() {
        let days = certificate.not_after.days_from(now);
        let days = output::count(usize::try_from(days).unwrap_or_default(), "day");
        lines.push(("verdict", format!("a good server certificate, {days} left")));
    }
    let issued_by = quote::word(&certificate.issuer);
    lines.push((
        "to trust",
        match issuer.and_then(|issuer| issuer.label.path()) {
            Some(path) if certificate.label.path() == Some(path) => {
                "give this file to --custom-ca: its CAs are trusted, this certificate is left out"
                    .to_owned()
            }
            Some(path) => format!("its issuer {issued_by}: `--custom-ca {}`", quote::shell(path)),
            None => meant::instead_of_leaf(certificate),
        },
    ));
    lines
}

/// Returns the reasons for which clients reject it, with fixes.
fn faults(certificate: &Certificate, details: &Details, now: Time) -> Vec<(String, &'static str)> {
    let mut faults = Vec::new();
    let Certificate { not_before, not_after, .. } = certificate;
    if *not_after < now {
        faults.push((format!("expired on {not_after}: every client rejects it"), "renew it"));
    }
    if *not_before > now {
        let fault = format!("valid only from {not_before} on: every client rejects it until then");
        faults.push((fault, "check the clocks of this host and of the one that created it"));
    }
    if details.names.is_empty() {
        let fault =
            "it has no subject alternative name: Go, Rust and browsers look at no other field";
        faults.push((fault.to_owned(), "issue it again with its names"));
    }
    if !certificate.is_for_servers {
        let fault = "its extended key usage does not allow servers: every client rejects it";
        faults.push((fault.to_owned(), "issue it again with the purpose serverAuth"));
    }
    if certificate.rsa_bits.is_some_and(|bits| bits < MIN_RSA_BITS) {
        let fault = "its RSA key is shorter than 2048 bits: OpenSSL at security level 2 (the default of \
                     Debian, Ubuntu and RHEL) and rustls reject it";
        faults.push((fault.to_owned(), "issue it again with a key of 2048 bits or more"));
    }
    faults
}
