//! Reads one regular file of a limited size.

use std::fmt::{self, Display};
use std::fs::{DirEntry, File, Metadata, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

use nix::fcntl::OFlag;

use crate::sys::output;

/// The limit for one file: 32 MiB, more than two hundred times the largest bundle of root certificates.
pub(crate) const FILE_LIMIT: u64 = 32 << 20;
/// The limit for all files together: 64 MiB.
pub(crate) const TOTAL_LIMIT: u64 = 64 << 20;

/// Why a file cannot be read.
#[derive(Debug)]
pub enum FileReadError {
    /// It does not exist.
    Missing,
    /// This uid has no permission.
    Denied { uid: u32, owner: Option<(u32, u32)> },
    /// It is a directory; Docker creates empty ones for missing mount sources.
    Directory { is_empty: bool },
    /// It is a device, socket or pipe.
    Special(&'static str),
    /// It is too large, alone or together with the other files. In bytes.
    TooLarge { limit: u64, together: bool },
    /// It is a directory with more entries than `limit`.
    TooMany { limit: usize },
    /// Another error of the system.
    System(io::Error),
}

impl FileReadError {
    /// Returns the cause of `error`, which opening `path` returned.
    pub(crate) fn new(path: &Path, error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Self::Missing,
            io::ErrorKind::PermissionDenied => {
                let owner = path.metadata().map(|found| (found.uid(), found.mode() & 0o7777)).ok();
                Self::Denied { uid: nix::unistd::geteuid().as_raw(), owner }
            }
            _ => match path.metadata() {
                Ok(found) if !found.is_file() && !found.is_dir() => {
                    Self::Special(kind_name(&found))
                }
                _ => Self::System(error),
            },
        }
    }
}

impl Display for FileReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("there is no such file or directory"),
            Self::Denied { uid, owner: Some((owner, mode)) } => {
                write!(f, "uid {uid} has no permission to read it (owner {owner}, mode {mode:04o})")
            }
            Self::Denied { uid, owner: None } => {
                write!(f, "uid {uid} has no permission to enter a directory above it")
            }
            Self::Directory { is_empty: true } => f.write_str(
                "it is an empty directory, which Docker creates if the file to mount is missing on \
                 the host",
            ),
            Self::Directory { is_empty: false } => f.write_str("it is a directory"),
            Self::Special(kind) => write!(f, "it is a {kind}, not a regular file"),
            Self::TooLarge { limit, together: false } => {
                write!(f, "it is larger than {} MiB", limit >> 20)
            }
            Self::TooLarge { limit, together: true } => {
                write!(f, "together with the files before it, it is more than {} MiB", limit >> 20)
            }
            Self::TooMany { limit } => {
                write!(f, "it contains more than {limit} files or folders")
            }
            Self::System(error) => f.write_str(&output::cause(error)),
        }
    }
}

/// Reads the regular file at `path`, and subtracts its size from `budget`, the bytes left for all files.
/// Opens it without blocking, so that a pipe without a writer does not delay a service.
///
/// # Errors
/// When it cannot be read, is not a regular file, or is too large.
pub(crate) fn read(path: &Path, budget: &mut u64) -> Result<Vec<u8>, FileReadError> {
    let flags = OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
    let opened = OpenOptions::new().read(true).custom_flags(flags.bits()).open(path);
    let file = opened.map_err(|error| FileReadError::new(path, error))?;
    let metadata = file.metadata().map_err(FileReadError::System)?;
    if metadata.is_dir() {
        return Err(FileReadError::Directory { is_empty: is_empty(path) });
    }
    if !metadata.is_file() {
        return Err(FileReadError::Special(kind_name(&metadata)));
    }
    let limit = FILE_LIMIT.min(*budget);
    let too_large = || {
        let together = limit < FILE_LIMIT;
        let limit = if together { TOTAL_LIMIT } else { FILE_LIMIT };
        FileReadError::TooLarge { limit, together }
    };
    if metadata.len() > limit {
        return Err(too_large());
    }
    // The file may grow while it is read.
    let bytes = read_up_to(file, &metadata, limit).map_err(FileReadError::System)?;
    let size = Some(bytes.len() as u64).filter(|size| *size <= limit).ok_or_else(too_large)?;
    *budget -= size;
    Ok(bytes)
}

/// Reads at most one byte more than `limit`, which shows that the file is too large. Usually needs one call:
/// the buffer is one byte longer than the reported size, so a shorter read was the whole file. Files in
/// `/proc` report the size 0.
fn read_up_to(mut file: File, metadata: &Metadata, limit: u64) -> io::Result<Vec<u8>> {
    let expected = usize::try_from(metadata.len().min(limit)).unwrap_or_default();
    let mut bytes = vec![0; expected + 1];
    let length = loop {
        match file.read(&mut bytes) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            read => break read?,
        }
    };
    bytes.truncate(length);
    if length != expected || length == 0 {
        let rest = (limit + 1).saturating_sub(length as u64);
        file.take(rest).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

/// Returns the kind of `path`, if it is neither a regular file nor a directory; links are followed.
#[cfg(feature = "tools")]
pub(crate) fn special_kind(path: &Path) -> Option<&'static str> {
    let found = path.metadata().ok()?;
    (!found.is_file() && !found.is_dir()).then(|| kind_name(&found))
}

/// The name of the kind of a special file.
fn kind_name(metadata: &Metadata) -> &'static str {
    let kind = metadata.file_type();
    if kind.is_fifo() {
        "named pipe"
    } else if kind.is_socket() {
        "socket"
    } else {
        "device"
    }
}

/// Returns all entries of a directory.
///
/// # Errors
/// As opendir(3) and readdir(3).
pub(crate) fn entries(directory: &Path) -> io::Result<Vec<DirEntry>> {
    loop {
        match directory.read_dir() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            opened => return opened?.collect(),
        }
    }
}

fn is_empty(path: &Path) -> bool {
    entries(path).is_ok_and(|entries| entries.is_empty())
}
