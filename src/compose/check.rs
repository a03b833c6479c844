//! `setup --check`: whether what was set up is in step with the CA, the images and the compose files.

use std::fmt::Write as _;

use super::overlay::Overlay;
use super::place::Place;
use super::project::Project;
use super::setup::{Told, next};
use super::write::{self, ENV, OVERLAY, State, TRUST};
use crate::exit;
use crate::report;

/// Nothing was set up.
pub fn nothing() -> Told {
    Told { text: "nothing is set up here: there is no overlay\n".to_owned(), code: 0 }
}

/// Compares what stands with what would be written now.
///
/// # Errors
/// When what stands cannot be read.
pub fn check(place: &Place, project: &Project, overlay: &Overlay) -> Result<Told, write::Error> {
    let mut behind = Vec::new();
    match write::standing(&place.base)? {
        None => behind.push(format!("{OVERLAY} is not there")),
        Some(standing) => {
            if standing.overlay.as_deref() != Some(overlay.text.as_str()) {
                behind.push(format!("{OVERLAY} is older than the CA, an image or a compose file"));
            }
            let listed = place.compose_file().ok();
            if standing.compose_file.is_some() && standing.compose_file != listed {
                behind.push(format!("COMPOSE_FILE in {ENV} is older than the compose files"));
            }
            for (name, state) in &standing.files {
                match state {
                    State::Unchanged => {}
                    State::Changed => behind.push(format!("{TRUST}/{name} was changed")),
                    State::Missing => behind.push(format!("{TRUST}/{name} is not there")),
                }
            }
        }
    }
    for container in next::containers(project).unwrap_or_default() {
        let wanted = overlay.digests.get(&container.service).map_or("", String::as_str);
        if container.label != wanted {
            behind.push(format!(
                "container {} was made with another overlay, or with none",
                report::word(&container.name)
            ));
        }
    }
    if behind.is_empty() {
        return Ok(Told { text: "in step\n".to_owned(), code: 0 });
    }
    let mut text = String::new();
    for line in behind {
        let _ = writeln!(text, "out of step: {line}");
    }
    let _ = writeln!(text, "fix: run setup again, then the command that it prints");
    Ok(Told { text, code: exit::TROUBLE })
}
