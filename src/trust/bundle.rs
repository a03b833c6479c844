//! Several lists of certificates become one, in order and without doubles.
//!
//! The currency is PEM text in its one canonical form. Files that are merely concatenated break for
//! every client as soon as one of them lacks its last line end or holds one bad block, and a private
//! key in one of them would come along. So a certificate's text is either encoded here or
//! was proved by `inspect` to be what would have been encoded; and since that form is unique, equal
//! text means equal certificate.

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
    /// Encodes a certificate.
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

    /// Takes text that was found to be what [`Pem::encode`] would write.
    pub fn proved(text: &'a [u8]) -> Self {
        Self(Cow::Borrowed(text))
    }

    /// What was encoded; `None` cannot be.
    pub fn decode(&self) -> Option<Vec<u8>> {
        let text = self.0.strip_prefix(BEGIN.as_bytes())?.strip_suffix(END.as_bytes())?;
        let digits: Vec<_> = text.iter().copied().filter(|byte| *byte != b'\n').collect();
        STANDARD.decode_to_vec(digits).ok()
    }

    /// The text.
    pub fn text(&self) -> &[u8] {
        &self.0
    }

    /// The same text, borrowed: at every start there are more than a hundred.
    pub fn borrow(&self) -> Pem<'_> {
        Pem(Cow::Borrowed(&self.0))
    }

    /// The same text, for longer than the file it was found in.
    pub fn into_owned(self) -> Pem<'static> {
        Pem(Cow::Owned(self.0.into_owned()))
    }
}

/// Certificates in order, each once.
#[derive(Debug, Default)]
pub struct Bundle<'a> {
    /// The certificates.
    pub certificates: Vec<Pem<'a>>,
    /// How many were left out because they were there already.
    pub doubles: usize,
}

/// One list out of `parts`, earlier parts first.
pub fn bundle<'a>(parts: &[&'a [Pem<'_>]]) -> Bundle<'a> {
    let all = parts.iter().flat_map(|part| part.iter());
    let mut seen = BTreeSet::new();
    let mut bundle = Bundle::default();
    for certificate in all {
        if seen.insert(certificate.text()) {
            bundle.certificates.push(certificate.borrow());
        } else {
            bundle.doubles += 1;
        }
    }
    bundle
}

/// `certificates` as a set.
pub fn set<'a>(certificates: &'a [Pem<'_>]) -> BTreeSet<&'a [u8]> {
    let mut set = BTreeSet::new();
    set.extend(certificates.iter().map(Pem::text));
    set
}
