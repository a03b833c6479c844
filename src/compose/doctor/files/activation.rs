//! Checks whether plain `docker compose` uses the overlay, and which list of files decides that.

use crate::compose::docker::ComposeFiles;
use crate::compose::layout::{ENV, OVERLAY};
use crate::compose::project::files::{self, FilesOrigin, ProjectFiles, plain};
use crate::compose::setup::installed::InstalledSetup;
use crate::sys::finding::Finding;
use crate::sys::quote;

/// The variable with the list of files.
const COMPOSE_FILE: &str = "COMPOSE_FILE";

/// Reports an overlay that is listed and missing, so every compose command fails. `setup` is the command that
/// writes it again.
pub(crate) fn dangling(
    project_files: &ProjectFiles,
    installed: Option<&InstalledSetup>,
    setup: Option<&str>,
) -> Option<Finding> {
    let is_missing = !plain(&project_files.base, OVERLAY).exists();
    let is_ours = installed.is_some_and(|installed| installed.compose_file.is_some());
    let is_listed =
        is_ours || (project_files.had_ours && project_files.origin != FilesOrigin::Option);
    let is_in_shell = project_files.had_ours && project_files.origin == FilesOrigin::Shell;
    let fix = match setup {
        _ if is_in_shell => format!("unset {COMPOSE_FILE}"),
        Some(setup) if installed.is_some() => setup.to_owned(),
        _ if is_ours => "trust-compose remove".to_owned(),
        _ => format!("remove {OVERLAY} from {COMPOSE_FILE} in .env"),
    };
    let subject = list_name(project_files, is_in_shell);
    let cause = format!("it names {OVERLAY}, which does not exist: every compose command fails");
    (is_missing && is_listed).then(|| Finding::error("compose-file-dangling", &subject, cause, fix))
}

/// Reports whether an existing overlay is active.
pub(crate) fn activation(
    project_files: &ProjectFiles,
    installed: Option<&InstalledSetup>,
    setup: &str,
) -> Option<Finding> {
    let installed = installed.filter(|installed| installed.overlay.is_some())?;
    let is_in_env = installed.compose_file.is_some();
    let overlay = plain(&project_files.base, OVERLAY);
    if is_in_env && project_files.origin == FilesOrigin::Shell && !project_files.had_ours {
        let cause = format!("it overrides the list in .env, and does not name {OVERLAY}");
        let fix = format!("unset {COMPOSE_FILE}");
        let subject = list_name(project_files, true);
        return Some(Finding::warning("compose-file-in-shell", &subject, cause, fix));
    }
    if is_in_env || (project_files.had_ours && project_files.origin != FilesOrigin::Option) {
        let list = list_name(project_files, project_files.origin == FilesOrigin::Shell);
        let is_here = project_files.obeys_env() || project_files.origin == FilesOrigin::Shell;
        let base = files::absolute(&project_files.base);
        let directory = if is_here { String::new() } else { format!(" in {}", quote::path(&base)) };
        let cause = format!("active for plain `docker compose`{directory}, by {list}");
        return Some(Finding::ok("in-force", &quote::path(&overlay), cause));
    }
    let mut files = project_files.files.files.clone();
    files.push(overlay.clone());
    let arguments = ComposeFiles { files, ..project_files.files.clone() }.arguments();
    let arguments: Vec<_> = arguments.iter().map(quote::shell).collect();
    let cause = format!(
        "active with `docker compose {}`, not with plain `docker compose`",
        arguments.join(" ")
    );
    let finding = Finding::info("not-in-force", &quote::path(&overlay), cause);
    Some(finding.with_fix(format!("{setup} --activate")))
}

/// Returns the name of the list, for messages.
fn list_name(project_files: &ProjectFiles, is_in_shell: bool) -> String {
    if is_in_shell {
        format!("{COMPOSE_FILE} in the shell")
    } else {
        format!("{COMPOSE_FILE} in {}", quote::path(&plain(&project_files.base, ENV)))
    }
}
