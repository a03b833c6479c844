//! What exists in a project's directory under the names that are ours. The directory is opened once, and
//! locked, before anything is decided.
//!
//! A file in `.trust/` is ours if its name ends in the digest of its contents. What has such a name and other
//! contents was changed; everything else is foreign.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::File;
use std::path::{Path, PathBuf};

use crate::compose::layout::{DIGITS, ENV, IGNORE, OVERLAY, TRUST, file_name, has_header};
use crate::compose::setup::write::edited_file::{Text, failed};
use crate::sys::diagnostic::Diagnostic;
use crate::sys::dir::Directory;
use crate::sys::dir::replace::{DirectoryEntry, is_staged};
use crate::sys::quote;

/// Earlier versions kept a list of their files in it.
pub(crate) const MANIFEST: &str = "manifest.json";

/// A project's directory.
pub(crate) struct ProjectState {
    /// The directory.
    pub base: Directory,
    /// Our overlay, if it exists; the kind of what exists in its place, if that is foreign.
    pub overlay: Result<Option<Vec<u8>>, &'static str>,
    /// `.trust/`, if it exists; the kind of what exists in its place, if that is no directory.
    pub trust: Result<Option<TrustDirectory>, &'static str>,
    /// The directory, as it was named.
    path: PathBuf,
    _lock: Option<File>,
}

/// `.trust/` and its contents.
pub(crate) struct TrustDirectory {
    /// The directory.
    pub directory: Directory,
    /// Our files, and whether each is readable for all and writable for its owner alone.
    pub generated: BTreeMap<String, bool>,
    /// Files with a name like ours and other contents.
    pub changed: Vec<String>,
    /// All else.
    pub foreign: Vec<OsString>,
    /// Whether an earlier version's manifest is in it.
    pub has_manifest: bool,
}

impl ProjectState {
    /// Opens the directory `base`, waits until no other run works in it, and looks.
    pub(crate) fn open(base: &Path) -> Result<Self, Diagnostic> {
        let directory = base.canonicalize().and_then(|path| Directory::open(&path));
        let directory = directory.map_err(failed("use", base))?;
        let lock = directory.lock();
        let mut state = Self {
            base: directory,
            overlay: Ok(None),
            trust: Ok(None),
            path: base.to_path_buf(),
            _lock: lock,
        };
        state.overlay = match state.entry(OVERLAY)? {
            DirectoryEntry::Missing => Ok(None),
            DirectoryEntry::File(found) if has_header(&found.bytes) => Ok(Some(found.bytes)),
            DirectoryEntry::File(_) => Err("file"),
            DirectoryEntry::Other(kind) => Err(kind),
        };
        state.trust = match state.entry(TRUST)? {
            DirectoryEntry::Missing => Ok(None),
            DirectoryEntry::Other("directory") => Ok(Some(state.read_trust()?)),
            DirectoryEntry::Other(kind) => Err(kind),
            DirectoryEntry::File(_) => Err("file"),
        };
        Ok(state)
    }

    /// The path of `name`, as the user would write it.
    pub(crate) fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        if self.path == Path::new(".") || self.path == Path::new("") {
            return name.as_ref().to_path_buf();
        }
        self.path.join(name)
    }

    /// The path of the file `name` of `.trust/`, as the user would write it.
    pub(crate) fn inside(&self, name: impl AsRef<Path>) -> PathBuf {
        self.path(Path::new(TRUST).join(name))
    }

    /// Our overlay, if it exists.
    pub(crate) fn our_overlay(&self) -> Option<&[u8]> {
        self.overlay.as_ref().ok()?.as_deref()
    }

    /// `.trust/`, if it is a directory.
    pub(crate) fn trust_directory(&self) -> Option<&TrustDirectory> {
        self.trust.as_ref().ok()?.as_ref()
    }

    /// Reads the user's file `name`.
    pub(crate) fn text(&self, name: &str) -> Result<Text, Diagnostic> {
        Text::read(&self.base, name, &self.path(name))
    }

    /// The same; `None` if it is no regular file, and so has no block of ours.
    pub(crate) fn text_if_file(&self, name: &str) -> Result<Option<Text>, Diagnostic> {
        Text::read_if_file(&self.base, name, &self.path(name))
    }

    /// Removes what an interrupted run staged.
    pub(crate) fn tidy(&self) {
        // What cannot be removed is reported when it is in the way.
        if let Some(trust) = self.trust_directory() {
            let _ = trust.directory.unstage_all();
        }
        for text in [ENV, IGNORE].into_iter().filter_map(|name| self.text(name).ok()) {
            text.tidy();
        }
    }

    /// Opens `.trust/`, making it if it does not exist.
    pub(crate) fn make_trust(&self) -> Result<Directory, Diagnostic> {
        self.trust.as_ref().map_err(|kind| self.no_directory(kind))?;
        self.base.open_or_create(TRUST.as_ref()).map_err(failed("make", &self.path(TRUST)))
    }

    /// `.trust` is of another kind than a directory.
    pub(crate) fn no_directory(&self, kind: &str) -> Diagnostic {
        let cause = format!("it is a {kind}, not a directory");
        let used = Diagnostic::cannot("use", quote::path(&self.path(TRUST)));
        used.because(cause).advise("rename it")
    }

    /// Whether git tracks this directory: it has a `.gitignore`, or it or one above has `.git`.
    pub(crate) fn has_git(&self) -> bool {
        let exists = |path: PathBuf| path.symlink_metadata().is_ok();
        let path = self.base.path();
        exists(path.join(IGNORE)) || path.ancestors().any(|above| exists(above.join(".git")))
    }

    fn read_trust(&self) -> Result<TrustDirectory, Diagnostic> {
        let path = self.path(TRUST);
        let directory = self.base.open_in(TRUST.as_ref()).map_err(failed("read", &path))?;
        let names = directory.names().map_err(failed("read", &path))?;
        let mut trust = TrustDirectory {
            directory,
            generated: BTreeMap::new(),
            changed: Vec::new(),
            foreign: Vec::new(),
            has_manifest: false,
        };
        for name in names.into_iter().filter(|name| !is_staged(name)) {
            trust.add(name, &self.path(TRUST))?;
        }
        Ok(trust)
    }

    fn entry(&self, name: &str) -> Result<DirectoryEntry, Diagnostic> {
        self.base.entry(name.as_ref()).map_err(failed("read", &self.path(name)))
    }
}

impl TrustDirectory {
    /// Whether anything in it was made by a setup.
    pub(crate) fn has_ours(&self) -> bool {
        self.has_manifest || !self.generated.is_empty()
    }

    /// The names of what is not ours, or was changed.
    pub(crate) fn not_ours(&self) -> Vec<OsString> {
        self.foreign.iter().cloned().chain(self.changed.iter().map(OsString::from)).collect()
    }

    /// Whether something that is not ours, or was changed, is called `name`.
    pub(crate) fn holds(&self, name: &str) -> bool {
        self.changed.iter().any(|other| other == name)
            || self.foreign.iter().any(|other| other == name)
    }

    fn add(&mut self, name: OsString, path: &Path) -> Result<(), Diagnostic> {
        let ours = name.to_str().filter(|name| *name == MANIFEST || is_generated(name));
        let Some(ours) = ours.map(str::to_owned) else {
            self.foreign.push(name);
            return Ok(());
        };
        match self.directory.entry(&name).map_err(failed("read", &path.join(&name)))? {
            DirectoryEntry::File(found) if ours == MANIFEST && is_manifest(&found.bytes) => {
                self.has_manifest = true;
            }
            DirectoryEntry::File(found) if ours != MANIFEST => {
                if is_of(&ours, &found.bytes) {
                    self.generated.insert(ours, found.is_public());
                } else {
                    self.changed.push(ours);
                }
            }
            DirectoryEntry::Missing => {}
            DirectoryEntry::File(_) | DirectoryEntry::Other(_) => self.foreign.push(name),
        }
        Ok(())
    }
}

/// Whether `name` has the form of [`file_name`].
pub(crate) fn is_generated(name: &str) -> bool {
    parts(name).is_some()
}

/// The stem and the ending of a name that has the form of [`file_name`].
fn parts(name: &str) -> Option<(&str, &str)> {
    let (rest, ending) = name.rsplit_once('.')?;
    let (stem, digest) = rest.rsplit_once('-')?;
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    let is_digest = digest.len() == DIGITS && digest.bytes().all(is_digit);
    let is_plain = |text: &str| !text.is_empty() && !text.starts_with('.') && !text.contains('/');
    (is_digest && is_plain(stem) && is_plain(ending)).then_some((stem, ending))
}

/// Whether `name` is the name of a file of these contents.
fn is_of(name: &str, contents: &[u8]) -> bool {
    parts(name).is_some_and(|(stem, ending)| file_name(stem, ending, contents) == name)
}

/// Whether this is the list of files that an earlier version wrote.
fn is_manifest(bytes: &[u8]) -> bool {
    let tree: Option<serde_json::Value> = serde_json::from_slice(bytes).ok();
    tree.is_some_and(|tree| tree.get("format").is_some() && tree.get("generations").is_some())
}
