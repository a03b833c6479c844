//! Reads the files that options name.

use std::io;
use std::path::{Path, PathBuf};

use crate::compose::inputs::error::InputError;
use crate::sys::file;
use crate::trust::certificate::Certificate;
use crate::trust::source::{CertificateSource, HostFileError, Label, Named, Origin, SourceKind};
use crate::trust::trust_anchors::anchors;

/// The option that names a directory or file of CAs.
pub const CUSTOM_CA: &str = "--custom-ca";
/// The option that names an additional file of CAs.
pub(crate) const EXTRA_CA: &str = "--extra-ca";

/// The files of a server certificate and its key.
#[derive(Clone, Debug)]
pub struct ServerFiles {
    /// The directory of both files.
    pub directory: PathBuf,
    /// The certificate file, which may contain issuers.
    pub certificate: PathBuf,
    /// The key file.
    pub key: PathBuf,
}

/// Reads a file that `option` names, directly or by its directory.
///
/// # Errors
/// When it cannot be read, or is larger than the rest of `budget` (bytes).
pub(crate) fn read_source(
    path: &Path,
    option: &'static str,
    budget: &mut u64,
) -> Result<CertificateSource, InputError> {
    let label = Label::new(path, Origin::Option(option));
    match file::read(path, budget) {
        Ok(bytes) => Ok(CertificateSource { label, kind: SourceKind::Named, bytes }),
        Err(problem) => Err(InputError::from(&HostFileError { label, problem })),
    }
}

/// Whether `path` exists, even as a dangling symbolic link.
pub(crate) fn entry_exists(path: &Path) -> bool {
    !path.symlink_metadata().is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
}

/// Reads the first certificate in a file.
pub(crate) fn first_certificate(path: &Path) -> Option<Certificate> {
    certificates_in(path).into_iter().next()
}

/// Reads the certificates in a file; none if it cannot be read.
pub(crate) fn certificates_in(path: &Path) -> Vec<Certificate> {
    let bytes = file::read(path, &mut file::FILE_LIMIT.clone()).unwrap_or_default();
    let label = Label::Path(Named { path: path.to_path_buf(), origin: Origin::Default });
    let anchors = anchors(&bytes).certificates;
    anchors.iter().filter_map(|pem| Certificate::read(&pem.decode()?, &label)).collect()
}
