//! Compose files without Compose: for a machine that has no docker command.
//!
//! What one or several files say by themselves is put together by Compose's rules; what would need more
//! than that (other files, other projects, remote ones) is refused by name and never guessed.

pub mod preflight;
pub mod yaml;
pub mod env_file;
pub mod merge;
pub mod locate;
pub mod source;

use std::path::{Path, PathBuf};

use serde_yaml::{Mapping, Value};

use crate::compose::project::error::{Error, Place, Thing};
use crate::compose::project::interpolate::{self, Lookup};
use crate::compose::project::offline::source::Source;
use crate::compose::project::parse;
use crate::compose::project::{Project, Reading};

/// Reads the project that `files` make up, each on top of those before it. Relative paths in them begin
/// at `base`; `lookup` has the variables of the shell and of `.env`.
///
/// # Errors
/// When a file cannot be read, is not what Compose takes, says something that only Compose can follow,
/// or lets a variable without a value decide on what trust depends.
pub fn read(files: &[PathBuf], base: &Path, lookup: Lookup<'_>) -> Result<Project, Error> {
    let mut sources = Vec::new();
    for path in files {
        sources.push(Source::read(path)?);
    }
    project(&sources, base, lookup)
}

/// The project that the texts of files make up, likewise.
///
/// # Errors
/// All of the above but that a file cannot be read.
pub fn project(sources: &[Source<'_>], base: &Path, lookup: Lookup<'_>) -> Result<Project, Error> {
    let mut tree = Mapping::new();
    for source in sources {
        for mut document in source.documents()? {
            follows_nothing(&document, source)?;
            names(&document, source)?;
            replace_texts(&mut document, &|text| interpolate::interpolate(text, lookup));
            merge::project(&mut tree, document);
        }
    }
    name(&mut tree, base, lookup);
    fill(&mut tree, base, lookup);
    let find = |thing: &Thing, needle: Option<&str>| last(sources, thing, needle);
    parse::project(&Value::Mapping(tree), Reading::Alone, base).map_err(|error| error.at(find))
}

/// Where the last word on `thing` stands in these files, with a value below it that has the text `needle`.
pub fn place(files: &[PathBuf], thing: &Thing, needle: Option<&str>) -> Option<Place> {
    let sources: Vec<_> = files.iter().filter_map(|path| Source::read(path).ok()).collect();
    last(&sources, thing, needle)
}

fn last(sources: &[Source<'_>], thing: &Thing, needle: Option<&str>) -> Option<Place> {
    sources.iter().rev().find_map(|source| locate::place(source, thing, needle))
}

/// Fills the variables that have a value into what `docker compose config --no-interpolate` printed, and adds
/// the `env_file:` files that exist.
pub fn complete(tree: &mut Value, base: &Path, lookup: Lookup<'_>) {
    replace_texts(tree, &|text| {
        // Compose wrote `${V}/x` and `./${V}/x` both as `/base/${V}/x`, and they differ if V is absolute.
        let is_ambiguous = text.starts_with('/')
            && text
                .find("/$")
                .and_then(|slash| text.get(slash + 1..))
                .is_some_and(|rest| interpolate::interpolate(rest, lookup).starts_with(['/', '~']));
        if is_ambiguous { text.to_owned() } else { interpolate::interpolate(text, lookup) }
    });
    if let Some(tree) = tree.as_mapping_mut() {
        fill(tree, base, lookup);
    }
}

/// Gives each service what its files of variables and the shell hold.
fn fill(tree: &mut Mapping, base: &Path, lookup: Lookup<'_>) {
    for service in merge::services_mut(tree) {
        env_file::apply(service, base, lookup);
        take_from_shell(service, lookup);
    }
}

/// Refuses a document that needs what is not in it.
fn follows_nothing(document: &Value, source: &Source<'_>) -> Result<(), Error> {
    let says = |value: Option<&Value>| value.is_some_and(|value| !value.is_null());
    let refusal = |service: Option<&str>, key: &'static str| {
        let thing = Thing { service: service.map(str::to_owned), key: Some(key) };
        Error::OnlyCompose { place: at(source, &thing), word: key.to_owned() }
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

/// Refuses a service with a name that Compose does not take (compose-spec.json, `patternProperties` of
/// `services`). It would become a key of the overlay.
fn names(document: &Value, source: &Source<'_>) -> Result<(), Error> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let services = document.get("services").and_then(Value::as_mapping);
    for name in services.into_iter().flatten().filter_map(|(name, _)| name.as_str()) {
        if name.is_empty() || !name.chars().all(is_part) {
            let thing = Thing { service: Some(name.to_owned()), key: None };
            return Err(Error::Name { place: at(source, &thing), name: name.to_owned() });
        }
    }
    Ok(())
}

/// Where it stands, or at least in which file.
fn at(source: &Source<'_>, thing: &Thing) -> Place {
    let found = locate::place(source, thing, None);
    found.unwrap_or_else(|| Place { path: source.path.to_owned(), line: None })
}

/// As Compose interpolates: every value, no key, and before anything is merged.
fn replace_texts(value: &mut Value, replace: &dyn Fn(&str) -> String) {
    match value {
        Value::String(text) => *text = replace(text),
        Value::Sequence(values) => {
            values.iter_mut().for_each(|value| replace_texts(value, replace));
        }
        Value::Mapping(values) => {
            values.values_mut().for_each(|value| replace_texts(value, replace));
        }
        _ => {}
    }
}

/// The project's name, as Compose finds it: the variable, the file, the directory
/// (<https://docs.docker.com/compose/how-tos/project-name/>).
fn name(tree: &mut Mapping, base: &Path, lookup: Lookup<'_>) {
    let given = lookup("COMPOSE_PROJECT_NAME").filter(|name| !name.is_empty());
    if given.is_none() && tree.get("name").is_some_and(|name| !name.is_null()) {
        return;
    }
    let directory = || {
        let directory =
            crate::compose::project::parse::mount::clean(&std::path::absolute(base).ok()?);
        let name = directory.file_name()?.to_string_lossy().to_lowercase();
        let is_kept = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        let name: String = name.chars().filter(is_kept).collect();
        Some(name.trim_start_matches(['-', '_']).to_owned())
    };
    if let Some(name) = given.or_else(directory).filter(|name| !name.is_empty()) {
        tree.insert("name".into(), interpolate::escape(&name).into());
    }
}

/// Names without a value take that of the shell. An argument of a build that has none there is as if it
/// were not written.
fn take_from_shell(service: &mut Mapping, lookup: Lookup<'_>) {
    let take = |pairs: Option<&mut Value>| {
        let Some(pairs) = pairs.and_then(merge::pairs_mut) else { return };
        for (name, value) in pairs.iter_mut().filter(|(_, value)| value.is_null()) {
            if let Some(found) = name.as_str().and_then(lookup) {
                *value = interpolate::escape(&found).into();
            }
        }
    };
    take(service.get_mut("environment"));
    if let Some(build) = service.get_mut("build").and_then(Value::as_mapping_mut) {
        take(build.get_mut("args"));
        if let Some(args) = build.get_mut("args").and_then(merge::pairs_mut) {
            args.retain(|_, value| !value.is_null());
        }
    }
}
