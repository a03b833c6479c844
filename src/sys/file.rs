//! One file is read: a regular one, of a sane size, or words that say why not.

use std::fmt::{self, Display};
use std::fs::{DirEntry, File, Metadata, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

use nix::fcntl::OFlag;

use crate::sys::output;

/// What one file may hold: 32 MiB, more than two hundred times the largest root store.
pub(crate) const FILE_LIMIT: u64 = 32 << 20;
/// What all of them may hold together: 64 MiB.
pub(crate) const TOTAL_LIMIT: u64 = 64 << 20;

/// Why a path cannot be read.
#[derive(Debug)]
pub enum Problem {
    /// Nothing is there.
    Missing,
    /// Permission is denied to this uid.
    Denied { uid: u32, owner: Option<(u32, u32)> },
    /// A directory where a file was expected; empty ones are made by Docker.
    Directory { is_empty: bool },
    /// A device, socket or pipe.
    Special(&'static str),
    /// Too large, alone or together with the others.
    TooLarge { limit: u64, together: bool },
    /// A directory with too much in it.
    TooMany { limit: usize },
    /// Anything else the system says.
    System(io::Error),
}

impl Display for Problem {
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
                "it is an empty directory, which Docker makes where the file to mount is missing \
                 on the host",
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
                write!(f, "more than {limit} files or folders are in it")
            }
            Self::System(error) => f.write_str(&output::cause(error)),
        }
    }
}

/// Reads the regular file at `path`, of which at most `budget` bytes are left for all files.
/// Opened without blocking, so that a pipe without a writer does not hold up a service.
///
/// # Errors
/// When it cannot be read, is no regular file, or is too large.
pub(crate) fn read(path: &Path, budget: &mut u64) -> Result<Vec<u8>, Problem> {
    let flags = OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
    let opened = OpenOptions::new().read(true).custom_flags(flags.bits()).open(path);
    let file = opened.map_err(|error| problem(path, error))?;
    let metadata = file.metadata().map_err(Problem::System)?;
    if metadata.is_dir() {
        return Err(Problem::Directory { is_empty: is_empty(path) });
    }
    if !metadata.is_file() {
        return Err(Problem::Special(kind(&metadata)));
    }
    let limit = FILE_LIMIT.min(*budget);
    let too_large = || {
        let together = limit < FILE_LIMIT;
        let limit = if together { TOTAL_LIMIT } else { FILE_LIMIT };
        Problem::TooLarge { limit, together }
    };
    if metadata.len() > limit {
        return Err(too_large());
    }
    // It may grow meanwhile.
    let bytes = read_up_to(file, &metadata, limit).map_err(Problem::System)?;
    let size = Some(bytes.len() as u64).filter(|size| *size <= limit).ok_or_else(too_large)?;
    *budget -= size;
    Ok(bytes)
}

/// Reads one byte more than `limit` at most, which shows that there is more. Usually in one call: it has
/// room for a byte more than the file is said to have, so that what fits has been all of it. A size of
/// nothing says nothing, as in `/proc`.
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

/// What `error` on opening `path` means to its owner.
pub(crate) fn problem(path: &Path, error: io::Error) -> Problem {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Problem::Missing,
        io::ErrorKind::PermissionDenied => {
            let owner = path.metadata().map(|found| (found.uid(), found.mode() & 0o7777)).ok();
            Problem::Denied { uid: nix::unistd::geteuid().as_raw(), owner }
        }
        _ => match path.metadata() {
            Ok(found) if !found.is_file() && !found.is_dir() => Problem::Special(kind(&found)),
            _ => Problem::System(error),
        },
    }
}

/// The kind of `path`, if it is neither a regular file nor a directory; links are followed.
#[cfg(feature = "tools")]
pub(crate) fn special(path: &Path) -> Option<&'static str> {
    let found = path.metadata().ok()?;
    (!found.is_file() && !found.is_dir()).then(|| kind(&found))
}

/// What is no regular file, by what it is called.
fn kind(metadata: &Metadata) -> &'static str {
    let kind = metadata.file_type();
    if kind.is_fifo() {
        "named pipe"
    } else if kind.is_socket() {
        "socket"
    } else {
        "device"
    }
}

/// All that is in a directory, or why that is not known.
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
