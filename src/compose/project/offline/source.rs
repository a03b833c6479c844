//! Reads a Compose file, and checks that the YAML reader can process it within limits.

use std::cmp::Reverse;
use std::path::Path;

use serde_yaml::Value;

use crate::compose::project::error::{NEEDS_COMPOSE, ProjectError, SourceLocation, YamlPath};
use crate::compose::project::offline::yaml::{self, StopReason};
use crate::sys::diagnostic::Diagnostic;
use crate::sys::file::{self, FileReadError};
use crate::sys::quote;

/// Largest Compose file that is read, in bytes: 2 MiB. The YAML crate needs up to two hundred times as much
/// memory.
const MAX_FILE: u64 = 2 << 20;
/// Deepest nesting of brackets. The YAML crate refuses more than 128 levels, but only after a scan that takes
/// quadratic time: 5 s for 128 KiB of brackets.
const MAX_BRACKETS: usize = 1000;

const TOO_DEEP: &str = "it is nested too deeply";
const TOO_MUCH: &str = "it is too large once its aliases are expanded";
const SHORTEN: &str = "look for aliases that multiply, or split the file";
const FLATTEN: &str = "reduce the nesting";
const OTHER_FILE: &str = "name a Compose file";

/// A Compose file.
pub struct ComposeFile<'a> {
    /// The file's path, as the user named it.
    pub path: &'a Path,
    /// The file's contents.
    pub text: String,
}

impl<'a> ComposeFile<'a> {
    /// Reads the file at `path`.
    ///
    /// # Errors
    /// When it cannot be read, or is not valid text.
    pub fn read(path: &'a Path) -> Result<Self, ProjectError> {
        let bytes = file::read(path, &mut { MAX_FILE }).map_err(|problem| {
            let fix = match problem {
                FileReadError::Missing => "correct the name",
                FileReadError::Denied { .. } => "run as the owner of the file",
                FileReadError::Special(_) => "name a regular file",
                _ => OTHER_FILE,
            };
            let problem = match problem {
                FileReadError::TooLarge { .. } => {
                    FileReadError::TooLarge { limit: MAX_FILE, together: false }
                }
                problem => problem,
            };
            let error = Diagnostic::cannot("read", quote::path(path));
            ProjectError::Other(error.because(problem).advise(fix))
        })?;
        Self::from_bytes(path, bytes)
    }

    /// Creates a file at `path` from its contents.
    ///
    /// # Errors
    /// When they are not UTF-8, contain control characters, or are nested too deeply.
    pub fn from_bytes(path: &'a Path, bytes: Vec<u8>) -> Result<Self, ProjectError> {
        let text = String::from_utf8(bytes).map_err(|error| {
            let before = error.as_bytes().get(..error.utf8_error().valid_up_to());
            let line = before.map(|before| memchr::memchr_iter(b'\n', before).count() + 1);
            content_error(path, line, "it is not UTF-8", "save it as UTF-8")
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
                    return Err(content_error(
                        path,
                        Some(line),
                        cause,
                        "remove the control character",
                    ));
                }
                _ => {}
            }
            if open > MAX_BRACKETS {
                return Err(content_error(path, Some(line), TOO_DEEP, FLATTEN));
            }
        }
        Ok(Self { path, text })
    }

    /// Parses the documents in it that are not empty.
    ///
    /// # Errors
    /// When it is not YAML, a mapping repeats a key, or a value has a tag that only Compose supports.
    pub fn documents(&self) -> Result<Vec<Value>, ProjectError> {
        let documents = yaml::documents(&self.text);
        let mut documents = documents.map_err(|(error, stop)| self.parse_error(&error, stop))?;
        documents.retain(|document| !document.is_null());
        if documents.is_empty() {
            return Err(content_error(self.path, None, "it is empty", OTHER_FILE));
        }
        if !documents.iter().all(Value::is_mapping) {
            return Err(content_error(self.path, None, "it is not a mapping of keys", OTHER_FILE));
        }
        Ok(documents)
    }

    /// Finds the last location that sets `part`; with `needle`, a value in it that contains this text.
    pub fn locate(&self, part: &YamlPath, needle: Option<&str>) -> Option<SourceLocation> {
        let service = part.service.iter().flat_map(|name| ["services", name]);
        let path: Vec<_> = service.chain(part.key).collect();
        Some(self.location(Some(yaml::find_line(&self.text, &path, needle)?)))
    }

    /// Returns the error that only Compose supports `word`.
    pub fn needs_compose(&self, line: Option<usize>, word: &str) -> ProjectError {
        let error = self.location(line).unreadable();
        let cause = format!("only Compose supports {}", quote::word(word));
        ProjectError::Other(error.because(cause).advise(NEEDS_COMPOSE))
    }

    /// Returns the location of a line in it.
    pub fn location(&self, line: Option<usize>) -> SourceLocation {
        SourceLocation { path: self.path.to_owned(), line }
    }

    /// Returns the first line with the most aliases, because the YAML crate's error about their expansion has
    /// no line.
    fn line_with_most_aliases(&self) -> Option<usize> {
        let count = |line: &str| line.matches('*').count();
        let lines = (1..).zip(self.text.lines().map(count)).filter(|(_, count)| *count > 0);
        lines.max_by_key(|(line, count)| (*count, Reverse(*line))).map(|(line, _)| line)
    }

    fn parse_error(&self, error: &serde_yaml::Error, stop: Option<StopReason>) -> ProjectError {
        let line = error.location().map(|location| location.line());
        let line = line.or_else(|| self.line_with_most_aliases());
        match stop {
            Some(StopReason::Duplicate(key)) => {
                let cause = format!("the key {} is repeated", quote::word(&key));
                content_error(self.path, line, &cause, "keep one of the two")
            }
            Some(StopReason::Tag(tag)) => self.needs_compose(line, &format!("!{tag}")),
            Some(StopReason::TooMuch) => content_error(self.path, line, TOO_MUCH, SHORTEN),
            Some(StopReason::Found) | None => {
                let words = error.to_string();
                let (cause, fix) = match words.split(" at line ").next() {
                    Some("recursion limit exceeded") => (TOO_DEEP, FLATTEN),
                    Some("repetition limit exceeded") => (TOO_MUCH, SHORTEN),
                    cause => (cause.unwrap_or_default(), "correct it there"),
                };
                content_error(self.path, line, cause, fix)
            }
        }
    }
}

fn content_error(path: &Path, line: Option<usize>, cause: &str, fix: &str) -> ProjectError {
    let location = SourceLocation { path: path.to_owned(), line };
    ProjectError::Content(location.unreadable().because(cause).advise(fix))
}
