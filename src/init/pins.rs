//! Reads the files that trust variables name already, in the container, as the service will.
//!
//! The bundle of an earlier run is never an input: it may contain CAs that are no longer mounted.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::path::Path;

use crate::init::publish::is_ours;
use crate::init::publish::memfd::is_memory;
use crate::sys::diagnostic::Diagnostic;
use crate::sys::environment::Environment;
use crate::sys::file;
use crate::trust::root_stores;
use crate::trust::root_stores::RootSource;
use crate::trust::trust_anchors::Anchors;
use crate::trust::variables;
use crate::trust::variables::{Pin, PinTarget, TrustFile, TrustVariable};

/// Reads the file that each of `rows` names, in the variable itself or in one that its readers fall back to.
pub(crate) fn read_pins<'a>(
    rows: impl Iterator<Item = &'static TrustVariable>,
    environment: &Environment,
    source: &RootSource,
    image: &'a Anchors<'a>,
) -> (Vec<Pin<'a>>, Vec<Diagnostic>) {
    variables::find_pins(rows, environment, |value| read_target(value, source, image))
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
    let directories = std::env::split_paths(value);
    let certificates: Vec<_> =
        directories.flat_map(|path| root_stores::read_directory(&path)).collect();
    if certificates.is_empty() {
        let exists = Path::new(value).exists();
        let missing = || file::FileReadError::Missing.to_string();
        let cause = exists.then(|| "it contains no certificate that can be read".to_owned());
        return PinTarget::Unusable(cause.unwrap_or_else(missing));
    }
    PinTarget::Anchors { anchors: Cow::Owned(certificates.as_slice().into()), is_directory: true }
}
