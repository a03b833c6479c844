//! `--swarm`: a project that `docker stack deploy` starts, on whatever machines.

use std::path::Path;

use serde_yaml::Value;

use crate::compose::cli::SWARM;
use crate::compose::docker::ComposeFiles;
use crate::compose::project::Project;
use crate::compose::project::files::ProjectFiles;
use crate::compose::setup::installed;
use crate::compose::setup::overlay::Overlay;
use crate::compose::setup::overlay::delivery::{Delivery, MOST};
use crate::sys::diagnostic::Diagnostic;
use crate::sys::file;
use crate::sys::quote;

/// What a stack is called whose project has no name.
const STACK: &str = "STACK";

/// How the files reach the services of the project at `place`.
pub(crate) fn delivery(place: &ProjectFiles) -> Delivery {
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
    Delivery::Configs { version: version.and_then(text) }
}

/// Makes sure that each file can be a config.
///
/// # Errors
/// When one is too large.
pub(crate) fn check(overlay: &Overlay) -> Result<(), Diagnostic> {
    let large = overlay.files.iter().find(|(_, contents)| contents.len() > MOST);
    let Some((file, contents)) = large else { return Ok(()) };
    let cause = format!("it has {} bytes, and a config at most {MOST}", contents.len());
    let fix = "leave the services out whose image brings so many roots (--service NAME=leave), or use \
               --roots mozilla";
    Err(Diagnostic::cannot("make a config of", quote::word(file))
        .named("from --swarm")
        .because(cause)
        .advise(fix))
}

/// What the project is probably called as a stack.
pub(crate) fn stack(project: &Project) -> String {
    project.name.clone().unwrap_or_else(|| STACK.to_owned())
}

/// The command that deploys it.
pub(crate) fn deploy(files: &ComposeFiles, stack: &str) -> String {
    let files = files.files.iter().flat_map(|file| ["-c".to_owned(), quote::shell(file)]);
    let words: Vec<_> = files.chain([quote::shell(stack)]).collect();
    format!("docker stack deploy {}\n", words.join(" "))
}

/// Whether the overlay that exists in `base` was made for a swarm.
///
/// # Errors
/// When it cannot be read.
pub(crate) fn is_installed(base: &Path) -> Result<bool, Diagnostic> {
    let standing = installed::standing(base)?;
    Ok(standing.is_some_and(|standing| standing.words.iter().any(|word| word == SWARM)))
}
