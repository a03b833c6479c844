//! `--swarm`: a project that `docker stack deploy` starts, on whatever machines.

use std::path::Path;

use serde_yaml::Value;

use crate::compose::cli::SWARM;
use crate::compose::docker::Files;
use crate::compose::error::Refusal;
use crate::compose::project::Project;
use crate::compose::project::files::ProjectFiles;
use crate::compose::setup::overlay::{MOST, Means, Overlay};
use crate::compose::setup::write;
use crate::sys::file;
use crate::sys::quote;

/// What a stack is called whose project has no name.
const STACK: &str = "STACK";

/// How the files come to the services of the project at `place`.
pub fn means(place: &ProjectFiles) -> Means {
    let first = place.files.files.first();
    let text = first.and_then(|path| file::read(path, &mut file::FILE_LIMIT.clone()).ok());
    // It was read before, by Compose or by us: what is wrong with it has been said.
    let tree: Option<Value> = text.and_then(|text| serde_yaml::from_slice(&text).ok());
    let version = tree.as_ref().and_then(|tree| tree.get("version"));
    let text = |version: &Value| match version {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    Means::Configs { version: version.and_then(text) }
}

/// Makes sure that each file can be a config.
///
/// # Errors
/// When one is too large.
pub fn check(overlay: &Overlay) -> Result<(), Refusal> {
    let large = overlay.files.iter().find(|(_, contents)| contents.len() > MOST);
    large.map_or(Ok(()), |(file, contents)| {
        Err(Refusal::Config { file: file.clone(), size: contents.len() })
    })
}

/// What the project is probably called as a stack.
pub fn stack(project: &Project) -> String {
    project.name.clone().unwrap_or_else(|| STACK.to_owned())
}

/// The command that deploys it.
pub fn deploy(files: &Files, stack: &str) -> String {
    let files = files.files.iter().flat_map(|file| ["-c".to_owned(), quote::shell(file)]);
    let words: Vec<_> = files.chain([quote::shell(stack)]).collect();
    format!("docker stack deploy {}\n", words.join(" "))
}

/// Whether what stands in `base` was made for a swarm.
///
/// # Errors
/// When what stands cannot be read.
pub fn stands(base: &Path) -> Result<bool, write::Error> {
    let standing = write::standing(base)?;
    Ok(standing.is_some_and(|standing| standing.words.iter().any(|word| word == SWARM)))
}
