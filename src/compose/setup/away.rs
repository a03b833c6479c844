//! Taking the overlay away: `remove`, and `setup` without an option that shapes an overlay.

use std::fmt::{self, Display, Write as _};
use std::path::PathBuf;

use crate::sys::quote;

use crate::compose::docker::{self, Failure};
use crate::compose::error::Refusal;
use crate::compose::output::answer;
use crate::compose::project::files::{Origin, ProjectFiles, absolute, plain};
use crate::compose::setup::Told;
use crate::compose::setup::next_steps::Next;
use crate::compose::setup::overlay::LABEL;
use crate::compose::setup::remove;
use crate::compose::setup::swarm;
use crate::compose::setup::write::changes::{Changes, Left};
use crate::compose::setup::write::{OVERLAY, TRUST};
use crate::sys::output::Report;

/// That the overlay is named in a list of the user's own, without which Compose does not start.
struct Listed(Origin);

impl Display for Listed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = if self.0 == Origin::Shell { "the shell" } else { ".env" };
        write!(
            f,
            "COMPOSE_FILE in {place} names {OVERLAY}: without it, every compose command fails\n\
             fix: take {OVERLAY} out of COMPOSE_FILE in {place}"
        )
    }
}

/// Takes everything of ours away, and says how the project is started without it.
///
/// # Errors
/// When something cannot be removed.
pub fn away(
    place: &ProjectFiles,
    is_dry: bool,
    goes_up: bool,
    report: Report,
) -> Result<Told, Refusal> {
    let is_swarm = swarm::stands(&place.base)?;
    let (changes, is_kept) = take(place, is_dry, report)?;
    if place.had_ours && place.origin != Origin::Option && !plain(&place.base, OVERLAY).exists() {
        report.warning_text(&Listed(place.origin));
    }
    let mut text = changes.to_string();
    if changes.is_nothing() && !is_kept {
        text.push_str("nothing to take away: there is no overlay of ours here\n");
        if !goes_up {
            return Ok(Told { text, code: 0 });
        }
    }
    let next = Next::without_overlay(place, is_swarm);
    let _ = write!(text, "\nnext:\n  {}\n", next.commands().trim_end());
    if is_kept && !goes_up {
        text.push_str("  trust-compose remove\n");
    }
    if !goes_up || is_dry {
        return Ok(Told { text, code: 0 });
    }
    answer(report, &quote::visible_lines(&text));
    let code = next.run().map_err(Refusal::Up)?;
    let text = if is_kept && code == 0 {
        take(place, false, report)?.0.to_string()
    } else {
        String::new()
    };
    Ok(Told { text, code })
}

/// What was removed may still be mounted: there is no docker command to ask.
struct Unasked(PathBuf);

impl Display for Unasked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "there is no docker command to ask which containers mount {}: those that do cannot be \
             started again\n\
             fix: recreate them, by the command below where docker is",
            quote::path(&self.0)
        )
    }
}

/// Takes away what no container mounts, and returns whether something stays for containers.
fn take(place: &ProjectFiles, is_dry: bool, report: Report) -> Result<(Changes, bool), Refusal> {
    let path = plain(&place.base, TRUST);
    let asked = path.is_dir().then(|| docker::containers_mounting(&absolute(&path), LABEL));
    let is_unasked = matches!(asked, Some(Err(Failure::Missing)));
    let in_use = match asked {
        // Where docker is not found, nothing can ever be asked.
        None | Some(Err(Failure::Missing)) => None,
        Some(Ok(containers)) if containers.is_empty() => None,
        Some(Ok(containers)) => Some(Left::Mounted { path: path.clone(), containers }),
        Some(Err(Failure::System(error))) => return Err(Refusal::Unasked { path, error }),
        Some(Err(failure)) => {
            Some(Left::Unasked { path: path.clone(), cause: failure.to_string() })
        }
    };
    let is_kept = in_use.is_some();
    let changes = remove::remove(&place.base, in_use, is_dry)?;
    changes.left.iter().for_each(|left| report.warning_text(left));
    if is_unasked && !is_dry && !path.exists() {
        report.warning_text(&Unasked(path));
    }
    Ok((changes, is_kept))
}
