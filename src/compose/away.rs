//! Taking the overlay away: `remove`, and `setup` without an option that shapes an overlay.

use std::fmt::Write as _;

use super::place::Place;
use super::refusal::Refusal;
use super::setup::Told;
use super::setup::next::Next;
use super::{answer, remove};
use crate::report::Report;

/// Takes everything of ours away, and says how the project is started without it.
///
/// # Errors
/// When something cannot be removed.
pub fn away(place: &Place, is_dry: bool, goes_up: bool, report: Report) -> Result<Told, Refusal> {
    let changes = remove::remove(&place.base, is_dry)?;
    changes.left.iter().for_each(|left| report.warning(left));
    let mut text = changes.to_string();
    if changes.is_nothing() {
        text.push_str("nothing to take away: there is no overlay of ours here\n");
    }
    if changes.is_nothing() && !goes_up {
        return Ok(Told { text, code: 0 });
    }
    let next = Next::without_overlay(place);
    let _ = write!(text, "\nnext:\n  {}\n", next.commands().trim_end());
    if !goes_up || is_dry {
        return Ok(Told { text, code: 0 });
    }
    answer(report, &text);
    Ok(Told { text: String::new(), code: next.run().map_err(Refusal::Up)? })
}
