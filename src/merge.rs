//! Several lists of certificates become one, in order and without doubles, and one becomes PEM.
//!
//! Everything is encoded anew. Files that are merely concatenated break for every client as soon
//! as one of them lacks its last line end or holds one bad block, and a private key that lies in
//! one of them would come along.

use std::collections::BTreeSet;

use data_encoding::{BASE64, Encoding, Specification};
use rustls_pki_types::CertificateDer;

/// Certificates in order, each once.
#[derive(Debug, Default)]
pub struct Bundle {
    /// The certificates.
    pub certificates: Vec<CertificateDer<'static>>,
    /// How many were left out because they were there already, compared by their DER.
    pub doubles: usize,
}

/// One list out of `parts`, earlier parts first.
pub fn bundle(parts: &[&[CertificateDer<'static>]]) -> Bundle {
    let all = parts.iter().flat_map(|part| part.iter());
    let mut seen = BTreeSet::new();
    let mut bundle = Bundle::default();
    for certificate in all {
        if seen.insert(certificate.as_ref()) {
            bundle.certificates.push(certificate.clone());
        } else {
            bundle.doubles += 1;
        }
    }
    bundle
}

/// `certificates` as a set of their DER.
pub fn set<'a>(certificates: &'a [CertificateDer<'static>]) -> BTreeSet<&'a [u8]> {
    certificates.iter().map(AsRef::as_ref).collect()
}

/// A line of base64 (RFC 7468, section 2: 64 characters), and the bytes it stands for.
const LINE: usize = 64;
const LINE_BYTES: usize = LINE / 4 * 3;

/// PEM text (RFC 7468) of `certificates`.
pub fn pem(certificates: &[CertificateDer<'static>]) -> Vec<u8> {
    const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----\n";
    const END: &[u8] = b"-----END CERTIFICATE-----\n";
    let bytes: usize = certificates.iter().map(|certificate| certificate.len()).sum();
    let mut out = Vec::with_capacity(bytes / 3 * 4 + bytes / LINE_BYTES + certificates.len() * 60);
    let wrapped = wrapped();
    for certificate in certificates {
        out.extend_from_slice(BEGIN);
        let at = out.len();
        out.resize(at + wrapped.encode_len(certificate.len()), 0);
        if let Some(body) = out.get_mut(at..) {
            wrapped.encode_mut(certificate, body);
        }
        out.extend_from_slice(END);
    }
    out
}

fn wrapped() -> Encoding {
    let mut specification: Specification = BASE64.specification();
    specification.wrap.width = LINE;
    specification.wrap.separator.push('\n');
    specification.encoding().unwrap_or(BASE64)
}
