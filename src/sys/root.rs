//! Whose files are looked at: this system's, those below another process's root for trust-doctor, or those of an
//! image for trust-compose.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use crate::sys::file::{self, Problem};

/// A system with files.
pub(crate) trait Files {
    /// Where what it calls `path` is found from here.
    fn at(&self, path: &Path) -> impl AsRef<Path>;

    /// What it calls `path`, behind all links.
    fn real(&self, path: &Path) -> Option<PathBuf>;

    /// Whether `path` is a regular file, behind all links.
    fn is_file(&self, path: &Path) -> bool {
        self.at(path).as_ref().is_file()
    }

    /// Whether `path` is a directory, behind all links.
    fn is_directory(&self, path: &Path) -> bool {
        self.at(path).as_ref().is_dir()
    }

    /// Whether `path` itself is a link.
    fn is_link(&self, path: &Path) -> bool {
        self.at(path).as_ref().is_symlink()
    }

    /// The names in a directory.
    ///
    /// # Errors
    /// As opendir(3).
    fn names(&self, directory: &Path) -> io::Result<Vec<OsString>> {
        let entries = file::entries(self.at(directory).as_ref())?;
        Ok(entries.iter().map(std::fs::DirEntry::file_name).collect())
    }

    /// The contents of a regular file; `None` if `path` is missing, out of reach, or no regular file.
    fn contents(&self, path: &Path) -> Option<Result<Vec<u8>, Problem>> {
        let file = self.at(path);
        match file.as_ref().metadata() {
            Ok(found) if found.is_file() => {
                Some(file::read(file.as_ref(), &mut file::FILE_LIMIT.clone()))
            }
            Ok(_) => None,
            Err(error) => match file::problem(path, error) {
                Problem::Missing | Problem::Denied { .. } => None,
                problem => Some(Err(problem)),
            },
        }
    }
}

/// This system.
#[derive(Debug)]
pub(crate) struct Here;

impl Files for Here {
    fn at(&self, path: &Path) -> impl AsRef<Path> {
        path
    }

    fn real(&self, path: &Path) -> Option<PathBuf> {
        path.canonicalize().ok()
    }
}
