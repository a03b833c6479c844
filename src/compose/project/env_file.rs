//! Reads env files: `.env`, and those that `env_file:` names.
//!
//! Syntax:
//! <https://docs.docker.com/compose/how-tos/environment-variables/variable-interpolation/#env-file-syntax>,
//! as implemented by Compose 2.26.

use std::collections::BTreeMap;
use std::path::Path;

use serde_yaml::{Mapping, Value};

use crate::compose::project::interpolate::{self, Interpolation, Lookup};
use crate::compose::project::offline::merge;
use crate::compose::project::paths::resolve_from;
use crate::sys::file::{self, FileReadError};

/// Largest env file that is read, in bytes: 1 MiB.
const MAX_ENV_FILE: u64 = 1 << 20;

/// Adds the variables of the service's readable env files to its `environment:`, which overrides them.
/// Removes `env_file:` if every file was read.
pub(crate) fn apply_env_files(service: &mut Mapping, base: &Path, lookup: Lookup<'_>) {
    let files = match service.get("env_file") {
        None | Some(Value::Null) => return,
        Some(Value::Sequence(files)) => files.clone(),
        Some(file) => vec![file.clone()],
    };
    let path = |file: &Value| file.get("path").unwrap_or(file).clone();
    let mut found = BTreeMap::new();
    let mut is_whole = true;
    for (index, file) in files.iter().enumerate() {
        // Compose reads a file once, at the position of its first mention.
        if files.iter().take(index).any(|earlier| path(earlier) == path(file)) {
            continue;
        }
        let known = |name: &str| lookup(name).or_else(|| value_above(&found, name));
        match read(file, base, &known) {
            Some(variables) => found.extend(variables),
            None => is_whole = false,
        }
    }
    let environment = service.entry("environment".into()).or_insert(Value::Null);
    if environment.is_null() {
        *environment = Value::Mapping(Mapping::new());
    }
    let Some(environment) = merge::pairs_mut(environment) else { return };
    for (name, value) in found {
        environment.entry(name.into()).or_insert(value.into());
    }
    if is_whole {
        service.remove("env_file");
    }
}

/// Reads one env file; `None` if it is required and missing, or cannot be parsed.
fn read(file: &Value, base: &Path, lookup: Lookup<'_>) -> Option<BTreeMap<String, String>> {
    let path = match file {
        Value::Mapping(long) if long.contains_key("format") => return None,
        Value::Mapping(long) => long.get("path")?.as_str()?,
        file => file.as_str()?,
    };
    let Interpolation::Known(path) = interpolate::read(path) else { return None };
    match file::read(&resolve_from(base, &path)?, &mut { MAX_ENV_FILE }) {
        Ok(bytes) => parse(&String::from_utf8(bytes).ok()?, lookup),
        Err(FileReadError::Missing) if file.get("required")?.as_bool() == Some(false) => {
            Some(BTreeMap::new())
        }
        Err(_) => None,
    }
}

/// Parses `text`. Each value is written as in a Compose file: `$$` for a dollar sign, and variables that
/// neither `lookup` nor a line above sets are unchanged. `None` for invalid syntax.
pub fn parse(text: &str, lookup: Lookup<'_>) -> Option<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    let mut rest = text.strip_prefix('\u{feff}').unwrap_or(text).trim_start();
    while !rest.is_empty() {
        let (line, below) = rest.split_once('\n').unwrap_or((rest, ""));
        if rest.starts_with('#') {
            rest = below.trim_start();
            continue;
        }
        let line = line.strip_prefix("export ").unwrap_or(line);
        let name = line.split(['=', ':']).next().unwrap_or_default();
        let is_alone = name.len() == line.len();
        let value = line.get(name.len() + 1..).unwrap_or_default().trim_start();
        let name = name.trim();
        let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
        if name.is_empty() || !name.chars().all(is_part) {
            return None;
        }
        if is_alone {
            // A name without a value takes the shell's, or is not set.
            found.extend(lookup(name).map(|value| (name.to_owned(), interpolate::escape(&value))));
            rest = below.trim_start();
            continue;
        }
        let known = |name: &str| lookup(name).or_else(|| value_above(&found, name));
        let value = if let Some(quote @ ('\'' | '"')) = value.chars().next() {
            // A quoted value may span several lines.
            let from = rest.split_once(quote)?.1;
            let (inside, after) = from.split_at(closing_quote(from, quote)?);
            let (end, after) = after.split_once('\n').unwrap_or((after, ""));
            let end = end.get(1..).unwrap_or_default().trim_start();
            if !end.is_empty() && !end.starts_with('#') {
                return None;
            }
            rest = after.trim_start();
            match quote {
                '"' => interpolate::interpolate(&unescape(inside), &known),
                _ => interpolate::escape(&inside.replace("\\'", "'")),
            }
        } else {
            rest = below.trim_start();
            let end = value.find(" #").unwrap_or(value.len());
            interpolate::interpolate(value.get(..end)?.trim_end(), &known)
        };
        found.insert(name.to_owned(), value);
    }
    Some(found)
}

/// Returns the value that a line above sets.
fn value_above(found: &BTreeMap<String, String>, name: &str) -> Option<String> {
    match interpolate::read(found.get(name)?) {
        Interpolation::Known(value) => Some(value),
        _ => None,
    }
}

/// Returns the index of the closing quote. An escaped quote does not close.
fn closing_quote(text: &str, quote: char) -> Option<usize> {
    let mut is_escaped = false;
    text.char_indices().find_map(|(at, letter)| {
        let is_closing = letter == quote && !is_escaped;
        is_escaped = letter == '\\' && !is_escaped;
        is_closing.then_some(at)
    })
}

/// Removes the escapes from `text`. An escaped dollar sign becomes `$$`, which [`interpolate::interpolate`] reads as one.
fn unescape(text: &str) -> String {
    let mut out = String::new();
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match if letter == '\\' { letters.next() } else { None } {
            None => out.push(letter),
            Some('a') => out.push('\u{7}'),
            Some('b') => out.push('\u{8}'),
            Some('f') => out.push('\u{c}'),
            Some('n') => out.push('\n'),
            Some('r') => out.push('\r'),
            Some('t') => out.push('\t'),
            Some('v') => out.push('\u{b}'),
            Some('$') => out.push_str("$$"),
            Some(other @ ('\\' | '"')) => out.push(other),
            Some(other) => out.extend(['\\', other]),
        }
    }
    out
}
