//! Reads all blocks of a file, for `inspect`.
//!
//! In a file of custom CAs a private key is an error. Here it is only listed, and its contents do not leave
//! this module.

use crate::trust::certificate::Certificate;
use crate::trust::der::{self, Outline};
use crate::trust::file_error::CertificateFileError;
use crate::trust::inspection::certificates_in_block;
use crate::trust::pem::{self, PemError};
use crate::trust::source::CertificateSource;

/// The contents of a file.
#[derive(Debug, Default)]
pub struct CertificateFile {
    /// Its certificates, in their order.
    pub certificates: Vec<Certificate>,
    /// Its other blocks.
    pub others: Vec<OtherBlock>,
}

/// A block that is not a certificate.
#[derive(Debug)]
pub struct OtherBlock {
    /// The line that it begins at; 0 if it is the whole file.
    pub line: usize,
    /// Its label.
    pub label: String,
    /// Whether it is a private key.
    pub is_key: bool,
}

/// Reads a file of any format except PKCS#12, which needs a password.
///
/// # Errors
/// When a block is broken, or no block is recognised.
pub fn parse(source: &CertificateSource) -> Result<CertificateFile, CertificateFileError> {
    let bytes = source.bytes.as_slice();
    let broken = |PemError { at, what }| CertificateFileError::Broken {
        line: pem::line_number(bytes, at),
        what,
    };
    let blocks = pem::blocks(bytes).collect::<Result<Vec<_>, PemError>>().map_err(broken)?;
    let mut contents = CertificateFile::default();
    if blocks.is_empty() && der::outline(bytes) == Outline::PrivateKey {
        let label = "PRIVATE KEY in DER".to_owned();
        contents.others.push(OtherBlock { line: 0, label, is_key: true });
    } else if blocks.is_empty() {
        contents.certificates = crate::trust::inspection::certificates(source)?;
    }
    let (mut buffer, mut lines) = (Vec::new(), pem::Lines::new(bytes));
    for block in &blocks {
        if let Some(kind) = block.kind() {
            contents.certificates.extend(certificates_in_block(source, block, kind, &mut buffer)?);
        } else {
            let is_key = block.label.contains("PRIVATE KEY");
            let label = block.label.to_owned();
            contents.others.push(OtherBlock { line: lines.line_number(block.at), label, is_key });
        }
    }
    Ok(contents)
}
