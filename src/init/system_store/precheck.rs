//! Checks that only this container uses the image's store, and that trust-init may change it.

use std::ffi::OsStr;
use std::fmt::Display;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Component, Path, PathBuf};

use nix::errno::Errno;
use nix::unistd::{AccessFlags, access, geteuid};

use crate::init::mounts;
use crate::sys::diagnostic::Diagnostic;
use crate::sys::output;
use crate::sys::quote;

/// Links that one path may lead through (path_resolution(7)).
const LINKS: u8 = 40;

/// The error of changing `what`.
fn cannot_change(what: impl Display, cause: impl Display, fix: &str) -> Diagnostic {
    Diagnostic::cannot("change", what)
        .named("--install-store")
        .because(cause)
        .advise(fix)
        .advise("remove --install-store")
}

/// The error in an image without a store.
pub(crate) fn no_store() -> Diagnostic {
    let what = "the image's own store";
    cannot_change(what, "the image has none", "install ca-certificates in the image")
}

/// The error about the file at `path`.
pub(crate) fn failure(path: &Path, cause: impl Display, fix: &str) -> Diagnostic {
    cannot_change(quote::path(path), cause, fix)
}

/// The error of the system about `path`.
pub(crate) fn access_failure(path: &Path, error: &io::Error) -> Diagnostic {
    failure(path, output::cause(error), "make the container's own file system writable")
}

/// The error about a file of another user.
fn foreign(path: &Path, uid: u32) -> Diagnostic {
    let us = geteuid();
    let fix = if us.is_root() {
        "make root its owner in the image"
    } else {
        "start the container as root"
    };
    failure(path, format_args!("it belongs to uid {uid}, and trust-init runs as uid {us}"), fix)
}

/// Resolves all links of `path`; `None` if the target does not exist.
///
/// # Errors
/// When a link or directory of the path belongs neither to root nor to this uid: its owner could change the
/// target.
pub(crate) fn resolve(path: &Path) -> Result<Option<PathBuf>, Diagnostic> {
    resolve_at_most(path, LINKS)
}

fn resolve_at_most(path: &Path, links: u8) -> Result<Option<PathBuf>, Diagnostic> {
    let mut parts = path.components();
    let last = parts.next_back();
    let name = match last {
        Some(Component::Normal(name)) => name,
        Some(Component::ParentDir) => OsStr::new(".."),
        _ => return Ok(Some("/".into())),
    };
    let Some(mut real) = resolve_at_most(parts.as_path(), links)? else { return Ok(None) };
    if name == ".." {
        real.pop();
        return Ok(Some(real));
    }
    real.push(name);
    let found = match real.symlink_metadata() {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(access_failure(&real, &error)),
    };
    if found.uid() != 0 && found.uid() != geteuid().as_raw() {
        return Err(foreign(&real, found.uid()));
    }
    match real.read_link() {
        Ok(_) if links == 0 => Err(access_failure(&real, &Errno::ELOOP.into())),
        Ok(target) => {
            real.pop();
            resolve_at_most(&real.join(target), links - 1)
        }
        // Not a link.
        Err(error) if error.raw_os_error() == Some(Errno::EINVAL as i32) => Ok(Some(real)),
        Err(error) => Err(access_failure(&real, &error)),
    }
}

/// Checks, before any change, that the file at `path`, or the directory to create it in, is not mounted,
/// belongs to this uid and is writable.
///
/// # Errors
/// When one of these conditions is not met.
pub(crate) fn check_access(path: &Path) -> Result<(), Diagnostic> {
    let (mut at, mut directory) = (path, path);
    let found = loop {
        directory = directory.parent().unwrap_or(directory);
        match at.symlink_metadata() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => at = directory,
            found => break found.map_err(|error| access_failure(at, &error))?,
        }
    };
    let directory = if at == path { directory } else { at };
    if mounts::is_mounted(at) {
        let cause = "it is mounted, so other containers may use it too";
        Err(failure(at, cause, "remove that mount"))
    } else if found.uid() != geteuid().as_raw() {
        Err(foreign(at, found.uid()))
    } else {
        access(directory, AccessFlags::W_OK | AccessFlags::X_OK)
            .map_err(|error| access_failure(at, &error.into()))
    }
}
