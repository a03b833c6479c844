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
use crate::trust::variables::{File, Found, Pin, Row};

/// Reads what each of `rows` names, itself or through the variables its readers fall back to.
pub(crate) fn pins<'a>(
    rows: impl Iterator<Item = &'static Row>,
    environment: &Environment,
    source: &RootSource,
    image: &'a Anchors<'a>,
) -> (Vec<Pin<'a>>, Vec<Diagnostic>) {
    variables::pins(rows, environment, |value| look(value, source, image))
}

fn look<'a>(value: &OsStr, source: &RootSource, image: &'a Anchors<'a>) -> Found<'a> {
    let path = Path::new(value);
    let whole = [File::Bundle.name(), File::Custom.name()];
    let is_whole = path.file_name().is_some_and(|name| whole.iter().any(|whole| name == &**whole));
    if is_ours(path) && (is_whole || is_memory(path)) {
        return Found::Ours;
    }
    if matches!(source, RootSource::File { path: roots, .. } if roots == path) {
        return Found::Anchors { anchors: Cow::Borrowed(image), is_directory: false };
    }
    match file::read(path, &mut file::FILE_LIMIT.clone()) {
        Ok(bytes) => match crate::trust::trust_anchors::anchors(&bytes) {
            anchors if anchors.certificates.is_empty() => {
                Found::Unusable("there is no certificate in it".to_owned())
            }
            anchors => {
                Found::Anchors { anchors: Cow::Owned(anchors.into_owned()), is_directory: false }
            }
        },
        Err(file::Problem::Directory { .. } | file::Problem::Missing) => {
            directories(value, source, image)
        }
        Err(problem) => Found::Unusable(problem.to_string()),
    }
}

/// The certificates in a directory, or in several with colons between (OpenSSL reads SSL_CERT_DIR
/// so, SSL_CTX_load_verify_locations(3)). Where it is the image's own, its file says the same.
fn directories<'a>(value: &OsStr, source: &RootSource, image: &'a Anchors<'a>) -> Found<'a> {
    let has_file = matches!(source, RootSource::File { .. });
    if has_file && root_stores::is_root_directory(Path::new(value)) {
        return Found::Anchors { anchors: Cow::Borrowed(image), is_directory: true };
    }
    let directories = std::env::split_paths(value);
    let certificates: Vec<_> =
        directories.flat_map(|path| root_stores::in_directory(&path)).collect();
    if certificates.is_empty() {
        let is_there = Path::new(value).exists();
        let missing = || file::Problem::Missing.to_string();
        let cause = is_there.then(|| "no certificate can be read there".to_owned());
        return Found::Unusable(cause.unwrap_or_else(missing));
    }
    Found::Anchors { anchors: Cow::Owned(certificates.as_slice().into()), is_directory: true }
}
