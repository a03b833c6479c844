//! The files that options name: how they are read, and what messages call them.

use std::io;
use std::path::{Path, PathBuf};

use crate::compose::inputs::error::InputError;
use crate::sys::file;
use crate::trust::source::{Label, Origin, Source, SourceKind, Unreadable};

/// The option that names a directory or a file.
pub const CUSTOM_CA: &str = "--custom-ca";
/// The option that names one more file.
pub(crate) const EXTRA_CA: &str = "--extra-ca";

/// A server's certificate and its key.
#[derive(Clone, Debug)]
pub struct ServerFiles {
    /// The directory that both are in.
    pub directory: PathBuf,
    /// The certificate, perhaps with its issuers.
    pub certificate: PathBuf,
    /// The key.
    pub key: PathBuf,
}

/// Reads a file that `option` names, or whose directory it names.
///
/// # Errors
/// When it cannot be read, or holds more than what is left of `budget`.
pub(crate) fn read_source(
    path: &Path,
    option: &'static str,
    budget: &mut u64,
) -> Result<Source, InputError> {
    let label = Label::new(path, Origin::Option(option));
    match file::read(path, budget) {
        Ok(bytes) => Ok(Source { label, kind: SourceKind::Named, bytes }),
        Err(problem) => Err(InputError::from(&Unreadable { label, problem })),
    }
}

/// Whether something has that name, even a link whose target is missing.
pub(crate) fn entry_exists(path: &Path) -> bool {
    !path.symlink_metadata().is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
}
