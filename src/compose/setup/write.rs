//! Writes the overlay and the files that it mounts. No list of them is stored: our overlay is recognized by
//! its first line, our files in `.trust/` by the digest in their names.
//!
//! The rename of the overlay is the switch: before it the old overlay is complete and in effect, after it the
//! new one. Old files are kept until no container mounts them.

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
use crate::compose::setup::write::plan::ChangePlan;
use crate::compose::setup::write::state::{MANIFEST, ProjectState};
use crate::sys::diagnostic::Diagnostic;
use crate::sys::output;
use crate::sys::quote;

/// The files and blocks that a setup writes.
#[derive(Clone, Debug)]
pub struct Output {
    /// The overlay, whose first line is [`crate::compose::layout::HEADER`].
    pub overlay: String,
    /// The files of `.trust/`, none of them secret: name, with a digest of the contents, and contents.
    pub files: BTreeMap<String, Vec<u8>>,
    /// The value of COMPOSE_FILE in `.env`; `None` does not change `.env`. A setup without `--activate` gives
    /// a value if `.env` has an old one.
    pub compose_file: Option<String>,
    /// Whether no container mounts the files of an earlier overlay. Otherwise they are kept, because such a
    /// container could not be restarted without them.
    pub is_settled: bool,
}

/// Writes `output` to the project directory `base`, or reports what it would write.
///
/// # Errors
/// When a foreign file conflicts, or a system call fails. The old overlay then remains in effect.
pub fn write(base: &Path, output: &Output, is_dry: bool) -> Result<Changes, Diagnostic> {
    let state = ProjectState::open(base)?;
    plan(&state, output)?.execute(&state, is_dry)
}

fn plan<'a>(state: &'a ProjectState, output: &'a Output) -> Result<ChangePlan<'a>, Diagnostic> {
    let old = existing_overlay(state)?;
    let mut changes = Changes::default();
    let files = missing_files(state, output, old)?;
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
    let ignore = gitignore_edit(state).unwrap_or_else(|error| {
        changes.kept.push(error);
        None
    });
    let env = env_edit(state, output)?;
    let ignored = format!("ignores {OVERLAY} and {TRUST}/");
    for (edit, what) in [(&ignore, ignored.as_str()), (&env, "sets COMPOSE_FILE")] {
        let Some(edit) = edit else { continue };
        let action = if edit.file.bytes().is_none() { Action::Create } else { Action::Update };
        let path = quote::path(&edit.file.path);
        changes.add(action, format_args!("{path} ({what})"));
    }
    let obsolete = obsolete_files(state, output, &mut changes);
    if !obsolete.is_empty() {
        let count = output::count(obsolete.len(), "file");
        let what = format_args!("{count} in {trust} that nothing mounts any more");
        changes.add(Action::Remove, what);
    }
    Ok(ChangePlan { ignore, env, files, overlay, obsolete, changes, ..ChangePlan::default() })
}

/// Returns our existing overlay.
///
/// # Errors
/// When the overlay or `.trust/` was not created by trust-compose.
fn existing_overlay(state: &ProjectState) -> Result<Option<&[u8]>, Diagnostic> {
    if let Err(kind) = state.overlay {
        let cause = format!("a {kind} of that name exists and was not created by trust-compose");
        let written = Diagnostic::cannot("write", quote::path(&state.path(OVERLAY)));
        return Err(written.because(cause).advise("rename it, and pass the new name with -f"));
    }
    let trust = state.trust.as_ref().map_err(|kind| state.not_a_directory(kind))?;
    if let Some(trust) = trust
        && !trust.has_ours()
        && state.our_overlay().is_none()
        && let Some(name) = trust.not_ours().first()
    {
        let cause =
            format!("it contains {}, and no file that trust-compose created", quote::word(name));
        let used = Diagnostic::cannot("use", quote::path(&state.path(TRUST)));
        return Err(used.because(cause).advise("rename that directory"));
    }
    Ok(state.our_overlay())
}

/// Returns the files of `output` that are missing, or differ.
///
/// # Errors
/// When a foreign file has the name of one of them. A changed file that `old`, our overlay, mounts is
/// replaced.
fn missing_files<'a>(
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
            if trust.has_not_ours(name) && !(is_changed && ours.contains(name.as_str())) {
                let written = Diagnostic::cannot("write", quote::path(&state.trust_path(name)));
                let cause = "a file of that name exists, with other contents";
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

/// Returns the edit that adds our block to `.gitignore`, unless the user's own lines ignore our files.
fn gitignore_edit(state: &ProjectState) -> Result<Option<Edit>, Diagnostic> {
    if !state.has_git() {
        return Ok(None);
    }
    let path = state.path(IGNORE);
    // A repository can bring one, to any file of the user.
    if path.is_symlink() {
        let failed = Diagnostic::cannot("write", quote::path(&path));
        return Err(failed
            .because("it is a symbolic link, which git does not follow")
            .advise("replace it by a file, so that git ignores the generated files"));
    }
    let lines = [OVERLAY.to_owned(), format!("{TRUST}/")];
    let text = state.user_file(IGNORE)?;
    if text.bytes().is_some_and(|text| ignores(text, &lines)) {
        return Ok(None);
    }
    text.insert_block(&lines, |_| false)
}

/// Whether lines outside our block ignore all of `names`, and no line is negated (gitignore(5), "PATTERN
/// FORMAT").
fn ignores(text: &[u8], names: &[String]) -> bool {
    let patterns: Vec<_> = text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end).collect();
    let is_other = |line: &&[u8]| line.starts_with(b"!") || managed_block::is_marker(line);
    let is_ignored = |name: &String| {
        let is_pattern = |line: &&[u8]| line.strip_prefix(b"/").unwrap_or(line) == name.as_bytes();
        patterns.iter().any(is_pattern)
    };
    !patterns.iter().any(is_other) && names.iter().all(is_ignored)
}

/// Returns the edit that sets COMPOSE_FILE in our block of `.env`, if `output` has a value.
fn env_edit(state: &ProjectState, output: &Output) -> Result<Option<Edit>, Diagnostic> {
    let Some(value) = &output.compose_file else { return Ok(None) };
    let line = variable::assignment(value).ok_or_else(|| {
        Diagnostic::cannot("write", "COMPOSE_FILE to .env")
            .because(format_args!("{} does not fit in one line", quote::word(value)))
            .advise("give that file a name without control characters")
    })?;
    state.user_file(ENV)?.insert_block(&[line], variable::is_assigned)
}

/// Returns our files that are no longer mounted. Changed files are kept, and reported.
fn obsolete_files<'a>(
    state: &'a ProjectState,
    output: &Output,
    changes: &mut Changes,
) -> Vec<&'a str> {
    let Some(trust) = state.trust_directory() else { return Vec::new() };
    let is_old = |name: &&str| output.is_settled && !output.files.contains_key(*name);
    for name in trust.changed.iter().map(String::as_str).filter(is_old) {
        let path = quote::path(&state.trust_path(name)).to_string();
        let cause = format!("kept {path}: its contents were changed");
        let kept = Diagnostic::statement(cause);
        changes.kept.push(kept.advise("delete it if you do not need it"));
    }
    let old = trust.generated.keys().map(String::as_str).filter(is_old);
    old.chain(trust.has_manifest.then_some(MANIFEST)).collect()
}
