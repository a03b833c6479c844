//! `doctor`, the story: what the project's files say (`files`), what its containers were made with and
//! what they hold (`containers`), and whether their servers pass, which trust-doctor finds out from
//! beside each of them (`beside`). All of it is told in one form (`crate::finding`).

pub mod files;

use super::cli::Doctor;
use super::refusal::Refusal;
use super::setup::{self, Told};
use crate::environment::Environment;
use crate::finding;
use crate::inspect::certificate::Time;

/// Does what was asked.
///
/// # Errors
/// When there is no project to look at.
pub fn run(asked: &Doctor, shell: &Environment) -> Result<Told, Refusal> {
    let place = setup::find(&asked.project.asked(), shell)?;
    let look = files::Look { place: &place, now: Time::now(), days: asked.days, shell };
    let findings = files::look(&look);
    let text = if asked.json { finding::json(&findings) } else { finding::text(&findings, shell) };
    Ok(Told { text, code: finding::code(&findings, asked.strict) })
}
