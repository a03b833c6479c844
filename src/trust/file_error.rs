//! Why a file of CAs cannot be used, and the fix.

use std::fmt::{self, Display};

use crate::sys::quote;

/// The fix for a certificate that some client cannot read.
pub(crate) const CREATE_AGAIN: &str =
    "create the CA again, or ask its issuer for one that follows RFC 5280";

/// Why a file of CAs cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CertificateFileError {
    /// It contains a private key, at this line (0: the whole file is one).
    PrivateKey { line: usize },
    /// It is a PKCS#12 archive.
    Pkcs12,
    /// It contains a block of another kind.
    OtherBlock { line: usize, label: String },
    /// It contains a TRUSTED CERTIFICATE whose purposes exclude servers.
    NotForServers { line: usize },
    /// A block cannot be decoded.
    Broken { line: usize, what: &'static str },
    /// A block or the whole file (line 0) does not decode to a certificate.
    NoCertificate { line: usize },
    /// It contains a certificate that makes some client reject the whole bundle.
    Unreadable { line: usize, what: &'static str },
    /// It is a PKCS#7 structure without certificates, or one that cannot be read.
    EmptyPkcs7,
    /// It is a web page.
    Page,
    /// It is text in UTF-16.
    Utf16,
    /// It is empty, or contains only white space.
    Empty,
    /// It contains no certificate.
    Nothing,
}

/// The cause alone: the fixes on the host differ from those in a container.
impl Display for CertificateFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PrivateKey { line: 0 } => f.write_str("it is a private key"),
            Self::PrivateKey { line } => write!(f, "a private key begins at line {line}"),
            Self::Pkcs12 => f.write_str("it is a PKCS#12 archive, which can contain private keys"),
            Self::OtherBlock { line, label } => {
                let label = quote::word(label);
                write!(f, "the block at line {line} is a {label}, not a certificate")
            }
            Self::NotForServers { line } => write!(
                f,
                "the TRUSTED CERTIFICATE at line {line} is not trusted for servers, or rejected \
                 for something"
            ),
            Self::Broken { line, what } => write!(f, "line {line}: {what}"),
            Self::NoCertificate { line: 0 } => {
                f.write_str("its bytes are not, or not only, a certificate")
            }
            Self::NoCertificate { line } => {
                write!(f, "the block at line {line} is not, or not only, a certificate")
            }
            Self::Unreadable { line, what } => {
                let at = if *line == 0 { String::new() } else { format!(" at line {line}") };
                write!(
                    f,
                    "the certificate{at} makes some TLS libraries reject the entire bundle: {what}"
                )
            }
            Self::EmptyPkcs7 => f.write_str("no certificate can be read from its PKCS#7"),
            Self::Page => f.write_str("it is a web page, perhaps a login page"),
            Self::Utf16 => f.write_str("it is text in UTF-16"),
            Self::Empty => f.write_str("it is empty"),
            Self::Nothing => f.write_str("it contains no certificate"),
        }
    }
}

impl CertificateFileError {
    /// Returns the cause for a file without certificates, by its first bytes.
    pub fn of(bytes: &[u8]) -> Self {
        let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii();
        // The keys of PuTTY, age and SSH2 (its markers: RFC 4716) have no PEM markers.
        let keys: [&[u8]; 3] = [
            b"PuTTY-User-Key-File-",
            b"AGE-SECRET-KEY-1",
            b"---- BEGIN SSH2 ENCRYPTED PRIVATE KEY",
        ];
        let holds = |key: &[u8]| text.windows(key.len()).any(|window| window == key);
        // UTF-16 with a byte order mark, or the first dash of a marker in two bytes.
        let marks = [b"\xff\xfe", b"\xfe\xff", b"-\0", b"\0-"];
        if marks.iter().any(|mark| bytes.starts_with(*mark)) {
            Self::Utf16
        } else if keys.into_iter().any(holds) {
            Self::PrivateKey { line: 0 }
        } else if text.is_empty() {
            Self::Empty
        } else if text.starts_with(b"<") {
            Self::Page
        } else {
            Self::Nothing
        }
    }

    /// Whether it is a file that tools create beside a CA: a key, a request, a revocation list, parameters.
    /// In a directory such a file is skipped.
    pub fn is_by_product(&self) -> bool {
        match self {
            Self::PrivateKey { .. } => true,
            Self::OtherBlock { label, .. } => !label.starts_with("PGP"),
            _ => false,
        }
    }

    /// Returns the fix in a container.
    pub fn fix(&self) -> &'static str {
        match self {
            Self::PrivateKey { .. } => {
                "mount a file that contains only the CA's certificate: \
                 `openssl x509 -in FILE -out ca.crt`"
            }
            Self::Pkcs12 => {
                "run `trust-compose setup` with it on the host, or extract the certificates: \
                 `openssl pkcs12 -in FILE -nokeys -out ca.crt`"
            }
            Self::OtherBlock { .. } => "mount a file that contains only certificates",
            Self::NotForServers { .. } => {
                "ask its issuer for the plain certificate, or name another CA"
            }
            Self::Broken { .. } => "copy the complete file again from its source",
            Self::NoCertificate { .. } | Self::EmptyPkcs7 | Self::Nothing => {
                "name the CA's certificate, in PEM, DER or PKCS#7"
            }
            Self::Unreadable { .. } => CREATE_AGAIN,
            Self::Page => "download the certificate again, signed in",
            Self::Utf16 => "convert it: `iconv -f UTF-16 -t UTF-8 FILE > ca.crt`",
            Self::Empty => "write the CA's certificate into it",
        }
    }
}
