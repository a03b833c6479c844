//! `setup --check`: whether what was set up is in step with the CA, the images and the compose files.

use std::fmt::Write as _;

use super::overlay::Overlay;
use super::place::{Place, plain};
use super::read;
use super::setup::Told;
use super::setup::next::{self, Next};
use super::write::{self, ENV, OVERLAY, State, TRUST};
use crate::engine::Container;
use crate::exit;
use crate::report;

/// Nothing is set up; but containers may still run as they were made when something was.
pub fn nothing(place: &Place) -> Told {
    let project = read::read(place).ok().map(|(project, _)| project);
    let running = project.as_ref().and_then(next::containers).unwrap_or_default();
    let still = running.into_iter().filter(|container| !container.label.is_empty());
    let behind: Vec<_> = still
        .map(|container| {
            let name = report::word(&container.name);
            format!("container {name} was made with an overlay that is gone")
        })
        .collect();
    if behind.is_empty() {
        let text = "nothing is set up here: there is no overlay\n".to_owned();
        return Told { text, code: 0 };
    }
    let next = Next::without_overlay(place).commands();
    out_of_step(&behind, &format!("run `{}`", next.trim_end()))
}

/// Compares what stands with what would be written now.
///
/// # Errors
/// When what stands cannot be read.
pub fn check(
    place: &Place,
    overlay: &Overlay,
    running: Vec<Container>,
) -> Result<Told, write::Error> {
    let path = |name: &str| report::path(&plain(&place.base, name)).to_string();
    let mut behind = Vec::new();
    match write::standing(&place.base)? {
        None => behind.push(format!("{} is not there", path(OVERLAY))),
        Some(standing) => {
            let ours = path(OVERLAY);
            match standing.overlay {
                None => behind.push(format!("{ours} is not there")),
                Some(text) if body(&text) == body(&overlay.text) => {}
                Some(_) => {
                    behind.push(format!("{ours} is older than the CA, an image or a compose file"));
                }
            }
            let listed = place.compose_file().ok();
            if standing.compose_file.is_some() && standing.compose_file != listed {
                behind
                    .push(format!("COMPOSE_FILE in {} is older than the compose files", path(ENV)));
            }
            for (name, state) in &standing.files {
                let path = path(&format!("{TRUST}/{name}"));
                match state {
                    State::Unchanged => {}
                    State::Changed => behind.push(format!("{path} was changed")),
                    State::Missing => behind.push(format!("{path} is not there")),
                }
            }
        }
    }
    for container in running {
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
    Ok(out_of_step(&behind, "run setup with the same options, then the command that it prints"))
}

fn out_of_step(behind: &[String], fix: &str) -> Told {
    let mut text = String::new();
    for line in behind {
        let _ = writeln!(text, "out of step: {line}");
    }
    let _ = writeln!(text, "fix: {fix}");
    Told { text, code: exit::TROUBLE }
}

/// An overlay without the words above it, which can ask for the same in several ways.
fn body(overlay: &str) -> &str {
    let mut rest = overlay;
    while let Some((_, below)) = rest.strip_prefix('#').and_then(|line| line.split_once('\n')) {
        rest = below;
    }
    rest
}
