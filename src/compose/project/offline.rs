//! Reads Compose files without Compose, on machines without docker.
//!
//! It merges the files by Compose's rules, and refuses keys that refer to other files or projects (`include`,
//! `extends`).

pub(crate) mod yaml;
pub(crate) mod merge;
pub mod source;

use std::path::{Path, PathBuf};

use serde_yaml::{Mapping, Value};

use crate::compose::project::complete::{fill_services, replace_texts};
use crate::compose::project::error::{ProjectError, SourceLocation, YamlPath};
use crate::compose::project::interpolate::{self, Lookup};
use crate::compose::project::offline::source::ComposeFile;
use crate::compose::project::parse;
use crate::compose::project::paths::clean_path;
use crate::compose::project::{Project, Reading};
use crate::sys::quote;

/// Reads the project in `files`, of which later ones override earlier ones. Relative paths begin at `base`;
/// `lookup` returns the variables of the shell and of `.env`.
///
/// # Errors
/// When a file cannot be read, is invalid, contains something that only Compose supports, or if a variable
/// without a value decides about trust.
pub fn read(files: &[PathBuf], base: &Path, lookup: Lookup<'_>) -> Result<Project, ProjectError> {
    let mut sources = Vec::new();
    for path in files {
        sources.push(ComposeFile::read(path)?);
    }
    project(&sources, base, lookup)
}

/// The same for the texts of the files.
///
/// # Errors
/// As [`read`], except for files that cannot be read.
pub fn project(
    sources: &[ComposeFile<'_>],
    base: &Path,
    lookup: Lookup<'_>,
) -> Result<Project, ProjectError> {
    let mut tree = Mapping::new();
    for source in sources {
        for mut document in source.documents()? {
            check_is_whole(&document, source)?;
            check_names(&document, source)?;
            replace_texts(&mut document, &|text| interpolate::interpolate(text, lookup));
            merge::merge_document(&mut tree, document);
        }
    }
    set_project_name(&mut tree, base, lookup);
    fill_services(&mut tree, base, lookup);
    let locate = |part: &YamlPath, needle: Option<&str>| {
        sources.iter().rev().find_map(|source| source.locate(part, needle))
    };
    parse::project(&Value::Mapping(tree), Reading::Offline, base, &locate)
}

/// Finds the last location in these files that sets `part`; with `needle`, a value in it that contains this
/// text.
pub fn locate(files: &[PathBuf], part: &YamlPath, needle: Option<&str>) -> Option<SourceLocation> {
    files.iter().rev().find_map(|path| ComposeFile::read(path).ok()?.locate(part, needle))
}

/// Refuses a document that refers to other files.
fn check_is_whole(document: &Value, source: &ComposeFile<'_>) -> Result<(), ProjectError> {
    let says = |value: Option<&Value>| value.is_some_and(|value| !value.is_null());
    let refusal = |service: Option<&str>, key: &'static str| {
        let part = YamlPath { service: service.map(str::to_owned), key: Some(key) };
        let line = source.locate(&part, None).and_then(|location| location.line);
        source.needs_compose(line, key)
    };
    if says(document.get("include")) {
        return Err(refusal(None, "include"));
    }
    let services = document.get("services").and_then(Value::as_mapping);
    for (name, service) in services.into_iter().flatten() {
        if says(service.get("extends")) {
            return Err(refusal(name.as_str(), "extends"));
        }
    }
    Ok(())
}

/// Refuses a service name that Compose does not allow (compose-spec.json, `patternProperties` of `services`),
/// because it would become a key of the overlay.
fn check_names(document: &Value, source: &ComposeFile<'_>) -> Result<(), ProjectError> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let services = document.get("services").and_then(Value::as_mapping);
    for name in services.into_iter().flatten().filter_map(|(name, _)| name.as_str()) {
        if name.is_empty() || !name.chars().all(is_part) {
            let part = YamlPath { service: Some(name.to_owned()), key: None };
            let location = source.locate(&part, None).unwrap_or_else(|| source.location(None));
            let cause = format!("{} is not a valid service name", quote::word(name));
            let error = location.unreadable().because(cause);
            let fix = "use ASCII letters and digits, `.`, `_` and `-`";
            return Err(ProjectError::Content(error.advise(fix)));
        }
    }
    Ok(())
}

/// Sets the project's name, as Compose does: from the variable, the file, or the directory
/// (<https://docs.docker.com/compose/how-tos/project-name/>).
fn set_project_name(tree: &mut Mapping, base: &Path, lookup: Lookup<'_>) {
    let given = lookup("COMPOSE_PROJECT_NAME").filter(|name| !name.is_empty());
    if given.is_none() && tree.get("name").is_some_and(|name| !name.is_null()) {
        return;
    }
    let directory = || {
        let directory = clean_path(&std::path::absolute(base).ok()?);
        let name = directory.file_name()?.to_string_lossy().to_lowercase();
        let is_kept = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        let name: String = name.chars().filter(is_kept).collect();
        Some(name.trim_start_matches(['-', '_']).to_owned())
    };
    if let Some(name) = given.or_else(directory).filter(|name| !name.is_empty()) {
        tree.insert("name".into(), interpolate::escape(&name).into());
    }
}
