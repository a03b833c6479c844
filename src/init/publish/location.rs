//! One location: a directory that serves, or why it does not.

use std::ffi::OsStr;
use std::fmt::{self, Display};
use std::io;
use std::path::Path;

use nix::errno::Errno;
use nix::unistd::{AccessFlags, access, geteuid};

use crate::init::mounts;
use crate::init::publish::files::{Paths, PublishOptions, PublishedFile, directory_name, paths};
use crate::sys::diagnostic::Diagnostic;
use crate::sys::dir::{DIRECTORY_MODE, Directory, ExistingFile};
use crate::sys::output;
use crate::sys::quote;
use crate::trust::source::Named;

/// Why a directory does not serve.
#[derive(Debug)]
pub(crate) enum LocationError {
    /// The system refuses.
    System(io::Error),
    /// It is a symbolic link, or no directory.
    NotADirectory,
    /// Another user owns the directory.
    Foreign { uid: u32 },
    /// Others may write to it, and replace what they did not make.
    Open { mode: u32 },
    /// A file of that name exists already, and another user owns it.
    Planted { name: String, uid: u32 },
    /// It exists already, with other contents or another mode.
    Differs { name: String },
}

impl Display for LocationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let us = geteuid();
        match self {
            Self::System(error) => f.write_str(&output::cause(error)),
            Self::NotADirectory => f.write_str("it is not a directory, or only a link to one"),
            Self::Foreign { uid } => {
                write!(f, "it belongs to uid {uid}, neither root nor uid {us}")
            }
            Self::Open { mode } => {
                write!(f, "others can replace what is in it (mode {mode:04o}, no sticky bit)")
            }
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
    /// Whether it may be an attack.
    pub(crate) fn is_suspicious(&self) -> bool {
        matches!(self, Self::Planted { .. } | Self::Differs { .. } | Self::Open { .. })
    }

    /// The failure to publish in `directory`, named by `origin`.
    pub(crate) fn diagnostic(&self, named: &Named) -> Diagnostic {
        Diagnostic::cannot("publish", format!("the bundle in {}", quote::path(&named.path)))
            .named(named.origin)
            .because(self)
            .advise(self.fix())
    }

    /// What to do about it.
    pub(crate) fn fix(&self) -> &'static str {
        match self {
            Self::System(_) => "make it writable for this uid, or name another directory",
            Self::NotADirectory => "name the directory itself",
            Self::Foreign { .. } => "let root or this uid own it, or name another directory",
            Self::Open { .. } => "set the sticky bit (chmod +t), or take write away from others",
            Self::Planted { .. } => "find out who put it there, and remove it",
            Self::Differs { .. } => "find out who changed it, and remove it",
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

/// `/run/trust-init` and the way there, as far as they exist. No other user can replace what is in any
/// of these directories, but in the last one where that is the user's choice.
#[derive(Debug)]
pub(crate) struct DefaultDirectory<'a> {
    path: &'a Path,
    deepest: Directory,
    missing: Vec<&'a OsStr>,
    is_open: bool,
}

impl<'a> DefaultDirectory<'a> {
    /// Opens what exists of `path`, whose last part every user may write to if the user named it
    /// (`is_named`): as a Kubernetes emptyDir it may be all there is.
    ///
    /// # Errors
    /// When something of it cannot be opened, or is not safe.
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
            // Replacing a directory on the way replaces what is below it.
            match is_safe(&deepest) {
                Err(LocationError::Open { .. }) if is_named && names.peek().is_none() => {
                    is_open = true
                }
                judged => judged?,
            }
        }
        Ok(Self { path, deepest, missing, is_open })
    }

    /// Whether every user may write to it.
    pub(crate) fn is_open(&self) -> bool {
        self.is_open
    }

    /// Whether all of it is there.
    pub(crate) fn exists(&self) -> bool {
        self.missing.is_empty()
    }

    /// Makes what is missing: `/run` as well, in an image that has nothing.
    ///
    /// # Errors
    /// When a directory cannot be made, or is not safe because another user was faster.
    pub(crate) fn create(self) -> Result<Directory, LocationError> {
        let mut directory = self.deepest;
        for name in self.missing {
            directory = directory.open_or_create(name)?;
            is_safe(&directory)?;
        }
        Ok(directory)
    }
}

/// The files under their plain names, if all of them exist as they should: most starts are restarts.
pub(crate) fn find_existing(
    directory: &DefaultDirectory<'_>,
    files: &[PublishedFile<'_>],
) -> Option<Paths> {
    let DefaultDirectory { path, deepest, .. } = directory;
    let exists = |(_, name, pieces): &PublishedFile<'_>| matches!(deepest.existing_file(name, pieces), Ok(Some(existing)) if is_usable(&existing));
    (directory.exists() && files.iter().all(exists)).then(|| paths(path, files))
}

/// Whether a file is what would be written, and root's or ours. Root could change it in any case, so
/// root's serves every user.
fn is_usable(existing: &ExistingFile) -> bool {
    existing.is_same && (existing.uid == 0 || existing.uid == geteuid().as_raw())
}

/// The first location, with the plain names. They are taken where they are free or hold our bytes
/// already. Other contents are replaced only by the first process of a container, and only where
/// no other container can see the directory; else a directory of our own is made in it.
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

/// Whether the file at `path` was mounted there, or is in a directory that was mounted read-only,
/// and no process in this container can replace it. A link on the way could be any user's, and lead to
/// whatever else is mounted.
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

/// A directory that all users share: ours is made in it.
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

/// A directory that the user named, made if only its last part is missing, and whether every user
/// can write to it: that is the user's choice, as with a Kubernetes emptyDir.
pub(crate) fn write_named(
    path: &Path,
    own: &str,
    files: &[PublishedFile<'_>],
    dry: bool,
) -> Result<(Paths, bool), LocationError> {
    let directory = match (Directory::open(path), path.parent(), path.file_name()) {
        (Err(error), Some(parent), Some(name)) if error.kind() == io::ErrorKind::NotFound => {
            let parent = Directory::open(parent)?;
            if dry {
                return is_writable(&parent).map(|()| (paths(&path.join(own), files), false));
            }
            parent.open_or_create(name)?
        }
        (opened, ..) => opened?,
    };
    let is_open = match is_safe(&directory) {
        Err(LocationError::Open { .. }) => true,
        judged => judged.map(|()| false)?,
    };
    Ok((write_in_own_directory(&directory, own, files, dry)?, is_open))
}

/// Root or this uid owns it, and no other can replace what is in it.
fn is_safe(directory: &Directory) -> Result<(), LocationError> {
    let (uid, mode) = directory.owner_and_mode()?;
    if uid != 0 && uid != geteuid().as_raw() {
        Err(LocationError::Foreign { uid })
    } else if mode & 0o022 != 0 && mode & 0o1000 == 0 {
        Err(LocationError::Open { mode })
    } else {
        Ok(())
    }
}

/// Our own directory below `parent`. Whatever is in it must be ours in owner, mode and every
/// byte: its name is made from its contents, so nothing else has a right to be there.
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
    // One that another of us has just made may still have the mode that its umask left.
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
