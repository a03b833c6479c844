//! Merges lists of certificates, in order and without duplicates.
//!
//! All certificates are PEM text in one canonical form, encoded here or checked to be what would be encoded,
//! so equal text means equal certificate. Files are not simply concatenated: one missing line end or broken
//! block would break the bundle for every client, and a private key in a file would be copied.

use std::borrow::Cow;
use std::collections::BTreeSet;

use base64_simd::STANDARD;

/// One certificate as PEM text: plain `CERTIFICATE` markers, base64 in lines of 64 characters,
/// line feeds (RFC 7468, section 3, "stricttextualmsg").
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pem<'a>(Cow<'a, [u8]>);

/// The line before a certificate.
pub const BEGIN: &str = "-----BEGIN CERTIFICATE-----\n";
/// The line after it.
pub const END: &str = "-----END CERTIFICATE-----\n";
/// Characters on a full line between them.
pub const LINE: usize = 64;

impl<'a> Pem<'a> {
    /// Encodes a certificate in DER.
    pub fn encode(der: &[u8]) -> Pem<'static> {
        let mut text = String::with_capacity(der.len() * 3 / 2 + 64);
        text.push_str(BEGIN);
        for line in der.chunks(LINE / 4 * 3) {
            STANDARD.encode_append(line, &mut text);
            text.push('\n');
        }
        text.push_str(END);
        Pem(Cow::Owned(text.into_bytes()))
    }

    /// Wraps text that the caller has checked to be what [`Pem::encode`] would write.
    pub fn from_canonical(text: &'a [u8]) -> Self {
        Self(Cow::Borrowed(text))
    }

    /// Returns the certificate in DER. Always succeeds for canonical text.
    pub fn decode(&self) -> Option<Vec<u8>> {
        let text = self.0.strip_prefix(BEGIN.as_bytes())?.strip_suffix(END.as_bytes())?;
        let digits: Vec<_> = text.iter().copied().filter(|byte| *byte != b'\n').collect();
        STANDARD.decode_to_vec(digits).ok()
    }

    /// The text.
    pub fn text(&self) -> &[u8] {
        &self.0
    }

    /// Returns the same text, borrowed: a copy of more than a hundred certificates would slow down every
    /// start.
    pub fn borrow(&self) -> Pem<'_> {
        Pem(Cow::Borrowed(&self.0))
    }

    /// Returns the same text, copied if it borrows from a file.
    pub fn into_owned(self) -> Pem<'static> {
        Pem(Cow::Owned(self.0.into_owned()))
    }
}

/// Certificates in order, each once.
#[derive(Debug, Default)]
pub struct Bundle<'a> {
    /// The certificates.
    pub certificates: Vec<Pem<'a>>,
    /// The number of certificates that were left out as duplicates.
    pub duplicates: usize,
}

/// Merges `parts`, earlier parts first.
pub fn merge<'a>(parts: &[&'a [Pem<'_>]]) -> Bundle<'a> {
    let all = parts.iter().flat_map(|part| part.iter());
    let mut seen = BTreeSet::new();
    let mut bundle = Bundle::default();
    for certificate in all {
        if seen.insert(certificate.text()) {
            bundle.certificates.push(certificate.borrow());
        } else {
            bundle.duplicates += 1;
        }
    }
    bundle
}

/// Returns the texts of `certificates` as a set.
pub fn certificate_set<'a>(certificates: &'a [Pem<'_>]) -> BTreeSet<&'a [u8]> {
    let mut set = BTreeSet::new();
    set.extend(certificates.iter().map(Pem::text));
    set
}
