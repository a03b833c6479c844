//! Why a file that should hold CAs cannot be used, and the fix.

use std::fmt::{self, Display};

use crate::sys::quote;

/// The fix for a certificate that some client cannot read.
pub(crate) const CREATE_AGAIN: &str =
    "create the CA again, or ask its issuer for one that follows RFC 5280";

/// Why a file cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CertificateFileError {
    /// It holds a private key, at this line (0: the whole file is one).
    PrivateKey { line: usize },
    /// It is a PKCS#12 archive.
    Pkcs12,
    /// It holds a block of another kind.
    OtherBlock { line: usize, label: String },
    /// It holds a certificate that OpenSSL's note says is not trusted for servers.
    NotForServers { line: usize },
    /// A block cannot be decoded.
    Broken { line: usize, what: &'static str },
    /// A block or the whole file decodes to something else.
    NoCertificate { line: usize },
    /// A certificate that some client cannot read, with all that is beside it.
    Unreadable { line: usize, what: &'static str },
    /// A PKCS#7 structure without certificates, or one that cannot be read.
    EmptyPkcs7,
    /// It is a web page.
    Page,
    /// It is text of two bytes a character.
    Utf16,
    /// It has no bytes, or only white space.
    Empty,
    /// There is no certificate in it.
    Nothing,
}

/// The cause alone: the fix in a container is not the fix on the host.
impl Display for CertificateFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PrivateKey { line: 0 } => f.write_str("it is a private key"),
            Self::PrivateKey { line } => write!(f, "a private key begins at line {line}"),
            Self::Pkcs12 => f.write_str("it is a PKCS#12 archive, which is made to hold keys"),
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
                write!(f, "the certificate{at} would cost some client the whole bundle: {what}")
            }
            Self::EmptyPkcs7 => f.write_str("no certificate can be read from its PKCS#7"),
            Self::Page => f.write_str("it is a web page, perhaps one that asks for a login"),
            Self::Utf16 => f.write_str("it is text in UTF-16"),
            Self::Empty => f.write_str("it is empty"),
            Self::Nothing => f.write_str("there is no certificate in it"),
        }
    }
}

impl CertificateFileError {
    /// What a file without any certificate is, as far as its owner would recognise it.
    pub fn of(bytes: &[u8]) -> Self {
        let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii();
        // PuTTY's, age's and SSH2's (RFC 4716 has the dashes) stand between no markers of PEM.
        let keys: [&[u8]; 3] = [
            b"PuTTY-User-Key-File-",
            b"AGE-SECRET-KEY-1",
            b"---- BEGIN SSH2 ENCRYPTED PRIVATE KEY",
        ];
        let holds = |key: &[u8]| text.windows(key.len()).any(|window| window == key);
        // With its mark, or the first dash of a marker as two bytes.
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

    /// Whether it is what a certificate generator leaves beside its CA: a key, a request, a
    /// revocation list, parameters. In a directory it was not meant to be trusted.
    pub fn is_by_product(&self) -> bool {
        match self {
            Self::PrivateKey { .. } => true,
            Self::OtherBlock { label, .. } => !label.starts_with("PGP"),
            _ => false,
        }
    }

    /// What to do about it in a container.
    pub fn fix(&self) -> &'static str {
        match self {
            Self::PrivateKey { .. } => {
                "keep keys out of containers that only need to trust, and mount a file with the \
                 CA's certificate alone (`openssl x509 -in FILE -out ca.crt` writes one)"
            }
            Self::Pkcs12 => {
                "run `trust-compose setup` with it on the host, or take the certificates out: \
                 `openssl pkcs12 -in FILE -nokeys -out ca.crt`"
            }
            Self::OtherBlock { .. } => "mount a file with nothing but certificates in it",
            Self::NotForServers { .. } => {
                "ask for the plain certificate, or name another CA if it is right"
            }
            Self::Broken { .. } => "copy the file again, whole, from where it came",
            Self::NoCertificate { .. } | Self::EmptyPkcs7 | Self::Nothing => {
                "see what is in it with `openssl asn1parse -in FILE`, and name the CA's certificate"
            }
            Self::Unreadable { .. } => CREATE_AGAIN,
            Self::Page => "download the certificate again, signed in",
            Self::Utf16 => "convert it: `iconv -f UTF-16 -t UTF-8 FILE > ca.crt`",
            Self::Empty => "write the CA's certificate into it",
        }
    }
}
