//! One file takes the place of another in a directory that holds other people's files too.
//!
//! What is written first gets a name of its own, always the same one, so that the run after an
//! interrupted one knows what is worthless. A file that replaces the user's has its owner and
//! mode before its first byte, and is never more readable than that file on the way there.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::ffi::OsStrExt as _;

use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, openat, renameat};
use nix::sys::stat::{FileStat, Mode, SFlag, fchmod, fstat, fstatat};
use nix::unistd::{Gid, Uid, UnlinkatFlags, fchown, unlinkat};

use crate::sys::file::entries;

use crate::sys::dir::{Directory, FILE_MODE, OWN, PRIVATE_MODE, is_regular, uninterrupted, write};

/// The largest file that is read here: 32 MiB, a hundred times an overlay of a thousand services.
const LIMIT: u64 = 32 << 20;

/// What exists under a name.
#[derive(Debug)]
pub enum Entry {
    /// Nothing.
    Nothing,
    /// A regular file.
    File(Found),
    /// Something else, by what it is called.
    Other(&'static str),
}

/// A regular file.
#[derive(Debug)]
pub struct Found {
    /// Its contents.
    pub bytes: Vec<u8>,
    /// Its owner.
    pub uid: u32,
    /// Its group.
    pub gid: u32,
    /// Its permissions.
    pub mode: Mode,
}

/// How a new file looks from outside.
#[derive(Debug, Clone, Copy)]
pub enum Look<'a> {
    /// Readable for all, whatever the umask.
    Public,
    /// As any program would make it.
    Umask,
    /// As the file whose place it takes.
    Like(&'a Found),
}

/// A new file under its first name. It has its looks and no contents.
#[derive(Debug)]
pub struct Reserved {
    file: File,
    mode: Option<Mode>,
}

impl Directory {
    /// What exists under `name`, which is not followed if it is a link.
    ///
    /// # Errors
    /// As open(2) and read(2), and for a file above 32 MiB.
    pub fn entry(&self, name: &OsStr) -> io::Result<Entry> {
        let flags = OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC | OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
        let kind = match fstatat(&self.fd, name, AtFlags::AT_SYMLINK_NOFOLLOW) {
            Ok(found) => kind(&found),
            Err(Errno::ENOENT) => return Ok(Entry::Nothing),
            Err(error) => return Err(error.into()),
        };
        if let Some(kind) = kind {
            return Ok(Entry::Other(kind));
        }
        let fd = uninterrupted(|| openat(&self.fd, name, flags, Mode::empty()))?;
        let stat = fstat(&fd)?;
        if !is_regular(&stat) {
            return Err(io::Error::other("it is replaced while it is read"));
        }
        let mut bytes = Vec::new();
        File::from(fd).take(LIMIT + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > LIMIT {
            return Err(io::Error::other(format!("it is larger than {} MiB", LIMIT >> 20)));
        }
        let mode = Mode::from_bits_truncate(stat.st_mode);
        Ok(Entry::File(Found { bytes, uid: stat.st_uid, gid: stat.st_gid, mode }))
    }

    /// The names in it, sorted.
    ///
    /// # Errors
    /// As opendir(3) and readdir(3).
    pub fn names(&self) -> io::Result<Vec<OsString>> {
        let entries = entries(&self.path)?;
        let mut names: Vec<_> = entries.iter().map(std::fs::DirEntry::file_name).collect();
        names.sort();
        Ok(names)
    }

    /// Makes an empty file here that is to take the place of one called `place`.
    ///
    /// # Errors
    /// As open(2), and as fchown(2) where the owner cannot be kept. Then nothing is left.
    pub fn reserve(&self, place: &OsStr, look: Look) -> io::Result<Reserved> {
        let name = own_name(place);
        let (first, mode) = match look {
            Look::Public => (PRIVATE_MODE, Some(FILE_MODE)),
            Look::Umask => (Mode::from_bits_truncate(0o666), None),
            Look::Like(found) => (found.mode & PRIVATE_MODE, Some(found.mode)),
        };
        let flags = OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_WRONLY | OFlag::O_CLOEXEC;
        let fd = uninterrupted(|| openat(&self.fd, name.as_os_str(), flags, first))?;
        if let Look::Like(found) = look {
            let own = fstat(&fd)?;
            let uid = (own.st_uid != found.uid).then(|| Uid::from_raw(found.uid));
            let gid = (own.st_gid != found.gid).then(|| Gid::from_raw(found.gid));
            if (uid.is_some() || gid.is_some())
                && let Err(error) = uninterrupted(|| fchown(&fd, uid, gid))
            {
                self.unlink(&name)?;
                return Err(error.into());
            }
        }
        Ok(Reserved { file: File::from(fd), mode })
    }

    /// Writes a file here that is to take the place of one called `place`.
    ///
    /// # Errors
    /// As open(2), write(2) and fsync(2).
    pub fn stage(&self, place: &OsStr, look: Look, bytes: &[u8]) -> io::Result<()> {
        self.reserve(place, look)?.fill(bytes)
    }

    /// Puts what was staged here for `place` into `directory`, in place of the existing `name`.
    ///
    /// # Errors
    /// As rename(2).
    pub fn put(&self, place: &OsStr, directory: &Directory, name: &OsStr) -> io::Result<()> {
        Ok(renameat(&self.fd, own_name(place).as_os_str(), &directory.fd, name)?)
    }

    /// Removes what was staged here for `place`, if anything was.
    ///
    /// # Errors
    /// As unlink(2).
    pub fn unstage(&self, place: &OsStr) -> io::Result<()> {
        self.unlink(&own_name(place))
    }

    /// Removes whatever was staged here, by this run or another.
    ///
    /// # Errors
    /// As readdir(3) and unlink(2).
    pub fn unstage_all(&self) -> io::Result<()> {
        self.names()?.iter().filter(|name| is_staged(name)).try_for_each(|name| self.unlink(name))
    }

    /// Removes the file or link `name`, if it is there.
    ///
    /// # Errors
    /// As unlink(2).
    pub fn unlink(&self, name: &OsStr) -> io::Result<()> {
        match unlinkat(&self.fd, name, UnlinkatFlags::NoRemoveDir) {
            Ok(()) | Err(Errno::ENOENT) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Removes the empty directory `name`. Whether it is gone: one that is not empty stays.
    ///
    /// # Errors
    /// As rmdir(2).
    pub fn remove_empty(&self, name: &OsStr) -> io::Result<bool> {
        match unlinkat(&self.fd, name, UnlinkatFlags::RemoveDir) {
            Ok(()) | Err(Errno::ENOENT) => Ok(true),
            Err(Errno::ENOTEMPTY | Errno::EEXIST) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

impl Found {
    /// Whether everybody may read it, and only its owner change it.
    pub fn is_public(&self) -> bool {
        self.mode == FILE_MODE
    }
}

impl Reserved {
    /// Writes its contents, down to the disk, and gives it its permissions.
    ///
    /// # Errors
    /// As write(2), fchmod(2) and fsync(2).
    pub fn fill(self, bytes: &[u8]) -> io::Result<()> {
        write(self.file.try_clone()?, &[bytes])?;
        if let Some(mode) = self.mode {
            uninterrupted(|| fchmod(&self.file, mode))?;
        }
        self.file.sync_all()
    }
}

/// Whether a file of this name is one that some run staged.
pub(crate) fn is_staged(name: &OsStr) -> bool {
    name.as_bytes().starts_with(OWN.as_bytes())
}

/// The first name of what is to take the place of a file called `place`.
fn own_name(place: &OsStr) -> OsString {
    let mut name = OsString::from(OWN);
    let place = place.as_bytes();
    name.push(OsStr::from_bytes(place.strip_prefix(b".").unwrap_or(place)));
    name
}

/// What is no regular file, by what it is called.
fn kind(found: &FileStat) -> Option<&'static str> {
    let kinds = [
        (SFlag::S_IFREG, None),
        (SFlag::S_IFLNK, Some("link")),
        (SFlag::S_IFDIR, Some("directory")),
        (SFlag::S_IFIFO, Some("named pipe")),
        (SFlag::S_IFSOCK, Some("socket")),
    ];
    let own = found.st_mode & SFlag::S_IFMT.bits();
    kinds.iter().find(|(flag, _)| flag.bits() == own).map_or(Some("device"), |(_, kind)| *kind)
}
