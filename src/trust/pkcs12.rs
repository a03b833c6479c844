//! PKCS#12: the archive of certificates and keys that Windows, Java and browsers export.
//!
//! Only trust-compose opens it, on the host, for its certificates, which are copied byte for byte. Of its
//! keys only the names leave this module.

use std::fmt::{self, Display};

use p12_keystore::Pkcs12Archive;
use p12_keystore::error::Error;

use crate::trust::certificate::Certificate;
use crate::trust::certificate_file::{CertificateFile, OtherBlock};
use crate::trust::der::{INTEGER, SEQUENCE};
use crate::trust::source::CertificateSource;

/// The contents of an archive.
#[derive(Debug)]
pub struct Archive {
    /// Its certificates, in their order.
    pub certificates: Vec<Certificate>,
    /// The names of its keys; empty for a key without a name.
    pub keys: Vec<String>,
}

impl From<Archive> for CertificateFile {
    fn from(archive: Archive) -> Self {
        let others = archive.keys.into_iter().map(|name| {
            let label = format!("key {name}").trim_end().to_owned() + " in PKCS#12";
            OtherBlock { line: 0, label, is_key: true }
        });
        Self { certificates: archive.certificates, others: others.collect() }
    }
}

/// Why an archive cannot be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pkcs12Error {
    /// The password is wrong or missing.
    Locked,
    /// It cannot be decoded.
    Broken,
    /// Its encryption is not supported.
    Unknown,
    /// It contains a certificate that makes some client reject the whole bundle.
    Unreadable(&'static str),
}

/// The cause alone: the fix depends on the caller.
impl Display for Pkcs12Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Locked => f.write_str("it is protected with a password"),
            Self::Broken => f.write_str("its PKCS#12 is damaged, or not in DER"),
            Self::Unknown => f.write_str("its PKCS#12 is encrypted in a way that is not supported"),
            Self::Unreadable(what) => {
                write!(
                    f,
                    "a certificate in it makes some TLS libraries reject the entire bundle: {what}"
                )
            }
        }
    }
}

/// Whether a file is an archive or a part of one: `PFX { version 3, authSafe SEQUENCE, … }` (RFC 7292,
/// section 4), possibly truncated, with a definite or indefinite length (X.690, section 8.1.3).
pub fn is_archive(bytes: &[u8]) -> bool {
    let Some(([SEQUENCE, length], rest)) = bytes.split_first_chunk() else { return false };
    let skipped = if *length < 0x80 { 0 } else { usize::from(length & 0x7f) };
    rest.get(skipped..).is_some_and(|fields| fields.starts_with(&[INTEGER, 1, 3, SEQUENCE]))
}

/// Opens an archive with `password`, which is empty for an archive without one.
///
/// # Errors
/// When the password is wrong, or the archive cannot be read.
pub fn open(source: &CertificateSource, password: &str) -> Result<Archive, Pkcs12Error> {
    let archive = Pkcs12Archive::from_pkcs12(&source.bytes, password);
    let archive = archive.map_err(|error| match error {
        Error::MacError(_) | Error::UnpadError | Error::Pkcs5Error(_) => Pkcs12Error::Locked,
        Error::UnsupportedEncryptionScheme
        | Error::UnsupportedContentType
        | Error::UnsupportedCertificateType
        | Error::InvalidParameters => Pkcs12Error::Unknown,
        _ => Pkcs12Error::Broken,
    })?;
    let read = |der| {
        crate::trust::inspection::read_certificate(der, source, &|| 0).map_err(|problem| {
            match problem {
                crate::trust::file_error::CertificateFileError::Unreadable { what, .. } => {
                    Pkcs12Error::Unreadable(what)
                }
                _ => Pkcs12Error::Broken,
            }
        })
    };
    let certificates = archive.certs.iter().map(|bag| read(bag.cert.as_der()));
    let certificates = certificates.collect::<Result<_, _>>()?;
    let mut keys = Vec::new();
    keys.extend(archive.keys.into_iter().map(|bag| bag.friendly_name.unwrap_or_default()));
    keys.extend(archive.secrets.into_iter().map(|bag| bag.friendly_name.unwrap_or_default()));
    Ok(Archive { certificates, keys })
}
