//! Reads the CAs in one file of any format.

use crate::compose::inputs::error::{InputError, InputErrorKind};
use crate::compose::inputs::listing::{list_contents, list_subjects};
use crate::compose::inputs::meant;
use crate::compose::passwords::Passwords;
use crate::sys::quote::shell;
use crate::trust::certificate::Certificate;
use crate::trust::file_error::{CREATE_AGAIN, CertificateFileError};
use crate::trust::inspection::{certificates, is_chain_leaf};
use crate::trust::pkcs12;
use crate::trust::source::{CertificateSource, Label};
use crate::trust::trust_anchors::anchors;

/// Returns the certificates of a file, without the server's if it contains a chain, and a note about that. Of
/// a PKCS#12 archive, which usually contains more, it returns the CAs and a note about the rest.
///
/// # Errors
/// When the file is broken, contains no certificate, or is no archive and contains a key or anything else.
pub(crate) fn authorities(
    source: &CertificateSource,
    passwords: &Passwords<'_>,
) -> Result<(Vec<Certificate>, Option<String>), InputError> {
    let label = &source.label;
    if !pkcs12::is_archive(&source.bytes) {
        let found = certificates(source).map_err(|problem| match problem {
            // A file with a key alone: there is nothing to extract.
            CertificateFileError::PrivateKey { .. }
                if anchors(&source.bytes).certificates.is_empty() =>
            {
                let problem = CertificateFileError::PrivateKey { line: 0 };
                let failed = label.cannot("use").because(&problem);
                InputErrorKind::HoldsKey.because(failed.advise(meant::instead_of_key(source)))
            }
            problem => unusable(label, &problem),
        })?;
        let has_ca = found.iter().any(|certificate| certificate.is_ca);
        let (leaves, found): (Vec<_>, Vec<_>) =
            found.into_iter().partition(|certificate| is_chain_leaf(certificate, has_ca));
        let note = (!leaves.is_empty())
            .then(|| left_out(label, &format!("{} (no CA)", list_subjects(&leaves))));
        return Ok((found, note));
    }
    let archive =
        passwords.open(source).map_err(|error| InputErrorKind::Unreadable.because(error))?;
    let keys = archive.keys.len();
    let (found, others): (Vec<_>, Vec<_>) =
        archive.certificates.into_iter().partition(|certificate| certificate.is_ca);
    let others = (keys > 0 || !others.is_empty()).then(|| list_contents(keys, &others));
    if found.is_empty() {
        let cause = match &others {
            Some(others) => format!("it contains no CA, only {others}"),
            None => "it contains no certificate".to_owned(),
        };
        return Err(InputErrorKind::NotFound.because(label.cannot("use").because(cause).advise(
            "export it with all certificates of the chain, or name the CA's certificate",
        )));
    }
    Ok((found, others.map(|others| left_out(label, &others))))
}

fn left_out(label: &Label, others: &str) -> String {
    format!("not used from {label}: {others}")
}

fn unusable(label: &Label, problem: &CertificateFileError) -> InputError {
    let path = label.path().map(shell).unwrap_or_default();
    let fix = match problem {
        CertificateFileError::PrivateKey { .. } => format!(
            "keep the key out of containers: `openssl x509 -in {path} -out NEW` writes the \
             certificate alone"
        ),
        CertificateFileError::Pkcs12 | CertificateFileError::OtherBlock { .. } => {
            "name a file with nothing but certificates in it".to_owned()
        }
        CertificateFileError::NotForServers { .. } => {
            "ask its issuer for the plain certificate, or name another CA".to_owned()
        }
        CertificateFileError::Broken { .. } => {
            "copy the complete file again from its source".to_owned()
        }
        CertificateFileError::NoCertificate { .. }
        | CertificateFileError::EmptyPkcs7
        | CertificateFileError::Nothing => {
            "name the CA's certificate, in PEM, DER, PKCS#7 or PKCS#12".to_owned()
        }
        CertificateFileError::Unreadable { .. } => CREATE_AGAIN.to_owned(),
        CertificateFileError::Page => "download the certificate again, signed in".to_owned(),
        CertificateFileError::Utf16 => {
            format!("convert it: `iconv -f UTF-16 -t UTF-8 {path} > NEW`")
        }
        CertificateFileError::Empty => "name the file with the CA's certificate".to_owned(),
    };
    let kind = match problem {
        CertificateFileError::PrivateKey { .. } => InputErrorKind::HoldsKey,
        _ => InputErrorKind::Unusable,
    };
    kind.because(label.cannot("use").because(problem).advise(fix))
}
