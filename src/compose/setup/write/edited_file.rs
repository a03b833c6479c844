//! Adds our block to a file of the user (`.env`, `.gitignore`), or removes it.
//!
//! The file keeps its owner and mode. A symbolic link remains, and its target is replaced. `.env` contains
//! secrets, so the new file is written in `.trust/`, which git ignores; for a link, beside its target.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::unistd::geteuid;

use crate::compose::setup::write::managed_block::{self, TextWithoutBlock};
use crate::sys::diagnostic::Diagnostic;
use crate::sys::dir::Directory;
use crate::sys::dir::replace::{DirectoryEntry, NewFileMode, RegularFile, ReservedFile};
use crate::sys::output;
use crate::sys::quote;

/// The errors of chown(2) if the caller may not change the owner, or the owner has no id in this namespace.
const CHOWN_ERRORS: [i32; 2] = [Errno::EPERM as i32, Errno::EINVAL as i32];

/// A text file of the user, which may not exist yet.
pub(crate) struct UserFile {
    /// Its path, as the user named it.
    pub path: PathBuf,
    /// Its contents; `None` if it does not exist.
    found: Option<RegularFile>,
    name: OsString,
    /// The directory of the target, if it is a symbolic link.
    target_directory: Option<Directory>,
}

/// A change of a file.
pub(crate) struct Edit {
    /// The file as it is.
    pub file: UserFile,
    /// Its new contents; `None` to remove it.
    pub new: Option<Vec<u8>>,
}

impl UserFile {
    /// Reads the file `name` in `base`, which messages name `path`. The inner error means that it is not a
    /// regular file, and so cannot contain our block.
    pub(crate) fn read(
        base: &Directory,
        name: &str,
        path: &Path,
    ) -> Result<Result<Self, Diagnostic>, Diagnostic> {
        let no_file = |kind: &str| {
            let kind = if kind == "link" { "link to nothing" } else { kind };
            Ok(Err(Diagnostic::cannot("change", quote::path(path))
                .because(format_args!("it is a {kind}"))
                .advise("replace it with a regular file, or delete it")))
        };
        let text = |found, name, target_directory| Self {
            path: path.to_path_buf(),
            found,
            name,
            target_directory,
        };
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

    /// Returns its contents; `None` if it does not exist.
    pub(crate) fn bytes(&self) -> Option<&[u8]> {
        self.found.as_ref().map(|found| found.bytes.as_slice())
    }

    /// Returns the lines of our block; `None` if the file has none.
    pub(crate) fn block(&self) -> Result<Option<Vec<String>>, Diagnostic> {
        let lines = self.bytes().map_or(Ok(None), managed_block::lines);
        lines.map_err(|error| self.with_path(error))
    }

    /// Returns the edit that inserts our block with `lines`; `None` if the file has it already.
    pub(crate) fn insert_block(
        self,
        lines: &[String],
        overrides: impl Fn(&[u8]) -> bool,
    ) -> Result<Option<Edit>, Diagnostic> {
        let new = managed_block::insert(self.bytes(), lines, overrides);
        let new = new.map_err(|error| self.with_path(error))?;
        if self.bytes() == Some(&new) { Ok(None) } else { self.edit(Some(new)).map(Some) }
    }

    /// Returns the edit that removes our block; `None` if the file has none.
    pub(crate) fn remove_block(self) -> Result<Option<Edit>, Diagnostic> {
        let remaining = self.bytes().map_or(Ok(None), managed_block::remove);
        let Some(TextWithoutBlock { text, is_removable }) =
            remaining.map_err(|error| self.with_path(error))?
        else {
            return Ok(None);
        };
        let deletes = is_removable && self.target_directory.is_none();
        self.edit((!deletes).then_some(text)).map(Some)
    }

    /// Removes the new file that an interrupted run left beside the target of a link.
    pub(crate) fn remove_staged(&self) {
        if let Some(directory) = &self.target_directory {
            let _ = directory.unstage(&self.name);
        }
    }

    fn edit(self, new: Option<Vec<u8>>) -> Result<Edit, Diagnostic> {
        let uid = geteuid();
        match &self.found {
            Some(found) if !uid.is_root() && uid.as_raw() != found.uid => {
                Err(self.owner_error(found))
            }
            _ => Ok(Edit { file: self, new }),
        }
    }

    fn owner_error(&self, found: &RegularFile) -> Diagnostic {
        let (uid, gid) = (found.uid, found.gid);
        let cause = format!("it is owned by {uid}:{gid}, and replacing it would change the owner");
        let changed = Diagnostic::cannot("change", quote::path(&self.path));
        changed.because(cause).advise("run trust-compose as the owner of that file")
    }

    fn with_path(&self, error: Diagnostic) -> Diagnostic {
        Diagnostic { subject: quote::path(&self.path).to_string(), ..error }
    }

    /// Returns the directory in which the new file is written.
    fn staging_directory<'a>(&'a self, trust: &'a Directory) -> &'a Directory {
        self.target_directory.as_ref().unwrap_or(trust)
    }
}

impl Edit {
    /// Creates the new file, empty, which proves that it can have the same owner and mode.
    pub(crate) fn reserve(&self, trust: &Directory) -> Result<Option<ReservedFile>, Diagnostic> {
        if self.new.is_none() {
            return Ok(None);
        }
        let mode = self.file.found.as_ref().map_or(NewFileMode::Umask, NewFileMode::Like);
        let reserved = self.file.staging_directory(trust).reserve(&self.file.name, mode);
        reserved.map(Some).map_err(|error| match (&self.file.found, error.raw_os_error()) {
            (Some(found), Some(code)) if CHOWN_ERRORS.contains(&code) => {
                self.file.owner_error(found)
            }
            _ => failed("write", &self.file.path)(error),
        })
    }

    /// Writes the contents of the new file.
    pub(crate) fn fill(&self, reserved: Option<ReservedFile>) -> Result<(), Diagnostic> {
        let (Some(reserved), Some(new)) = (reserved, &self.new) else { return Ok(()) };
        reserved.fill(new).map_err(failed("write", &self.file.path))
    }

    /// Replaces the file with the new one, unless it was changed since it was read.
    pub(crate) fn install(&self, base: &Directory, trust: &Directory) -> Result<(), Diagnostic> {
        let UserFile { name, path, .. } = &self.file;
        let directory = self.file.target_directory.as_ref().unwrap_or(base);
        let is_same = match directory.entry(name).map_err(failed("write", path))? {
            DirectoryEntry::Missing => self.file.found.is_none(),
            DirectoryEntry::File(now) => self.file.bytes() == Some(&now.bytes),
            DirectoryEntry::Other(_) => false,
        };
        if !is_same {
            let changed = Diagnostic::cannot("change", quote::path(path));
            let cause = "another program changed it at the same time";
            return Err(changed.because(cause).advise("run it again"));
        }
        let installed = match self.new {
            Some(_) => self.file.staging_directory(trust).install_staged(name, directory, name),
            None => directory.unlink(name),
        };
        installed.and_then(|()| directory.sync()).map_err(failed("write", path))
    }
}

/// Converts an error of a system call on `path` to a diagnostic.
pub(crate) fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Diagnostic {
    let path = path.to_path_buf();
    move |error| {
        let fix = match error.kind() {
            io::ErrorKind::NotFound => "correct the name",
            io::ErrorKind::PermissionDenied if action == "read" => {
                "run trust-compose as the owner of that file"
            }
            io::ErrorKind::PermissionDenied => {
                "run trust-compose as a user that can write to that directory"
            }
            io::ErrorKind::ReadOnlyFilesystem => "use a writable copy of the project",
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                "free some space, and run it again"
            }
            _ => "look at that path, and run it again",
        };
        let failed = Diagnostic::cannot(action, quote::path(&path));
        failed.because(output::cause(&error)).advise(fix)
    }
}
