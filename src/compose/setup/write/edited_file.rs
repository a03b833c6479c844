//! A file of the user's that gets a block of ours, or loses it: `.env`, `.gitignore`.
//!
//! It keeps its owner and mode, and stays a link if it is one: then the target of the link is replaced.
//! `.env` holds secrets, so its successor is written inside `.trust/`, which git ignores, and beside the
//! target only where a link leads out of the project.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::unistd::geteuid;

use crate::compose::setup::write::managed_block::{self, Rest};
use crate::sys::diagnostic::Diagnostic;
use crate::sys::dir::Directory;
use crate::sys::dir::replace::{DirectoryEntry, NewFileMode, RegularFile, ReservedFile};
use crate::sys::output;
use crate::sys::quote;

/// The errors of chown(2) where the caller may not give a file away, or the owner has no id in this
/// namespace.
const OWNER: [i32; 2] = [Errno::EPERM as i32, Errno::EINVAL as i32];

/// A text file, or the place where there is none.
pub(crate) struct Text {
    /// Its path, as the user would write it.
    pub path: PathBuf,
    /// Its contents; `None` if it does not exist.
    found: Option<RegularFile>,
    name: OsString,
    /// The directory of the file that a link leads to.
    elsewhere: Option<Directory>,
}

/// A change of a text file.
pub(crate) struct Edit {
    /// The file as it is.
    pub text: Text,
    /// Its new contents; `None` to remove it.
    pub new: Option<Vec<u8>>,
}

impl Text {
    /// Reads the file `name` in `base`, which the user knows as `path`.
    pub(crate) fn read(base: &Directory, name: &str, path: &Path) -> Result<Self, Diagnostic> {
        Self::find(base, name, path)?
    }

    /// The same; `None` if it is no regular file, and so has no block of ours.
    pub(crate) fn read_if_file(
        base: &Directory,
        name: &str,
        path: &Path,
    ) -> Result<Option<Self>, Diagnostic> {
        Ok(Self::find(base, name, path)?.ok())
    }

    fn find(
        base: &Directory,
        name: &str,
        path: &Path,
    ) -> Result<Result<Self, Diagnostic>, Diagnostic> {
        let no_file = |kind: &str| {
            let kind = if kind == "link" { "link to nothing" } else { kind };
            Ok(Err(Diagnostic::cannot("change", quote::path(path))
                .because(format_args!("it is a {kind}"))
                .advise("put a regular file there, or nothing")))
        };
        let text =
            |found, name, elsewhere| Self { path: path.to_path_buf(), found, name, elsewhere };
        match base.entry(name.as_ref()).map_err(failed("read", path))? {
            DirectoryEntry::Missing => Ok(Ok(text(None, name.into(), None))),
            DirectoryEntry::File(found) => Ok(Ok(text(Some(found), name.into(), None))),
            DirectoryEntry::Other("link") => {
                let target = match base.path().join(name).canonicalize() {
                    Ok(target) => target,
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {
                        return no_file("link");
                    }
                    Err(error) => return Err(failed("read", path)(error)),
                };
                let (Some(above), Some(name)) = (target.parent(), target.file_name()) else {
                    return no_file("link");
                };
                let above = Directory::open(above).map_err(failed("read", path))?;
                match above.entry(name).map_err(failed("read", path))? {
                    DirectoryEntry::File(found) => {
                        Ok(Ok(text(Some(found), name.to_owned(), Some(above))))
                    }
                    DirectoryEntry::Missing => no_file("link"),
                    DirectoryEntry::Other(kind) => no_file(kind),
                }
            }
            DirectoryEntry::Other(kind) => no_file(kind),
        }
    }

    /// Its contents; `None` if it does not exist.
    pub(crate) fn bytes(&self) -> Option<&[u8]> {
        self.found.as_ref().map(|found| found.bytes.as_slice())
    }

    /// The lines of our block in it; `None` if it has none.
    pub(crate) fn block(&self) -> Result<Option<Vec<String>>, Diagnostic> {
        let lines = self.bytes().map_or(Ok(None), managed_block::lines);
        lines.map_err(|damage| self.named(damage))
    }

    /// The change that puts our block with `lines` in it; `None` if nothing has to change.
    pub(crate) fn with_block(
        self,
        lines: &[String],
        overrules: impl Fn(&[u8]) -> bool,
    ) -> Result<Option<Edit>, Diagnostic> {
        let new = managed_block::with(self.bytes(), lines, overrules);
        let new = new.map_err(|damage| self.named(damage))?;
        if self.bytes() == Some(&new) { Ok(None) } else { self.rewritten(Some(new)).map(Some) }
    }

    /// The change that takes our block out of it; `None` if it has none.
    pub(crate) fn without_block(self) -> Result<Option<Edit>, Diagnostic> {
        let rest = self.bytes().map_or(Ok(None), managed_block::without);
        let Some(Rest { text, is_needless }) = rest.map_err(|damage| self.named(damage))? else {
            return Ok(None);
        };
        let goes = is_needless && self.elsewhere.is_none();
        self.rewritten((!goes).then_some(text)).map(Some)
    }

    /// Removes a successor outside of the project that an interrupted run left.
    pub(crate) fn tidy(&self) {
        if let Some(directory) = &self.elsewhere {
            let _ = directory.unstage(&self.name);
        }
    }

    fn rewritten(self, new: Option<Vec<u8>>) -> Result<Edit, Diagnostic> {
        let uid = geteuid();
        match &self.found {
            Some(found) if !uid.is_root() && uid.as_raw() != found.uid => Err(self.owner(found)),
            _ => Ok(Edit { text: self, new }),
        }
    }

    fn owner(&self, found: &RegularFile) -> Diagnostic {
        let (uid, gid) = (found.uid, found.gid);
        let cause = format!("it is owned by {uid}:{gid}, and replacing it would change the owner");
        let changed = Diagnostic::cannot("change", quote::path(&self.path));
        changed.because(cause).advise("run it as its owner")
    }

    fn named(&self, damage: Diagnostic) -> Diagnostic {
        Diagnostic { subject: quote::path(&self.path).to_string(), ..damage }
    }

    /// The directory where its successor is written.
    fn stage<'a>(&'a self, trust: &'a Directory) -> &'a Directory {
        self.elsewhere.as_ref().unwrap_or(trust)
    }
}

impl Edit {
    /// Makes its successor, empty, which proves that it can have the same owner and mode.
    pub(crate) fn reserve(&self, trust: &Directory) -> Result<Option<ReservedFile>, Diagnostic> {
        if self.new.is_none() {
            return Ok(None);
        }
        let look = self.text.found.as_ref().map_or(NewFileMode::Umask, NewFileMode::Like);
        let reserved = self.text.stage(trust).reserve(&self.text.name, look);
        reserved.map(Some).map_err(|error| match (&self.text.found, error.raw_os_error()) {
            (Some(found), Some(code)) if OWNER.contains(&code) => self.text.owner(found),
            _ => failed("write", &self.text.path)(error),
        })
    }

    /// Gives its successor its contents.
    pub(crate) fn fill(&self, reserved: Option<ReservedFile>) -> Result<(), Diagnostic> {
        let (Some(reserved), Some(new)) = (reserved, &self.new) else { return Ok(()) };
        reserved.fill(new).map_err(failed("write", &self.text.path))
    }

    /// Puts its successor in its place, unless the file has changed since it was read.
    pub(crate) fn put(&self, base: &Directory, trust: &Directory) -> Result<(), Diagnostic> {
        let Text { name, path, .. } = &self.text;
        let directory = self.text.elsewhere.as_ref().unwrap_or(base);
        let is_same = match directory.entry(name).map_err(failed("write", path))? {
            DirectoryEntry::Missing => self.text.found.is_none(),
            DirectoryEntry::File(now) => self.text.bytes() == Some(&now.bytes),
            DirectoryEntry::Other(_) => false,
        };
        if !is_same {
            let changed = Diagnostic::cannot("change", quote::path(path));
            let cause = "another program wrote to it at the same time";
            return Err(changed.because(cause).advise("run it again"));
        }
        let put = match self.new {
            Some(_) => self.text.stage(trust).install_staged(name, directory, name),
            None => directory.unlink(name),
        };
        put.and_then(|()| directory.sync()).map_err(failed("write", path))
    }
}

/// Makes what the system says of `path` into a diagnostic.
pub(crate) fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Diagnostic {
    let path = path.to_path_buf();
    move |error| {
        let fix = match error.kind() {
            io::ErrorKind::NotFound => "correct the name",
            io::ErrorKind::PermissionDenied if action == "read" => {
                "run it as the owner of that file"
            }
            io::ErrorKind::PermissionDenied => "run it as a user who may write to that directory",
            io::ErrorKind::ReadOnlyFilesystem => "work on a copy that can be written to",
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                "free some space, and run it again"
            }
            _ => "look at that path, and run it again",
        };
        let failed = Diagnostic::cannot(action, quote::path(&path));
        failed.because(output::cause(&error)).advise(fix)
    }
}
