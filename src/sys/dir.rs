//! Atomic file writes. The only module that creates, renames or deletes files.
//!
//! All names are resolved against the descriptor of an open directory, never again from the root, so the
//! directory cannot be swapped between two steps. A link as the last component is never followed, and modes
//! are set by fchmod, whatever the umask.

#[cfg(feature = "tools")]
pub(crate) mod lock;
pub mod owners;
pub(crate) mod replace;
#[cfg(feature = "tools")]
pub(crate) mod transaction;

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, IoSlice, Write as _};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, AtFlags, OFlag, openat, renameat};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::stat::{FileStat, Mode, SFlag, fchmod, fstat, fstatat, mkdirat};
use nix::unistd::{UnlinkatFlags, close, geteuid, unlinkat};

/// The mode of a directory that all users may read and only its owner may change.
pub const DIRECTORY_MODE: Mode = Mode::from_bits_truncate(0o755);
/// The mode of a file that all users may read and only its owner may change.
pub const FILE_MODE: Mode = Mode::from_bits_truncate(0o644);

/// The mode of a file that only its owner may read.
pub const PRIVATE_MODE: Mode = Mode::from_bits_truncate(0o600);
/// The prefix of the names of unfinished files and directories.
pub const OWN_PREFIX: &str = ".trust-compose-";

/// An open directory.
#[derive(Debug)]
pub struct Directory {
    fd: OwnedFd,
    path: PathBuf,
}

/// An existing file.
#[derive(Debug)]
pub struct ExistingFile {
    /// Its owner.
    pub uid: u32,
    /// Whether it is a regular file with [`FILE_MODE`] and exactly the expected contents.
    pub is_same: bool,
}

impl Directory {
    /// Opens `path`, whose last component must not be a link.
    ///
    /// # Errors
    /// As open(2).
    pub fn open(path: &Path) -> io::Result<Self> {
        let flags = OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        let fd = uninterrupted(|| openat(AT_FDCWD, path, flags, Mode::empty()))?;
        Ok(Self { fd, path: path.to_path_buf() })
    }

    /// Opens the directory `name` in this one, and creates it if it does not exist.
    ///
    /// # Errors
    /// As mkdir(2) and open(2).
    pub fn open_or_create(&self, name: &OsStr) -> io::Result<Self> {
        match mkdirat(&self.fd, name, DIRECTORY_MODE) {
            Ok(()) => {
                let directory = self.open_in(name)?;
                directory.make_public(|_| false)?;
                Ok(directory)
            }
            Err(Errno::EEXIST) => self.open_in(name),
            // mkdir also fails with EROFS or EACCES for an existing directory, which may be usable.
            Err(error) => self.open_in(name).map_err(|_| error.into()),
        }
    }

    /// Sets [`DIRECTORY_MODE`], if all entries are `is_ours`: a user who may rename entries of the parent can
    /// move a private directory to this name.
    ///
    /// # Errors
    /// As getdents(2) and fchmod(2); ENOTEMPTY if it contains another entry.
    pub fn make_public(&self, is_ours: impl Fn(&[u8]) -> bool) -> io::Result<()> {
        let (_, mode) = self.owner_and_mode()?;
        if mode == bits(DIRECTORY_MODE.bits()) {
            return Ok(());
        }
        for entry in rustix::fs::Dir::read_from(&self.fd)? {
            let entry = entry?;
            let name = entry.file_name().to_bytes();
            if name != b"." && name != b".." && !is_ours(name) {
                return Err(Errno::ENOTEMPTY.into());
            }
        }
        Ok(uninterrupted(|| fchmod(&self.fd, DIRECTORY_MODE))?)
    }

    /// Opens the directory `name` in this one.
    ///
    /// # Errors
    /// As open(2).
    pub fn open_in(&self, name: &OsStr) -> io::Result<Self> {
        let flags = OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        let fd = uninterrupted(|| openat(&self.fd, name, flags, Mode::empty()))?;
        Ok(Self { fd, path: self.path.join(name) })
    }

    /// The path that it was opened by.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its owner and permission bits.
    ///
    /// # Errors
    /// As fstat(2).
    pub fn owner_and_mode(&self) -> io::Result<(u32, u32)> {
        let found = fstat(&self.fd)?;
        Ok((found.st_uid, bits(found.st_mode) & 0o7777))
    }

    /// Locks it until the returned file is dropped, and waits for other runs. `None` on a file system without
    /// locks.
    pub fn lock(&self) -> Option<File> {
        let file = File::from(self.fd.try_clone().ok()?);
        file.lock().ok().map(|()| file)
    }

    /// Compares the file `name` with `pieces`, one after the other; `None` if it does not exist. A link, a
    /// socket or an unreadable file of another uid counts as existing with other contents.
    ///
    /// # Errors
    /// As open(2) and read(2); ELOOP for a link that root or this uid owns.
    pub fn existing_file(&self, name: &str, pieces: &[&[u8]]) -> io::Result<Option<ExistingFile>> {
        let flags = OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC | OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
        let fd = match uninterrupted(|| openat(&self.fd, name, flags, Mode::empty())) {
            Ok(fd) => fd,
            Err(Errno::ENOENT) => return Ok(None),
            Err(error @ (Errno::ELOOP | Errno::ENXIO | Errno::EACCES)) => {
                let uid = fstatat(&self.fd, name, AtFlags::AT_SYMLINK_NOFOLLOW)?.st_uid;
                let is_planted = uid != 0 && uid != geteuid().as_raw();
                let planted = is_planted.then_some(ExistingFile { uid, is_same: false });
                return planted.map(Some).ok_or_else(|| error.into());
            }
            Err(error) => return Err(error.into()),
        };
        let found = fstat(&fd)?;
        let is_same = is_regular(&found)
            && bits(found.st_mode) & 0o7777 == bits(FILE_MODE.bits())
            && usize::try_from(found.st_size) == Ok(pieces.iter().map(|piece| piece.len()).sum())
            && contains_exactly(File::from(fd), pieces)?;
        Ok(Some(ExistingFile { uid: found.st_uid, is_same }))
    }

    /// Writes `pieces` to the file `name`, and replaces an existing one.
    ///
    /// # Errors
    /// As open(2), write(2) and rename(2). The existing file is then unchanged.
    pub fn replace(&self, name: &str, pieces: &[&[u8]]) -> io::Result<()> {
        let (temporary, fd) = self.temporary(name)?;
        let written = uninterrupted(|| fchmod(&fd, FILE_MODE))
            .map_err(io::Error::from)
            .and_then(|()| write(File::from(fd), pieces))
            .and_then(|()| {
                renameat(&self.fd, temporary.as_str(), &self.fd, name).map_err(io::Error::from)
            });
        if written.is_err() {
            // If this fails too, the first error is still the one to report.
            let _ = unlinkat(&self.fd, temporary.as_str(), UnlinkatFlags::NoRemoveDir);
        }
        written
    }

    /// Creates a file with a hidden name. Process ids repeat between containers that share a volume, so the
    /// name contains the time; O_EXCL detects what still collides.
    fn temporary(&self, name: &str) -> io::Result<(String, OwnedFd)> {
        let flags = OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_WRONLY | OFlag::O_CLOEXEC;
        let mut attempts = 0;
        loop {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            let temporary = format!(".{name}.{}", now.as_nanos());
            let made = || openat(&self.fd, temporary.as_str(), flags, PRIVATE_MODE);
            match uninterrupted(made) {
                Ok(fd) => return Ok((temporary, fd)),
                Err(Errno::EEXIST) if attempts < 8 => attempts += 1,
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// The number of bytes that one call reads.
const BUFFER: usize = 32 << 10;

/// The number of pieces that one call writes (`IOV_MAX`, writev(2)).
const PIECES: usize = 1024;

/// Appends `text` to the file at `path` with one write, and creates it if it is missing. Never waits for a reader
/// of a named pipe.
///
/// # Errors
/// As open(2) and write(2).
pub fn append(path: &Path, text: &[u8]) -> io::Result<()> {
    let flags = OFlag::O_WRONLY | OFlag::O_APPEND | OFlag::O_CREAT | OFlag::O_CLOEXEC;
    let flags = flags | OFlag::O_NOCTTY | OFlag::O_NONBLOCK;
    let fd = uninterrupted(|| openat(AT_FDCWD, path, flags, FILE_MODE))?;
    write(File::from(fd), &[text])
}

/// Blocks SIGXFSZ, so that a write beyond the limit of file sizes fails instead of ending this process
/// (setrlimit(2), `RLIMIT_FSIZE`).
pub fn block_file_size_signal() {
    let _ = SigSet::from(Signal::SIGXFSZ).thread_block();
}

/// Repeats `call` for as long as a signal interrupts it (signal(7)).
fn uninterrupted<T>(mut call: impl FnMut() -> nix::Result<T>) -> nix::Result<T> {
    loop {
        match call() {
            Err(Errno::EINTR) => {}
            done => return done,
        }
    }
}

/// Writes `pieces` to `file`, without copying them.
///
/// # Errors
/// As writev(2) and close(2): a network file system may report only on close that it is full.
pub fn write(mut file: File, pieces: &[&[u8]]) -> io::Result<()> {
    let mut slices: Vec<_> = pieces.iter().map(|piece| IoSlice::new(piece)).collect();
    let mut rest = slices.as_mut_slice();
    IoSlice::advance_slices(&mut rest, 0);
    while !rest.is_empty() {
        match file.write_vectored(rest.get(..PIECES).unwrap_or(rest)) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => IoSlice::advance_slices(&mut rest, written),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    match close(file) {
        // It is closed in any case.
        Ok(()) | Err(Errno::EINTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Whether `file` contains exactly `pieces`: usually it does, because most starts are restarts.
///
/// # Errors
/// As read(2).
pub fn contains_exactly(file: File, pieces: &[&[u8]]) -> io::Result<bool> {
    let mut reader = BufReader::with_capacity(BUFFER, file);
    for piece in pieces {
        let mut rest = *piece;
        while !rest.is_empty() {
            let read = reader.fill_buf()?;
            let length = read.len().min(rest.len());
            let (Some(read), Some((expected, remaining))) =
                (read.get(..length), rest.split_at_checked(length))
            else {
                return Ok(false);
            };
            if read.is_empty() || read != expected {
                return Ok(false);
            }
            reader.consume(length);
            rest = remaining;
        }
    }
    Ok(reader.fill_buf()?.is_empty())
}

/// The bits of a mode, which is a narrower integer on macOS.
fn bits(mode: impl Into<u32>) -> u32 {
    mode.into()
}

fn is_regular(found: &FileStat) -> bool {
    found.st_mode & SFlag::S_IFMT.bits() == SFlag::S_IFREG.bits()
}
