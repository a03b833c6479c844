//! `remove`, and `setup` without an option of `Shape`: removes all files and blocks of ours, and nothing
//! else.
//!
//! `.env` is changed first, because every compose command fails while it lists a missing file. A file that a
//! container mounts is kept: without it the engine could not start that container again.

use std::fmt::Write as _;
use std::path::Path;

use crate::compose::docker::{self, CommandError};
use crate::compose::layout::{ENV, IGNORE, LABEL, OVERLAY, TRUST};
use crate::compose::output::CommandOutput;
use crate::compose::project::files::{FilesOrigin, ProjectFiles, absolute, plain};
use crate::compose::setup::next_steps::{NextCommands, project_options};
use crate::compose::setup::swarm;
use crate::compose::setup::write::changes::{Action, Changes};
use crate::compose::setup::write::edited_file::{Edit, UserFile};
use crate::compose::setup::write::plan::ChangePlan;
use crate::compose::setup::write::removed;
use crate::compose::setup::write::state::{MANIFEST, ProjectState, TrustDirectory};
use crate::sys::diagnostic::Diagnostic;
use crate::sys::output::{self, Report};
use crate::sys::quote;

/// Removes all files and blocks of ours, and prints the commands that start the project without them.
///
/// # Errors
/// When a file cannot be read, changed or removed.
pub fn run(
    project_files: &ProjectFiles,
    is_dry: bool,
    starts_project: bool,
    report: Report,
) -> Result<CommandOutput, Diagnostic> {
    let is_swarm = swarm::is_installed(&project_files.base)?;
    let (changes, is_kept) = remove_unmounted(project_files, is_dry, report)?;
    if project_files.had_ours
        && project_files.origin != FilesOrigin::Option
        && !plain(&project_files.base, OVERLAY).exists()
    {
        report.warning(&listed_overlay(project_files.origin));
    }
    let mut text = changes.to_string();
    if changes.is_nothing() && !is_kept {
        text.push_str("nothing to remove: no overlay of trust-compose exists here\n");
        if !starts_project {
            return Ok(text.into());
        }
    }
    let next = NextCommands::without_overlay(project_files, is_swarm);
    let _ = write!(text, "\nnext:\n  {}\n", next.commands().trim_end());
    if is_kept && !starts_project {
        let _ = writeln!(text, "  {}", remove_command(project_files));
    }
    if !starts_project || is_dry {
        return Ok(text.into());
    }
    // If stdout is closed, that is reported, and the services are still started.
    let _ = report.result(&text.into());
    let code = next.run()?;
    let text = if is_kept && code == 0 {
        remove_unmounted(project_files, false, report)?.0.to_string()
    } else {
        String::new()
    };
    Ok(CommandOutput { text: text.into(), code })
}

/// Returns the command that removes the overlay, typed in the current directory.
fn remove_command(project_files: &ProjectFiles) -> String {
    let options = project_options(project_files, Path::new("."));
    format!("trust-compose remove{}", quote::shell_arguments(&options))
}

/// Returns the warning that a COMPOSE_FILE of the user names the removed overlay.
fn listed_overlay(origin: FilesOrigin) -> Diagnostic {
    let location = if origin == FilesOrigin::Shell { "the shell" } else { ".env" };
    let cause = format!(
        "COMPOSE_FILE in {location} names {OVERLAY}: without it, every compose command fails"
    );
    Diagnostic::statement(cause).advise(format!("remove {OVERLAY} from COMPOSE_FILE in {location}"))
}

/// Removes the files that no container mounts; returns true if files are kept for containers.
fn remove_unmounted(
    project_files: &ProjectFiles,
    is_dry: bool,
    report: Report,
) -> Result<(Changes, bool), Diagnostic> {
    let path = plain(&project_files.base, TRUST);
    let shown = quote::path(&path).to_string();
    let queried = path.is_dir().then(|| docker::containers_mounting(&absolute(&path), LABEL));
    let has_no_docker = matches!(queried, Some(Err(CommandError::NotInstalled)));
    let in_use = match queried {
        // Without docker, no later run could ask either.
        None | Some(Err(CommandError::NotInstalled)) => None,
        Some(Ok(containers)) if containers.is_empty() => None,
        Some(Ok(containers)) => Some(mounted(&shown, &containers)),
        Some(Err(CommandError::System(error))) => {
            let failed = Diagnostic::cannot("ask the engine which containers mount", &shown);
            return Err(failed.because(output::cause(&error)).advise("run it again"));
        }
        Some(Err(failure)) => {
            let cause =
                format!("kept {shown}: cannot ask the engine which containers mount it: {failure}");
            let fix =
                format!("start the engine, then run `{}` again", remove_command(project_files));
            Some(Diagnostic::statement(cause).advise(fix))
        }
    };
    let is_kept = in_use.is_some();
    let changes = remove(&project_files.base, in_use, is_dry)?;
    changes.kept.iter().for_each(|kept| report.warning(kept));
    if has_no_docker && !is_dry && !path.exists() {
        let cause = format!(
            "no docker command exists here to ask which containers mount {shown}: those containers \
             cannot be started again"
        );
        let fix = "recreate them with the command below, where docker is installed";
        report.warning(&Diagnostic::statement(cause).advise(fix));
    }
    Ok((changes, is_kept))
}

/// Returns the warning that `containers` mount the files in `path`.
fn mounted(path: &str, containers: &[String]) -> Diagnostic {
    let names: Vec<_> = containers.iter().map(|name| quote::word(name).to_string()).collect();
    let cause = format!(
        "kept {path}: its files are mounted by {}, which could not be started again without them",
        names.join(", ")
    );
    let fix = "recreate or remove these containers, then run `trust-compose remove` again";
    Diagnostic::statement(cause).advise(fix)
}

/// Removes the files of any setup in the project directory `base`, or reports what it would remove. `in_use`
/// is the reason to keep `.trust/`.
///
/// # Errors
/// When a block of ours is damaged, or a system call fails. The project then still works, and another run
/// completes the removal.
pub fn remove(
    base: &Path,
    in_use: Option<Diagnostic>,
    is_dry: bool,
) -> Result<Changes, Diagnostic> {
    let state = ProjectState::open(base)?;
    plan(&state, in_use)?.execute(&state, is_dry)
}

fn plan(state: &ProjectState, in_use: Option<Diagnostic>) -> Result<ChangePlan<'_>, Diagnostic> {
    let env = edit_without_block(state, ENV)?;
    let mut plan = ChangePlan { is_removal: true, env, ..ChangePlan::default() };
    report_edit(plan.env.as_ref(), &mut plan.changes);
    let overlay = quote::path(&state.path(OVERLAY)).to_string();
    match state.overlay {
        Ok(None) => {}
        Ok(Some(_)) => {
            plan.changes.add(Action::Remove, overlay);
            plan.removes_overlay = true;
        }
        Err(kind) => {
            let cause = format!("kept {overlay}: trust-compose did not create this {kind}");
            plan.changes.kept.push(Diagnostic::statement(cause).advise(DELETE));
        }
    }
    // Git must ignore `.trust/` for as long as it exists.
    let in_use = in_use.filter(|_| state.trust_directory().is_some_and(TrustDirectory::has_ours));
    if let Some(in_use) = in_use {
        plan.changes.kept.push(in_use);
        plan.files.push((removed::NAME.as_str(), removed::TEXT.as_bytes()));
        return Ok(plan);
    }
    plan.ignore = edit_without_block(state, IGNORE).unwrap_or_else(|error| {
        plan.changes.kept.push(error);
        None
    });
    report_edit(plan.ignore.as_ref(), &mut plan.changes);
    match &state.trust {
        Ok(Some(trust)) => add_files(&mut plan, state, trust),
        Err(kind) if !plan.changes.is_nothing() => return Err(state.not_a_directory(kind)),
        Ok(None) | Err(_) => {}
    }
    Ok(plan)
}

/// Adds the removal of our files in `.trust/` to `plan`.
fn add_files<'a>(plan: &mut ChangePlan<'a>, state: &ProjectState, trust: &'a TrustDirectory) {
    let path = quote::path(&state.path(TRUST)).to_string();
    let ours = trust.generated.keys().map(String::as_str);
    plan.obsolete.extend(ours.chain(trust.has_manifest.then_some(MANIFEST)));
    let kept = trust.not_ours();
    if kept.is_empty() {
        plan.changes.add(Action::Remove, path);
        return;
    }
    if !plan.obsolete.is_empty() {
        let files = output::count(plan.obsolete.len(), "file");
        plan.changes.add(Action::Remove, format_args!("{files} in {path}"));
    }
    if !plan.changes.is_nothing() {
        let names: Vec<_> = kept.iter().map(|name| quote::word(name).to_string()).collect();
        let names = names.join(", ");
        let cause =
            format!("kept {path}: it contains files that trust-compose did not create: {names}");
        plan.changes.kept.push(Diagnostic::statement(cause).advise(DELETE));
    }
}

const DELETE: &str = "delete it if you do not need it";

/// Returns the edit that removes our block from the user's file `name`, if it has one.
fn edit_without_block(state: &ProjectState, name: &str) -> Result<Option<Edit>, Diagnostic> {
    let text = state.user_file_if_regular(name)?;
    Ok(text.map(UserFile::remove_block).transpose()?.flatten())
}

fn report_edit(edit: Option<&Edit>, changes: &mut Changes) {
    let Some(edit) = edit else { return };
    let path = quote::path(&edit.file.path);
    match edit.new {
        Some(_) => changes.add(Action::Remove, format_args!("the block in {path}")),
        None => changes.add(Action::Remove, path),
    }
}
