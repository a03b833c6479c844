//! `setup --check`: whether the installed overlay is in step with the CA, the images and the compose files.

use std::fmt::{self, Display};
use std::path::PathBuf;

use crate::compose::docker::LabeledContainer;
use crate::compose::layout::{ENV, OVERLAY, TRUST};
use crate::compose::output::{CommandOutput, check_result};
use crate::compose::project::files::{ProjectFiles, plain};
use crate::compose::project::read;
use crate::compose::setup::installed::{self, Standing, State};
use crate::compose::setup::next_steps::{self, Next};
use crate::compose::setup::overlay::Overlay;
use crate::compose::yaml::without_comments;
use crate::sys::diagnostic::Diagnostic;
use crate::sys::quote;

/// No overlay is installed; but files of one may be left, and containers may still run that were made with
/// one.
///
/// # Errors
/// When `.trust/` cannot be read.
pub(crate) fn check_nothing(place: &ProjectFiles) -> Result<CommandOutput, Diagnostic> {
    let project = read::read(place).ok().map(|(project, _)| project);
    let running = project.as_ref().and_then(next_steps::containers).unwrap_or_default();
    let made = running.into_iter().filter(|container| !container.label.is_empty());
    let drift: Vec<_> = made
        .map(|container| {
            let name = quote::word(&container.name);
            format!("container {name} was made with an overlay that is gone")
        })
        .collect();
    if !drift.is_empty() {
        let next = Next::without_overlay(place, false).commands();
        return Ok(check_result(&drift, &format!("run `{}`", next.trim_end())));
    }
    if !installed::has_files(&place.base)? {
        return Ok("nothing is set up here: there is no overlay\n".to_owned().into());
    }
    let drift = [Drift::NoOverlay(plain(&place.base, OVERLAY)).to_string()];
    Ok(check_result(&drift, "run setup with its options again, or `trust-compose remove`"))
}

/// Something that is out of step. The paths are as the user would say them.
pub(crate) enum Drift {
    /// The overlay is gone.
    NoOverlay(PathBuf),
    /// The overlay is not what would be written now.
    Older(PathBuf),
    /// The list in `.env` is not what would be written now.
    ComposeFile(PathBuf),
    /// A file that the overlay mounts is gone.
    Missing(PathBuf),
    /// A file that the overlay mounts is another.
    Changed(PathBuf),
    /// A file that the overlay mounts is not for everybody to read, or not for its owner alone to change.
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
            Self::Mode(path) => write!(f, "{} has another mode", quote::path(path)),
        }
    }
}

/// Compares the installed files with what would be written now.
pub(crate) fn drift(
    place: &ProjectFiles,
    overlay: &Overlay,
    standing: Option<&Standing>,
) -> Vec<Drift> {
    let path = |name: &str| plain(&place.base, name);
    let Some(standing) = standing else { return vec![Drift::NoOverlay(path(OVERLAY))] };
    let mut found = Vec::new();
    match &standing.overlay {
        None => found.push(Drift::NoOverlay(path(OVERLAY))),
        Some(text) if without_comments(text) == overlay.text => {}
        Some(_) => found.push(Drift::Older(path(OVERLAY))),
    }
    let listed = place.compose_file().ok();
    if standing.compose_file.is_some() && standing.compose_file != listed {
        found.push(Drift::ComposeFile(path(ENV)));
    }
    for (name, state) in &standing.files {
        let path = path(TRUST).join(name);
        match state {
            State::Unchanged => {}
            State::Changed => found.push(Drift::Changed(path)),
            State::Mode => found.push(Drift::Mode(path)),
            State::Missing => found.push(Drift::Missing(path)),
        }
    }
    found
}

/// Compares the installed overlay, and the containers that run, with what would be written now.
///
/// # Errors
/// When the installed overlay cannot be read.
pub(crate) fn check(
    place: &ProjectFiles,
    overlay: &Overlay,
    running: Vec<LabeledContainer>,
) -> Result<CommandOutput, Diagnostic> {
    let standing = installed::standing(&place.base)?;
    let drift = drift(place, overlay, standing.as_ref());
    let mut drift: Vec<_> = drift.iter().map(ToString::to_string).collect();
    for container in running {
        let wanted = overlay.digests.get(&container.service).map_or("", String::as_str);
        if container.label != wanted {
            drift.push(format!(
                "container {} was made with another overlay, or with none",
                quote::word(&container.name)
            ));
        }
    }
    Ok(check_result(&drift, "run setup with the same options, then the command that it prints"))
}
