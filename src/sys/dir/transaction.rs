//! Several files reach a directory together or not at all, and no key is readable by others for a
//! moment on the way.
//!
//! A rename replaces one file; a key and its certificate are two. So the new files are written into
//! a directory of their own beside the old ones, and the rename of that directory is the moment
//! that counts: before it nothing has happened, after it the next run finishes the work.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;

use nix::errno::Errno;
use nix::fcntl::{OFlag, openat, renameat};
use nix::sys::stat::{Mode, fchmod, mkdirat};
use nix::unistd::{UnlinkatFlags, unlinkat};

use crate::sys::dir::{Directory, PRIVATE_MODE, bits, uninterrupted, write};

/// A directory that only its owner may look into.
pub(crate) const PRIVATE_DIRECTORY_MODE: Mode = Mode::from_bits_truncate(0o700);

/// Where the files are written. Files found there are worthless.
const UNFINISHED: &str = ".trust-compose-unfinished";
/// Where they wait to be put in their places. Files found there count.
const READY: &str = ".trust-compose-ready";

/// One of several files.
#[derive(Debug)]
pub struct Part {
    /// Its name in the directory.
    pub name: &'static str,
    /// Its permissions.
    pub mode: Mode,
    /// Its contents.
    pub text: String,
}

impl Directory {
    /// Makes the directory `name` in this one, for its owner alone.
    ///
    /// # Errors
    /// As mkdir(2) and open(2); EEXIST if anything has that name.
    pub fn make_private(&self, name: &OsStr) -> io::Result<Self> {
        mkdirat(&self.fd, name, PRIVATE_DIRECTORY_MODE)?;
        let directory = self.open_in(name)?;
        directory.close_to_others()?;
        Ok(directory)
    }

    /// Gives it the mode of a private directory, if it does not have that already.
    ///
    /// # Errors
    /// As fchmod(2).
    pub fn close_to_others(&self) -> io::Result<()> {
        let (_, mode) = self.owner_and_mode()?;
        if mode != bits(PRIVATE_DIRECTORY_MODE.bits()) {
            uninterrupted(|| fchmod(&self.fd, PRIVATE_DIRECTORY_MODE))?;
        }
        Ok(())
    }

    /// Whether an earlier run was interrupted between the moment that counts and its end.
    pub fn is_unfinished(&self) -> bool {
        self.open_in(OsStr::new(READY)).is_ok()
    }

    /// Puts `parts` in their places, each in place of the existing file. `names` are all names that
    /// any run may have written.
    ///
    /// # Errors
    /// As open(2), write(2), fsync(2) and rename(2).
    pub fn place_together(&self, parts: &[Part], names: &[&str]) -> io::Result<()> {
        self.discard(names)?;
        let unfinished = self.make_private(OsStr::new(UNFINISHED))?;
        let written = parts.iter().try_for_each(|part| unfinished.create(part)).and_then(|()| {
            unfinished.settle()?;
            renameat(&self.fd, UNFINISHED, &self.fd, READY).map_err(io::Error::from)
        });
        if let Err(error) = written {
            // Nothing better can be done if this fails too; the first error is the one to tell.
            let _ = self.discard(names);
            return Err(error);
        }
        self.settle()?;
        self.finish(names).map(|_| ())
    }

    /// Puts what an interrupted run left ready, of these names, in its place. Whether there was any.
    ///
    /// # Errors
    /// As open(2) and rename(2).
    pub fn finish(&self, names: &[&str]) -> io::Result<bool> {
        let ready = match self.open_in(OsStr::new(READY)) {
            Ok(ready) => ready,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(error),
        };
        for &name in names {
            match renameat(&ready.fd, name, &self.fd, name) {
                Ok(()) | Err(Errno::ENOENT) => {}
                Err(error) => return Err(error.into()),
            }
        }
        self.settle()?;
        unlinkat(&self.fd, READY, UnlinkatFlags::RemoveDir)?;
        Ok(true)
    }

    /// A new file with its contents on the disk. Its mode is never wider than it will be.
    fn create(&self, part: &Part) -> io::Result<()> {
        let flags = OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_WRONLY | OFlag::O_CLOEXEC;
        let fd: OwnedFd = uninterrupted(|| openat(&self.fd, part.name, flags, PRIVATE_MODE))?;
        uninterrupted(|| fchmod(&fd, part.mode))?;
        let file = File::from(fd);
        write(file.try_clone()?, &[part.text.as_bytes()])?;
        file.sync_all()
    }

    /// Removes what a run left that did not come to the moment that counts.
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

    /// The names in it are on the disk too. Not every file system can say so.
    ///
    /// # Errors
    /// As dup(2).
    pub fn settle(&self) -> io::Result<()> {
        let _ = File::from(self.fd.try_clone()?).sync_all();
        Ok(())
    }
}
