//! `remove`, and `setup` without an option that shapes an overlay: everything of ours goes, and nothing else.
//!
//! `.env` comes first, because every compose command fails while it lists a file that is gone. What a
//! container mounts is kept until no container does: the engine could not start the container again.

use std::fmt::Write as _;
use std::path::Path;

use crate::compose::docker::{self, CommandError};
use crate::compose::layout::{ENV, IGNORE, LABEL, OVERLAY, TRUST};
use crate::compose::output::CommandOutput;
use crate::compose::project::files::{FilesOrigin, ProjectFiles, absolute, plain};
use crate::compose::setup::next_steps::Next;
use crate::compose::setup::swarm;
use crate::compose::setup::write::changes::{Action, Changes};
use crate::compose::setup::write::edited_file::{Edit, Text};
use crate::compose::setup::write::plan::Plan;
use crate::compose::setup::write::removed;
use crate::compose::setup::write::state::{MANIFEST, ProjectState, TrustDirectory};
use crate::sys::diagnostic::Diagnostic;
use crate::sys::output::{self, Report};
use crate::sys::quote;

/// Removes everything of ours, and prints how the project is started without it.
///
/// # Errors
/// When something cannot be removed.
pub fn run(
    place: &ProjectFiles,
    is_dry: bool,
    goes_up: bool,
    report: Report,
) -> Result<CommandOutput, Diagnostic> {
    let is_swarm = swarm::is_installed(&place.base)?;
    let (changes, is_kept) = remove_unmounted(place, is_dry, report)?;
    if place.had_ours
        && place.origin != FilesOrigin::Option
        && !plain(&place.base, OVERLAY).exists()
    {
        report.warning(&listed(place.origin));
    }
    let mut text = changes.to_string();
    if changes.is_nothing() && !is_kept {
        text.push_str("nothing to remove: there is no overlay of ours here\n");
        if !goes_up {
            return Ok(text.into());
        }
    }
    let next = Next::without_overlay(place, is_swarm);
    let _ = write!(text, "\nnext:\n  {}\n", next.commands().trim_end());
    if is_kept && !goes_up {
        text.push_str("  trust-compose remove\n");
    }
    if !goes_up || is_dry {
        return Ok(text.into());
    }
    // A closed stdout, which is reported, does not keep the services from their start.
    let _ = report.result(&text.into());
    let code = next.run()?;
    let text = if is_kept && code == 0 {
        remove_unmounted(place, false, report)?.0.to_string()
    } else {
        String::new()
    };
    Ok(CommandOutput { text: text.into(), code })
}

/// A list of the user's own names the overlay, without which Compose does not start.
fn listed(origin: FilesOrigin) -> Diagnostic {
    let place = if origin == FilesOrigin::Shell { "the shell" } else { ".env" };
    let cause =
        format!("COMPOSE_FILE in {place} names {OVERLAY}: without it, every compose command fails");
    Diagnostic::statement(cause).advise(format!("remove {OVERLAY} from COMPOSE_FILE in {place}"))
}

/// Removes what no container mounts, and returns whether something is kept for containers.
fn remove_unmounted(
    place: &ProjectFiles,
    is_dry: bool,
    report: Report,
) -> Result<(Changes, bool), Diagnostic> {
    let path = plain(&place.base, TRUST);
    let shown = quote::path(&path).to_string();
    let asked = path.is_dir().then(|| docker::containers_mounting(&absolute(&path), LABEL));
    let is_unasked = matches!(asked, Some(Err(CommandError::NotInstalled)));
    let in_use = match asked {
        // Where docker is not found, nothing can ever be asked.
        None | Some(Err(CommandError::NotInstalled)) => None,
        Some(Ok(containers)) if containers.is_empty() => None,
        Some(Ok(containers)) => Some(mounted(&shown, &containers)),
        Some(Err(CommandError::System(error))) => {
            let asked = Diagnostic::cannot("ask the engine which containers mount", &shown);
            return Err(asked.because(output::cause(&error)).advise("run it again"));
        }
        Some(Err(failure)) => {
            let cause =
                format!("kept {shown}: cannot ask the engine which containers mount it: {failure}");
            let fix = "start the engine, then run `trust-compose remove` again";
            Some(Diagnostic::statement(cause).advise(fix))
        }
    };
    let is_kept = in_use.is_some();
    let changes = remove(&place.base, in_use, is_dry)?;
    changes.kept.iter().for_each(|kept| report.warning(kept));
    if is_unasked && !is_dry && !path.exists() {
        let cause = format!(
            "there is no docker command to ask which containers mount {shown}: those that do cannot \
             be started again"
        );
        let fix = "recreate them, by the command below where docker is installed";
        report.warning(&Diagnostic::statement(cause).advise(fix));
    }
    Ok((changes, is_kept))
}

fn mounted(path: &str, containers: &[String]) -> Diagnostic {
    let names: Vec<_> = containers.iter().map(|name| quote::word(name).to_string()).collect();
    let cause = format!(
        "kept {path}: its files are mounted by {}, which could not be started again without them",
        names.join(", ")
    );
    let fix = "recreate or remove these containers, then run `trust-compose remove` again";
    Diagnostic::statement(cause).advise(fix)
}

/// Removes what any setup left in the project directory `base`, or says what it would remove.
/// `in_use`: why `.trust/` has to be kept.
///
/// # Errors
/// When a block of ours is damaged, or the system says no. What has been removed by then is such that the
/// project works, and another run finishes.
pub fn remove(
    base: &Path,
    in_use: Option<Diagnostic>,
    is_dry: bool,
) -> Result<Changes, Diagnostic> {
    let state = ProjectState::open(base)?;
    plan(&state, in_use)?.carry_out(&state, is_dry)
}

fn plan(state: &ProjectState, in_use: Option<Diagnostic>) -> Result<Plan<'_>, Diagnostic> {
    let env = without_block(state, ENV)?;
    let mut plan = Plan { is_removal: true, env, ..Plan::default() };
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
    // git is to ignore `.trust/` for as long as it exists.
    let in_use = in_use.filter(|_| state.trust_directory().is_some_and(TrustDirectory::has_ours));
    if let Some(in_use) = in_use {
        plan.changes.kept.push(in_use);
        plan.files.push((removed::NAME.as_str(), removed::TEXT.as_bytes()));
        return Ok(plan);
    }
    plan.ignore = without_block(state, IGNORE).unwrap_or_else(|error| {
        plan.changes.kept.push(error);
        None
    });
    report_edit(plan.ignore.as_ref(), &mut plan.changes);
    match &state.trust {
        Ok(Some(trust)) => add_files(&mut plan, state, trust),
        Err(kind) if !plan.changes.is_nothing() => return Err(state.no_directory(kind)),
        Ok(None) | Err(_) => {}
    }
    Ok(plan)
}

/// Adds what is ours in `.trust/`.
fn add_files<'a>(plan: &mut Plan<'a>, state: &ProjectState, trust: &'a TrustDirectory) {
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

/// The change of the user's file `name` that takes our block out, if it has one.
fn without_block(state: &ProjectState, name: &str) -> Result<Option<Edit>, Diagnostic> {
    let text = state.text_if_file(name)?;
    Ok(text.map(Text::without_block).transpose()?.flatten())
}

fn report_edit(edit: Option<&Edit>, changes: &mut Changes) {
    let Some(edit) = edit else { return };
    let path = quote::path(&edit.text.path);
    match edit.new {
        Some(_) => changes.add(Action::Remove, format_args!("the block in {path}")),
        None => changes.add(Action::Remove, path),
    }
}
