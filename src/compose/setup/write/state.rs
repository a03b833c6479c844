//! What stands in a project's directory under the names that are ours, looked at before anything is
//! decided. The directory is opened once, and locked.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::path::{Path, PathBuf};

use crate::compose::layout::has_header;
use crate::compose::setup::write::manifest::{self, Manifest};
use crate::compose::setup::write::{ENV, Error, IGNORE, OVERLAY, TRUST};
use crate::sys::dir::Directory;
use crate::sys::dir::replace::{Entry, is_staged};

/// A project's directory.
pub struct Places {
    /// The directory.
    pub base: Directory,
    /// What stands in the overlay's place.
    pub overlay: Overlay,
    /// What stands in the place of `.trust/`.
    pub trust: Trust,
    /// The directory, as it was named.
    path: PathBuf,
    _lock: Option<File>,
}

/// What stands in the overlay's place.
pub enum Overlay {
    /// Nothing.
    Nothing,
    /// A file with our header.
    Ours(Vec<u8>),
    /// Something else, by what it is called.
    Other(&'static str),
}

/// What stands in the place of `.trust/`.
pub enum Trust {
    /// Nothing.
    Nothing,
    /// A directory.
    Directory(Held),
    /// Something else, by what it is called.
    Other(&'static str),
}

/// `.trust/` and what it holds.
pub struct Held {
    /// The directory.
    pub directory: Directory,
    /// Its manifest, if it has one.
    pub manifest: Option<Manifest>,
    /// The names of what is neither listed in it nor left by an interrupted run.
    pub strange: Vec<OsString>,
}

impl Places {
    /// Opens the directory `base`, waits until no other run works in it, and looks.
    ///
    /// # Errors
    /// When it cannot be read, or its manifest cannot be used.
    pub fn open(base: &Path) -> Result<Self, Error> {
        let failed = |error| Error::System { verb: "use", path: base.to_path_buf(), error };
        let directory = base.canonicalize().and_then(|path| Directory::open(&path));
        let directory = directory.map_err(failed)?;
        let lock = directory.lock();
        let mut places = Self {
            base: directory,
            overlay: Overlay::Nothing,
            trust: Trust::Nothing,
            path: base.to_path_buf(),
            _lock: lock,
        };
        places.overlay = match places.entry(&places.base, OVERLAY)? {
            Entry::Nothing => Overlay::Nothing,
            Entry::File(found) if has_header(&found.bytes) => Overlay::Ours(found.bytes),
            Entry::File(_) => Overlay::Other("file"),
            Entry::Other(kind) => Overlay::Other(kind),
        };
        places.trust = match places.entry(&places.base, TRUST)? {
            Entry::Nothing => Trust::Nothing,
            Entry::Other("directory") => Trust::Directory(places.held()?),
            Entry::Other(kind) => Trust::Other(kind),
            Entry::File(_) => Trust::Other("file"),
        };
        Ok(places)
    }

    /// Where `name` is, as the user would say it.
    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        if self.path == Path::new(".") || self.path == Path::new("") {
            return name.as_ref().to_path_buf();
        }
        self.path.join(name)
    }

    /// Where the file `name` of `.trust/` is, as the user would say it.
    pub fn inside(&self, name: impl AsRef<Path>) -> PathBuf {
        self.path(Path::new(TRUST).join(name))
    }

    /// The manifest, if there is one.
    pub fn manifest(&self) -> Option<&Manifest> {
        match &self.trust {
            Trust::Directory(held) => held.manifest.as_ref(),
            Trust::Nothing | Trust::Other(_) => None,
        }
    }

    /// The names of what is in `.trust/` and not ours.
    pub fn strange(&self) -> &[OsString] {
        match &self.trust {
            Trust::Directory(held) => &held.strange,
            Trust::Nothing | Trust::Other(_) => &[],
        }
    }

    /// What stands under `name` in `.trust/`.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn content(&self, name: &str) -> Result<Entry, Error> {
        let Trust::Directory(held) = &self.trust else { return Ok(Entry::Nothing) };
        held.directory.entry(name.as_ref()).map_err(Error::system("read", self.inside(name)))
    }

    /// Whether the file `name` of `.trust/` has one of these digests; `None` if it is not there.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn is_unchanged(&self, name: &str, digests: &[&str]) -> Result<Option<bool>, Error> {
        Ok(match self.content(name)? {
            Entry::Nothing => None,
            Entry::File(found) => Some(digests.contains(&&*manifest::digest(&found.bytes))),
            Entry::Other(_) => Some(false),
        })
    }

    /// Removes what an interrupted run staged.
    pub fn tidy(&self) {
        // What cannot be removed is told when it is in the way.
        if let Trust::Directory(held) = &self.trust {
            let _ = held.directory.unstage_all();
        }
        for text in [ENV, IGNORE].into_iter().filter_map(|name| self.text(name).ok()) {
            text.tidy();
        }
    }

    /// Opens `.trust/`, making it if it is not there.
    ///
    /// # Errors
    /// When something else stands there, or it cannot be made.
    pub fn make_trust(&self) -> Result<Directory, Error> {
        let path = || self.path(TRUST);
        if let Trust::Other(kind) = self.trust {
            return Err(Error::NoDirectory { path: path(), kind });
        }
        self.base.open_or_make(TRUST.as_ref()).map_err(Error::system("make", path()))
    }

    /// Whether git looks after this directory: it has a `.gitignore`, or it or one above has `.git`.
    pub fn has_git(&self) -> bool {
        let stands = |path: PathBuf| path.symlink_metadata().is_ok();
        let path = self.base.path();
        stands(path.join(".gitignore")) || path.ancestors().any(|above| stands(above.join(".git")))
    }

    fn held(&self) -> Result<Held, Error> {
        let path = self.path(TRUST);
        let directory = self.base.open_in(TRUST.as_ref());
        let directory = directory.map_err(Error::system("read", path.clone()))?;
        let manifest_path = self.inside(manifest::NAME);
        let manifest = match directory.entry(manifest::NAME.as_ref()) {
            Ok(Entry::Nothing) => None,
            Ok(Entry::File(found)) => {
                let failed = |problem| Error::Manifest { path: manifest_path, problem };
                Some(Manifest::read(&found.bytes).map_err(failed)?)
            }
            Ok(Entry::Other(kind)) => {
                // Of a text, which may be a link, the word would say that it leads to nothing.
                let kind = if kind == "link" { "symbolic link" } else { kind };
                return Err(Error::NoFile { path: manifest_path, kind });
            }
            Err(error) => return Err(Error::System { verb: "read", path: manifest_path, error }),
        };
        let mut strange = directory.names().map_err(Error::system("read", path))?;
        let listed = manifest.as_ref().map(Manifest::files).unwrap_or_default();
        let is_listed = |name: &OsStr| name.to_str().is_some_and(|name| listed.contains_key(name));
        strange.retain(|name| name != manifest::NAME && !is_staged(name) && !is_listed(name));
        Ok(Held { directory, manifest, strange })
    }

    fn entry(&self, directory: &Directory, name: &str) -> Result<Entry, Error> {
        directory.entry(name.as_ref()).map_err(Error::system("read", self.path(name)))
    }
}
