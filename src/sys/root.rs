//! A file system to inspect: that of this system, of another process's root (trust-doctor) or of an image
//! (trust-compose).

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use crate::sys::file::{self, FileReadError};

/// A file system, whose paths may differ from those of this process.
pub(crate) trait FileSystem {
    /// Returns the path by which this process can open its `path`.
    fn local_path(&self, path: &Path) -> impl AsRef<Path>;

    /// Returns `path` with all links resolved, in its own terms; `None` if it does not exist.
    fn canonical_path(&self, path: &Path) -> Option<PathBuf>;

    /// Whether `path` is a regular file. Links are followed.
    fn is_file(&self, path: &Path) -> bool {
        self.local_path(path).as_ref().is_file()
    }

    /// Whether `path` is a directory. Links are followed.
    fn is_directory(&self, path: &Path) -> bool {
        self.local_path(path).as_ref().is_dir()
    }

    /// Whether `path` itself is a link.
    fn is_link(&self, path: &Path) -> bool {
        self.local_path(path).as_ref().is_symlink()
    }

    /// Returns the names in a directory.
    ///
    /// # Errors
    /// As opendir(3).
    fn names(&self, directory: &Path) -> io::Result<Vec<OsString>> {
        let entries = file::entries(self.local_path(directory).as_ref())?;
        Ok(entries.iter().map(std::fs::DirEntry::file_name).collect())
    }

    /// Reads a regular file; `None` if `path` is missing, not accessible, or not a regular file.
    fn contents(&self, path: &Path) -> Option<Result<Vec<u8>, FileReadError>> {
        let file = self.local_path(path);
        match file.as_ref().metadata() {
            Ok(found) if found.is_file() => {
                Some(file::read(file.as_ref(), &mut file::FILE_LIMIT.clone()))
            }
            Ok(_) => None,
            Err(error) => match file::FileReadError::new(path, error) {
                FileReadError::Missing | FileReadError::Denied { .. } => None,
                problem => Some(Err(problem)),
            },
        }
    }
}

/// The file system of this process.
#[derive(Debug)]
pub(crate) struct LocalFileSystem;

impl FileSystem for LocalFileSystem {
    fn local_path(&self, path: &Path) -> impl AsRef<Path> {
        path
    }

    fn canonical_path(&self, path: &Path) -> Option<PathBuf> {
        path.canonicalize().ok()
    }
}
