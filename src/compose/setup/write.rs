//! The overlay and what it mounts reach the project's directory, in an order that can be interrupted
//! anywhere.
//!
//! Files in `.trust/` have names made from their contents. So an overlay finds its own files whatever
//! else stands there, and the rename of the overlay is the one moment that counts: before it the old
//! one is in force with all its files, after it the new one. All that needs space is written before
//! the first rename, under names that the next run knows to be worthless.

pub mod managed_block;
pub mod changes;
pub mod error;
pub mod manifest;
pub mod state;
pub mod plan;
pub mod edited_file;
pub mod variable;

use std::ffi::OsString;
use std::path::Path;

pub use crate::compose::layout::{ENV, HEADER, IGNORE, OVERLAY, TRUST, is_ours};
pub use crate::compose::setup::write::changes::Changes;
pub use crate::compose::setup::write::error::Error;
use crate::compose::setup::write::manifest::Manifest;
use crate::compose::setup::write::plan::Plan;
use crate::compose::setup::write::state::{Overlay, Places};
use crate::sys::dir::replace::Entry;

/// What a setup makes.
#[derive(Clone, Debug)]
pub struct Output {
    /// The overlay; its first line is [`HEADER`].
    pub overlay: String,
    /// Each file in `.trust/`: its name, made from its contents, and those. Nothing secret.
    pub files: Vec<(String, Vec<u8>)>,
    /// The value of COMPOSE_FILE in `.env`. `None` leaves `.env` as it is: a setup without
    /// `--activate` gives the new value where [`Standing::compose_file`] has an old one.
    pub compose_file: Option<String>,
    /// The words of the setup, for the manifest. Nothing secret.
    pub words: Vec<String>,
    /// Whether no container still mounts what an overlay before this one named. Else a container that
    /// is restarted would not find its files.
    pub is_settled: bool,
}

/// What stands of an earlier setup.
#[derive(Debug)]
pub struct Standing {
    /// The overlay.
    pub overlay: Option<String>,
    /// The words of the setup that made it.
    pub words: Vec<String>,
    /// The value in our block of `.env`.
    pub compose_file: Option<String>,
    /// Each file that the overlay mounts from `.trust/`.
    pub files: Vec<(String, State)>,
    /// What else is in `.trust/`, and not ours.
    pub strange: Vec<OsString>,
}

/// How a file of ours stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// As it was written.
    Unchanged,
    /// With other contents, or no file.
    Changed,
    /// With other permissions.
    Mode,
    /// Not at all.
    Missing,
}

/// Writes `output` into the project directory `base`, or says what it would write.
///
/// # Errors
/// When something stands in the way. Then the overlay that stood before is in force, with all it needs.
pub fn write(base: &Path, output: &Output, is_dry: bool) -> Result<Changes, Error> {
    let places = Places::open(base)?;
    let plan = Plan::of(&places, output)?;
    if is_dry {
        return Ok(plan.changes.only_intended());
    }
    places.tidy();
    if !plan.changes.is_nothing() {
        plan.carry_out(&places)?;
    }
    Ok(plan.changes)
}

/// What stands in the project directory `base` of an earlier setup; `None` if nothing does.
///
/// # Errors
/// When what stands cannot be read.
pub fn standing(base: &Path) -> Result<Option<Standing>, Error> {
    let places = Places::open(base)?;
    let overlay = match &places.overlay {
        Overlay::Ours(bytes) => Some(bytes.as_slice()),
        Overlay::Nothing | Overlay::Other(_) => None,
    };
    let lines = match places.text_if_any(ENV)? {
        Some(text) => text.look(managed_block::lines)?,
        None => None,
    };
    let compose_file = lines.and_then(|lines| variable::value(lines.first()?));
    let mut words = Vec::new();
    let mut files = Vec::new();
    let has_gone = places.manifest().is_none_or(Manifest::is_retired);
    if has_gone && overlay.is_none() && compose_file.is_none() {
        return Ok(None);
    }
    if let Some(manifest) = places.manifest() {
        let place = overlay.and_then(|overlay| manifest.place(overlay)).unwrap_or_default();
        if let Some(generation) = manifest.generations.get(place) {
            words.clone_from(&generation.words);
            for (name, digest) in &generation.files {
                let state = match places.content(name)? {
                    Entry::Nothing => State::Missing,
                    Entry::File(found) if manifest::digest(&found.bytes) != *digest => {
                        State::Changed
                    }
                    Entry::File(found) if found.is_public() => State::Unchanged,
                    Entry::File(_) => State::Mode,
                    Entry::Other(_) => State::Changed,
                };
                files.push((name.clone(), state));
            }
        }
    }
    let overlay = overlay.map(|overlay| String::from_utf8_lossy(overlay).into_owned());
    let strange = places.strange().to_vec();
    Ok(Some(Standing { overlay, words, compose_file, files, strange }))
}
