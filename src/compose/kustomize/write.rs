//! Writes the component: first the files that are named by their contents, then kustomization.yaml, whose
//! rename activates them.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt::{self, Display};
use std::io;
use std::path::{Path, PathBuf};

use crate::compose::kustomize::names::{BUNDLES, KUSTOMIZATION};
use crate::compose::layout::file_name;
use crate::compose::project::files::plain;
use crate::sys::diagnostic::Diagnostic;
use crate::sys::dir::Directory;
use crate::sys::dir::replace::{Entry, Found, Look};
use crate::sys::{output, quote};

/// The first line of all generated YAML, by which every version recognizes it. It must not change.
pub(crate) const HEADER: &str =
    "# Made by trust-compose kustomize, taken away by trust-compose kustomize --remove.";
/// The extensions of the files that are named by their contents.
const ENDINGS: [&str; 3] = ["crt", "jks", "conf"];

/// The change of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FileChange {
    Written,
    Removed,
    /// Kept, because the user edited it.
    Kept,
}

/// The changes of a run, or of a dry run.
#[derive(Debug, Default)]
pub(crate) struct ComponentChanges {
    files: Vec<(PathBuf, FileChange)>,
    is_dry: bool,
}

/// The component in the directory.
#[derive(Debug, Default)]
pub(crate) struct ExistingComponent {
    /// The generated YAML files, by name.
    pub texts: BTreeMap<String, Vec<u8>>,
    /// The files that are named by their contents, by name.
    pub files: BTreeMap<String, Vec<u8>>,
    /// The files with such a name and other contents.
    pub changed: Vec<String>,
}

impl Display for ComponentChanges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (path, change) in &self.files {
            let verb = match (change, self.is_dry) {
                (FileChange::Written, false) => "wrote",
                (FileChange::Written, true) => "would write",
                (FileChange::Removed, false) => "removed",
                (FileChange::Removed, true) => "would remove",
                (FileChange::Kept, _) => "kept, because it was edited:",
            };
            writeln!(f, "{verb} {}", quote::path(path))?;
        }
        if self.files.is_empty() { f.write_str("nothing to do\n") } else { Ok(()) }
    }
}

/// Reads the component in `out`; empty if the directory does not exist.
///
/// # Errors
/// When it cannot be read.
pub(crate) fn read_existing(out: &Path) -> Result<ExistingComponent, Diagnostic> {
    match open_directory(out) {
        Ok(directory) => read_directory(&directory, out),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(ExistingComponent::default()),
        Err(error) => Err(io_failure("use", out)(error)),
    }
}

/// Writes `texts` and `files` into `out`, and removes generated files that are no longer needed.
///
/// # Errors
/// When a file of another program has one of the names, or a system call fails. The earlier component is
/// still active then.
pub(crate) fn write_component(
    out: &Path,
    texts: &BTreeMap<&'static str, String>,
    files: &BTreeMap<String, Vec<u8>>,
    is_dry: bool,
) -> Result<ComponentChanges, Diagnostic> {
    let existing = read_existing(out)?;
    let mut changes = ComponentChanges { is_dry, ..ComponentChanges::default() };
    let texts = texts.iter().map(|(name, text)| ((*name).to_owned(), text.as_bytes()));
    let texts: Vec<_> = texts.collect();
    let new_files = files.iter().filter(|(name, _)| !existing.files.contains_key(*name));
    let new_texts = texts
        .iter()
        .filter(|(name, text)| existing.texts.get(name).map(Vec::as_slice) != Some(*text));
    // kustomization.yaml comes last.
    let mut new: Vec<_> =
        new_files.map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
    new.extend(new_texts.map(|(name, text)| (name.as_str(), *text)));
    new.sort_by_key(|(name, _)| *name == KUSTOMIZATION);
    let is_wanted = |name: &&String| {
        files.contains_key(*name) || texts.iter().any(|(wanted, _)| wanted == *name)
    };
    let old = existing.texts.keys().chain(existing.files.keys()).filter(|name| !is_wanted(name));
    let old: Vec<_> = old.collect();
    changes.files.extend(new.iter().map(|(name, _)| (plain(out, name), FileChange::Written)));
    changes.files.extend(old.iter().map(|name| (plain(out, name), FileChange::Removed)));
    if is_dry || changes.files.is_empty() {
        return Ok(changes);
    }
    let failed = || io_failure("write to", out);
    let directory = create_directory(out).map_err(failed())?;
    let _lock = directory.lock();
    directory.unstage_all().map_err(failed())?;
    let staged = new
        .iter()
        .try_for_each(|(name, bytes)| directory.stage(OsStr::new(name), Look::Umask, bytes));
    if let Err(error) = staged {
        // If this fails too, the first error is reported.
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

/// Removes the generated files from `out`, and the directory if it is empty then.
///
/// # Errors
/// When a system call fails.
pub(crate) fn remove_component(out: &Path, is_dry: bool) -> Result<ComponentChanges, Diagnostic> {
    let existing = read_existing(out)?;
    let mut changes = ComponentChanges { is_dry, ..ComponentChanges::default() };
    // kustomization.yaml first: without it, no file refers to the others.
    let texts = existing.texts.keys().rev();
    let names: Vec<_> = texts.chain(existing.files.keys()).collect();
    changes.files.extend(names.iter().map(|name| (plain(out, name), FileChange::Removed)));
    let others = existing.changed.iter();
    changes.files.extend(others.map(|name| (plain(out, name), FileChange::Kept)));
    if is_dry || !out.is_dir() {
        return Ok(changes);
    }
    let failed = || io_failure("clear", out);
    let directory = open_directory(out).map_err(failed())?;
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
        // The directory may be a mount, or its parent may not be writable.
        let _ = Directory::open(above).and_then(|above| above.remove_empty(name));
    }
    Ok(changes)
}

fn read_directory(directory: &Directory, out: &Path) -> Result<ExistingComponent, Diagnostic> {
    let mut existing = ExistingComponent::default();
    for name in directory.names().map_err(io_failure("read", out))? {
        let Some(text) = name.to_str() else { continue };
        let is_text = [KUSTOMIZATION, BUNDLES].contains(&text);
        let stem = ENDINGS.iter().find_map(|ending| text.strip_suffix(ending)?.strip_suffix('.'));
        let stem = stem.and_then(|stem| stem.rsplit_once('-')).map(|(stem, _)| stem);
        if !is_text && stem.is_none() {
            continue;
        }
        let entry = directory.entry(&name).map_err(io_failure("read", &out.join(&name)))?;
        match (entry, stem) {
            (Entry::File(found), None) if is_ours(&found) => {
                existing.texts.insert(text.to_owned(), found.bytes);
            }
            (Entry::File(found), Some(stem)) => {
                let ending = text.rsplit('.').next().unwrap_or_default();
                if file_name(stem, ending, &found.bytes) == text {
                    existing.files.insert(text.to_owned(), found.bytes);
                } else if has_generated_name(text, stem) {
                    existing.changed.push(text.to_owned());
                }
            }
            (Entry::Nothing, _) | (Entry::Other(_), Some(_)) => {}
            (Entry::File(_), None) => return Err(foreign_file(out, &name, "file")),
            (Entry::Other(kind), None) => return Err(foreign_file(out, &name, kind)),
        }
    }
    Ok(existing)
}

/// Converts the error of a system call on `path` to a diagnostic.
pub(crate) fn io_failure(verb: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Diagnostic {
    let failed = Diagnostic::cannot(verb, quote::path(path));
    move |error| {
        let fix = match error.kind() {
            io::ErrorKind::PermissionDenied => "run it as a user who may write there",
            io::ErrorKind::ReadOnlyFilesystem => "work on a copy that is writable",
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                "free some space, and run it again"
            }
            io::ErrorKind::NotADirectory => "name a directory (--out)",
            _ => "look at that path, and run it again",
        };
        failed.because(output::cause(&error)).advise(fix)
    }
}

fn foreign_file(out: &Path, name: &OsStr, kind: &'static str) -> Diagnostic {
    Diagnostic::cannot("write", quote::path(&out.join(name)))
        .because(format_args!("a {kind} of that name exists and was not created by trust-compose"))
        .advise("name another directory (--out)")
}

fn is_ours(found: &Found) -> bool {
    let rest = found.bytes.strip_prefix(HEADER.as_bytes());
    rest.is_some_and(|rest| matches!(rest.first(), None | Some(b'\r' | b'\n')))
}

/// Whether a name has the form of one that is derived from contents.
fn has_generated_name(name: &str, stem: &str) -> bool {
    let digits = name.get(stem.len() + 1..).and_then(|rest| rest.split_once('.'));
    digits.is_some_and(|(digits, _)| {
        digits.len() == 16 && digits.bytes().all(|digit| digit.is_ascii_hexdigit())
    })
}

fn open_directory(out: &Path) -> io::Result<Directory> {
    out.canonicalize().and_then(|path| Directory::open(&path))
}

/// Opens the directory, and creates it and its parents if they are missing.
fn create_directory(out: &Path) -> io::Result<Directory> {
    let mut missing: Vec<OsString> = Vec::new();
    let mut ancestor = crate::compose::project::files::absolute(out);
    loop {
        match open_directory(&ancestor) {
            Ok(mut directory) => {
                for name in missing.iter().rev() {
                    directory = directory.open_or_make(name)?;
                }
                return Ok(directory);
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                missing.push(ancestor.file_name().ok_or(error)?.to_owned());
                ancestor.pop();
            }
            Err(error) => return Err(error),
        }
    }
}
