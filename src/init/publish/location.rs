//! Checks one location and writes the files to it.

use std::ffi::OsStr;
use std::fmt::{self, Display};
use std::io;
use std::path::Path;

use nix::errno::Errno;
use nix::unistd::{AccessFlags, access, geteuid};

use crate::init::mounts;
use crate::init::publish::files::{Paths, PublishOptions, PublishedFile, directory_name, paths};
use crate::sys::diagnostic::Diagnostic;
use crate::sys::dir::owners::{Owners, Replaceable};
use crate::sys::dir::{DIRECTORY_MODE, Directory, ExistingFile};
use crate::sys::output;
use crate::sys::quote;
use crate::trust::source::Named;

/// Why a directory cannot be used.
#[derive(Debug)]
pub(crate) enum LocationError {
    /// An error of the system.
    System(io::Error),
    /// It is a symbolic link, or not a directory.
    NotADirectory,
    /// Other users can replace the directory's files.
    Replaceable(Replaceable),
    /// A file of that name exists and belongs to another user.
    Planted { name: String, uid: u32 },
    /// A file of that name exists, with other contents or another mode.
    Differs { name: String },
}

impl Display for LocationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let us = geteuid();
        match self {
            Self::System(error) => f.write_str(&output::cause(error)),
            Self::NotADirectory => f.write_str("it is not a directory, or only a link to one"),
            Self::Replaceable(why) => why.fmt(f),
            Self::Planted { name, uid } => {
                write!(f, "{} in it belongs to uid {uid}, not to uid {us}", quote::word(name))
            }
            Self::Differs { name } => {
                write!(f, "it already contains {}, with different contents", quote::word(name))
            }
        }
    }
}

impl LocationError {
    /// Whether it may be caused by an attack.
    pub(crate) fn is_suspicious(&self) -> bool {
        let is_open = matches!(self, Self::Replaceable(Replaceable::Open { .. }));
        is_open || matches!(self, Self::Planted { .. } | Self::Differs { .. })
    }

    /// Returns the error of publishing in the directory that the user named.
    pub(crate) fn diagnostic(&self, named: &Named) -> Diagnostic {
        Diagnostic::cannot("publish", format!("the bundle in {}", quote::path(&named.path)))
            .named(named.origin)
            .because(self)
            .advise(self.fix())
    }

    /// Returns the fix.
    pub(crate) fn fix(&self) -> &'static str {
        match self {
            Self::System(error) if error.kind() == io::ErrorKind::NotFound => {
                "create it, or name another directory"
            }
            Self::System(_) => "make it writable for this uid, or name another directory",
            Self::NotADirectory => "name the directory itself",
            Self::Replaceable(Replaceable::Foreign { .. }) => {
                "make root or this uid its owner, or name another directory"
            }
            Self::Replaceable(_) => {
                "set the sticky bit (chmod +t), or remove write permission for others"
            }
            Self::Planted { .. } => "find out why that user created it, and remove it",
            Self::Differs { .. } => "find out what changed it, and remove it",
        }
    }
}

impl From<io::Error> for LocationError {
    fn from(error: io::Error) -> Self {
        match error.raw_os_error().map(Errno::from_raw) {
            Some(Errno::ELOOP | Errno::ENOTDIR) => Self::NotADirectory,
            _ => Self::System(error),
        }
    }
}

/// `/run/trust-init` and its parents, as far as they exist. No other user can replace their entries, except
/// in the last one if the user named it.
#[derive(Debug)]
pub(crate) struct DefaultDirectory<'a> {
    path: &'a Path,
    deepest: Directory,
    missing: Vec<&'a OsStr>,
    is_open: bool,
}

impl<'a> DefaultDirectory<'a> {
    /// Opens the existing directories of `path`. If the user named it (`is_named`), the last one may be
    /// writable for all: a Kubernetes emptyDir is, and may be the only writable directory.
    ///
    /// # Errors
    /// When a directory cannot be opened, or is not safe.
    pub(crate) fn open(path: &'a Path, is_named: bool) -> Result<Self, LocationError> {
        let mut names = path.iter().skip(1).peekable();
        let mut deepest = Directory::open(Path::new("/"))?;
        let (mut missing, mut is_open) = (Vec::new(), false);
        while let Some(name) = names.next() {
            deepest = match deepest.open_in(name) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    missing.push(name);
                    missing.extend(names);
                    break;
                }
                opened => opened?,
            };
            // A user who can replace a parent can replace the directory.
            match is_safe(&deepest) {
                Err(LocationError::Replaceable(Replaceable::Open { .. }))
                    if is_named && names.peek().is_none() =>
                {
                    is_open = true;
                }
                result => result?,
            }
        }
        Ok(Self { path, deepest, missing, is_open })
    }

    /// Whether all users may write to it.
    pub(crate) fn is_open(&self) -> bool {
        self.is_open
    }

    /// Whether it exists.
    pub(crate) fn exists(&self) -> bool {
        self.missing.is_empty()
    }

    /// Creates the missing directories, including `/run` in an empty image.
    ///
    /// # Errors
    /// When a directory cannot be created, or is not safe because another user created it first.
    pub(crate) fn create(self) -> Result<Directory, LocationError> {
        let mut directory = self.deepest;
        for name in self.missing {
            directory = directory.open_or_create(name)?;
            is_safe(&directory)?;
        }
        Ok(directory)
    }
}

/// Returns the paths of the files with their plain names, if all exist unchanged: most starts are restarts.
pub(crate) fn find_existing(
    directory: &DefaultDirectory<'_>,
    files: &[PublishedFile<'_>],
) -> Option<Paths> {
    let DefaultDirectory { path, deepest, .. } = directory;
    let exists = |(_, name, pieces): &PublishedFile<'_>| matches!(deepest.existing_file(name, pieces), Ok(Some(existing)) if is_usable(&existing));
    (directory.exists() && files.iter().all(exists)).then(|| paths(path, files))
}

/// Whether a file has the contents and mode that would be written, and belongs to root or this uid. A file
/// of root is safe, because root can change any file.
fn is_usable(existing: &ExistingFile) -> bool {
    existing.is_same && (existing.uid == 0 || existing.uid == geteuid().as_raw())
}

/// Writes the files to the default directory, with their plain names. Files with other contents are replaced
/// only by the first process of a container (or `--prepare`), and only if the directory is not shared with
/// other containers; otherwise the files are written to a directory of their own in it.
pub(crate) fn write_default(
    default: DefaultDirectory<'_>,
    files: &[PublishedFile<'_>],
    options: &PublishOptions<'_>,
) -> Result<Paths, LocationError> {
    let path = default.path;
    if options.dry && !default.exists() {
        return is_writable(&default.deepest).map(|()| paths(path, files));
    }
    let own = || directory_name(files);
    let directory = default.create()?;
    let us = geteuid().as_raw();
    let mut stale = Vec::new();
    for (_, name, pieces) in files {
        match directory.existing_file(name, pieces)? {
            Some(existing) if is_usable(&existing) => {}
            Some(_) if mounts::is_mount_point(&path.join(name)) => {
                return write_in_own_directory(&directory, &own(), files, options.dry);
            }
            Some(ExistingFile { uid, .. }) if uid != us && uid != 0 => {
                return Err(LocationError::Planted { name: name.clone(), uid });
            }
            Some(_) if !options.prepares && (!options.is_first || mounts::is_mounted(path)) => {
                return write_in_own_directory(&directory, &own(), files, options.dry);
            }
            Some(_) | None => stale.push((name, pieces)),
        }
    }
    if options.dry && !stale.is_empty() {
        is_writable(&directory)?;
    } else {
        for (name, pieces) in stale {
            directory.replace(name, pieces)?;
        }
    }
    Ok(paths(path, files))
}

/// Whether the file at `path` is a mount or in a directory that is mounted read-only, and no process in this
/// container can replace it. Links are not followed: any user could own one, and choose another mount as its
/// target.
pub(crate) fn is_irreplaceable(path: &Path) -> bool {
    let (is_mounted, parent) = (mounts::is_mount_point(path), path.parent().unwrap_or(path));
    if !is_mounted && !mounts::is_read_only(parent) {
        return false;
    }
    let mut directory = Directory::open(Path::new("/"));
    parent.iter().skip(1).all(|name| {
        directory = directory
            .as_ref()
            .map_err(|_| io::ErrorKind::NotFound.into())
            .and_then(|it| it.open_in(name));
        directory.as_ref().is_ok_and(|it| {
            let holds_mount = is_mounted && it.path() == parent;
            holds_mount || mounts::is_read_only(it.path()) || is_safe(it).is_ok()
        })
    })
}

/// Writes the files to the directory `own` in one that all users share.
pub(crate) fn write_shared(
    path: &Path,
    own: &str,
    files: &[PublishedFile<'_>],
    dry: bool,
) -> Result<Paths, LocationError> {
    let directory = Directory::open(path)?;
    is_safe(&directory)?;
    write_in_own_directory(&directory, own, files, dry)
}

/// Writes the files to a directory that the user named, and creates it if only its last component is
/// missing. All users may be allowed to write to it: a Kubernetes emptyDir is such a directory.
pub(crate) fn write_named(
    path: &Path,
    own: &str,
    files: &[PublishedFile<'_>],
    dry: bool,
) -> Result<Paths, LocationError> {
    let directory = match (Directory::open(path), path.parent(), path.file_name()) {
        (Err(error), Some(parent), Some(name)) if error.kind() == io::ErrorKind::NotFound => {
            let parent = Directory::open(parent)?;
            if dry {
                return is_writable(&parent).map(|()| paths(&path.join(own), files));
            }
            parent.open_or_create(name)?
        }
        (opened, ..) => opened?,
    };
    match is_safe(&directory) {
        Ok(()) | Err(LocationError::Replaceable(Replaceable::Open { .. })) => {}
        Err(error) => return Err(error),
    }
    write_in_own_directory(&directory, own, files, dry)
}

/// Checks that root or this uid owns the directory, and no other user can replace its entries.
fn is_safe(directory: &Directory) -> Result<(), LocationError> {
    let why = Owners::of_process().check(directory)?;
    why.map_or(Ok(()), |why| Err(LocationError::Replaceable(why)))
}

/// Writes the files to the directory `own` in `parent`. An existing file must have the expected owner, mode
/// and contents: the directory's name contains a digest of them, so any difference is a manipulation.
fn write_in_own_directory(
    parent: &Directory,
    own: &str,
    files: &[PublishedFile<'_>],
    dry: bool,
) -> Result<Paths, LocationError> {
    let path = parent.path().join(own);
    if dry {
        return is_writable(parent).map(|()| paths(&path, files));
    }
    let differs = |error: io::Error| match error.raw_os_error().map(Errno::from_raw) {
        Some(Errno::ELOOP | Errno::ENOTDIR | Errno::ENOTEMPTY) => {
            LocationError::Differs { name: own.to_owned() }
        }
        _ => error.into(),
    };
    let directory = parent.open_or_create(OsStr::new(own)).map_err(differs)?;
    let (uid, mode) = directory.owner_and_mode()?;
    if uid != geteuid().as_raw() {
        return Err(LocationError::Planted { name: own.to_owned(), uid });
    }
    // Another trust-init may have just created it, with the mode that its umask gives.
    if mode & !DIRECTORY_MODE.bits() != 0 {
        return Err(LocationError::Differs { name: own.to_owned() });
    }
    let is_ours = |entry: &[u8]| {
        let entry = entry.strip_prefix(b".").unwrap_or(entry);
        files.iter().any(|(_, name, _)| entry.starts_with(name.as_bytes()))
    };
    directory.make_public(is_ours).map_err(differs)?;
    for (_, name, pieces) in files {
        match directory.existing_file(name, pieces)? {
            Some(existing) if existing.uid != uid => {
                return Err(LocationError::Planted { name: name.clone(), uid: existing.uid });
            }
            Some(existing) if existing.is_same => {}
            Some(_) => return Err(LocationError::Differs { name: name.clone() }),
            None => directory.replace(name, pieces)?,
        }
    }
    Ok(paths(&path, files))
}

fn is_writable(directory: &Directory) -> Result<(), LocationError> {
    let wanted = AccessFlags::W_OK | AccessFlags::X_OK;
    access(directory.path(), wanted).map_err(|error| LocationError::System(error.into()))
}
