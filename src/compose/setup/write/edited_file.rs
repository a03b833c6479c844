//! A text of the user's that gets a block of ours, or loses it: `.env`, `.gitignore`.
//!
//! It keeps its owner and mode, and stays a link if it is one: then what the link leads to is
//! replaced. `.env` holds secrets, so its successor is written inside `.trust/`, which version control
//! leaves out, and only beside the target where a link leads out of the project.

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;

use nix::errno::Errno;
use nix::unistd::geteuid;

use crate::compose::setup::write::Error;
use crate::compose::setup::write::managed_block::Damage;
use crate::compose::setup::write::state::Places;
use crate::sys::dir::Directory;
use crate::sys::dir::replace::{Entry, Found, Look, Reserved};

/// What chown(2) says to who may not give a file away, or to an owner that this namespace lacks.
const OWNER: [i32; 2] = [Errno::EPERM as i32, Errno::EINVAL as i32];

/// A text, or the place where there is none.
pub struct Text {
    /// Where it is, as the user would say it.
    pub path: PathBuf,
    /// What it holds; `None` if it is not there.
    found: Option<Found>,
    name: OsString,
    /// Where a link leads out of the place.
    elsewhere: Option<Directory>,
}

/// What is to become of a text.
pub struct Edit {
    /// The text as it stands.
    pub text: Text,
    /// What it is to hold; `None` if it is to go.
    pub new: Option<Vec<u8>>,
}

impl Places {
    /// Reads the text `name`.
    ///
    /// # Errors
    /// When it is no regular file, or cannot be read.
    pub fn text(&self, name: &str) -> Result<Text, Error> {
        let path = self.path(name);
        let failed = |error| Error::System { verb: "read", path: self.path(name), error };
        let text = |found, name, elsewhere| Text { path: path.clone(), found, name, elsewhere };
        match self.base.entry(name.as_ref()).map_err(failed)? {
            Entry::Nothing => Ok(text(None, name.into(), None)),
            Entry::File(found) => Ok(text(Some(found), name.into(), None)),
            Entry::Other("link") => {
                let nothing = || Error::NoFile { path: path.clone(), kind: "link" };
                let target = match self.base.path().join(name).canonicalize() {
                    Ok(target) => target,
                    Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(nothing()),
                    Err(error) => return Err(failed(error)),
                };
                let (Some(above), Some(name)) = (target.parent(), target.file_name()) else {
                    return Err(nothing());
                };
                let above = Directory::open(above).map_err(failed)?;
                match above.entry(name).map_err(failed)? {
                    Entry::File(found) => Ok(text(Some(found), name.to_owned(), Some(above))),
                    Entry::Nothing => Err(nothing()),
                    Entry::Other(kind) => Err(Error::NoFile { path, kind }),
                }
            }
            Entry::Other(kind) => Err(Error::NoFile { path, kind }),
        }
    }

    /// Reads the text `name`, unless what stands there cannot have a block of ours.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn text_if_any(&self, name: &str) -> Result<Option<Text>, Error> {
        match self.text(name) {
            Ok(text) => Ok(Some(text)),
            Err(Error::NoFile { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl Text {
    /// What `find` finds of our block in it; `None` if it is not there.
    ///
    /// # Errors
    /// When the block is damaged.
    pub fn look<T>(
        &self,
        find: impl Fn(&[u8]) -> Result<Option<T>, Damage>,
    ) -> Result<Option<T>, Error> {
        let found = self.bytes().map_or(Ok(None), find);
        found.map_err(|damage| Error::Block { path: self.path.clone(), damage })
    }

    /// What it holds; `None` if it is not there.
    pub fn bytes(&self) -> Option<&[u8]> {
        self.found.as_ref().map(|found| found.bytes.as_slice())
    }

    /// Whether it is a link to somewhere else.
    pub fn is_link(&self) -> bool {
        self.elsewhere.is_some()
    }

    /// Removes a successor outside of the project that did not come to its place.
    pub fn tidy(&self) {
        if let Some(directory) = &self.elsewhere {
            let _ = directory.unstage(&self.name);
        }
    }

    /// The text with `new` in place of what it holds.
    ///
    /// # Errors
    /// When it belongs to somebody else, whose it could not stay.
    pub fn rewritten(self, new: Option<Vec<u8>>) -> Result<Edit, Error> {
        let uid = geteuid();
        match &self.found {
            Some(found) if !uid.is_root() && uid.as_raw() != found.uid => Err(self.owner(found)),
            _ => Ok(Edit { text: self, new }),
        }
    }

    fn owner(&self, found: &Found) -> Error {
        Error::Owner { path: self.path.clone(), uid: found.uid, gid: found.gid }
    }

    /// The directory where its successor is written.
    fn stage<'a>(&'a self, trust: &'a Directory) -> &'a Directory {
        self.elsewhere.as_ref().unwrap_or(trust)
    }
}

impl Edit {
    /// Makes its successor, empty, which proves that it can have the same owner and mode.
    ///
    /// # Errors
    /// When it cannot, or no file can be made.
    pub fn reserve(&self, trust: &Directory) -> Result<Option<Reserved>, Error> {
        if self.new.is_none() {
            return Ok(None);
        }
        let look = self.text.found.as_ref().map_or(Look::Umask, Look::Like);
        let reserved = self.text.stage(trust).reserve(&self.text.name, look);
        reserved.map(Some).map_err(|error| match (&self.text.found, error.raw_os_error()) {
            (Some(found), Some(code)) if OWNER.contains(&code) => self.text.owner(found),
            _ => Error::System { verb: "write", path: self.text.path.clone(), error },
        })
    }

    /// Gives its successor its contents.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn fill(&self, reserved: Option<Reserved>) -> Result<(), Error> {
        let (Some(reserved), Some(new)) = (reserved, &self.new) else { return Ok(()) };
        reserved.fill(new).map_err(Error::system("write", self.text.path.clone()))
    }

    /// Puts its successor in its place, unless somebody wrote there meanwhile.
    ///
    /// # Errors
    /// When somebody did, or it cannot be replaced.
    pub fn put(&self, base: &Directory, trust: &Directory) -> Result<(), Error> {
        let Text { name, path, .. } = &self.text;
        let directory = self.text.elsewhere.as_ref().unwrap_or(base);
        let failed = |error| Error::System { verb: "write", path: path.clone(), error };
        let is_same = match directory.entry(name).map_err(failed)? {
            Entry::Nothing => self.text.found.is_none(),
            Entry::File(now) => self.text.bytes() == Some(&now.bytes),
            Entry::Other(_) => false,
        };
        if !is_same {
            return Err(Error::Meanwhile { path: path.clone() });
        }
        let put = match self.new {
            Some(_) => self.text.stage(trust).put(name, directory, name),
            None => directory.unlink(name),
        };
        put.and_then(|()| directory.settle()).map_err(failed)
    }
}
