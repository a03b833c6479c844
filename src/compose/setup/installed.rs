//! What an earlier setup left in a project's directory: its overlay, the options in that overlay's header, the
//! files that it mounts.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::Path;

use crate::compose::layout::ENV;
use crate::compose::setup::header;
use crate::compose::setup::write::removed;
use crate::compose::setup::write::state::{ProjectState, TrustDirectory, is_generated};
use crate::compose::setup::write::variable;
use crate::sys::diagnostic::Diagnostic;

/// What an earlier setup left.
#[derive(Debug)]
pub struct Standing {
    /// The overlay.
    pub overlay: Option<String>,
    /// The options of the setup that made it; empty if its header does not say.
    pub words: Vec<String>,
    /// The value in our block of `.env`.
    pub compose_file: Option<String>,
    /// Each file that the overlay mounts from `.trust/`.
    pub files: Vec<(String, State)>,
    /// What else is in `.trust/`, and not ours.
    pub strange: Vec<OsString>,
}

/// The state of a file of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// As it was written.
    Unchanged,
    /// With other contents, or no file.
    Changed,
    /// With other permissions.
    Mode,
    /// It does not exist.
    Missing,
}

/// What an earlier setup left in the project directory `base`; `None` if there is no overlay of ours, nor a
/// block in `.env`.
///
/// # Errors
/// When it cannot be read.
pub fn standing(base: &Path) -> Result<Option<Standing>, Diagnostic> {
    let state = ProjectState::open(base)?;
    let overlay = state.our_overlay().map(|text| String::from_utf8_lossy(text).into_owned());
    let lines = state.text_if_file(ENV)?.map(|text| text.block()).transpose()?.flatten();
    let compose_file = lines.and_then(|lines| variable::value(lines.first()?));
    if overlay.is_none() && compose_file.is_none() {
        return Ok(None);
    }
    let text = overlay.as_deref().unwrap_or_default();
    let (mut files, mut strange) = (Vec::new(), Vec::new());
    let names = mounted(text);
    let trust = state.trust_directory();
    for name in &names {
        let found = trust.and_then(|trust| trust.generated.get(*name));
        let is_changed = trust.is_some_and(|trust| trust.holds(name));
        let state = match found {
            Some(true) => State::Unchanged,
            Some(false) => State::Mode,
            None if is_changed => State::Changed,
            None => State::Missing,
        };
        files.push(((*name).to_owned(), state));
    }
    if let Some(trust) = trust {
        let is_other = |name: &&OsString| name.to_str().is_none_or(|name| !names.contains(name));
        strange.extend(trust.not_ours().iter().filter(is_other).cloned());
    }
    Ok(Some(Standing { words: header::options(text), overlay, compose_file, files, strange }))
}

/// Whether `.trust/` in the project directory `base` has files of an overlay that `remove` did not remove.
///
/// # Errors
/// When it cannot be read.
pub fn has_files(base: &Path) -> Result<bool, Diagnostic> {
    let state = ProjectState::open(base)?;
    let has_files = |trust: &TrustDirectory| {
        !trust.generated.is_empty() && !trust.generated.contains_key(removed::NAME.as_str())
    };
    Ok(state.trust_directory().is_some_and(has_files))
}

/// The files of `.trust/` that an overlay names.
pub fn mounted(overlay: &str) -> BTreeSet<&str> {
    let is_part = |letter: char| letter.is_alphanumeric() || "-_.".contains(letter);
    let after = overlay.split("./.trust/").skip(1);
    let names = after.filter_map(|text| text.split(|letter| !is_part(letter)).next());
    names.filter(|name| is_generated(name)).collect()
}
