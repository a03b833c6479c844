//! `setup --check`: compares the installed overlay with the CA, the images and the compose files.

use std::fmt::{self, Display};
use std::path::PathBuf;

use crate::compose::cli::Shape;
use crate::compose::decide::{self, OverlayDecision};
use crate::compose::docker::{CommandError, LabeledContainer};
use crate::compose::images::Images;
use crate::compose::inputs::Inputs;
use crate::compose::layout::{DIGITS, ENV, OVERLAY, TRUST};
use crate::compose::output::{CommandOutput, check_result, write_remark};
use crate::compose::project::Project;
use crate::compose::project::files::{ProjectFiles, plain};
use crate::compose::project::read;
use crate::compose::setup::SetupContext;
use crate::compose::setup::installed::{self, FileState, InstalledSetup};
use crate::compose::setup::next_steps::{self, NextCommands};
use crate::compose::setup::overlay::Overlay;
use crate::compose::yaml::without_comments;
use crate::sys::diagnostic::Diagnostic;
use crate::sys::quote;

/// Checks a project without an overlay: files of a removed one may remain, and containers that were created
/// with it may still run.
///
/// # Errors
/// When `.trust/` cannot be read.
pub(crate) fn check_without_overlay(
    project_files: &ProjectFiles,
) -> Result<CommandOutput, Diagnostic> {
    let project = read::read(project_files).ok().map(|(project, _)| project);
    let running = project.as_ref().and_then(next_steps::containers).unwrap_or_default();
    let created = running.into_iter().filter(|container| !container.label.is_empty());
    let drift: Vec<_> = created
        .map(|container| {
            let name = quote::word(&container.name);
            format!("container {name} was created with an overlay that no longer exists")
        })
        .collect();
    if !drift.is_empty() {
        let next = NextCommands::without_overlay(project_files, false).commands();
        return Ok(check_result(&drift, &format!("run `{}`", next.trim_end())));
    }
    if !installed::has_files(&project_files.base)? {
        let fix = "run `trust-compose setup` with a CA";
        return Ok(check_result(&["nothing is set up here: no overlay exists".to_owned()], fix));
    }
    let drift = [Drift::NoOverlay(plain(&project_files.base, OVERLAY)).to_string()];
    Ok(check_result(&drift, "run setup with its options again, or `trust-compose remove`"))
}

/// A difference from what `setup` would write now. The paths are as the user named them.
pub(crate) enum Drift {
    /// The overlay is missing.
    NoOverlay(PathBuf),
    /// The overlay differs.
    Older(PathBuf),
    /// COMPOSE_FILE in `.env` differs.
    ComposeFile(PathBuf),
    /// A file that the overlay mounts is missing.
    Missing(PathBuf),
    /// The contents of a file that the overlay mounts were changed.
    Changed(PathBuf),
    /// Other users cannot read a file that the overlay mounts, or can change it.
    Mode(PathBuf),
}

impl Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoOverlay(path) | Self::Missing(path) => {
                write!(f, "{} is missing", quote::path(path))
            }
            Self::Older(path) => {
                write!(f, "{} is older than the CA, an image or a compose file", quote::path(path))
            }
            Self::ComposeFile(path) => {
                write!(f, "COMPOSE_FILE in {} is older than the compose files", quote::path(path))
            }
            Self::Changed(path) => write!(f, "{} was changed", quote::path(path)),
            Self::Mode(path) => write!(f, "the mode of {} is not 0644", quote::path(path)),
        }
    }
}

/// Compares the installed files with those that `setup` would write now.
pub(crate) fn drift(
    project_files: &ProjectFiles,
    overlay: &Overlay,
    installed: Option<&InstalledSetup>,
) -> Vec<Drift> {
    let path = |name: &str| plain(&project_files.base, name);
    let Some(installed) = installed else { return vec![Drift::NoOverlay(path(OVERLAY))] };
    let mut drift = Vec::new();
    match &installed.overlay {
        None => drift.push(Drift::NoOverlay(path(OVERLAY))),
        Some(text) if without_comments(text) == overlay.text => {}
        Some(_) => drift.push(Drift::Older(path(OVERLAY))),
    }
    let listed = project_files.compose_file().ok();
    if installed.compose_file.is_some() && installed.compose_file != listed {
        drift.push(Drift::ComposeFile(path(ENV)));
    }
    for (name, state) in &installed.files {
        let path = path(TRUST).join(name);
        match state {
            FileState::Unchanged => {}
            FileState::Changed => drift.push(Drift::Changed(path)),
            FileState::Mode => drift.push(Drift::Mode(path)),
            FileState::Missing => drift.push(Drift::Missing(path)),
        }
    }
    drift
}

/// Returns the overlay that setup writes before any image is here, if that is the one that is installed and only its
/// root certificates differ from `decided`: no variable of an image, and no JVM.
pub(crate) fn early(
    project: &Project,
    project_files: &ProjectFiles,
    shape: &Shape,
    inputs: &Inputs,
    installed: Option<&InstalledSetup>,
    decided: &Overlay,
) -> Option<Overlay> {
    let text = without_comments(installed?.overlay.as_deref()?);
    if text == decided.text || without_digests(text) != without_digests(&decided.text) {
        return None;
    }
    let none = |_: &Project| Images::default();
    let early = decide::decide(project, project_files, shape, inputs, none, &drop).ok()?;
    (text == early.overlay.text).then_some(early.overlay)
}

/// Returns an overlay without the digests of files, in their names and in labels.
fn without_digests(overlay: &str) -> String {
    let is_other = |c: char| !c.is_ascii_hexdigit();
    let words = overlay.split_inclusive(is_other);
    words
        .map(|word| if word.trim_end_matches(is_other).len() < DIGITS { word } else { "" })
        .collect()
}

/// Compares the installed overlay and the containers with what `setup` would write now.
///
/// # Errors
/// When the installed overlay cannot be read.
pub(crate) fn check(
    context: &SetupContext<'_>,
    decided: &OverlayDecision<'_>,
    running: Vec<LabeledContainer>,
) -> Result<CommandOutput, Diagnostic> {
    let SetupContext { project_files, shape, project, inputs, .. } = context;
    let installed = installed::read(&project_files.base)?;
    let early = early(project, project_files, shape, inputs, installed.as_ref(), &decided.overlay);
    let overlay = early.as_ref().unwrap_or(&decided.overlay);
    let drift = drift(project_files, overlay, installed.as_ref());
    // Without the images' root certificates every overlay looks old.
    let is_older = |drift: &Drift| matches!(drift, Drift::Older(_));
    let engine_error = decided.engine_error.as_ref();
    // Where docker is not installed, setup did not have them either.
    let engine_error = engine_error.filter(|error| !matches!(error, CommandError::NotInstalled));
    if let (Some(error), true) = (engine_error, drift.iter().any(is_older)) {
        let path = quote::path(&plain(&project_files.base, OVERLAY)).to_string();
        return Err(Diagnostic::cannot("compare", format_args!("{path} with the images"))
            .because(error)
            .advise("start the engine, then run this again"));
    }
    let is_active = installed.as_ref().is_some_and(|installed| installed.compose_file.is_some());
    let mut drift: Vec<_> = drift.iter().map(ToString::to_string).collect();
    let is_overlay_in_step = drift.is_empty();
    let next = NextCommands::with_overlay(project_files, project, shape, is_active, None);
    let mut fix = next.up();
    if !is_overlay_in_step {
        fix = format!("{}\n{fix}", next_steps::setup_command(project_files, shape));
    }
    for container in running {
        let digest = overlay.digests.get(&container.service).map_or("", String::as_str);
        if container.label != digest {
            drift.push(format!(
                "container {} was created with another overlay, or without one",
                quote::word(&container.name)
            ));
        }
    }
    let mut result = check_result(&drift, &fix);
    if early.is_some() && result.code == 0 {
        let closer = "the images are on this machine now: `trust-compose setup --again` uses their own root \
                      certificates";
        write_remark(&mut result.text, closer);
    }
    Ok(result)
}
