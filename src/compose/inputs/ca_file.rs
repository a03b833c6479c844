//! Reads the CAs in one file of any format.

use crate::compose::inputs::error::{InputError, InputErrorKind};
use crate::compose::inputs::listing::list_contents;
use crate::compose::passwords::Passwords;
use crate::sys::quote::shell;
use crate::trust::certificate::Certificate;
use crate::trust::file_error::{CREATE_AGAIN, Problem};
use crate::trust::inspection::certificates;
use crate::trust::pkcs12;
use crate::trust::source::{Label, Source};

/// Returns the certificates of a file. Of a PKCS#12 archive, which usually contains more, it returns the CAs
/// and a note about the rest.
///
/// # Errors
/// When the file is broken, contains no CA, or is no archive and contains a key or anything else.
pub(crate) fn authorities(
    source: &Source,
    passwords: &Passwords<'_>,
) -> Result<(Vec<Certificate>, Option<String>), InputError> {
    let label = &source.label;
    if !pkcs12::is_archive(&source.bytes) {
        let found = certificates(source).map_err(|problem| unusable(label, &problem))?;
        return Ok((found, None));
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
    Ok((found, others.map(|others| format!("not used from {label}: {others}"))))
}

fn unusable(label: &Label, problem: &Problem) -> InputError {
    let path = label.path().map(shell).unwrap_or_default();
    let fix = match problem {
        Problem::PrivateKey { line: 0 } => "name the CA's certificate, not its key".to_owned(),
        Problem::PrivateKey { .. } => format!(
            "keep the key out of containers: `openssl x509 -in {path} -out NEW` writes the \
             certificate alone"
        ),
        Problem::Pkcs12 | Problem::OtherBlock { .. } => {
            "name a file with nothing but certificates in it".to_owned()
        }
        Problem::NotForServers { .. } => {
            "ask for the plain certificate, or name another CA if it is right".to_owned()
        }
        Problem::Broken { .. } => "copy the file again, whole, from where it came".to_owned(),
        Problem::NoCertificate { .. } | Problem::EmptyPkcs7 | Problem::Nothing => format!(
            "see what is in it with `openssl asn1parse -in {path}`, and name the CA's certificate"
        ),
        Problem::Unreadable { .. } => CREATE_AGAIN.to_owned(),
        Problem::Page => "download the certificate again, signed in".to_owned(),
        Problem::Utf16 => format!("convert it: `iconv -f UTF-16 -t UTF-8 {path} > NEW`"),
        Problem::Empty => "name the file with the CA's certificate".to_owned(),
    };
    let kind = match problem {
        Problem::PrivateKey { .. } => InputErrorKind::HoldsKey,
        _ => InputErrorKind::Unusable,
    };
    kind.because(label.cannot("use").because(problem).advise(fix))
}
