//! The overlay and the files it mounts reach the project's directory. No list of them is kept: our overlay is
//! known by its first line, a file in `.trust/` is ours if its name ends in the digest of its contents.
//!
//! The rename of the overlay is the moment that counts: before it the old overlay is in force with all its
//! files, after it the new one. Old files are kept until no container mounts them.

pub mod changes;
pub(crate) mod edited_file;
pub mod managed_block;
pub(crate) mod plan;
pub(crate) mod removed;
pub(crate) mod state;
pub mod variable;

use std::collections::BTreeMap;
use std::path::Path;

use crate::compose::layout::{ENV, IGNORE, OVERLAY, TRUST};
use crate::compose::setup::installed::mounted;
use crate::compose::setup::write::changes::{Action, Changes};
use crate::compose::setup::write::edited_file::Edit;
use crate::compose::setup::write::plan::Plan;
use crate::compose::setup::write::state::{MANIFEST, ProjectState};
use crate::sys::diagnostic::Diagnostic;
use crate::sys::output;
use crate::sys::quote;

/// What a setup makes.
#[derive(Clone, Debug)]
pub struct Output {
    /// The overlay, whose first line is [`crate::compose::layout::HEADER`].
    pub overlay: String,
    /// Each file in `.trust/`: its name, made from its contents, and those. Nothing secret.
    pub files: BTreeMap<String, Vec<u8>>,
    /// The value of COMPOSE_FILE in `.env`. `None` leaves `.env` as it is: a setup without
    /// `--activate` gives the new value where `.env` has an old one.
    pub compose_file: Option<String>,
    /// Whether no container still mounts what an overlay before this one named. Else a container that
    /// is restarted would not find its files.
    pub is_settled: bool,
}

/// Writes `output` into the project directory `base`, or says what it would write.
///
/// # Errors
/// When something is in the way. Then the old overlay is in force, with all it needs.
pub fn write(base: &Path, output: &Output, is_dry: bool) -> Result<Changes, Diagnostic> {
    let state = ProjectState::open(base)?;
    plan(&state, output)?.carry_out(&state, is_dry)
}

fn plan<'a>(state: &'a ProjectState, output: &'a Output) -> Result<Plan<'a>, Diagnostic> {
    let old = existing(state)?;
    let mut changes = Changes::default();
    let files = missing(state, output, old)?;
    let trust = quote::path(&state.path(TRUST)).to_string();
    if !files.is_empty() {
        let count = output::count(files.len(), "file");
        changes.add(Action::Create, format_args!("{count} in {trust}"));
    }
    let overlay = (old != Some(output.overlay.as_bytes())).then_some(&*output.overlay);
    if overlay.is_some() {
        let action = if old.is_none() { Action::Create } else { Action::Update };
        changes.add(action, quote::path(&state.path(OVERLAY)));
    }
    let ignore = ignore(state).unwrap_or_else(|error| {
        changes.kept.push(error);
        None
    });
    let env = env(state, output)?;
    let ignored = format!("ignores {OVERLAY} and {TRUST}/");
    for (edit, what) in [(&ignore, ignored.as_str()), (&env, "sets COMPOSE_FILE")] {
        let Some(edit) = edit else { continue };
        let action = if edit.text.bytes().is_none() { Action::Create } else { Action::Update };
        let path = quote::path(&edit.text.path);
        changes.add(action, format_args!("{path} ({what})"));
    }
    let obsolete = obsolete(state, output, &mut changes);
    if !obsolete.is_empty() {
        let count = output::count(obsolete.len(), "file");
        let what = format_args!("{count} in {trust} that nothing mounts any more");
        changes.add(Action::Remove, what);
    }
    Ok(Plan { ignore, env, files, overlay, obsolete, changes, ..Plan::default() })
}

/// The overlay that is to be replaced, if there is one.
///
/// # Errors
/// When what exists in our places is foreign.
fn existing(state: &ProjectState) -> Result<Option<&[u8]>, Diagnostic> {
    if let Err(kind) = state.overlay {
        let cause = format!("a {kind} of that name exists and was not created by trust-compose");
        let written = Diagnostic::cannot("write", quote::path(&state.path(OVERLAY)));
        return Err(written.because(cause).advise("rename it, and pass the new name with -f"));
    }
    let trust = state.trust.as_ref().map_err(|kind| state.no_directory(kind))?;
    if let Some(trust) = trust
        && !trust.has_ours()
        && state.our_overlay().is_none()
        && let Some(name) = trust.not_ours().first()
    {
        let cause = format!("it contains {}, and no file of ours", quote::word(name));
        let used = Diagnostic::cannot("use", quote::path(&state.path(TRUST)));
        return Err(used.because(cause).advise("rename that directory"));
    }
    Ok(state.our_overlay())
}

/// The files of `output` that do not exist as they should.
///
/// # Errors
/// When one has the name of something that `old`, our overlay, does not mount.
fn missing<'a>(
    state: &ProjectState,
    output: &'a Output,
    old: Option<&[u8]>,
) -> Result<Vec<(&'a str, &'a [u8])>, Diagnostic> {
    let old = String::from_utf8_lossy(old.unwrap_or_default());
    let ours = mounted(&old);
    let mut missing = Vec::new();
    for (name, bytes) in &output.files {
        if let Some(trust) = state.trust_directory() {
            let is_changed = trust.changed.contains(name);
            if trust.holds(name) && !(is_changed && ours.contains(name.as_str())) {
                let written = Diagnostic::cannot("write", quote::path(&state.inside(name)));
                let cause = "it exists, with other contents";
                return Err(written.because(cause).advise(format!("move it out of {TRUST}/")));
            }
            if trust.generated.get(name) == Some(&true) {
                continue;
            }
        }
        missing.push((name.as_str(), bytes.as_slice()));
    }
    Ok(missing)
}

/// Our block in `.gitignore`, if it is missing and no lines of the user's own say the same.
fn ignore(state: &ProjectState) -> Result<Option<Edit>, Diagnostic> {
    if !state.has_git() {
        return Ok(None);
    }
    let lines = [OVERLAY.to_owned(), format!("{TRUST}/")];
    let text = state.text(IGNORE)?;
    if text.bytes().is_some_and(|text| hides(text, &lines)) {
        return Ok(None);
    }
    text.with_block(&lines, |_| false)
}

/// Whether lines outside a block of ours hide all of `names`, and none takes anything back
/// (gitignore(5), "PATTERN FORMAT").
fn hides(text: &[u8], names: &[String]) -> bool {
    let patterns: Vec<_> = text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end).collect();
    let is_other = |line: &&[u8]| line.starts_with(b"!") || managed_block::is_mark(line);
    let is_hidden = |name: &String| {
        let is_it = |line: &&[u8]| line.strip_prefix(b"/").unwrap_or(line) == name.as_bytes();
        patterns.iter().any(is_it)
    };
    !patterns.iter().any(is_other) && names.iter().all(is_hidden)
}

/// Our block in `.env`, if it is asked for and missing.
fn env(state: &ProjectState, output: &Output) -> Result<Option<Edit>, Diagnostic> {
    let Some(value) = &output.compose_file else { return Ok(None) };
    let line = variable::assignment(value).ok_or_else(|| {
        Diagnostic::cannot("write", "COMPOSE_FILE to .env")
            .because(format_args!("{} does not fit in a line", quote::word(value)))
            .advise("give that file a name without control characters")
    })?;
    state.text(ENV)?.with_block(&[line], variable::is_assigned)
}

/// Our files that nothing mounts any more. A changed one is kept, and reported.
fn obsolete<'a>(state: &'a ProjectState, output: &Output, changes: &mut Changes) -> Vec<&'a str> {
    let Some(trust) = state.trust_directory() else { return Vec::new() };
    let is_old = |name: &&str| output.is_settled && !output.files.contains_key(*name);
    for name in trust.changed.iter().map(String::as_str).filter(is_old) {
        let path = quote::path(&state.inside(name)).to_string();
        let cause = format!("kept {path}: its contents were changed");
        let kept = Diagnostic::statement(cause);
        changes.kept.push(kept.advise("delete it if you do not need it"));
    }
    let old = trust.generated.keys().map(String::as_str).filter(is_old);
    old.chain(trust.has_manifest.then_some(MANIFEST)).collect()
}
