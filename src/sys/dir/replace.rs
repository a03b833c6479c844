//! Replaces files in a directory that also contains files of the user.
//!
//! A new file is staged under a fixed name of its own, so that the next run recognises and removes the rest
//! of an interrupted one. A file that replaces one of the user's gets its owner before the first byte, and
//! is never more readable than that file.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::ffi::OsStrExt as _;

use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, openat, renameat};
use nix::sys::stat::{FileStat, Mode, SFlag, fchmod, fstat, fstatat};
use nix::unistd::{Gid, Uid, UnlinkatFlags, fchown, unlinkat};

use crate::sys::dir::{
    Directory, FILE_MODE, OWN_PREFIX, PRIVATE_MODE, is_regular, uninterrupted, write,
};
use crate::sys::file::entries;

/// The size of the largest file that is read: 32 MiB, a hundred times an overlay of a thousand services.
const LIMIT: u64 = 32 << 20;

/// What a name in a directory refers to.
#[derive(Debug)]
pub enum DirectoryEntry {
    /// Nothing exists under the name.
    Missing,
    /// A regular file.
    File(RegularFile),
    /// An entry of another kind, with the name of the kind.
    Other(&'static str),
}

/// A regular file.
#[derive(Debug)]
pub struct RegularFile {
    /// Its contents.
    pub bytes: Vec<u8>,
    /// Its owner.
    pub uid: u32,
    /// Its group.
    pub gid: u32,
    /// Its permissions.
    pub mode: Mode,
}

/// The owner and mode of a new file.
#[derive(Debug, Clone, Copy)]
pub enum NewFileMode<'a> {
    /// This user, and readable for all whatever the umask.
    Public,
    /// This user, and the mode that the umask gives.
    Umask,
    /// Those of the file that it replaces.
    Like(&'a RegularFile),
}

/// A staged file with its owner and without contents.
#[derive(Debug)]
pub struct ReservedFile {
    file: File,
    mode: Option<Mode>,
}

impl Directory {
    /// Reads the entry `name`. A link is not followed.
    ///
    /// # Errors
    /// As open(2) and read(2), and for a file above 32 MiB.
    pub fn entry(&self, name: &OsStr) -> io::Result<DirectoryEntry> {
        let flags = OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC | OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
        let kind = match fstatat(&self.fd, name, AtFlags::AT_SYMLINK_NOFOLLOW) {
            Ok(found) => kind_name(&found),
            Err(Errno::ENOENT) => return Ok(DirectoryEntry::Missing),
            Err(error) => return Err(error.into()),
        };
        if let Some(kind) = kind {
            return Ok(DirectoryEntry::Other(kind));
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
        Ok(DirectoryEntry::File(RegularFile { bytes, uid: stat.st_uid, gid: stat.st_gid, mode }))
    }

    /// Returns the names in it, sorted.
    ///
    /// # Errors
    /// As opendir(3) and readdir(3).
    pub fn names(&self) -> io::Result<Vec<OsString>> {
        let entries = entries(&self.path)?;
        let mut names: Vec<_> = entries.iter().map(std::fs::DirEntry::file_name).collect();
        names.sort();
        Ok(names)
    }

    /// Creates an empty staged file here that is to replace a file called `target`.
    ///
    /// # Errors
    /// As open(2), and as fchown(2) if the owner cannot be kept; no file remains then.
    pub fn reserve(&self, target: &OsStr, like: NewFileMode) -> io::Result<ReservedFile> {
        let name = staged_name(target);
        let (first, mode) = match like {
            NewFileMode::Public => (PRIVATE_MODE, Some(FILE_MODE)),
            NewFileMode::Umask => (Mode::from_bits_truncate(0o666), None),
            NewFileMode::Like(found) => (found.mode & PRIVATE_MODE, Some(found.mode)),
        };
        let flags = OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_WRONLY | OFlag::O_CLOEXEC;
        let fd = uninterrupted(|| openat(&self.fd, name.as_os_str(), flags, first))?;
        if let NewFileMode::Like(found) = like {
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
        Ok(ReservedFile { file: File::from(fd), mode })
    }

    /// Writes a staged file here that is to replace a file called `target`.
    ///
    /// # Errors
    /// As open(2), write(2) and fsync(2).
    pub fn stage(&self, target: &OsStr, like: NewFileMode, bytes: &[u8]) -> io::Result<()> {
        self.reserve(target, like)?.fill(bytes)
    }

    /// Moves the file that was staged here for `target` to `name` in `directory`, and replaces an existing
    /// one.
    ///
    /// # Errors
    /// As rename(2).
    pub fn install_staged(
        &self,
        target: &OsStr,
        directory: &Directory,
        name: &OsStr,
    ) -> io::Result<()> {
        Ok(renameat(&self.fd, staged_name(target).as_os_str(), &directory.fd, name)?)
    }

    /// Removes the file that was staged here for `target`, if it exists.
    ///
    /// # Errors
    /// As unlink(2).
    pub fn unstage(&self, target: &OsStr) -> io::Result<()> {
        self.unlink(&staged_name(target))
    }

    /// Removes all files that were staged here, by this run or another.
    ///
    /// # Errors
    /// As readdir(3) and unlink(2).
    pub fn unstage_all(&self) -> io::Result<()> {
        self.names()?.iter().filter(|name| is_staged(name)).try_for_each(|name| self.unlink(name))
    }

    /// Removes the file or link `name`, if it exists.
    ///
    /// # Errors
    /// As unlink(2).
    pub fn unlink(&self, name: &OsStr) -> io::Result<()> {
        match unlinkat(&self.fd, name, UnlinkatFlags::NoRemoveDir) {
            Ok(()) | Err(Errno::ENOENT) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Removes the directory `name` if it is empty. Returns whether it no longer exists.
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

impl RegularFile {
    /// Whether all users may read it, and only its owner may change it.
    pub fn is_public(&self) -> bool {
        self.mode == FILE_MODE
    }
}

impl ReservedFile {
    /// Writes and syncs its contents, and sets its permissions.
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

/// Whether a file of this name was staged by some run.
pub(crate) fn is_staged(name: &OsStr) -> bool {
    name.as_bytes().starts_with(OWN_PREFIX.as_bytes())
}

/// The name of the staged file that is to replace a file called `target`.
fn staged_name(target: &OsStr) -> OsString {
    let mut name = OsString::from(OWN_PREFIX);
    let target = target.as_bytes();
    name.push(OsStr::from_bytes(target.strip_prefix(b".").unwrap_or(target)));
    name
}

/// The name of the kind of entry; `None` for a regular file.
fn kind_name(found: &FileStat) -> Option<&'static str> {
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
