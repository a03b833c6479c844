//! `setup`: determines the operation from the command line (`operation`), reads the CAs and the project
//! (`read_context`), and only then writes files (`install`). `compose::decide` decides what the overlay
//! contains; `remove` and `drift` are the other two operations.

pub(crate) mod activation;
pub(crate) mod advice;
pub(crate) mod differences;
pub mod disabled_services;
pub(crate) mod drift;
pub(crate) mod engine_check;
pub mod header;
pub mod installed;
pub(crate) mod chromium;
pub(crate) mod java;
pub(crate) mod missing_names;
pub mod mount_conflicts;
pub(crate) mod next_steps;
pub mod overlay;
pub(crate) mod proxy;
pub mod remove;
pub(crate) mod report;
pub(crate) mod swarm;
pub(crate) mod trial_read;
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
use crate::compose::setup::differences::Differences;
use crate::compose::setup::next_steps::NextCommands;
use crate::compose::setup::overlay::Overlay;
use crate::compose::setup::proxy::ServedCertificate;
use crate::compose::setup::report::SetupReport;
use crate::sys::diagnostic::Diagnostic;
use crate::sys::output::Report;
use crate::sys::quote;
use crate::trust::time::Time;

/// The operation that the command line selects.
pub enum Operation {
    /// Removes what is installed.
    Remove,
    /// Compares the installed files with those of these options; `None` if nothing is installed.
    Check(Option<Shape>),
    /// Installs an overlay.
    Install(Shape),
}

/// The project and the CAs that an overlay is made from.
pub struct SetupContext<'a> {
    project_files: &'a ProjectFiles,
    shape: &'a Shape,
    /// The project.
    pub project: Project,
    /// The CAs.
    pub inputs: Inputs,
    /// Whether Compose itself read the whole project.
    pub is_complete: bool,
}

/// Determines the operation: `--check` alone checks the installed overlay, and `setup` without an option of
/// `Shape` removes it.
///
/// # Errors
/// When an option has no effect without a CA, or the options of the installed overlay cannot be read.
pub fn operation(options: &Setup, project_files: &ProjectFiles) -> Result<Operation, Diagnostic> {
    if options.again {
        let Some(mut shape) = last_shape(project_files)? else {
            return Err(Diagnostic::cannot("repeat", "the last setup")
                .because("nothing is set up here")
                .advise("run `trust-compose setup --custom-ca DIR` first"));
        };
        shape.add(options.shape.clone());
        return Ok(Operation::Install(shape));
    }
    let shape = &options.shape;
    let check_or_install = |shape: Shape| {
        if options.check { Operation::Check(Some(shape)) } else { Operation::Install(shape) }
    };
    if *shape != Shape::default() {
        return match shape.option_that_needs_ca() {
            Some(option) if !shape.has_ca() => Err(without_ca(option)),
            _ if shape.has_ca() || options.check => Ok(check_or_install(shape.clone())),
            _ => ensure_ca_is_kept(options, project_files, "--without")
                .map(|()| check_or_install(shape.clone())),
        };
    }
    if options.activate {
        return Err(without_ca("--activate"));
    }
    if options.up {
        ensure_ca_is_kept(options, project_files, "--up")?;
    }
    if !options.check {
        return Ok(Operation::Remove);
    }
    last_shape(project_files).map(Operation::Check)
}

/// Returns the options of the installed overlay; `None` if nothing is installed.
fn last_shape(project_files: &ProjectFiles) -> Result<Option<Shape>, Diagnostic> {
    let Some(installed) = installed::read(&project_files.base)? else { return Ok(None) };
    let shape = Shape::from_options(&installed.options, &project_files.base);
    let shape = shape.filter(|shape| *shape != Shape::default()).ok_or_else(|| {
        let path = files::plain(&project_files.base, OVERLAY);
        let read = Diagnostic::cannot("read the options of", quote::path(&path));
        let read = read.because("its header does not contain them");
        read.advise("run `trust-compose setup` with its options again")
    })?;
    Ok(Some(shape))
}

/// Returns the error that `option` has no effect without a CA.
fn without_ca(option: &str) -> Diagnostic {
    Diagnostic::cannot("use", format_args!("{option} without a CA"))
        .advise("add --custom-ca, or give no option to remove the overlay")
        .usage()
}

/// Refuses `option` without a CA if that would remove the installed CA.
fn ensure_ca_is_kept(
    options: &Setup,
    project_files: &ProjectFiles,
    option: &str,
) -> Result<(), Diagnostic> {
    let installed =
        installed::read(&project_files.base)?.filter(|installed| installed.overlay.is_some());
    let Some(installed) = installed else { return Ok(()) };
    // If the options cannot be read, they may name a CA.
    let mut shape =
        Shape::from_options(&installed.options, &project_files.base).unwrap_or_default();
    if !shape.has_ca() && shape != Shape::default() && option != "--up" {
        return Ok(());
    }
    shape.without.extend(options.shape.without.iter().cloned());
    let used = Diagnostic::cannot("use", format_args!("{option} without a CA"))
        .because("setup would remove the CA that is installed here")
        .usage();
    Err(if shape == options.shape {
        used.advise("add --custom-ca, or run `trust-compose remove`")
    } else {
        used.run(
            next_steps::setup_command(project_files, &shape)
                + if options.up { " --up" } else { "" },
        )
    })
}

/// Reads the CAs and the project.
///
/// # Errors
/// When one of them cannot be read or used.
pub fn read_context<'a>(
    project_files: &'a ProjectFiles,
    shape: &'a Shape,
    report: Report,
) -> Result<SetupContext<'a>, Diagnostic> {
    let mut written = shape.paths().chain([&project_files.base]).map(|path| files::absolute(path));
    if let Some(path) = written.find(|path| path.to_str().is_none()) {
        return Err(files::not_utf8(&path));
    }
    let inputs =
        inputs::read(&decide::input_options(shape), Time::now(), &passwords::prompt_at_terminal)?;
    inputs.warnings.iter().for_each(|warning| report.warning(warning));
    inputs.notes.iter().for_each(|note| report.remark(note));
    // A swarm copies the files to its nodes; bind mounts need an engine on this machine.
    let (project, note) =
        if shape.swarm { read::read(project_files)? } else { decide::read(project_files)? };
    if let Some(note) = &note {
        report.warning(&Diagnostic::from(note));
    }
    Ok(SetupContext { project_files, shape, project, inputs, is_complete: note.is_none() })
}

/// Writes the overlay and its files, or reports what it would write.
///
/// # Errors
/// When they cannot be written. The installed overlay then remains in effect.
pub fn install(
    context: &SetupContext<'_>,
    options: &Setup,
    decided: OverlayDecision<'_>,
    report: Report,
) -> Result<CommandOutput, Diagnostic> {
    let SetupContext { project_files, shape, project, inputs, .. } = context;
    let running = next_steps::containers(project);
    // An activated overlay stays activated.
    let installed = installed::read(&project_files.base)?;
    let last =
        installed.map(|last| Differences::new(&last, project_files, inputs, &decided.overlay));
    let mut differences = last.unwrap_or_default();
    differences.warnings.iter().for_each(|warning| report.warning(warning));
    if options.activate && !differences.was_active {
        differences.remarks.extend(activation::check(&project_files.base)?);
    }
    let is_active = options.activate || differences.was_active;
    let is_settled = running.as_ref().is_some_and(|all| decided.overlay.matches(all));
    let OverlayDecision { choices, overlay, roots, remarks, absent, .. } = decided;
    let output = output(overlay, context, is_active, is_settled)?;
    let changes = write::write(&project_files.base, &output, options.dry_run)?;
    changes.kept.iter().for_each(|kept| report.warning(kept));
    let serves = shape.caddy.is_some() || !shape.tls.is_empty();
    let certificate = inputs.server.as_ref().filter(|_| serves).map(ServedCertificate::new);
    let mut next = NextCommands::with_overlay(project_files, project, shape, is_active, running);
    next.fetch = next.fetch_commands(project_files, project, &absent);
    let setup_report = SetupReport {
        choices: &choices,
        disabled: &shape.without,
        inputs,
        roots: &roots,
        remarks: &remarks,
        changes: &changes,
        differences: &differences.remarks,
        advice: &advice::advice(
            project_files,
            shape.domain.as_deref(),
            certificate.as_ref(),
            is_active,
        ),
        next: &next,
    };
    let text = setup_report.text();
    if !options.up {
        return Ok(text.into());
    }
    // If stdout is closed, that is reported, and the services are still started.
    let _ = report.result(&text);
    Ok(CommandOutput::code(next.run()?))
}

/// Returns the files to write.
fn output(
    overlay: Overlay,
    context: &SetupContext<'_>,
    is_active: bool,
    is_settled: bool,
) -> Result<write::Output, Diagnostic> {
    let SetupContext { project_files, shape, .. } = context;
    let compose_file = is_active.then(|| project_files.compose_file()).transpose()?;
    let mut options = shape.options(&project_files.base);
    options.extend(is_active.then(|| "--activate".to_owned()));
    let text =
        header::header(&next_steps::project_options(project_files, &project_files.base), &options)
            + &overlay.text;
    Ok(write::Output { overlay: text, files: overlay.files, compose_file, is_settled })
}
