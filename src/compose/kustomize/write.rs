//! The component reaches its directory: first the files that are named by their contents, then
//! kustomization.yaml, whose rename is the moment that counts.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt::{self, Display};
use std::io;
use std::path::{Path, PathBuf};

use crate::compose::kustomize::error::Error;
use crate::compose::project::files::plain;
use crate::compose::setup::overlay::file_name;
use crate::sys::dir::Directory;
use crate::sys::dir::replace::{Entry, Found, Look};
use crate::sys::quote;

/// The first line of all that is written here, by which every version knows it: never to be changed.
pub const HEADER: &str =
    "# Made by trust-compose kustomize, taken away by trust-compose kustomize --remove.";
/// What kustomize reads.
pub const KUSTOMIZATION: &str = "kustomization.yaml";
/// What may stand beside it, and has the first line as well.
pub const BESIDE: [&str; 2] =
    [crate::compose::kustomize::trust_manager::FILE, crate::compose::kustomize::kyverno::FILE];
/// The endings of the files that are named by their contents.
const ENDINGS: [&str; 3] = ["crt", "jks", "conf"];

/// What was done with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    Written,
    Removed,
    /// Somebody changed it, so it was left.
    Left,
}

/// What was done with the files of the directory, or would be.
#[derive(Debug, Default)]
pub struct Changes {
    files: Vec<(PathBuf, Change)>,
    is_dry: bool,
}

/// What stands in the directory.
#[derive(Debug, Default)]
pub struct Standing {
    /// The texts that are ours, by name.
    pub texts: BTreeMap<String, Vec<u8>>,
    /// The files that are named by their contents.
    pub files: BTreeMap<String, Vec<u8>>,
    /// Files that are named like that and hold something else.
    pub changed: Vec<String>,
}

impl Display for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (path, change) in &self.files {
            let verb = match (change, self.is_dry) {
                (Change::Written, false) => "wrote",
                (Change::Written, true) => "would write",
                (Change::Removed, false) => "removed",
                (Change::Removed, true) => "would remove",
                (Change::Left, _) => "left, as it was changed:",
            };
            writeln!(f, "{verb} {}", quote::path(path))?;
        }
        if self.files.is_empty() { f.write_str("nothing to do\n") } else { Ok(()) }
    }
}

/// What stands in `out`; nothing if there is no such directory.
///
/// # Errors
/// When it cannot be read.
pub fn standing(out: &Path) -> Result<Standing, Error> {
    match open(out) {
        Ok(directory) => look(&directory, out),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Standing::default()),
        Err(error) => Err(Error::disk("use", out)(error)),
    }
}

/// Puts `texts` and `files` into `out`, and takes away what is no longer needed.
///
/// # Errors
/// When something else stands in the way, or the disk says no. Then the component that stood before is in force.
pub fn write(
    out: &Path,
    texts: &BTreeMap<&'static str, String>,
    files: &BTreeMap<String, Vec<u8>>,
    is_dry: bool,
) -> Result<Changes, Error> {
    let standing = standing(out)?;
    let mut changes = Changes { is_dry, ..Changes::default() };
    let texts = texts.iter().map(|(name, text)| ((*name).to_owned(), text.as_bytes()));
    let texts: Vec<_> = texts.collect();
    let new_files = files.iter().filter(|(name, _)| !standing.files.contains_key(*name));
    let new_texts = texts
        .iter()
        .filter(|(name, text)| standing.texts.get(name).map(Vec::as_slice) != Some(*text));
    // kustomization.yaml comes last.
    let mut new: Vec<_> =
        new_files.map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
    new.extend(new_texts.map(|(name, text)| (name.as_str(), *text)));
    new.sort_by_key(|(name, _)| *name == KUSTOMIZATION);
    let is_wanted = |name: &&String| {
        files.contains_key(*name) || texts.iter().any(|(wanted, _)| wanted == *name)
    };
    let old = standing.texts.keys().chain(standing.files.keys()).filter(|name| !is_wanted(name));
    let old: Vec<_> = old.collect();
    changes.files.extend(new.iter().map(|(name, _)| (plain(out, name), Change::Written)));
    changes.files.extend(old.iter().map(|name| (plain(out, name), Change::Removed)));
    if is_dry || changes.files.is_empty() {
        return Ok(changes);
    }
    let failed = || Error::disk("write to", out);
    let directory = make(out).map_err(failed())?;
    let _lock = directory.lock();
    directory.unstage_all().map_err(failed())?;
    let staged = new
        .iter()
        .try_for_each(|(name, bytes)| directory.stage(OsStr::new(name), Look::Umask, bytes));
    if let Err(error) = staged {
        // Nothing better can be done if this fails too; the first error is the one to tell.
        let _ = directory.unstage_all();
        return Err(failed()(error));
    }
    for (name, _) in &new {
        let name = OsStr::new(name);
        directory.put(name, &directory, name).map_err(failed())?;
    }
    for name in old {
        directory.unlink(OsStr::new(name)).map_err(failed())?;
    }
    directory.settle().map_err(failed())?;
    Ok(changes)
}

/// Takes away what is ours in `out`, and the directory if it is empty then.
///
/// # Errors
/// When the disk says no.
pub fn remove(out: &Path, is_dry: bool) -> Result<Changes, Error> {
    let standing = standing(out)?;
    let mut changes = Changes { is_dry, ..Changes::default() };
    // kustomization.yaml goes first: without it nothing names the others.
    let texts = standing.texts.keys().rev();
    let names: Vec<_> = texts.chain(standing.files.keys()).collect();
    changes.files.extend(names.iter().map(|name| (plain(out, name), Change::Removed)));
    let others = standing.changed.iter();
    changes.files.extend(others.map(|name| (plain(out, name), Change::Left)));
    if is_dry || !out.is_dir() {
        return Ok(changes);
    }
    let failed = || Error::disk("clear", out);
    let directory = open(out).map_err(failed())?;
    let _lock = directory.lock();
    directory.unstage_all().map_err(failed())?;
    let mut names = names;
    names.sort_by_key(|name| *name != KUSTOMIZATION);
    for name in names {
        directory.unlink(OsStr::new(name)).map_err(failed())?;
    }
    if let (Ok(path), true) = (out.canonicalize(), directory.names().is_ok_and(|it| it.is_empty()))
        && let (Some(above), Some(name)) = (path.parent(), path.file_name())
    {
        // It may be somebody's mount, or in a directory that is not ours to change.
        let _ = Directory::open(above).and_then(|above| above.remove_empty(name));
    }
    Ok(changes)
}

fn look(directory: &Directory, out: &Path) -> Result<Standing, Error> {
    let mut standing = Standing::default();
    for name in directory.names().map_err(Error::disk("read", out))? {
        let Some(text) = name.to_str() else { continue };
        let is_text = text == KUSTOMIZATION || BESIDE.contains(&text);
        let stem = ENDINGS.iter().find_map(|ending| text.strip_suffix(ending)?.strip_suffix('.'));
        let stem = stem.and_then(|stem| stem.rsplit_once('-')).map(|(stem, _)| stem);
        if !is_text && stem.is_none() {
            continue;
        }
        let entry = directory.entry(&name).map_err(Error::disk("read", &out.join(&name)))?;
        match (entry, stem) {
            (Entry::File(found), None) if is_ours(&found) => {
                standing.texts.insert(text.to_owned(), found.bytes);
            }
            (Entry::File(found), Some(stem)) => {
                let ending = text.rsplit('.').next().unwrap_or_default();
                if file_name(stem, ending, &found.bytes) == text {
                    standing.files.insert(text.to_owned(), found.bytes);
                } else if looks_ours(text, stem) {
                    standing.changed.push(text.to_owned());
                }
            }
            (Entry::Nothing, _) | (Entry::Other(_), Some(_)) => {}
            (Entry::File(_), None) => return Err(Error::not_ours(out, &name, "file")),
            (Entry::Other(kind), None) => return Err(Error::not_ours(out, &name, kind)),
        }
    }
    Ok(standing)
}

fn is_ours(found: &Found) -> bool {
    let rest = found.bytes.strip_prefix(HEADER.as_bytes());
    rest.is_some_and(|rest| matches!(rest.first(), None | Some(b'\r' | b'\n')))
}

/// Whether a name has the form of those that are made of contents.
fn looks_ours(name: &str, stem: &str) -> bool {
    let digits = name.get(stem.len() + 1..).and_then(|rest| rest.split_once('.'));
    digits.is_some_and(|(digits, _)| {
        digits.len() == 16 && digits.bytes().all(|digit| digit.is_ascii_hexdigit())
    })
}

fn open(out: &Path) -> io::Result<Directory> {
    out.canonicalize().and_then(|path| Directory::open(&path))
}

/// Opens the directory, making it and those above it where they are not there.
fn make(out: &Path) -> io::Result<Directory> {
    let mut missing: Vec<OsString> = Vec::new();
    let mut there = crate::compose::project::files::absolute(out);
    loop {
        match open(&there) {
            Ok(mut directory) => {
                for name in missing.iter().rev() {
                    directory = directory.open_or_make(name)?;
                }
                return Ok(directory);
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                missing.push(there.file_name().ok_or(error)?.to_owned());
                there.pop();
            }
            Err(error) => return Err(error),
        }
    }
}
