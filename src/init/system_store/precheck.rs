//! Why the image's store is not changed: it is not this container's alone, or not ours.

use std::ffi::OsStr;
use std::fmt::{self, Display};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Component, Path, PathBuf};

use nix::errno::Errno;
use nix::unistd::{AccessFlags, access, geteuid};

use crate::init::mounts;
use crate::sys::output;
use crate::sys::quote;

/// Links that one path may lead through (path_resolution(7)).
const LINKS: u8 = 40;

/// The store cannot be changed.
pub struct Error {
    what: String,
    cause: String,
    fix: &'static str,
}

output::error_of_words!(Error);

impl Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, cause, fix } = self;
        write!(
            f,
            "cannot change {what} (--install-store): {cause}\nfix: {fix}, or leave --install-store out"
        )
    }
}

impl Error {
    /// There is none.
    pub fn nowhere() -> Self {
        let (what, cause) = ("the image's own store".to_owned(), "there is none".to_owned());
        Self { what, cause, fix: "install ca-certificates in the image" }
    }

    /// Something is wrong with `path`.
    pub fn at(path: &Path, cause: String, fix: &'static str) -> Self {
        Self { what: quote::path(path).to_string(), cause, fix }
    }

    /// The system refuses something about `path`.
    pub fn system(path: &Path, error: &io::Error) -> Self {
        Self::at(path, output::cause(error), "make the container's own file system writable")
    }

    /// `path` is somebody else's.
    fn foreign(path: &Path, uid: u32) -> Self {
        let us = geteuid();
        let fix = if us.is_root() {
            "give it to root in the image"
        } else {
            "start the container as root"
        };
        Self::at(path, format!("it belongs to uid {uid}, and trust-init runs as uid {us}"), fix)
    }
}

/// What is behind all links of `path`, if anything is.
///
/// # Errors
/// When a link or a directory on the way is neither root's nor ours: its owner decides what it leads to.
pub fn real(path: &Path) -> Result<Option<PathBuf>, Box<Error>> {
    behind(path, LINKS)
}

fn behind(path: &Path, links: u8) -> Result<Option<PathBuf>, Box<Error>> {
    let mut parts = path.components();
    let last = parts.next_back();
    let name = match last {
        Some(Component::Normal(name)) => name,
        Some(Component::ParentDir) => OsStr::new(".."),
        _ => return Ok(Some("/".into())),
    };
    let Some(mut real) = behind(parts.as_path(), links)? else { return Ok(None) };
    if name == ".." {
        real.pop();
        return Ok(Some(real));
    }
    real.push(name);
    let found = match real.symlink_metadata() {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Error::system(&real, &error).into()),
    };
    if found.uid() != 0 && found.uid() != geteuid().as_raw() {
        return Err(Error::foreign(&real, found.uid()).into());
    }
    match real.read_link() {
        Ok(_) if links == 0 => Err(Error::system(&real, &Errno::ELOOP.into()).into()),
        Ok(target) => {
            real.pop();
            behind(&real.join(target), links - 1)
        }
        // No link.
        Err(error) if error.raw_os_error() == Some(Errno::EINVAL as i32) => Ok(Some(real)),
        Err(error) => Err(Error::system(&real, &error).into()),
    }
}

/// Sees to it that the file at `path`, or the directory in which it is to be made, is this container's
/// alone and ours, before anything is changed.
///
/// # Errors
/// When it is not.
pub fn check(path: &Path) -> Result<(), Box<Error>> {
    let (mut at, mut directory) = (path, path);
    let found = loop {
        directory = directory.parent().unwrap_or(directory);
        match at.symlink_metadata() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => at = directory,
            found => break found.map_err(|error| Error::system(at, &error))?,
        }
    };
    let directory = if at == path { directory } else { at };
    if mounts::is_mounted(at) {
        let cause = "it is mounted, so it is not this container's alone".to_owned();
        Err(Error::at(at, cause, "mount nothing there").into())
    } else if found.uid() != geteuid().as_raw() {
        Err(Error::foreign(at, found.uid()).into())
    } else {
        access(directory, AccessFlags::W_OK | AccessFlags::X_OK)
            .map_err(|error| Error::system(at, &error.into()).into())
    }
}
