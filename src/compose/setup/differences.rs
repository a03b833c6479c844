//! What a setup changes, compared with the last one: CAs and services that no longer trust, other compose files.

use std::collections::BTreeSet;

use crate::compose::cli::project_of;
use crate::compose::inputs::Inputs;
use crate::compose::inputs::files::certificates_in;
use crate::compose::layout::{OVERLAY, TRUST};
use crate::compose::project::files::{ProjectFiles, absolute, plain};
use crate::compose::setup::installed::{FileState, InstalledSetup};
use crate::compose::setup::overlay::Overlay;
use crate::sys::diagnostic::Diagnostic;
use crate::sys::quote;

/// What a setup changes, compared with the last one.
#[derive(Debug, Default)]
pub(crate) struct Differences {
    /// Services that are added or removed.
    pub remarks: Vec<String>,
    /// CAs and compose files that are left out.
    pub warnings: Vec<Diagnostic>,
    /// Whether the last setup activated the overlay.
    pub was_active: bool,
}

impl Differences {
    /// Compares the `last` setup with one that writes `overlay`.
    pub(crate) fn new(
        last: &InstalledSetup,
        project_files: &ProjectFiles,
        inputs: &Inputs,
        overlay: &Overlay,
    ) -> Self {
        let mut warnings = no_longer_trusted(project_files, &last.files, inputs);
        warnings.extend(other_files(&last.options, project_files));
        let remarks = last.overlay.as_deref().map(|before| changed_services(before, overlay));
        let was_active = last.compose_file.is_some();
        Self { remarks: remarks.unwrap_or_default(), warnings, was_active }
    }
}

/// Returns which services the overlay `before` mounted the CA into and `after` does not, and the reverse.
fn changed_services(before: &str, after: &Overlay) -> Vec<String> {
    let before = Overlay::digests_in(before);
    let [before, after] = [&before, &after.digests]
        .map(|digests| digests.keys().map(String::as_str).collect::<BTreeSet<_>>());
    let line = |what: &str, one: &BTreeSet<&str>, other: &BTreeSet<&str>| {
        let names: Vec<_> =
            one.difference(other).map(|name| quote::word(name).to_string()).collect();
        (!names.is_empty()).then(|| format!("{what}: {}", names.join(", ")))
    };
    let gone = line("no longer in the overlay", &before, &after);
    gone.into_iter().chain(line("new in the overlay", &after, &before)).collect()
}

/// Returns a warning for each custom CA in the installed `files` that `inputs` lack, unless another CA of that name is
/// among them.
fn no_longer_trusted(
    project_files: &ProjectFiles,
    files: &[(String, FileState)],
    inputs: &Inputs,
) -> Vec<Diagnostic> {
    let mut warnings = Vec::new();
    for (name, _) in files.iter().filter(|(name, _)| name.starts_with("custom-ca-")) {
        let path = plain(&project_files.base, TRUST).join(name);
        for old in certificates_in(&path) {
            if inputs.custom.iter().any(|new| new.subject == old.subject) {
                continue;
            }
            let cause = format!("{} will no longer be trusted", quote::word(&old.subject));
            warnings.push(Diagnostic::statement(cause).advise("add `--extra-ca FILE` to keep it"));
        }
    }
    warnings
}

/// Returns the warning that a setup with the options `last` named other compose files, which `project_files` lack.
fn other_files(last: &[String], project_files: &ProjectFiles) -> Option<Diagnostic> {
    let last = project_of(last, &project_files.base)?.files;
    let now: Vec<_> = project_files.files.files.iter().map(|path| absolute(path)).collect();
    let missing: Vec<_> = last.iter().filter(|path| !now.contains(&absolute(path))).collect();
    if missing.is_empty() {
        return None;
    }
    let missing: Vec<_> = missing.iter().map(|path| quote::path(path).to_string()).collect();
    let cause = format!(
        "the last {OVERLAY} was for {} too, and is replaced: services that only it contains no longer trust the CA",
        missing.join(", ")
    );
    let fix =
        "name all compose files of the project with -f; keep another project in another directory";
    Some(Diagnostic::statement(cause).advise(fix))
}
