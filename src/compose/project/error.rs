//! Errors in a project's files: the part of the model, the line in a file, and the two kinds of errors that
//! callers distinguish.

use std::fmt::{self, Debug, Display};
use std::path::PathBuf;

use crate::sys::diagnostic::Diagnostic;
use crate::sys::quote;

/// Fix for what only Compose can read.
pub const NEEDS_COMPOSE: &str = "run this where docker with Compose is installed, or install it";

/// The reason why a project cannot be read.
pub enum ProjectError {
    /// A file is invalid for every reader, and the line is known.
    Content(Diagnostic),
    /// Any other reason.
    Other(Diagnostic),
}

impl From<ProjectError> for Diagnostic {
    fn from(error: ProjectError) -> Self {
        let (ProjectError::Content(diagnostic) | ProjectError::Other(diagnostic)) = error;
        diagnostic
    }
}

impl Debug for ProjectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Content(diagnostic) | Self::Other(diagnostic)) = self;
        Debug::fmt(diagnostic, f)
    }
}

/// A file, with a line if that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceLocation {
    /// The file, as the user named it.
    pub path: PathBuf,
    /// The line, from 1.
    pub line: Option<usize>,
}

impl SourceLocation {
    /// Returns the error that the file cannot be read, at this line.
    pub fn unreadable(&self) -> Diagnostic {
        let error = Diagnostic::cannot("read", quote::path(&self.path));
        self.line.map_or(error.clone(), |line| error.named(format_args!("line {line}")))
    }
}

impl Display for SourceLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", quote::path(&self.path))?;
        self.line.map_or(Ok(()), |line| write!(f, ", line {line}"))
    }
}

/// Finds the last location in a project's files that sets a part of the model; with a text, the value in it
/// that contains the text.
pub type Locate<'a> = &'a dyn Fn(&YamlPath, Option<&str>) -> Option<SourceLocation>;

/// A part of the model: all of it, a top-level key, a service, or a key of a service.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct YamlPath {
    /// The service.
    pub service: Option<String>,
    /// The key of the service, or the top-level key.
    pub key: Option<&'static str>,
}

impl YamlPath {
    /// Returns the error that this part cannot be read, at `location`.
    pub fn unreadable(&self, location: Option<&SourceLocation>) -> Diagnostic {
        let error = Diagnostic::cannot("read", self);
        location.map_or(error.clone(), |location| error.named(location))
    }

    /// Returns the error that this part is `is` and not `wanted`.
    pub fn wrong_form(
        &self,
        is: &'static str,
        wanted: &'static str,
        locate: Locate<'_>,
    ) -> ProjectError {
        self.error(locate(self, None).as_ref(), |error| {
            error
                .because(format_args!("it is {is}, not {wanted}"))
                .advise(format!("write {wanted} there"))
        })
    }

    /// Returns the error about this part that `say` completes.
    pub fn error(
        &self,
        location: Option<&SourceLocation>,
        say: impl FnOnce(Diagnostic) -> Diagnostic,
    ) -> ProjectError {
        let error = say(self.unreadable(location));
        if location.is_some() { ProjectError::Content(error) } else { ProjectError::Other(error) }
    }
}

impl Display for YamlPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.service, self.key) {
            (None, None) => f.write_str("the Compose project"),
            (None, Some(key)) => write!(f, "`{key}`"),
            (Some(service), None) => write!(f, "the service {}", quote::word(service)),
            (Some(service), Some(key)) => {
                write!(f, "`{key}` of the service {}", quote::word(service))
            }
        }
    }
}
