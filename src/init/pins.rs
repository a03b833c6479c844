//! Reads the files that trust variables name already, in the container, as the service will.
//!
//! The bundle of an earlier run is never an input: it may contain CAs that are no longer mounted.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::path::Path;

use rustls_pki_types::CertificateDer;

use crate::init::publish::is_ours;
use crate::init::publish::memfd::is_memory;
use crate::sys::diagnostic::Diagnostic;
use crate::sys::environment::Environment;
use crate::sys::file;
use crate::sys::quote;
use crate::trust::bundle::{self, Pem};
use crate::trust::root_stores;
use crate::trust::root_stores::RootSource;
use crate::trust::trust_anchors::Anchors;
use crate::trust::variables;
use crate::trust::variables::{Pin, PinTarget, SSL_CERT_DIR, TrustFile, TrustVariable};

/// Reads the file that each of `rows` names, in the variable itself or in one that its readers fall back to.
pub(crate) fn read_pins<'a>(
    rows: impl Iterator<Item = &'static TrustVariable>,
    environment: &Environment,
    source: &RootSource,
    image: &'a Anchors<'a>,
) -> (Vec<Pin<'a>>, Vec<Diagnostic>) {
    let mut alone = None;
    let (pins, mut warnings) = variables::find_pins(rows, environment, |variable, value| {
        if variable == SSL_CERT_DIR && root_stores::has_default_file() {
            let (target, is_wider) = add_directories(value, image);
            alone = is_wider.then(|| directory_warning(value));
            return target;
        }
        read_target(value, source, image)
    });
    warnings.extend(alone);
    (pins, warnings)
}

/// Reads what SSL_CERT_DIR adds to the image's roots. Returns also whether the roots contain more than these
/// directories.
fn add_directories<'a>(value: &OsStr, image: &'a Anchors<'a>) -> (PinTarget<'a>, bool) {
    let directories = certificates_in(value);
    let own = Anchors::from(directories.as_slice());
    let merged = bundle::merge(&[&image.certificates, &own.certificates]).certificates;
    let is_wider = !own.certificates.is_empty() && merged.len() > own.certificates.len();
    let anchors = if merged.len() == image.certificates.len() {
        Cow::Borrowed(image)
    } else {
        Cow::Owned(merged.into_iter().map(Pem::into_owned).collect::<Vec<_>>().into())
    };
    (PinTarget::Anchors { anchors, is_directory: true }, is_wider)
}

/// The warning that programs that read only the directories of SSL_CERT_DIR will trust the roots too.
fn directory_warning(value: &OsStr) -> Diagnostic {
    Diagnostic::statement(format!(
        "SSL_CERT_DIR names {}, which OpenSSL and Go read in addition to the root certificates, so \
         SSL_CERT_FILE names a file with both: programs that read those directories alone (httpx, \
         rustls-native-certs) trust the root certificates too",
        quote::word(value)
    ))
    .advise(
        "if such a program must trust those directories alone, set TRUST_INIT_LEAVE=SSL_CERT_FILE",
    )
}

/// Returns the certificates in the directories of `value`, which colons separate.
fn certificates_in(value: &OsStr) -> Vec<CertificateDer<'static>> {
    let directories = std::env::split_paths(value);
    directories.flat_map(|path| root_stores::read_directory(&path).certificates).collect()
}

fn read_target<'a>(value: &OsStr, source: &RootSource, image: &'a Anchors<'a>) -> PinTarget<'a> {
    let path = Path::new(value);
    let whole = [TrustFile::Bundle.name(), TrustFile::Custom.name()];
    let is_whole = path.file_name().is_some_and(|name| whole.iter().any(|whole| name == &**whole));
    if is_ours(path) && (is_whole || is_memory(path)) {
        return PinTarget::Ours;
    }
    if matches!(source, RootSource::File { path: roots, .. } if roots == path) {
        return PinTarget::Anchors { anchors: Cow::Borrowed(image), is_directory: false };
    }
    match file::read(path, &mut file::FILE_LIMIT.clone()) {
        // The variable names no file of its own, but the roots, which other distributions have elsewhere.
        Err(file::FileReadError::Missing) if root_stores::is_root_file(path) => {
            PinTarget::Anchors { anchors: Cow::Borrowed(image), is_directory: false }
        }
        Ok(bytes) => match crate::trust::trust_anchors::anchors(&bytes) {
            anchors if anchors.certificates.is_empty() => {
                PinTarget::Unusable("it contains no certificate".to_owned())
            }
            anchors => PinTarget::Anchors {
                anchors: Cow::Owned(anchors.into_owned()),
                is_directory: false,
            },
        },
        Err(file::FileReadError::Directory { .. } | file::FileReadError::Missing) => {
            read_directories(value, source, image)
        }
        Err(problem) => PinTarget::Unusable(problem.to_string()),
    }
}

/// Reads the certificates in a directory, or in several separated by colons, as OpenSSL reads SSL_CERT_DIR
/// (SSL_CTX_load_verify_locations(3)). The image's own directory is not read: its file contains the same.
fn read_directories<'a>(
    value: &OsStr,
    source: &RootSource,
    image: &'a Anchors<'a>,
) -> PinTarget<'a> {
    let has_file = matches!(source, RootSource::File { .. });
    if has_file && root_stores::is_root_directory(Path::new(value)) {
        return PinTarget::Anchors { anchors: Cow::Borrowed(image), is_directory: true };
    }
    let certificates = certificates_in(value);
    if certificates.is_empty() {
        let exists = Path::new(value).exists();
        let missing = || file::FileReadError::Missing.to_string();
        let cause = exists
            .then(|| "it contains no certificate under a hashed name (openssl rehash)".to_owned());
        return PinTarget::Unusable(cause.unwrap_or_else(missing));
    }
    PinTarget::Anchors { anchors: Cow::Owned(certificates.as_slice().into()), is_directory: true }
}
