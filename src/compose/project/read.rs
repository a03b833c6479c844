//! A project is read: by Compose itself where that can be, because nobody knows its files better.
//!
//! First as Compose would run it; then, because on a fresh clone an `env_file:` is often missing, without the
//! values of variables, which `offline::complete` fills in; without a docker command, by `offline` alone.
//! What Compose prints can hold secrets, and stays in memory.

use crate::compose::project::offline;
use crate::compose::project::parse;

use std::fmt::{self, Display};

use serde_yaml::Value;

use crate::compose::docker::{self, Failure};
pub use crate::compose::project::error::{Error, Place as Spot, Thing};
use crate::compose::project::files::Place;
use crate::compose::project::interpolate::Lookup;
use crate::compose::project::{Project, Reading};

/// What Compose's model may hold: 16 MiB, that of some ten thousand services. The YAML crate needs up to a
/// hundred times as much memory.
const MOST: usize = 16 << 20;

/// That a project was not read in the best way.
pub enum Note {
    /// Without the values of variables, because of this.
    WithoutVariables(String),
    /// By this program.
    Alone(Failure),
}

impl Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WithoutVariables(cause) => write!(
                f,
                "Compose cannot start the project as it is: {cause}; it is read without what is \
                 missing\n\
                 fix: mend that, and run this again before `up`"
            ),
            Self::Alone(failure) => write!(
                f,
                "the project is read without Compose: {failure}; what images hold is not known\n\
                 fix: run this again where docker is, if images bring certificates of their own"
            ),
        }
    }
}

/// Reads the project, and says if that was not done in the best way.
///
/// # Errors
/// When it cannot be read at all.
pub fn read(place: &Place) -> Result<(Project, Option<Note>), Error> {
    let lookup = |name: &str| place.variables.get(name);
    crate::compose::project::offline::preflight::look(&place.files.files, &place.base, &lookup)?;
    let cause = match docker::config(&place.files, true) {
        Ok(text) => return Ok((told(&text, Reading::Complete, place)?, None)),
        Err(failure @ (Failure::Missing | Failure::NoCompose)) => {
            let project = offline::read(&place.files.files, &place.base, &lookup)?;
            return Ok((project, Some(Note::Alone(failure))));
        }
        Err(Failure::TimedOut(limit)) => return Err(Error::TimedOut(limit)),
        Err(Failure::OutOfMemory) => return Err(Error::OutOfMemory),
        Err(Failure::TooMuch) => return Err(Error::TooMuch { most: MOST }),
        Err(Failure::Said(cause)) => cause,
        Err(failure @ Failure::System(_)) => return Err(Error::System(failure)),
    };
    // What is wrong with the file itself is wrong without variables too, and said by the first.
    let Ok(text) = docker::config(&place.files, false) else {
        return Err(refused(cause, place, &lookup));
    };
    let project = told(&text, Reading::WithoutVariables, place)?;
    Ok((project, Some(Note::WithoutVariables(cause))))
}

/// The project that Compose printed.
fn told(text: &[u8], reading: Reading, place: &Place) -> Result<Project, Error> {
    if text.len() > MOST {
        return Err(Error::TooMuch { most: MOST });
    }
    let mut tree: Value = serde_yaml::from_slice(text).map_err(|error| Error::Compose {
        cause: format!("something that is not YAML: {error}"),
        place: None,
    })?;
    if reading == Reading::WithoutVariables {
        offline::complete(&mut tree, &place.base, &|name| place.variables.get(name));
    }
    let find =
        |thing: &Thing, needle: Option<&str>| offline::place(&place.files.files, thing, needle);
    parse::project(&tree, reading, &place.base).map_err(|error| error.at(find))
}

/// What Compose said no to. It names neither the file nor the line of most things: where this program trips
/// over the same files, its own words do.
fn refused(cause: String, place: &Place, lookup: Lookup<'_>) -> Error {
    let files = &place.files.files;
    match offline::read(files, &place.base, lookup) {
        Err(error) if error.is_of_file() => error,
        _ => {
            let service =
                cause.split("services.").nth(1).and_then(|rest| rest.split(['.', ' ']).next());
            let thing = Thing { service: service.map(str::to_owned), key: None };
            let place = service.and_then(|_| offline::place(files, &thing, None));
            Error::Compose { cause, place }
        }
    }
}
