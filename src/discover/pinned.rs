//! What the environment's trust variables name at present.
//!
//! What a user or an image has set stays in force for that variable's readers, and goes to nobody
//! else. Our own bundle is never such an input: it would carry yesterday's CAs into today's.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::Path;

use super::{RootSource, file, roots};
use crate::environment::{Environment, File, Pin, Points, Row, Warning};
use crate::inspect::{self, Anchors};
use crate::publish;

/// What a variable's value came to.
#[derive(Clone)]
enum Found<'a> {
    Anchors(Cow<'a, Anchors<'a>>),
    /// It names the merged bundle or the custom CAs that we published.
    Ours,
    /// Nothing can be read there.
    Unusable(String),
}

/// Reads what each of `rows` names, itself or through the variables its readers fall back to.
pub fn pins<'a>(
    rows: impl Iterator<Item = &'static Row>,
    environment: &Environment,
    source: &RootSource,
    image: &'a Anchors<'a>,
) -> (Vec<Pin<'a>>, Vec<Warning>) {
    let (mut pins, mut warnings) = (Vec::new(), Vec::new());
    // Many images set several variables to one file: it is read once.
    let mut seen: BTreeMap<&OsStr, Found<'a>> = BTreeMap::new();
    for row in rows {
        for variable in std::iter::once(&row.name).chain(row.falls_back_to) {
            let Some(value) = environment.get(variable).filter(|value| !value.is_empty()) else {
                continue;
            };
            let found = seen.entry(value).or_insert_with(|| look(value, source, image));
            match found.clone() {
                Found::Anchors(anchors) if serves(row, value) => {
                    pins.push(Pin { row, variable, anchors });
                }
                Found::Ours => {}
                found => {
                    let cause = match found {
                        Found::Unusable(cause) => cause,
                        _ => "it is a directory".to_owned(),
                    };
                    // Said once, where the variable is looked at for its own sake.
                    if *variable == row.name || *variable == "SSL_CERT_DIR" {
                        let value = value.to_owned();
                        warnings.push(Warning::Unusable { name: variable, value, cause });
                    }
                    continue;
                }
            }
            break;
        }
    }
    (pins, warnings)
}

/// A directory of roots serves whoever replaces roots; clients that add to theirs want a file.
fn serves(row: &Row, value: &OsStr) -> bool {
    row.points == Points::Bundle || !Path::new(value).is_dir()
}

fn look<'a>(value: &OsStr, source: &RootSource, image: &'a Anchors<'a>) -> Found<'a> {
    let path = Path::new(value);
    let whole = [File::Bundle.name(), File::Custom.name()];
    let is_whole = path.file_name().is_some_and(|name| whole.iter().any(|whole| name == &**whole));
    if publish::is_ours(path) && (is_whole || publish::is_memory(path)) {
        return Found::Ours;
    }
    if matches!(source, RootSource::File { path: roots, .. } if roots == path) {
        return Found::Anchors(Cow::Borrowed(image));
    }
    match file::read(path, &mut file::FILE_LIMIT.clone()) {
        Ok(bytes) => match inspect::anchors(&bytes) {
            anchors if anchors.certificates.is_empty() => {
                Found::Unusable("there is no certificate in it".to_owned())
            }
            anchors => Found::Anchors(Cow::Owned(anchors.into_owned())),
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
    if has_file && roots::is_root_directory(Path::new(value)) {
        return Found::Anchors(Cow::Borrowed(image));
    }
    let directories = std::env::split_paths(value);
    let certificates: Vec<_> = directories.flat_map(|path| roots::in_directory(&path)).collect();
    if certificates.is_empty() {
        let is_there = Path::new(value).exists();
        let missing = || file::Problem::Missing.to_string();
        let cause = is_there.then(|| "no certificate can be read there".to_owned());
        return Found::Unusable(cause.unwrap_or_else(missing));
    }
    Found::Anchors(Cow::Owned(certificates.as_slice().into()))
}
