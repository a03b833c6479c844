//! Replaces several files together or not at all. Other users can never read a key, not even briefly.
//!
//! A rename replaces one file; a key and its certificate are two. So the new files are written to a directory
//! beside the old ones, and renaming that directory commits them: before it no file has changed, after it the
//! next run completes an interrupted one.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;

use nix::errno::Errno;
use nix::fcntl::{OFlag, openat, renameat};
use nix::sys::stat::{Mode, fchmod, mkdirat};
use nix::unistd::{UnlinkatFlags, unlinkat};

use crate::sys::dir::owners::Owners;
use crate::sys::dir::{Directory, PRIVATE_MODE, bits, uninterrupted, write};

/// The mode of a directory that only its owner may read.
pub(crate) const PRIVATE_DIRECTORY_MODE: Mode = Mode::from_bits_truncate(0o700);

/// The directory that the files are written to. Files of an interrupted run in it are discarded.
const UNFINISHED: &str = ".trust-compose-unfinished";
/// The directory of committed files. Files of an interrupted run in it are moved to their places.
const READY: &str = ".trust-compose-ready";

/// One of the files to write.
#[derive(Debug)]
pub struct PendingFile {
    /// Its name in the directory.
    pub name: &'static str,
    /// Its permissions.
    pub mode: Mode,
    /// Its contents.
    pub bytes: Vec<u8>,
}

impl Directory {
    /// Creates the directory `name` in this one, with the mode 0700.
    ///
    /// # Errors
    /// As mkdir(2) and open(2); EEXIST if the name exists.
    pub fn create_private(&self, name: &OsStr) -> io::Result<Self> {
        mkdirat(&self.fd, name, PRIVATE_DIRECTORY_MODE)?;
        let directory = self.open_in(name)?;
        directory.make_private()?;
        Ok(directory)
    }

    /// Sets the mode 0700, if it has another.
    ///
    /// # Errors
    /// As fchmod(2).
    pub fn make_private(&self) -> io::Result<()> {
        let (_, mode) = self.owner_and_mode()?;
        if mode != bits(PRIVATE_DIRECTORY_MODE.bits()) {
            uninterrupted(|| fchmod(&self.fd, PRIVATE_DIRECTORY_MODE))?;
        }
        Ok(())
    }

    /// Whether an earlier run was interrupted after the commit.
    pub fn is_unfinished(&self) -> bool {
        self.open_in(OsStr::new(READY)).is_ok()
    }

    /// Writes `files`, and replaces the existing ones. `names` are all names that any run may have written.
    ///
    /// # Errors
    /// As open(2), write(2), fsync(2) and rename(2).
    pub fn replace_together(
        &self,
        files: &[PendingFile],
        names: &[&str],
        owners: Owners,
    ) -> io::Result<()> {
        self.discard(names)?;
        let unfinished = self.create_private(OsStr::new(UNFINISHED))?;
        let written = unfinished.create_all(files).and_then(|()| {
            renameat(&self.fd, UNFINISHED, &self.fd, READY).map_err(io::Error::from)
        });
        if let Err(error) = written {
            // If this fails too, the first error is still the one to report.
            let _ = self.discard(names);
            return Err(error);
        }
        self.sync()?;
        self.finish(names, owners).map(|_| ())
    }

    /// Moves the committed files of these names to their places. Returns whether there were any.
    ///
    /// # Errors
    /// As open(2) and rename(2), and when the directory of committed files belongs to another user, who may have
    /// planted it.
    pub fn finish(&self, names: &[&str], owners: Owners) -> io::Result<bool> {
        let ready = match self.open_in(OsStr::new(READY)) {
            Ok(ready) => ready,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(error),
        };
        let (owner, _) = ready.owner_and_mode()?;
        if !owners.contains(owner) {
            return Err(io::Error::other(format!("`{READY}` in it belongs to uid {owner}")));
        }
        for &name in names {
            match renameat(&ready.fd, name, &self.fd, name) {
                Ok(()) | Err(Errno::ENOENT) => {}
                Err(error) => return Err(error.into()),
            }
        }
        self.sync()?;
        unlinkat(&self.fd, READY, UnlinkatFlags::RemoveDir)?;
        Ok(true)
    }

    /// Creates `files`, and syncs them and the directory.
    ///
    /// # Errors
    /// As open(2), write(2) and fsync(2).
    pub fn create_all(&self, files: &[PendingFile]) -> io::Result<()> {
        files.iter().try_for_each(|file| self.create(file))?;
        self.sync()
    }

    /// Creates and syncs a file. Its mode is never wider than the final one.
    fn create(&self, pending: &PendingFile) -> io::Result<()> {
        let flags = OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_WRONLY | OFlag::O_CLOEXEC;
        let fd: OwnedFd = uninterrupted(|| openat(&self.fd, pending.name, flags, PRIVATE_MODE))?;
        uninterrupted(|| fchmod(&fd, pending.mode))?;
        let file = File::from(fd);
        write(file.try_clone()?, &[&pending.bytes])?;
        file.sync_all()
    }

    /// Removes the files of a run that was interrupted before the commit.
    fn discard(&self, names: &[&str]) -> io::Result<()> {
        let unfinished = match self.open_in(OsStr::new(UNFINISHED)) {
            Ok(unfinished) => unfinished,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        for &name in names {
            match unlinkat(&unfinished.fd, name, UnlinkatFlags::NoRemoveDir) {
                Ok(()) | Err(Errno::ENOENT) => {}
                Err(error) => return Err(error.into()),
            }
        }
        unlinkat(&self.fd, UNFINISHED, UnlinkatFlags::RemoveDir).map_err(io::Error::from)
    }

    /// Syncs the directory itself. Errors are ignored: not every file system supports this.
    ///
    /// # Errors
    /// As dup(2).
    pub fn sync(&self) -> io::Result<()> {
        let _ = File::from(self.fd.try_clone()?).sync_all();
        Ok(())
    }
}
