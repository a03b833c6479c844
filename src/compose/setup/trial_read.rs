//! Asks Compose whether it accepts the project with a new overlay, before the overlay is written: versions of Compose
//! differ in what they accept.

use std::io;
use std::path::Path;

use crate::compose::docker::{self, CommandError};
use crate::compose::layout::OVERLAY;
use crate::compose::project::files::ProjectFiles;
use crate::compose::temporary::private_directory;
use crate::sys::diagnostic::Diagnostic;
use crate::sys::dir::Directory;
use crate::sys::output;
use crate::sys::quote;

/// Reads the project with `overlay`, in a directory below `temporary`. Without Compose nothing is checked.
///
/// # Errors
/// When Compose refuses it, or the temporary directory cannot be used.
pub(crate) fn check(
    project_files: &ProjectFiles,
    overlay: &str,
    temporary: &Path,
) -> Result<(), Diagnostic> {
    let failed = |error: io::Error| {
        let cannot = Diagnostic::cannot("use", quote::path(temporary));
        let cannot = cannot.because(output::cause(&error));
        cannot.advise("set TMPDIR to a directory that this user can write to")
    };
    let own = private_directory(temporary).map_err(failed)?;
    let directory = Directory::open(own.path()).map_err(failed)?;
    directory.replace(OVERLAY, &[overlay.as_bytes()]).map_err(failed)?;
    let mut files = project_files.files.clone();
    files.directory.get_or_insert_with(|| project_files.base.clone());
    files.files.push(own.path().join(OVERLAY));
    let checked = docker::check_config(&files);
    own.close().map_err(failed)?;
    match checked {
        Ok(()) | Err(CommandError::NotInstalled | CommandError::NoCompose) => Ok(()),
        Err(failure) => Err(Diagnostic::cannot("use", format_args!("this project with {OVERLAY}"))
            .because(format_args!("Compose refuses it: {failure}"))
            .advise(
                "leave out the service that it names (`--service NAME=leave`), or update Compose",
            )),
    }
}
