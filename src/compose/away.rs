//! Taking the overlay away: `remove`, and `setup` without an option that shapes an overlay.

use std::fmt::{self, Display, Write as _};

use super::place::{Origin, Place, plain};
use super::refusal::Refusal;
use super::setup::Told;
use super::setup::next::Next;
use super::setup::swarm;
use super::write::OVERLAY;
use super::{answer, remove};
use crate::report::Report;

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
pub fn away(place: &Place, is_dry: bool, goes_up: bool, report: Report) -> Result<Told, Refusal> {
    let is_swarm = swarm::stands(&place.base)?;
    let changes = remove::remove(&place.base, is_dry)?;
    changes.left.iter().for_each(|left| report.warning(left));
    if place.had_ours && place.origin != Origin::Option && !plain(&place.base, OVERLAY).exists() {
        report.warning(&Listed(place.origin));
    }
    let mut text = changes.to_string();
    if changes.is_nothing() {
        text.push_str("nothing to take away: there is no overlay of ours here\n");
    }
    if changes.is_nothing() && !goes_up {
        return Ok(Told { text, code: 0 });
    }
    let next = Next::without_overlay(place, is_swarm);
    let _ = write!(text, "\nnext:\n  {}\n", next.commands().trim_end());
    if !goes_up || is_dry {
        return Ok(Told { text, code: 0 });
    }
    answer(report, &text);
    Ok(Told { text: String::new(), code: next.run().map_err(Refusal::Up)? })
}
