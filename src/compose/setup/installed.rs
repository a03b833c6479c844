//! Reads what an earlier setup wrote in a project's directory: the overlay, the options in its header, and
//! the files that it mounts.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::Path;

use crate::compose::layout::ENV;
use crate::compose::setup::header;
use crate::compose::setup::write::removed;
use crate::compose::setup::write::state::{ProjectState, TrustDirectory, is_generated};
use crate::compose::setup::write::variable;
use crate::sys::diagnostic::Diagnostic;

/// The files that an earlier setup wrote.
#[derive(Debug)]
pub struct InstalledSetup {
    /// The overlay.
    pub overlay: Option<String>,
    /// The options of that setup; empty if the header does not contain them.
    pub options: Vec<String>,
    /// The value of COMPOSE_FILE in our block of `.env`.
    pub compose_file: Option<String>,
    /// Each file that the overlay mounts from `.trust/`.
    pub files: Vec<(String, FileState)>,
    /// The other files in `.trust/` that a setup did not write.
    pub foreign: Vec<OsString>,
}

/// The state of a file that a setup wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileState {
    /// Neither contents nor mode were changed.
    Unchanged,
    /// Its contents were changed, or it is not a regular file.
    Changed,
    /// Its mode was changed.
    Mode,
    /// It does not exist.
    Missing,
}

/// Reads the files of an earlier setup in the project directory `base`; `None` if neither our overlay nor our
/// block in `.env` exists.
///
/// # Errors
/// When they cannot be read.
pub fn read(base: &Path) -> Result<Option<InstalledSetup>, Diagnostic> {
    let state = ProjectState::open(base)?;
    let overlay = state.our_overlay().map(|text| String::from_utf8_lossy(text).into_owned());
    let lines = state.user_file_if_regular(ENV)?.map(|text| text.block()).transpose()?.flatten();
    let compose_file = lines.and_then(|lines| variable::value(lines.first()?));
    if overlay.is_none() && compose_file.is_none() {
        return Ok(None);
    }
    let text = overlay.as_deref().unwrap_or_default();
    let (mut files, mut foreign) = (Vec::new(), Vec::new());
    let names = mounted(text);
    let trust = state.trust_directory();
    for name in &names {
        let found = trust.and_then(|trust| trust.generated.get(*name));
        let is_changed = trust.is_some_and(|trust| trust.has_not_ours(name));
        let state = match found {
            Some(true) => FileState::Unchanged,
            Some(false) => FileState::Mode,
            None if is_changed => FileState::Changed,
            None => FileState::Missing,
        };
        files.push(((*name).to_owned(), state));
    }
    if let Some(trust) = trust {
        let is_other = |name: &&OsString| name.to_str().is_none_or(|name| !names.contains(name));
        foreign.extend(trust.not_ours().iter().filter(is_other).cloned());
    }
    Ok(Some(InstalledSetup {
        options: header::options(text),
        overlay,
        compose_file,
        files,
        foreign,
    }))
}

/// Whether `.trust/` in the project directory `base` contains files of an overlay that was lost, not removed
/// by `remove`.
///
/// # Errors
/// When the directory cannot be read.
pub fn has_files(base: &Path) -> Result<bool, Diagnostic> {
    let state = ProjectState::open(base)?;
    let has_files = |trust: &TrustDirectory| {
        !trust.generated.is_empty() && !trust.generated.contains_key(removed::NAME.as_str())
    };
    Ok(state.trust_directory().is_some_and(has_files))
}

/// Returns the names of the files in `.trust/` that an overlay mounts.
pub fn mounted(overlay: &str) -> BTreeSet<&str> {
    let is_part = |letter: char| letter.is_alphanumeric() || "-_.".contains(letter);
    let after = overlay.split("./.trust/").skip(1);
    let names = after.filter_map(|text| text.split(|letter| !is_part(letter)).next());
    names.filter(|name| is_generated(name)).collect()
}
