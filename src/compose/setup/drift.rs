//! `setup --check`: whether what was set up is in step with the CA, the images and the compose files.

use std::fmt::{self, Display};
use std::path::PathBuf;

use crate::compose::docker::Container;
pub use crate::compose::output::check_result as verdict;
use crate::compose::project::files::{ProjectFiles, plain};
use crate::compose::project::read;
use crate::compose::setup::Told;
use crate::compose::setup::next_steps::{self, Next};
use crate::compose::setup::overlay::Overlay;
use crate::compose::setup::write::{self, ENV, OVERLAY, Standing, State, TRUST};
pub use crate::compose::yaml::body;
use crate::sys::quote;

/// Nothing is set up; but containers may still run as they were made when something was.
pub fn nothing(place: &ProjectFiles) -> Told {
    let project = read::read(place).ok().map(|(project, _)| project);
    let running = project.as_ref().and_then(next_steps::containers).unwrap_or_default();
    let still = running.into_iter().filter(|container| !container.label.is_empty());
    let behind: Vec<_> = still
        .map(|container| {
            let name = quote::word(&container.name);
            format!("container {name} was made with an overlay that is gone")
        })
        .collect();
    if behind.is_empty() {
        let text = "nothing is set up here: there is no overlay\n".to_owned();
        return Told { text, code: 0 };
    }
    let next = Next::without_overlay(place, false).commands();
    verdict(&behind, &format!("run `{}`", next.trim_end()))
}

/// Something that is out of step. The paths are as the user would say them.
pub enum Behind {
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

impl Display for Behind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoOverlay(path) | Self::Missing(path) => {
                write!(f, "{} is not there", quote::path(path))
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

/// Compares the files that stand with what would be written now.
pub fn behind(place: &ProjectFiles, overlay: &Overlay, standing: Option<&Standing>) -> Vec<Behind> {
    let path = |name: &str| plain(&place.base, name);
    let Some(standing) = standing else { return vec![Behind::NoOverlay(path(OVERLAY))] };
    let mut behind = Vec::new();
    match &standing.overlay {
        None => behind.push(Behind::NoOverlay(path(OVERLAY))),
        Some(text) if body(text) == body(&overlay.text) => {}
        Some(_) => behind.push(Behind::Older(path(OVERLAY))),
    }
    let listed = place.compose_file().ok();
    if standing.compose_file.is_some() && standing.compose_file != listed {
        behind.push(Behind::ComposeFile(path(ENV)));
    }
    for (name, state) in &standing.files {
        let path = path(TRUST).join(name);
        match state {
            State::Unchanged => {}
            State::Changed => behind.push(Behind::Changed(path)),
            State::Mode => behind.push(Behind::Mode(path)),
            State::Missing => behind.push(Behind::Missing(path)),
        }
    }
    behind
}

/// Compares what stands with what would be written now.
///
/// # Errors
/// When what stands cannot be read.
pub fn check(
    place: &ProjectFiles,
    overlay: &Overlay,
    running: Vec<Container>,
) -> Result<Told, write::Error> {
    let standing = write::standing(&place.base)?;
    let behind = behind(place, overlay, standing.as_ref());
    let mut behind: Vec<_> = behind.iter().map(ToString::to_string).collect();
    for container in running {
        let wanted = overlay.digests.get(&container.service).map_or("", String::as_str);
        if container.label != wanted {
            behind.push(format!(
                "container {} was made with another overlay, or with none",
                quote::word(&container.name)
            ));
        }
    }
    Ok(verdict(&behind, "run setup with the same options, then the command that it prints"))
}
