//! The inputs of every check of the project's files.

use std::path::PathBuf;

use crate::compose::project::files::ProjectFiles;
use crate::trust::time::Time;

/// The project, the time and the options.
#[derive(Debug)]
pub(crate) struct CheckContext<'a> {
    /// The project.
    pub project_files: &'a ProjectFiles,
    /// The current time.
    pub now: Time,
    /// The number of days that a certificate should still be valid.
    pub days: i64,
    /// The files of `--ca`.
    pub ca: &'a [PathBuf],
}
