//! A temporary directory that only its owner can read, removed when it is dropped.

use std::fs::Permissions;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use tempfile::TempDir;

use crate::sys::dir::OWN_PREFIX;

/// Creates a directory below `parent`, whose path is made absolute and free of links.
///
/// # Errors
/// As mkdir(2).
pub(crate) fn private_directory(parent: &Path) -> io::Result<TempDir> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(OWN_PREFIX).permissions(Permissions::from_mode(0o700));
    builder.tempdir_in(parent.canonicalize()?)
}
