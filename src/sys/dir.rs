//! A file reaches the disk whole or not at all. The only place that creates, renames or deletes.
//!
//! Everything happens below a directory that was opened once: names are resolved against that
//! descriptor, never again from the root, so the directory cannot be swapped between two steps.
//! Links in the last place are never followed, and modes are set by fchmod, whatever the umask.

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

/// A directory that others may look into and only its owner may change.
pub const DIRECTORY_MODE: Mode = Mode::from_bits_truncate(0o755);
/// A public file that only its owner may change.
pub const FILE_MODE: Mode = Mode::from_bits_truncate(0o644);

/// A file that only its owner may read.
pub const PRIVATE_MODE: Mode = Mode::from_bits_truncate(0o600);
/// What the names of unfinished things begin with.
pub const OWN: &str = ".trust-compose-";

/// An open directory.
#[derive(Debug)]
pub struct Directory {
    fd: OwnedFd,
    path: PathBuf,
}

/// A file that exists under some name.
#[derive(Debug)]
pub struct ExistingFile {
    /// Its owner.
    pub uid: u32,
    /// Whether it is a regular file, with our mode and exactly the contents asked about.
    pub is_same: bool,
}

impl Directory {
    /// Opens `path`, whose last part must not be a link.
    ///
    /// # Errors
    /// As open(2).
    pub fn open(path: &Path) -> io::Result<Self> {
        let flags = OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        let fd = uninterrupted(|| openat(AT_FDCWD, path, flags, Mode::empty()))?;
        Ok(Self { fd, path: path.to_path_buf() })
    }

    /// Opens the directory `name` in this one, making it if it is not there.
    ///
    /// # Errors
    /// As mkdir(2) and open(2).
    pub fn open_or_make(&self, name: &OsStr) -> io::Result<Self> {
        match mkdirat(&self.fd, name, DIRECTORY_MODE) {
            Ok(()) => {
                let directory = self.open_in(name)?;
                directory.open_up(|_| false)?;
                Ok(directory)
            }
            Err(Errno::EEXIST) => self.open_in(name),
            // An existing name answers EROFS or EACCES as well, and may serve as it is.
            Err(error) => self.open_in(name).map_err(|_| error.into()),
        }
    }

    /// Gives it the mode of a public directory, if it does not have that already and holds only what
    /// `is_ours`: who may rename entries above it can put something private under its name.
    ///
    /// # Errors
    /// As getdents(2) and fchmod(2); ENOTEMPTY where something else is in it.
    pub fn open_up(&self, is_ours: impl Fn(&[u8]) -> bool) -> io::Result<()> {
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

    /// Where it was opened.
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

    /// Waits until no other run works in it, for as long as what is returned lives. A file system
    /// that knows no locks does without.
    pub fn lock(&self) -> Option<File> {
        let file = File::from(self.fd.try_clone().ok()?);
        file.lock().ok().map(|()| file)
    }

    /// What exists under `name` and whether it holds `pieces`, one after the other; `None` if nothing does.
    /// Another uid's link or socket counts as existing, and so does an unreadable file.
    ///
    /// # Errors
    /// As open(2) and read(2); ELOOP for a link of root's or this uid's.
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
            && holds(File::from(fd), pieces)?;
        Ok(Some(ExistingFile { uid: found.st_uid, is_same }))
    }

    /// Puts a file of `pieces` under `name`, in place of the existing file.
    ///
    /// # Errors
    /// As open(2), write(2) and rename(2). The existing file is then unchanged.
    pub fn place(&self, name: &str, pieces: &[&[u8]]) -> io::Result<()> {
        let (temporary, fd) = self.temporary(name)?;
        let written = uninterrupted(|| fchmod(&fd, FILE_MODE))
            .map_err(io::Error::from)
            .and_then(|()| write(File::from(fd), pieces))
            .and_then(|()| {
                renameat(&self.fd, temporary.as_str(), &self.fd, name).map_err(io::Error::from)
            });
        if written.is_err() {
            // Nothing better can be done if this fails too; the first error is the one to tell.
            let _ = unlinkat(&self.fd, temporary.as_str(), UnlinkatFlags::NoRemoveDir);
        }
        written
    }

    /// A new file under a hidden name. Process ids repeat between containers that share a volume,
    /// so the clock is in the name; O_EXCL settles the rest.
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

/// Bytes that are read in one call.
const BUFFER: usize = 32 << 10;

/// Pieces that are written in one call (`IOV_MAX`, writev(2)).
const PIECES: usize = 1024;

/// Has a write that is more than the limit of file sizes allows fail (setrlimit(2), `RLIMIT_FSIZE`), where it
/// would end this process.
pub fn outlive_limit() {
    let _ = SigSet::from(Signal::SIGXFSZ).thread_block();
}

/// The result of `call`, repeated for as long as a signal interrupts it (signal(7)).
fn uninterrupted<T>(mut call: impl FnMut() -> nix::Result<T>) -> nix::Result<T> {
    loop {
        match call() {
            Err(Errno::EINTR) => {}
            done => return done,
        }
    }
}

/// Writes `pieces` to `file`, from where they lie.
///
/// # Errors
/// As writev(2), and as close(2): a file system on the network may say only then that it is full.
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
        // It is closed anyway.
        Ok(()) | Err(Errno::EINTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Whether `file` holds exactly `pieces`. Most starts are restarts, and end here.
///
/// # Errors
/// As read(2).
pub fn holds(file: File, pieces: &[&[u8]]) -> io::Result<bool> {
    let mut reader = BufReader::with_capacity(BUFFER, file);
    for piece in pieces {
        let mut rest = *piece;
        while !rest.is_empty() {
            let read = reader.fill_buf()?;
            let length = read.len().min(rest.len());
            let (Some(read), Some((expected, behind))) =
                (read.get(..length), rest.split_at_checked(length))
            else {
                return Ok(false);
            };
            if read.is_empty() || read != expected {
                return Ok(false);
            }
            reader.consume(length);
            rest = behind;
        }
    }
    Ok(reader.fill_buf()?.is_empty())
}

/// The bits of a mode, which are a narrower number on macOS.
fn bits(mode: impl Into<u32>) -> u32 {
    mode.into()
}

fn is_regular(found: &FileStat) -> bool {
    found.st_mode & SFlag::S_IFMT.bits() == SFlag::S_IFREG.bits()
}
