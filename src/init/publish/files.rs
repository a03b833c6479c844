//! The published files and the options of publishing, for all locations.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::trust::fingerprint::Fingerprint;
use crate::trust::source::{Named, Roots};
use crate::trust::variables::TrustFile;

/// The default directory of published files.
pub(crate) const DEFAULT_DIRECTORY: &str = "/run/trust-init";

/// The prefix of the directories of published files in other locations.
pub(crate) const PREFIX: &str = "trust-init-";

/// The fix for a container without a writable directory.
pub(crate) const MOUNT_TMPFS: &str = "mount a tmpfs at /run/trust-init that this uid can write to";

/// The number of digest digits in a directory's name: 64 bits suffice, because all contents are compared too.
const DIGITS: usize = 16;

/// A file, its name, and its contents in pieces: the text of the roots is not copied.
pub(crate) type PublishedFile<'a> = (&'a TrustFile, String, Vec<&'a [u8]>);

/// The path of each file.
pub(crate) type Paths = Vec<(TrustFile, PathBuf)>;

/// The options of publishing.
#[derive(Debug)]
pub struct PublishOptions<'a> {
    /// The directory that the user named.
    pub directory: Option<&'a Named>,
    /// The public roots that the user chose.
    pub roots: Roots,
    /// Whether this is the first process of a container. A process beside the service (`docker exec`) must
    /// never change what the service trusts.
    pub is_first: bool,
    /// Whether the run only publishes (`--prepare`), for other processes.
    pub prepares: bool,
    /// Whether only listed custom CAs may be trusted.
    pub is_listed: bool,
    /// Whether to plan only, without writing.
    pub dry: bool,
}

/// Returns the digest of the names and contents of all files: services with the same bundle may differ in
/// their pinned files.
pub(crate) fn digest(files: &[PublishedFile<'_>]) -> String {
    let pieces = files.iter().flat_map(|(_, name, pieces)| {
        let name = std::iter::once(name.as_bytes());
        name.chain([&[0][..]]).chain(pieces.iter().copied()).chain([&[0][..]])
    });
    let mut digits = Fingerprint::of(pieces).to_string();
    digits.truncate(DIGITS);
    digits
}

/// Returns the name of a directory for `files`.
pub(crate) fn directory_name(files: &[PublishedFile<'_>]) -> String {
    format!("{PREFIX}{}-{}", nix::unistd::geteuid(), digest(files))
}

/// Whether the directory of `path` has a name as [`directory_name`] returns it.
pub(crate) fn is_in_own_directory(path: &Path) -> bool {
    let parent = path.parent().and_then(Path::file_name).and_then(OsStr::to_str);
    let parts = parent.and_then(|name| name.strip_prefix(PREFIX)?.split_once('-'));
    parts.is_some_and(|(uid, digest)| {
        uid.bytes().all(|byte| byte.is_ascii_digit()) && digest.len() == DIGITS
    })
}

/// Returns the paths of `files` in `directory`.
pub(crate) fn paths(directory: &Path, files: &[PublishedFile<'_>]) -> Paths {
    files.iter().map(|(file, name, _)| ((*file).clone(), directory.join(name))).collect()
}
