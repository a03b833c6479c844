//! Reads our files in a project's directory. The directory is opened once, and locked, before any decision.
//!
//! A file in `.trust/` is ours if its name contains the digest of its contents. A file with such a name and
//! other contents was changed; every other file is foreign.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::File;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::unistd::{AccessFlags, access, geteuid};

use crate::compose::layout::{DIGITS, ENV, IGNORE, OVERLAY, TRUST, file_name, has_header};
use crate::compose::setup::write::edited_file::{UserFile, failed};
use crate::sys::diagnostic::Diagnostic;
use crate::sys::dir::Directory;
use crate::sys::dir::owners::Owners;
use crate::sys::dir::replace::{DirectoryEntry, is_staged};
use crate::sys::quote;

/// The list of files that earlier versions wrote.
pub(crate) const MANIFEST: &str = "manifest.json";

/// A project's directory.
pub(crate) struct ProjectState {
    /// The directory.
    pub base: Directory,
    /// Our overlay, if it exists; an error with the kind of file if it is foreign.
    pub overlay: Result<Option<Vec<u8>>, &'static str>,
    /// `.trust/`, if it exists; an error with the kind of file if it is not a directory.
    pub trust: Result<Option<TrustDirectory>, &'static str>,
    /// The directory, as the user named it.
    path: PathBuf,
    _lock: Option<File>,
}

/// `.trust/` and its contents.
pub(crate) struct TrustDirectory {
    /// The directory.
    pub directory: Directory,
    /// Our files, and whether each is readable for all users and writable only for its owner.
    pub generated: BTreeMap<String, bool>,
    /// Files whose names contain another digest than that of their contents.
    pub changed: Vec<String>,
    /// All other files.
    pub foreign: Vec<OsString>,
    /// Whether it contains the manifest of an earlier version.
    pub has_manifest: bool,
}

impl ProjectState {
    /// Opens and locks the directory `base`, after other runs have released it, and reads it.
    pub(crate) fn open(base: &Path) -> Result<Self, Diagnostic> {
        let directory = base.canonicalize().and_then(|path| Directory::open(&path));
        let directory = directory.map_err(failed("use", base))?;
        let lock = directory.lock_in_time()?;
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

    /// Returns the path of `name`, for messages.
    pub(crate) fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        if self.path == Path::new(".") || self.path == Path::new("") {
            return name.as_ref().to_path_buf();
        }
        self.path.join(name)
    }

    /// Returns the path of the file `name` in `.trust/`, for messages.
    pub(crate) fn trust_path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.path(Path::new(TRUST).join(name))
    }

    /// Returns our overlay, if it exists.
    pub(crate) fn our_overlay(&self) -> Option<&[u8]> {
        self.overlay.as_ref().ok()?.as_deref()
    }

    /// Returns `.trust/`, if it is a directory.
    pub(crate) fn trust_directory(&self) -> Option<&TrustDirectory> {
        self.trust.as_ref().ok()?.as_ref()
    }

    /// Reads the user's file `name`.
    pub(crate) fn user_file(&self, name: &str) -> Result<UserFile, Diagnostic> {
        UserFile::read(&self.base, name, &self.path(name))?
    }

    /// Reads the user's file `name`; `None` if it is not a regular file, and so cannot contain our block.
    pub(crate) fn user_file_if_regular(&self, name: &str) -> Result<Option<UserFile>, Diagnostic> {
        Ok(UserFile::read(&self.base, name, &self.path(name))?.ok())
    }

    /// Removes the files that an interrupted run staged.
    pub(crate) fn remove_staged(&self) {
        // A file that cannot be removed is reported when it conflicts.
        if let Some(trust) = self.trust_directory() {
            let _ = trust.directory.unstage_all();
        }
        for file in [ENV, IGNORE].into_iter().filter_map(|name| self.user_file(name).ok()) {
            file.remove_staged();
        }
    }

    /// Opens `.trust/`, and creates it if it is missing.
    pub(crate) fn open_or_create_trust(&self) -> Result<Directory, Diagnostic> {
        self.trust.as_ref().map_err(|kind| self.not_a_directory(kind))?;
        self.base.open_or_create(TRUST.as_ref()).map_err(failed("create", &self.path(TRUST)))
    }

    /// Checks that this user may change the entries of the project's directory and of `.trust/`: `remove` must fail
    /// before its first change if another user, such as root, ran `setup`.
    pub(crate) fn check_writable(&self) -> Result<(), Diagnostic> {
        let Some(trust) = self.trust_directory() else { return Ok(()) };
        for (directory, path) in
            [(&self.base, self.path.clone()), (&trust.directory, self.path(TRUST))]
        {
            let is_denied = access(directory.path(), AccessFlags::W_OK) == Err(Errno::EACCES);
            let (owner, _) = directory.owner_and_mode().map_err(failed("read", &path))?;
            if is_denied {
                let cause =
                    format!("it belongs to uid {owner}, and uid {} may not write to it", geteuid());
                return Err(Diagnostic::cannot("change", quote::path(&path))
                    .because(cause)
                    .advise("run this again as that user; with sudo if setup ran with sudo"));
            }
        }
        Ok(())
    }

    /// Returns the error that `.trust` is a `kind`, not a directory.
    pub(crate) fn not_a_directory(&self, kind: &str) -> Diagnostic {
        let cause = format!("it is a {kind}, not a directory");
        let used = Diagnostic::cannot("use", quote::path(&self.path(TRUST)));
        used.because(cause).advise("rename it")
    }

    /// Whether this is a git repository: a `.gitignore` is here, or `.git` is here or above.
    pub(crate) fn has_git(&self) -> bool {
        let exists = |path: PathBuf| path.symlink_metadata().is_ok();
        let path = self.base.path();
        exists(path.join(IGNORE)) || path.ancestors().any(|above| exists(above.join(".git")))
    }

    fn read_trust(&self) -> Result<TrustDirectory, Diagnostic> {
        let path = self.path(TRUST);
        let directory = self.base.open_in(TRUST.as_ref()).map_err(failed("read", &path))?;
        let (owner, _) = directory.owner_and_mode().map_err(failed("read", &path))?;
        if !Owners::of_process().of_project(self.base.path()).contains(owner) {
            // That user could replace the CAs that the overlay mounts.
            let cause = format!("it belongs to uid {owner}, who does not own the project");
            return Err(Diagnostic::cannot("use", quote::path(&path))
                .because(cause)
                .advise("find out why that user created it, and remove it"));
        }
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
    /// Whether it contains files of a setup.
    pub(crate) fn has_ours(&self) -> bool {
        self.has_manifest || !self.generated.is_empty()
    }

    /// Returns the names of foreign and changed files.
    pub(crate) fn not_ours(&self) -> Vec<OsString> {
        self.foreign.iter().cloned().chain(self.changed.iter().map(OsString::from)).collect()
    }

    /// Whether a foreign or changed file is named `name`.
    pub(crate) fn has_not_ours(&self, name: &str) -> bool {
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
                if has_digest_of(&ours, &found.bytes) {
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

/// Returns the stem and the extension of a name of the form of [`file_name`].
fn parts(name: &str) -> Option<(&str, &str)> {
    let (rest, extension) = name.rsplit_once('.')?;
    let (stem, digest) = rest.rsplit_once('-')?;
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    let is_digest = digest.len() == DIGITS && digest.bytes().all(is_digit);
    let is_plain = |text: &str| !text.is_empty() && !text.starts_with('.') && !text.contains('/');
    (is_digest && is_plain(stem) && is_plain(extension)).then_some((stem, extension))
}

/// Whether the digest in `name` is that of `contents`.
fn has_digest_of(name: &str, contents: &[u8]) -> bool {
    parts(name).is_some_and(|(stem, extension)| file_name(stem, extension, contents) == name)
}

/// Whether this is the manifest of an earlier version.
fn is_manifest(bytes: &[u8]) -> bool {
    let tree: Option<serde_json::Value> = serde_json::from_slice(bytes).ok();
    tree.is_some_and(|tree| tree.get("format").is_some() && tree.get("generations").is_some())
}
