//! What trust variables name at present, read where the service will read it.
//!
//! Our own bundle is never an input: it would carry CAs that are no longer mounted into the new one.

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

/// Reads what each of `rows` names, itself or through the variables its readers fall back to.
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
                PinTarget::Unusable("there is no certificate in it".to_owned())
            }
            anchors => PinTarget::Anchors {
                anchors: Cow::Owned(anchors.into_owned()),
                is_directory: false,
            },
        },
        Err(file::FileError::Directory { .. } | file::FileError::Missing) => {
            read_directories(value, source, image)
        }
        Err(problem) => PinTarget::Unusable(problem.to_string()),
    }
}

/// The certificates in a directory, or in several with colons between (OpenSSL reads SSL_CERT_DIR
/// so, SSL_CTX_load_verify_locations(3)). Where it is the image's own, its file says the same.
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
        let is_there = Path::new(value).exists();
        let missing = || file::FileError::Missing.to_string();
        let cause = is_there.then(|| "no certificate can be read there".to_owned());
        return PinTarget::Unusable(cause.unwrap_or_else(missing));
    }
    PinTarget::Anchors { anchors: Cow::Owned(certificates.as_slice().into()), is_directory: true }
}
