//! `--swarm`: an overlay for `docker stack deploy`, which starts services on other machines.

use std::path::Path;

use serde_yaml::Value;

use crate::compose::cli::SWARM;
use crate::compose::docker::ComposeFiles;
use crate::compose::project::Project;
use crate::compose::project::files::ProjectFiles;
use crate::compose::setup::installed;
use crate::compose::setup::overlay::Overlay;
use crate::compose::setup::overlay::delivery::{CONFIG_LIMIT, Delivery};
use crate::sys::diagnostic::Diagnostic;
use crate::sys::file;
use crate::sys::quote;

/// The placeholder for the stack's name if the project has no name.
const STACK: &str = "STACK";

/// Returns how the services of a swarm get the files.
pub(crate) fn delivery(project_files: &ProjectFiles) -> Delivery {
    let first = project_files.files.files.first();
    let text = first.and_then(|path| file::read(path, &mut file::FILE_LIMIT.clone()).ok());
    // The file was read before, so its errors are reported already.
    let tree: Option<Value> = text.and_then(|text| serde_yaml::from_slice(&text).ok());
    let version = tree.as_ref().and_then(|tree| tree.get("version"));
    let text = |version: &Value| match version {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    Delivery::Configs { version: version.and_then(text) }
}

/// Checks that each file fits in a config.
///
/// # Errors
/// When one is too large.
pub(crate) fn check(overlay: &Overlay) -> Result<(), Diagnostic> {
    let large = overlay.files.iter().find(|(_, contents)| contents.len() > CONFIG_LIMIT);
    let Some((file, contents)) = large else { return Ok(()) };
    let cause = format!("it has {} bytes, and a config can have {CONFIG_LIMIT}", contents.len());
    let fix = "use --roots mozilla, or leave out the services whose images contain so many roots \
               (--service NAME=leave)";
    Err(Diagnostic::cannot("create a config of", quote::word(file))
        .named("from --swarm")
        .because(cause)
        .advise(fix))
}

/// Returns the name of the stack: the project's name, or a placeholder.
pub(crate) fn stack_name(project: &Project) -> String {
    project.name.clone().unwrap_or_else(|| STACK.to_owned())
}

/// Returns the command that deploys the stack.
pub(crate) fn deploy_command(files: &ComposeFiles, stack: &str) -> String {
    let files = files.files.iter().flat_map(|file| ["-c".to_owned(), quote::shell(file)]);
    let words: Vec<_> = files.chain([quote::shell(stack)]).collect();
    format!("docker stack deploy {}\n", words.join(" "))
}

/// Whether the overlay in `base` was generated for a swarm.
///
/// # Errors
/// When it cannot be read.
pub(crate) fn is_installed(base: &Path) -> Result<bool, Diagnostic> {
    let installed = installed::read(base)?;
    Ok(installed.is_some_and(|installed| installed.options.iter().any(|option| option == SWARM)))
}
