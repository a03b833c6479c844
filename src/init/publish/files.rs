//! What is published and under which options: below the locations, which all share it.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::trust::fingerprint::Fingerprint;
use crate::trust::source::{Named, Roots};
use crate::trust::variables::TrustFile;

/// The directory that the variables name.
pub(crate) const DEFAULT_DIRECTORY: &str = "/run/trust-init";

/// How the names of our own directories in other locations begin.
pub(crate) const PREFIX: &str = "trust-init-";

/// What helps in a container in which nothing can be written.
pub(crate) const MOUNT_TMPFS: &str = "mount a tmpfs at /run/trust-init that this uid can write to";

/// How many digits of the digest are in a directory's name: 64 bits, and every byte is compared.
const DIGITS: usize = 16;

/// A file, its name, and its contents in pieces: the roots' text is never copied together.
pub(crate) type PublishedFile<'a> = (&'a TrustFile, String, Vec<&'a [u8]>);

/// Where each file is.
pub(crate) type Paths = Vec<(TrustFile, PathBuf)>;

/// The circumstances that decide where something is published.
#[derive(Debug)]
pub struct PublishOptions<'a> {
    /// The directory the user named.
    pub directory: Option<&'a Named>,
    /// The public roots asked for.
    pub roots: Roots,
    /// Whether this is the first process of a container. What runs beside a service (`docker exec`)
    /// must never change what that service trusts.
    pub is_first: bool,
    /// Whether publishing is all that was asked for, on behalf of others.
    pub prepares: bool,
    /// Whether to decide only.
    pub dry: bool,
}

/// The digest of everything that is published, names and contents. Not of the bundle alone: two
/// services can share a bundle and differ in what they pinned.
pub(crate) fn digest(files: &[PublishedFile<'_>]) -> String {
    let pieces = files.iter().flat_map(|(_, name, pieces)| {
        let name = std::iter::once(name.as_bytes());
        name.chain([&[0][..]]).chain(pieces.iter().copied()).chain([&[0][..]])
    });
    let mut digits = Fingerprint::of(pieces).to_string();
    digits.truncate(DIGITS);
    digits
}

/// The name of a directory of our own for `files`.
pub(crate) fn directory_name(files: &[PublishedFile<'_>]) -> String {
    format!("{PREFIX}{}-{}", nix::unistd::geteuid(), digest(files))
}

/// Whether [`directory_name`] makes names like the one of the directory that `path` is in.
pub(crate) fn is_in_own_directory(path: &Path) -> bool {
    let parent = path.parent().and_then(Path::file_name).and_then(OsStr::to_str);
    let parts = parent.and_then(|name| name.strip_prefix(PREFIX)?.split_once('-'));
    parts.is_some_and(|(uid, digest)| {
        uid.bytes().all(|byte| byte.is_ascii_digit()) && digest.len() == DIGITS
    })
}

/// `files` in `directory`.
pub(crate) fn paths(directory: &Path, files: &[PublishedFile<'_>]) -> Paths {
    files.iter().map(|(file, name, _)| ((*file).clone(), directory.join(name))).collect()
}
