//! What Compose is about to read, looked at ahead of it: aliases that multiply, or an anchor that contains
//! itself, make it take all memory of the machine, and it is deaf to signals meanwhile.
//!
//! The files in force are looked at, and those that they name under `include` and `extends`; of files of
//! variables, whether they end. A name that depends on a variable which is set elsewhere is not found; there
//! the limits of `crate::compose::docker` are what is left.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_yaml::{Mapping, Value};

use crate::compose::project::error::Error;
use crate::compose::project::files::directory_of;
use crate::compose::project::interpolate::{self, Lookup, Text};
use crate::compose::project::offline::source::Source;
use crate::compose::project::parse::mount;
use crate::sys::file::{self, Problem};

/// What a file holds that has something in it to look at: an alias, the name of another file, a key that is
/// written with escapes, lists or keys that are nested in one line. Most have none of these.
const HINTS: [&str; 7] = ["*", "\\", "include", "extends", "env_file", "- -", "? ?"];
/// Bytes of a file beyond which it is looked at all the same: a quarter of a megabyte, some thousand services.
const PLAIN: usize = 256 << 10;
/// Columns of indentation, likewise: ten times what people write.
const INDENTED: usize = 100;

/// How many files a project may be made of: a hundred times what people write.
const MOST_FILES: usize = 1000;

/// Looks at `files`, and at what they lead to.
///
/// # Errors
/// When one of them is no text, no YAML, or holds more than a Compose file ever does.
pub fn look(files: &[PathBuf], base: &Path, lookup: Lookup<'_>) -> Result<(), Error> {
    let mut waiting = files.to_vec();
    let mut known: BTreeSet<_> = files.iter().cloned().collect();
    while let Some(path) = waiting.pop() {
        // Which of the two a name begins at depends on who says it; Compose says what is missing.
        let found = |name: &str| -> Vec<PathBuf> {
            let name = interpolate::read(&interpolate::interpolate(name, lookup));
            let Text::Known(name) = name else { return Vec::new() };
            let places = [directory_of(&path), base].map(|from| mount::on(from, &name));
            places.into_iter().flatten().filter(|place| place.exists() && !place.is_dir()).collect()
        };
        let source = Source::read(&path)?;
        if is_plain(&source.text) {
            continue;
        }
        for document in source.outline()? {
            for variables in of_variables(&document).into_iter().flat_map(found) {
                regular(variables)?;
            }
            for other in others(&document).into_iter().flat_map(found) {
                if known.insert(other.clone()) {
                    waiting.push(other);
                }
            }
        }
        if known.len() > MOST_FILES {
            return Err(Error::TooMany { path, most: MOST_FILES });
        }
    }
    Ok(())
}

/// Whether it leads nowhere, and comes to no more than it is: then Compose alone parses it.
fn is_plain(text: &str) -> bool {
    let is_deep = |line: &str| line.len() - line.trim_start().len() > INDENTED;
    text.len() <= PLAIN
        && !HINTS.iter().any(|hint| text.contains(hint))
        && !text.lines().any(is_deep)
}

/// Refuses what may have no end.
fn regular(path: PathBuf) -> Result<(), Error> {
    match file::special(&path) {
        Some(kind) if path != Path::new("/dev/null") => {
            Err(Error::Unreadable { path, problem: Problem::Special(kind) })
        }
        _ => Ok(()),
    }
}

/// The names of other files in a document
/// (<https://docs.docker.com/reference/compose-file/include/>,
/// <https://docs.docker.com/reference/compose-file/services/#extends>).
fn others(document: &Value) -> Vec<&str> {
    let include = document.get("include");
    let entries = include.and_then(Value::as_sequence).into_iter().flatten();
    let paths = entries.flat_map(|entry| match entry.get("path").unwrap_or(entry) {
        Value::Sequence(paths) => paths.iter().collect(),
        path => vec![path],
    });
    let extended = services(document).filter_map(|service| service.get("extends")?.get("file"));
    paths.chain(extended).filter_map(Value::as_str).collect()
}

/// The names of files of variables in a document
/// (<https://docs.docker.com/reference/compose-file/services/#env_file>).
fn of_variables(document: &Value) -> Vec<&str> {
    let files = services(document).filter_map(|service| service.get("env_file"));
    let files = files.flat_map(|files| match files {
        Value::Sequence(files) => files.iter().collect(),
        file => vec![file],
    });
    files.filter_map(|file| file.get("path").unwrap_or(file).as_str()).collect()
}

fn services(document: &Value) -> impl Iterator<Item = &Value> {
    document.get("services").and_then(Value::as_mapping).into_iter().flat_map(Mapping::values)
}
