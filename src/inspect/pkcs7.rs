//! PKCS#7: the `.p7b` that Windows certificate authorities hand out, a signature without content
//! that carries certificates.

use cms::cert::CertificateChoices;
use cms::cert::x509::der::{Decode as _, Encode as _};
use cms::content_info::ContentInfo;
use cms::signed_data::SignedData;
use memchr::memmem;

/// The certificates in a PKCS#7 structure (RFC 5652, section 5.1), as DER, in its order.
///
/// `None` where it cannot be read, or where decoding and encoding a certificate changed its bytes:
/// its signature would no longer fit, so it is better not to have it.
pub fn certificates(der: &[u8]) -> Option<Vec<Vec<u8>>> {
    let content = ContentInfo::from_der(der).ok()?.content;
    let set = content.decode_as::<SignedData>().ok()?.certificates?;
    let mut found = Vec::new();
    for choice in set.0.iter() {
        if let CertificateChoices::Certificate(certificate) = choice {
            let bytes = certificate.to_der().ok()?;
            found.push((memmem::find(der, &bytes)?, bytes));
        }
    }
    // The set is sorted by its decoder; people write the file in an order that means something.
    found.sort_by_key(|(at, _)| *at);
    Some(found.into_iter().map(|(_, bytes)| bytes).collect())
}
