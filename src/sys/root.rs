//! Whose files are looked at: this system's, or, for trust-doctor, those below another process's root.

use std::path::{Path, PathBuf};

/// A system with files.
pub trait Files {
    /// Where what it calls `path` is found from here.
    fn at(&self, path: &Path) -> impl AsRef<Path>;
    /// What it calls `path`, behind all links.
    fn real(&self, path: &Path) -> Option<PathBuf>;
}

/// This system.
#[derive(Debug)]
pub struct Here;

impl Files for Here {
    fn at(&self, path: &Path) -> impl AsRef<Path> {
        path
    }

    fn real(&self, path: &Path) -> Option<PathBuf> {
        path.canonicalize().ok()
    }
}
