//! PKCS#12: what Windows, Java and browsers export, an archive that is made to hold keys.
//!
//! It is opened on the host only, for the certificates in it, each byte for byte. Of its keys the
//! names are told, and nothing else of them leaves this place.

use std::fmt::{self, Display};

use p12_keystore::Pkcs12Archive;
use p12_keystore::error::Error;

use crate::trust::certificate::Certificate;
use crate::trust::certificate_file::{CertificateFile, OtherBlock};
use crate::trust::der::{INTEGER, SEQUENCE};
use crate::trust::source::CertificateSource;

/// What is in an archive.
#[derive(Debug)]
pub struct Archive {
    /// Its certificates, in their order.
    pub certificates: Vec<Certificate>,
    /// What each of its keys is called; empty for one without a name.
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
    /// This is not its password.
    Locked,
    /// It cannot be decoded.
    Broken,
    /// It is protected in a way that is not known here.
    Unknown,
    /// A certificate in it is one that some client cannot read.
    Unreadable(&'static str),
}

/// The cause alone: the fix depends on the caller.
impl Display for Pkcs12Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Locked => f.write_str("it is protected with a password"),
            Self::Broken => f.write_str("its PKCS#12 is damaged, or not in DER"),
            Self::Unknown => {
                f.write_str("its PKCS#12 is protected in a way that is not known here")
            }
            Self::Unreadable(what) => {
                write!(f, "a certificate in it would cost some client the whole bundle: {what}")
            }
        }
    }
}

/// Whether a file is, or was meant to be, an archive: `PFX { version 3, authSafe SEQUENCE, … }`
/// (RFC 7292, section 4), cut off or not, its length told (X.690, section 8.1.3) or not.
pub fn is_archive(bytes: &[u8]) -> bool {
    let Some(([SEQUENCE, length], rest)) = bytes.split_first_chunk() else { return false };
    let behind = if *length < 0x80 { 0 } else { usize::from(length & 0x7f) };
    rest.get(behind..).is_some_and(|fields| fields.starts_with(&[INTEGER, 1, 3, SEQUENCE]))
}

/// Opens an archive with `password`, which is empty for one that has none.
///
/// # Errors
/// When that is not its password, or it cannot be read.
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
