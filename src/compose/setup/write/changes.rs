//! What a run did, or would do, and what it left alone, in words.

use std::ffi::OsString;
use std::fmt::{self, Display};
use std::path::PathBuf;

use crate::compose::setup::write::Error;
use crate::sys::output;
use crate::sys::quote;

/// What a run did, or would do.
#[derive(Debug, Default)]
pub struct Changes {
    /// One line each.
    pub done: Vec<Change>,
    /// What stands there still, and why: warnings.
    pub left: Vec<Left>,
}

/// One thing that is done.
#[derive(Debug)]
pub struct Change {
    deed: Deed,
    what: String,
    is_dry: bool,
}

/// What is done.
#[derive(Clone, Copy, Debug)]
pub enum Deed {
    /// Something new.
    Make,
    /// Something else in its place.
    Change,
    /// Taken away.
    Remove,
}

/// Something that is left alone.
pub enum Left {
    /// What stands in the overlay's place is not ours.
    Overlay { path: PathBuf, kind: &'static str },
    /// A file of ours was changed.
    Changed(PathBuf),
    /// `.trust/` holds what is not ours.
    Strange { path: PathBuf, names: Vec<OsString> },
    /// A text of the user's cannot be changed.
    Text(Error),
    /// Containers mount files of `.trust/`, and could not be started again without them.
    Mounted { path: PathBuf, containers: Vec<String> },
    /// The same, as far as is known: the engine does not say.
    Unasked { path: PathBuf, cause: String },
}

output::error_of_words!(Left);

impl Changes {
    /// Whether nothing is done.
    pub fn is_nothing(&self) -> bool {
        self.done.is_empty()
    }

    pub(crate) fn add(&mut self, deed: Deed, what: impl Display) {
        self.done.push(Change { deed, what: what.to_string(), is_dry: false });
    }

    pub(crate) fn only_intended(mut self) -> Self {
        self.done.iter_mut().for_each(|change| change.is_dry = true);
        self
    }
}

/// A line for each thing that is done.
impl Display for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.done.iter().try_for_each(|change| writeln!(f, "{change}"))
    }
}

impl Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (done, intended) = match self.deed {
            Deed::Make => ("made", "would make"),
            Deed::Change => ("changed", "would change"),
            Deed::Remove => ("removed", "would remove"),
        };
        write!(f, "{} {}", if self.is_dry { intended } else { done }, self.what)
    }
}

impl Display for Left {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Overlay { path, kind } => write!(
                f,
                "left {} alone: the {kind} that stands there is not from this program\n\
                 fix: delete it if you do not need it",
                quote::path(path)
            ),
            Self::Changed(path) => write!(
                f,
                "left {} alone: it is not as it was written\nfix: delete it if you do not need it",
                quote::path(path)
            ),
            Self::Strange { path, names } => {
                let names: Vec<_> =
                    names.iter().map(|name| quote::word(name).to_string()).collect();
                write!(
                    f,
                    "left {} standing: it holds {}\nfix: delete it if you do not need it",
                    quote::path(path),
                    names.join(", ")
                )
            }
            Self::Text(error) => write!(f, "{error}"),
            Self::Mounted { path, containers } => {
                let names: Vec<_> =
                    containers.iter().map(|name| quote::word(name).to_string()).collect();
                write!(
                    f,
                    "kept {}: its files are mounted by {}, which could not be started again without \
                     them\n\
                     fix: recreate or remove these containers, then run `trust-compose remove` again",
                    quote::path(path),
                    names.join(", ")
                )
            }
            Self::Unasked { path, cause } => write!(
                f,
                "kept {}: cannot ask the engine which containers mount it: {cause}\n\
                 fix: start the engine, then run `trust-compose remove` again",
                quote::path(path)
            ),
        }
    }
}
