//! Why a Compose project cannot be read, and what mends it.

use std::fmt::{self, Display};
use std::path::PathBuf;
use std::time::Duration;

use crate::compose::docker::Failure;
use crate::sys::file::Problem;
use crate::sys::output;
use crate::sys::quote;

/// What helps wherever this program cannot do what Compose does.
const ELSEWHERE: &str = "run this where the docker command with Compose is, or install it";

/// Why a project cannot be read.
pub enum Error {
    /// Compose says no, to what stands there if that is known.
    Compose { cause: String, place: Option<Place> },
    /// Compose does not come to an end.
    TimedOut(Duration),
    /// Compose takes all memory that it may have.
    OutOfMemory,
    /// What Compose makes of the project is too much.
    TooMuch { most: usize },
    /// docker could not be started.
    System(Failure),
    /// A file cannot be read.
    Unreadable { path: PathBuf, problem: Problem },
    /// A file is not YAML, or more of it than a Compose file ever is.
    Broken { place: Place, cause: String, fix: &'static str },
    /// A project of more files than there ever are, of which this is the last.
    TooMany { path: PathBuf, most: usize },
    /// A service whose name Compose does not take.
    Name { place: Place, name: String },
    /// A key that stands in one mapping twice.
    Duplicate { place: Place, key: String },
    /// A word by which the file says something that only Compose can follow.
    OnlyCompose { place: Place, word: String },
    /// Something of another form than Compose gives it.
    Form { thing: Thing, place: Option<Place>, is: &'static str, wanted: &'static str },
    /// A variable without a value in something that must be known.
    Variable { thing: Thing, place: Option<Place>, name: String },
    /// A `${` that begins no form of variable which Compose has.
    Template { thing: Thing, place: Option<Place>, text: String },
    /// `x-trust-init` with something else than a role in it.
    Extension { thing: Thing, place: Option<Place>, says: String },
}

output::error_of_words!(Error);

/// A file, and a line of it where that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file, as it was named.
    pub path: PathBuf,
    /// The line, from 1.
    pub line: Option<usize>,
}

/// A part of the model, from the whole down to one key of a service.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Thing {
    /// The service.
    pub service: Option<String>,
    /// The key, of the service or of the whole.
    pub key: Option<&'static str>,
}

impl Error {
    /// Whether it is about what a file says, whoever reads it, and tells where that stands.
    pub fn is_of_file(&self) -> bool {
        match self {
            Self::Broken { .. } | Self::Duplicate { .. } | Self::Name { .. } => true,
            Self::Form { place, .. } | Self::Extension { place, .. } => place.is_some(),
            _ => false,
        }
    }

    /// The same, with the place where it stands, which `find` looks up: first argument the part of the
    /// model, second the text of a variable or the like that stands in it.
    #[must_use]
    pub fn at(mut self, find: impl Fn(&Thing, Option<&str>) -> Option<Place>) -> Self {
        match &mut self {
            Self::Form { thing, place, .. } | Self::Extension { thing, place, .. } => {
                *place = find(thing, None);
            }
            Self::Variable { thing, place, name: needle }
            | Self::Template { thing, place, text: needle } => *place = find(thing, Some(needle)),
            _ => {}
        }
        self
    }
}

impl Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Compose { cause, place } => write!(
                f,
                "cannot read the project{}: `docker compose config` says: {cause}\n\
                 fix: correct the compose file; `docker compose config` shows when it is right",
                In(place.as_ref())
            ),
            Self::TimedOut(limit) => write!(
                f,
                "cannot read the project: `docker compose config` gave no answer within {} s\n\
                 fix: look for aliases that multiply, or for a slow file system",
                limit.as_secs()
            ),
            Self::OutOfMemory => f.write_str(
                "cannot read the project: `docker compose config` ran out of memory\n\
                 fix: look for aliases that multiply, or for a file that never ends",
            ),
            Self::TooMuch { most } => write!(
                f,
                "cannot read the project: what `docker compose config` makes of it is larger than {} MiB\n\
                 fix: look for aliases that multiply",
                most >> 20
            ),
            Self::System(failure) => write!(
                f,
                "cannot read the project: docker cannot be started: {failure}\n\
                 fix: see whether `docker compose version` works"
            ),
            Self::Unreadable { path, problem } => {
                let fix = match problem {
                    Problem::Missing => "correct the name",
                    Problem::Denied { .. } => "run as the owner of the file",
                    Problem::Special(_) => "name a regular file",
                    _ => "name a Compose file",
                };
                write!(f, "cannot read {}: {problem}\nfix: {fix}", quote::path(path))
            }
            Self::Broken { place, cause, fix } => {
                write!(f, "cannot read {place}: {cause}\nfix: {fix}")
            }
            Self::TooMany { path, most } => write!(
                f,
                "cannot read {}: the project is made of more than {most} files\n\
                 fix: write it without that",
                quote::path(path)
            ),
            Self::Name { place, name } => write!(
                f,
                "cannot read {place}: {} is no name of a service\n\
                 fix: use letters and digits of ASCII, `.`, `_` and `-`",
                quote::word(name)
            ),
            Self::Duplicate { place, key } => write!(
                f,
                "cannot read {place}: the key {} stands there for the second time\n\
                 fix: keep one of the two",
                quote::word(key)
            ),
            Self::OnlyCompose { place, word } => write!(
                f,
                "cannot read {place}: what {} does, only Compose itself can tell\nfix: {ELSEWHERE}",
                quote::word(word)
            ),
            Self::Form { thing, place, is, wanted } => write!(
                f,
                "cannot read {thing}{}: it is {is}, not {wanted}\nfix: write {wanted} there",
                In(place.as_ref())
            ),
            Self::Variable { thing, place, name } => write!(
                f,
                "cannot read {thing}{}: the variable {} has no value here\n\
                 fix: give it one in the shell or in `.env`, or {ELSEWHERE}",
                In(place.as_ref()),
                quote::word(name)
            ),
            Self::Template { thing, place, text } => write!(
                f,
                "cannot read {thing}{}: {} is no variable in a form that Compose has\n\
                 fix: correct it, or write `$$` for a plain dollar sign",
                In(place.as_ref()),
                quote::word(text)
            ),
            Self::Extension { thing, place, says } => write!(
                f,
                "cannot read {thing}{}: it says {}\nfix: write `role: trust` or `role: leave`",
                In(place.as_ref()),
                quote::word(says)
            ),
        }
    }
}

impl Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", quote::path(&self.path))?;
        self.line.map_or(Ok(()), |line| write!(f, " (line {line})"))
    }
}

impl Display for Thing {
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

/// A place in brackets, where there is one.
struct In<'a>(Option<&'a Place>);

impl Display for In<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(Place { path, line: Some(line) }) => {
                write!(f, " ({}, line {line})", quote::path(path))
            }
            Some(Place { path, line: None }) => write!(f, " ({})", quote::path(path)),
            None => Ok(()),
        }
    }
}
