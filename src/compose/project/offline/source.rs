//! A Compose file: read, and found to be what a YAML reader can take.

use std::cmp::Reverse;
use std::path::Path;

use serde_yaml::Value;

use crate::compose::project::error::{NEEDS_COMPOSE, ReadError, SourceLocation, YamlPath};
use crate::compose::project::offline::yaml::{self, Stop};
use crate::sys::diagnostic::Diagnostic;
use crate::sys::file::{self, FileReadError};
use crate::sys::quote;

/// What a Compose file may contain: 2 MiB, far more than people write. The YAML crate needs up to two
/// hundred times as much memory.
const LIMIT: u64 = 2 << 20;
/// How many brackets may be open at once. The YAML crate follows no more than 128 levels, but only after a scan
/// that takes the square of them in time: 5 s for 128 KiB of brackets.
const MOST_BRACKETS: usize = 1000;

const TOO_DEEP: &str = "it is nested deeper than a Compose file ever is";
const TOO_MUCH: &str = "with its aliases it contains more than a Compose file ever does";
const SHORTEN: &str = "look for aliases that multiply, or split the file";
const FLATTEN: &str = "reduce the nesting";
const OTHER_FILE: &str = "name a Compose file";

/// A Compose file.
pub struct Source<'a> {
    /// Its name, as typed.
    pub path: &'a Path,
    /// Its contents.
    pub text: String,
}

impl<'a> Source<'a> {
    /// Reads the file at `path`.
    ///
    /// # Errors
    /// When it cannot be read, or is not text.
    pub fn read(path: &'a Path) -> Result<Self, ReadError> {
        let bytes = file::read(path, &mut { LIMIT }).map_err(|problem| {
            let fix = match problem {
                FileReadError::Missing => "correct the name",
                FileReadError::Denied { .. } => "run as the owner of the file",
                FileReadError::Special(_) => "name a regular file",
                _ => OTHER_FILE,
            };
            let problem = match problem {
                FileReadError::TooLarge { .. } => {
                    FileReadError::TooLarge { limit: LIMIT, together: false }
                }
                problem => problem,
            };
            let error = Diagnostic::cannot("read", quote::path(path));
            ReadError::Other(error.because(problem).advise(fix))
        })?;
        Self::of(path, bytes)
    }

    /// The file at `path` with these contents.
    ///
    /// # Errors
    /// When they are not text, or more than a YAML reader can take.
    pub fn of(path: &'a Path, bytes: Vec<u8>) -> Result<Self, ReadError> {
        let text = String::from_utf8(bytes).map_err(|error| {
            let before = error.as_bytes().get(..error.utf8_error().valid_up_to());
            let line = before.map(|before| memchr::memchr_iter(b'\n', before).count() + 1);
            broken(path, line, "it is not UTF-8", "save it as UTF-8")
        })?;
        let text = text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
        let (mut open, mut line) = (0_usize, 1);
        for letter in text.chars() {
            match letter {
                '[' | '{' => open += 1,
                ']' | '}' => open = open.saturating_sub(1),
                '\n' => line += 1,
                '\t' | '\r' | '\u{85}' => {}
                letter if letter.is_control() => {
                    let cause = "it contains a control character";
                    return Err(broken(path, Some(line), cause, "remove the control character"));
                }
                _ => {}
            }
            if open > MOST_BRACKETS {
                return Err(broken(path, Some(line), TOO_DEEP, FLATTEN));
            }
        }
        Ok(Self { path, text })
    }

    /// The documents in it that are not empty.
    ///
    /// # Errors
    /// When it is not YAML, a key is in one mapping twice, or something has a tag that only Compose
    /// can follow.
    pub fn documents(&self) -> Result<Vec<Value>, ReadError> {
        let documents = yaml::documents(&self.text);
        let mut documents = documents.map_err(|(error, stop)| self.refused(&error, stop))?;
        documents.retain(|document| !document.is_null());
        if documents.is_empty() {
            return Err(broken(self.path, None, "it is empty", OTHER_FILE));
        }
        if !documents.iter().all(Value::is_mapping) {
            return Err(broken(self.path, None, "it is not a mapping of keys", OTHER_FILE));
        }
        Ok(documents)
    }

    /// Where the last word on `part` is in it; with `needle`, a value below it that contains this text.
    pub fn locate(&self, part: &YamlPath, needle: Option<&str>) -> Option<SourceLocation> {
        let service = part.service.iter().flat_map(|name| ["services", name]);
        let path: Vec<_> = service.chain(part.key).collect();
        Some(self.at(Some(yaml::line(&self.text, &path, needle)?)))
    }

    /// That only Compose can follow `word`.
    pub fn needs_compose(&self, line: Option<usize>, word: &str) -> ReadError {
        let error = self.at(line).unreadable();
        let cause = format!("only Compose can follow {}", quote::word(word));
        ReadError::Other(error.because(cause).advise(NEEDS_COMPOSE))
    }

    /// A line of it.
    pub fn at(&self, line: Option<usize>) -> SourceLocation {
        SourceLocation { path: self.path.to_owned(), line }
    }

    /// The line with the most aliases, the first of several: the YAML crate has no line for what multiplies.
    fn aliases(&self) -> Option<usize> {
        let count = |line: &str| line.matches('*').count();
        let lines = (1..).zip(self.text.lines().map(count)).filter(|(_, count)| *count > 0);
        lines.max_by_key(|(line, count)| (*count, Reverse(*line))).map(|(line, _)| line)
    }

    fn refused(&self, error: &serde_yaml::Error, stop: Option<Stop>) -> ReadError {
        let line = error.location().map(|location| location.line());
        let line = line.or_else(|| self.aliases());
        match stop {
            Some(Stop::Duplicate(key)) => {
                let cause = format!("the key {} is repeated", quote::word(&key));
                broken(self.path, line, &cause, "keep one of the two")
            }
            Some(Stop::Tag(tag)) => self.needs_compose(line, &format!("!{tag}")),
            Some(Stop::TooMuch) => broken(self.path, line, TOO_MUCH, SHORTEN),
            Some(Stop::Found) | None => {
                let words = error.to_string();
                let (cause, fix) = match words.split(" at line ").next() {
                    Some("recursion limit exceeded") => (TOO_DEEP, FLATTEN),
                    Some("repetition limit exceeded") => (TOO_MUCH, SHORTEN),
                    cause => (cause.unwrap_or_default(), "correct it there"),
                };
                broken(self.path, line, cause, fix)
            }
        }
    }
}

fn broken(path: &Path, line: Option<usize>, cause: &str, fix: &str) -> ReadError {
    let location = SourceLocation { path: path.to_owned(), line };
    ReadError::Content(location.unreadable().because(cause).advise(fix))
}
