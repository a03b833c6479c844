//! What the values of options and variables may be, and what each means.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;

use crate::init::cli::{Error, Java, OnError};
use crate::sys::environment::Environment;
use crate::sys::output::Log;
use crate::trust::source::{Named, Origin, Roots};
use crate::trust::variables::TABLE;
use crate::trust::variables::runtimes::Runtime;

/// The words a setting takes, and what each means.
pub type Words<T> = &'static [(&'static str, T)];

/// The words of `--roots`.
pub const ROOTS: Words<Roots> =
    &[("system", Roots::System), ("mozilla", Roots::Mozilla), ("none", Roots::None)];
/// The words of `--on-error`.
pub const ON_ERROR: Words<OnError> = &[("fail", OnError::Fail), ("warn", OnError::Warn)];
/// The words of `--java`.
pub const JAVA: Words<Java> = &[("auto", Java::Auto), ("on", Java::On), ("off", Java::Off)];
const RUNTIMES: Words<&[Runtime]> = &[
    ("php", &[Runtime::Php]),
    ("wget", &[Runtime::Wget, Runtime::Wget2]),
    ("erlang", &[Runtime::Erlang]),
];
/// The words of `--log`.
pub const LOG: Words<Log> = &[("normal", Log::Normal), ("quiet", Log::Quiet), ("json", Log::Json)];
/// The values of a variable that is a switch.
pub const SWITCH: Words<bool> = &[("1", true), ("0", false)];

/// The words of a list with commas.
fn listed(value: &OsStr) -> impl Iterator<Item = &OsStr> {
    let words = value.as_bytes().split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
    words.filter(|word| !word.is_empty()).map(OsStr::from_bytes)
}

/// A list of runtimes.
///
/// # Errors
/// When one is not known.
pub fn runtimes(value: &OsStr, origin: Origin) -> Result<Vec<Runtime>, Error> {
    let mut runtimes = Vec::new();
    for word in listed(value) {
        runtimes.extend(meaning(word, origin, RUNTIMES)?);
    }
    Ok(runtimes)
}

/// A list of trust variables.
///
/// # Errors
/// When one is not in the table.
pub fn leave(value: &OsStr, origin: Origin) -> Result<Vec<&'static str>, Error> {
    let names = listed(value).map(|word| {
        let row = TABLE.iter().find(|row| word == row.name);
        row.map(|row| row.name)
            .ok_or_else(|| Error::NoTrustVariable { origin, value: word.to_owned() })
    });
    names.collect()
}

/// The path behind an option.
///
/// # Errors
/// When there is none.
pub fn path(parser: &mut lexopt::Parser, option: &'static str) -> Result<Named, Error> {
    let path = parser.value().map_err(Error::Usage)?.into();
    Ok(Named { path, origin: Origin::Option(option) })
}

/// The value behind an option.
///
/// # Errors
/// When there is none, or it is not one of `words`.
pub fn option<T: Copy>(
    parser: &mut lexopt::Parser,
    name: &'static str,
    words: Words<T>,
) -> Result<T, Error> {
    let value = parser.value().map_err(Error::Usage)?;
    meaning(&value, Origin::Option(name), words)
}

/// A variable that is set but empty counts as not set: Compose writes `NAME: ${NAME:-}` as that.
///
/// # Errors
/// When its value is not one of `words`.
pub fn variable<T: Copy + Default>(
    environment: &Environment,
    name: &'static str,
    words: Words<T>,
) -> Result<T, Error> {
    match environment.get(name) {
        Some(value) if !value.is_empty() => meaning(value, Origin::Variable(name), words),
        _ => Ok(T::default()),
    }
}

fn meaning<T: Copy>(value: &OsStr, origin: Origin, words: Words<T>) -> Result<T, Error> {
    let found = words.iter().find(|(word, _)| value == *word);
    found.map(|(_, meaning)| *meaning).ok_or_else(|| {
        let allowed: Vec<_> = words.iter().map(|(word, _)| *word).collect();
        Error::Value { origin, value: value.to_owned(), allowed: allowed.join(", ") }
    })
}
