//! What every check of the project's files needs.

use std::path::PathBuf;

use crate::compose::project::files::ProjectFiles;
use crate::trust::time::Time;

/// The project, dates and options.
#[derive(Debug)]
pub(crate) struct CheckContext<'a> {
    /// The project.
    pub place: &'a ProjectFiles,
    /// This moment.
    pub now: Time,
    /// How many days a certificate should still be valid.
    pub days: i64,
    /// CA certificates of `--ca`.
    pub ca: &'a [PathBuf],
}
