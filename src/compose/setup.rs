//! `setup`: what the command line asks for (`intent`), the CAs and the project (`prepare`), and only then the
//! disk (`install`). What the overlay contains is decided in `compose::decide`; `remove` and `drift` are the
//! other two intents.

pub(crate) mod advice;
pub mod disabled_services;
pub(crate) mod drift;
pub(crate) mod engine_check;
pub mod header;
pub mod installed;
pub(crate) mod java;
pub(crate) mod missing_names;
pub mod mount_conflicts;
pub(crate) mod next_steps;
pub mod overlay;
pub(crate) mod proxy;
pub mod remove;
pub(crate) mod report;
pub(crate) mod swarm;
pub mod trusted_services;
pub mod write;

use crate::compose::cli::{Setup, Shape};
use crate::compose::decide::{self, OverlayDecision};
use crate::compose::inputs::{self, Inputs};
use crate::compose::layout::OVERLAY;
use crate::compose::output::CommandOutput;
use crate::compose::passwords;
use crate::compose::project::files::{self, ProjectFiles};
use crate::compose::project::{Project, read};
use crate::compose::setup::next_steps::Next;
use crate::compose::setup::overlay::Overlay;
use crate::compose::setup::proxy::Served;
use crate::compose::setup::report::SetupReport;
use crate::sys::diagnostic::Diagnostic;
use crate::sys::output::Report;
use crate::sys::quote;
use crate::trust::time::Time;

/// What the command line asks for.
pub enum Intent {
    /// To remove what is installed.
    Remove,
    /// To compare what is installed with what `shape` makes, or nothing where nothing is installed.
    Check(Option<Shape>),
    /// To install an overlay.
    Install(Shape),
}

/// The project and the CAs of a setup.
pub struct Prepared<'a> {
    place: &'a ProjectFiles,
    shape: &'a Shape,
    /// The project.
    pub project: Project,
    /// The CAs.
    pub inputs: Inputs,
}

/// Tells what `asked` asks for: an overlay; for `--check` alone, the one that is installed; without an option
/// that shapes an overlay, none.
///
/// # Errors
/// When an option means nothing without a CA, or the options of the installed overlay cannot be read.
pub fn intent(asked: &Setup, place: &ProjectFiles) -> Result<Intent, Diagnostic> {
    let shape = &asked.shape;
    let with = |shape: Shape| {
        if asked.check { Intent::Check(Some(shape)) } else { Intent::Install(shape) }
    };
    if *shape != Shape::default() {
        return match shape.needs_authority() {
            Some(option) if !shape.has_authority() => Err(without_ca(option)),
            _ if shape.has_authority() || asked.check => Ok(with(shape.clone())),
            _ => keeps_ca(asked, place, "--without").map(|()| with(shape.clone())),
        };
    }
    if asked.activate {
        return Err(without_ca("--activate"));
    }
    if asked.up {
        keeps_ca(asked, place, "--up")?;
    }
    if !asked.check {
        return Ok(Intent::Remove);
    }
    let Some(standing) = installed::standing(&place.base)? else {
        return Ok(Intent::Check(None));
    };
    let shape = Shape::of_words(&standing.words, &place.base);
    let shape = shape.filter(|shape| *shape != Shape::default()).ok_or_else(|| {
        let path = files::plain(&place.base, OVERLAY);
        let read = Diagnostic::cannot("read the options of", quote::path(&path));
        let read = read.because("its header does not name them");
        read.advise("run setup with them again")
    })?;
    Ok(Intent::Check(Some(shape)))
}

/// An option that means nothing without a CA.
fn without_ca(option: &str) -> Diagnostic {
    Diagnostic::cannot("use", format_args!("{option} without a CA"))
        .advise("add --custom-ca, or give no option to remove the overlay")
        .usage()
}

/// Refuses an `option` that names no CA, where one is installed.
fn keeps_ca(asked: &Setup, place: &ProjectFiles, option: &str) -> Result<(), Diagnostic> {
    let standing = installed::standing(&place.base)?.filter(|standing| standing.overlay.is_some());
    let Some(standing) = standing else { return Ok(()) };
    // Where the options cannot be read, there may be one.
    let mut shape = Shape::of_words(&standing.words, &place.base).unwrap_or_default();
    if !shape.has_authority() && shape != Shape::default() && option != "--up" {
        return Ok(());
    }
    shape.without.extend(asked.shape.without.iter().cloned());
    let used = Diagnostic::cannot("use", format_args!("{option} without a CA"))
        .because("setup would remove the CA that is installed here")
        .usage();
    Err(if shape == asked.shape {
        used.advise("add --custom-ca, or run `trust-compose remove`")
    } else {
        used.run(next_steps::setup(place, &shape) + if asked.up { " --up" } else { "" })
    })
}

/// Reads the CAs and the project.
///
/// # Errors
/// When one cannot be used.
pub fn prepare<'a>(
    place: &'a ProjectFiles,
    shape: &'a Shape,
    report: Report,
) -> Result<Prepared<'a>, Diagnostic> {
    let mut written = shape.paths().chain([&place.base]).map(|path| files::absolute(path));
    if let Some(path) = written.find(|path| path.to_str().is_none()) {
        return Err(files::not_utf8(&path));
    }
    let inputs =
        inputs::read(&decide::input_options(shape), Time::now(), &passwords::prompt_at_terminal)?;
    inputs.warnings.iter().for_each(|warning| report.warning(warning));
    inputs.notes.iter().for_each(|note| report.remark(note));
    // A swarm copies the files to its machines; mounts are looked up where the engine is.
    let (project, note) = if shape.swarm { read::read(place)? } else { decide::read(place)? };
    if let Some(note) = note {
        report.warning(&Diagnostic::from(&note));
    }
    Ok(Prepared { place, shape, project, inputs })
}

/// Writes what was decided, or says what it would write.
///
/// # Errors
/// When something is in the way. Then nothing has been written.
pub fn install(
    prepared: &Prepared<'_>,
    asked: &Setup,
    decided: OverlayDecision<'_>,
    report: Report,
) -> Result<CommandOutput, Diagnostic> {
    let Prepared { place, shape, project, inputs } = prepared;
    let running = next_steps::containers(project);
    // What is in force already is kept in step.
    let standing = installed::standing(&place.base)?;
    let was_active = standing.is_some_and(|standing| standing.compose_file.is_some());
    let is_active = asked.activate || was_active;
    let is_settled = running.as_ref().is_some_and(|all| decided.overlay.has_made(all));
    let OverlayDecision { choices, overlay, roots, java, .. } = decided;
    let output = output(overlay, prepared, is_active, is_settled)?;
    let changes = write::write(&place.base, &output, asked.dry_run)?;
    changes.kept.iter().for_each(|kept| report.warning(kept));
    let serves = shape.caddy.is_some() || !shape.tls.is_empty();
    let certificate = inputs.server.as_ref().filter(|_| serves).map(Served::of);
    let next = Next::with_overlay(place, project, shape, is_active, running);
    let report_of = SetupReport {
        choices: &choices,
        off: &shape.without,
        inputs,
        roots: &roots,
        java: &java,
        changes: &changes,
        advice: &advice::advice(place, shape.domain.as_deref(), certificate.as_ref(), is_active),
        next: &next,
    };
    let text = report_of.text();
    if !asked.up {
        return Ok(text.into());
    }
    // A closed stdout, which is reported, does not keep the services from their start.
    let _ = report.result(&text);
    Ok(CommandOutput::code(next.run()?))
}

fn output(
    overlay: Overlay,
    prepared: &Prepared<'_>,
    is_active: bool,
    is_settled: bool,
) -> Result<write::Output, Diagnostic> {
    let Prepared { place, shape, .. } = prepared;
    let compose_file = is_active.then(|| place.compose_file()).transpose()?;
    let mut options = shape.words(&place.base);
    options.extend(is_active.then(|| "--activate".to_owned()));
    let text =
        header::header(&next_steps::project_options(place, &place.base), &options) + &overlay.text;
    Ok(write::Output { overlay: text, files: overlay.files, compose_file, is_settled })
}
