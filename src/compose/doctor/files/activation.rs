//! Whether plain `docker compose` uses the overlay, and which list of files decides that.

use crate::compose::docker::ComposeFiles;
use crate::compose::layout::{ENV, OVERLAY};
use crate::compose::project::files::{self, FilesOrigin, ProjectFiles, plain};
use crate::compose::setup::installed::Standing;
use crate::sys::finding::Finding;
use crate::sys::quote;

/// The variable with the list of files.
const COMPOSE_FILE: &str = "COMPOSE_FILE";

/// The overlay is listed and missing, so Compose does not start. `setup` is the command that writes it again.
pub(crate) fn dangling(
    place: &ProjectFiles,
    standing: Option<&Standing>,
    setup: Option<&str>,
) -> Option<Finding> {
    let is_gone = !plain(&place.base, OVERLAY).exists();
    let is_ours = standing.is_some_and(|standing| standing.compose_file.is_some());
    let is_listed = is_ours || (place.had_ours && place.origin != FilesOrigin::Option);
    let is_shells = place.had_ours && place.origin == FilesOrigin::Shell;
    let fix = match setup {
        _ if is_shells => format!("unset {COMPOSE_FILE}"),
        Some(setup) if standing.is_some() => setup.to_owned(),
        _ if is_ours => "trust-compose remove".to_owned(),
        _ => format!("remove {OVERLAY} from {COMPOSE_FILE} in .env"),
    };
    let subject = list(place, is_shells);
    let cause = format!("it names {OVERLAY}, which is not there: every compose command fails");
    (is_gone && is_listed).then(|| Finding::error("compose-file-dangling", &subject, cause, fix))
}

/// Whether an existing overlay is active.
pub(crate) fn activation(
    place: &ProjectFiles,
    standing: Option<&Standing>,
    setup: &str,
) -> Option<Finding> {
    let standing = standing.filter(|standing| standing.overlay.is_some())?;
    let is_in_env = standing.compose_file.is_some();
    let overlay = plain(&place.base, OVERLAY);
    if is_in_env && place.origin == FilesOrigin::Shell && !place.had_ours {
        let cause = format!("it overrides the list in .env, and does not name {OVERLAY}");
        let fix = format!("unset {COMPOSE_FILE}");
        let subject = list(place, true);
        return Some(Finding::warning("compose-file-in-shell", &subject, cause, fix));
    }
    if is_in_env || (place.had_ours && place.origin != FilesOrigin::Option) {
        let list = list(place, place.origin == FilesOrigin::Shell);
        let is_here = place.obeys_env() || place.origin == FilesOrigin::Shell;
        let base = files::absolute(&place.base);
        let place = if is_here { String::new() } else { format!(" in {}", quote::path(&base)) };
        let cause = format!("active for plain `docker compose`{place}, by {list}");
        return Some(Finding::ok("in-force", &quote::path(&overlay), cause));
    }
    let mut files = place.files.files.clone();
    files.push(overlay.clone());
    let words = ComposeFiles { files, ..place.files.clone() }.arguments();
    let words: Vec<_> = words.iter().map(quote::shell).collect();
    let cause = format!(
        "active with `docker compose {}`, not with plain `docker compose`",
        words.join(" ")
    );
    let finding = Finding::info("not-in-force", &quote::path(&overlay), cause);
    Some(finding.with_fix(format!("{setup} --activate")))
}

/// The list, for messages.
fn list(place: &ProjectFiles, is_shells: bool) -> String {
    if is_shells {
        format!("{COMPOSE_FILE} in the shell")
    } else {
        format!("{COMPOSE_FILE} in {}", quote::path(&plain(&place.base, ENV)))
    }
}
