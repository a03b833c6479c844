//! Where a project's files are wrong: a part of the model, the line that it comes from, and the two kinds of
//! errors that a caller tells apart.

use std::fmt::{self, Debug, Display};
use std::path::PathBuf;

use crate::sys::diagnostic::Diagnostic;
use crate::sys::quote;

/// Advice where only Compose can read what a file says.
pub const NEEDS_COMPOSE: &str = "run this where docker with Compose is installed, or install it";

/// Why a project cannot be read.
pub enum ProjectError {
    /// A file is wrong for every reader, and its line is known.
    Content(Diagnostic),
    /// Anything else.
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

/// A file, and a line of it where that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceLocation {
    /// The file, as it was named.
    pub path: PathBuf,
    /// The line, from 1.
    pub line: Option<usize>,
}

impl SourceLocation {
    /// That the file cannot be read, because of what is at this line.
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

/// Finds the last place in a project's files that decides about a part of the model, and, with a text, the value
/// below it that contains the text.
pub type Locate<'a> = &'a dyn Fn(&YamlPath, Option<&str>) -> Option<SourceLocation>;

/// A part of the model, from the whole down to one key of a service.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct YamlPath {
    /// The service.
    pub service: Option<String>,
    /// The key, of the service or of the whole.
    pub key: Option<&'static str>,
}

impl YamlPath {
    /// That this part cannot be read, because of what is at `location`.
    pub fn unreadable(&self, location: Option<&SourceLocation>) -> Diagnostic {
        let error = Diagnostic::cannot("read", self);
        location.map_or(error.clone(), |location| error.named(location))
    }

    /// That this part has another form than Compose gives it.
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

    /// That this part is wrong, in the words of `say`.
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
