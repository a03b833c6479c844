//! Checks the overlay and the files that it mounts: whether they exist, are ours, and match the CA, the
//! images and the compose files.

use std::cell::RefCell;

use crate::compose::cli::Shape;
use crate::compose::decide::{self, OverlayDecision};
use crate::compose::docker::CommandError;
use crate::compose::doctor::files::ca::CaFiles;
use crate::compose::doctor::files::context::CheckContext;
use crate::compose::git::GitStatus;
use crate::compose::images::Images;
use crate::compose::inputs::Inputs;
use crate::compose::layout::{IGNORE, OVERLAY, TRUST, is_generated_overlay};
use crate::compose::project::Project;
use crate::compose::project::files::{ProjectFiles, plain};
use crate::compose::project::read::{self, ReadNote};
use crate::compose::select::Outcome;
use crate::compose::setup::drift::{self, Drift};
use crate::compose::setup::engine_check;
use crate::compose::setup::installed::{self, InstalledSetup};
use crate::sys::diagnostic::Diagnostic;
use crate::sys::finding::Finding;
use crate::sys::quote;

/// Whether a file that trust-compose did not write exists at the overlay's path.
pub(crate) fn is_foreign(project_files: &ProjectFiles) -> bool {
    let path = plain(&project_files.base, OVERLAY);
    path.symlink_metadata().is_ok() && !is_generated_overlay(&path)
}

/// Reports a file at the overlay's path that trust-compose did not write.
pub(crate) fn foreign(project_files: &ProjectFiles) -> Finding {
    let path = plain(&project_files.base, OVERLAY);
    let cause = "it was not written by `trust-compose setup`, which will not change it";
    let fix = "rename it, and pass the new name with -f";
    Finding::warning("overlay-not-ours", &quote::path(&path), cause, fix)
}

/// Reports an overlay whose header does not contain the options that generated it.
pub(crate) fn without_options(project_files: &ProjectFiles) -> Finding {
    let path = plain(&project_files.base, OVERLAY);
    let cause = "its header does not contain the options that generated it";
    let fix = "run `trust-compose setup` with the same options again";
    Finding::error("overlay-words-lost", &quote::path(&path), cause, fix)
}

/// Reports a missing overlay. A project whose own files mount the CA needs none.
pub(crate) fn missing(project_files: &ProjectFiles, setup: &str) -> Finding {
    let path = plain(&project_files.base, OVERLAY);
    if installed::has_files(&project_files.base).unwrap_or_default() {
        let cause = format!("it is missing, but {TRUST}/ contains the files that it mounted");
        let fix = "run `trust-compose setup` with its options again, or `trust-compose remove`";
        return Finding::error("overlay-missing", &quote::path(&path), cause, fix);
    }
    let cause = "no overlay exists: services trust the CA only if the compose files mount it";
    Finding::info("overlay-none", &quote::path(&path), cause).with_fix(setup)
}

/// The installed overlay, its options, and the command that writes it again.
pub(crate) struct InstalledOverlay<'a> {
    /// The installed files.
    pub installed: &'a InstalledSetup,
    /// The options of the setup that wrote it.
    pub shape: &'a Shape,
    /// The command that writes it again.
    pub setup: &'a str,
}

impl InstalledOverlay<'_> {
    /// Reports on the overlay.
    pub(crate) fn findings(
        &self,
        context: &CheckContext<'_>,
        ca_files: &CaFiles,
        findings: &mut Vec<Finding>,
    ) {
        let CheckContext { project_files, .. } = context;
        if is_foreign(project_files) {
            return findings.push(foreign(project_files));
        }
        for name in &self.installed.foreign {
            let path = plain(&project_files.base, TRUST).join(name);
            let cause = format!(
                "it was not written by trust-compose, and `remove` would keep {TRUST}/ because of it"
            );
            let fix = format!("mv {} .", quote::shell(&path));
            findings.push(Finding::warning("trust-foreign", &quote::path(&path), cause, fix));
        }
        findings.extend(not_ignored(project_files, self.setup));
        // Without the CA, the overlay that setup would write now is unknown.
        if let (Some(inputs), None) = (&ca_files.inputs, &ca_files.error) {
            match readable_project(project_files, findings) {
                Ok(project) => self.compare(project_files, &project, inputs, findings),
                Err(finding) => findings.push(*finding),
            }
        }
    }

    /// Compares it with the overlay that setup would write now.
    fn compare(
        &self,
        project_files: &ProjectFiles,
        project: &Project,
        inputs: &Inputs,
        findings: &mut Vec<Finding>,
    ) {
        let warnings = RefCell::new(Vec::new());
        let warn = |warning: Diagnostic| warnings.borrow_mut().push(warning);
        let decided = engine_check::ensure_local().and_then(|()| {
            decide::decide(project, project_files, self.shape, inputs, Images::inspect, &warn)
        });
        let decided = decided.map(|decided| {
            let trusting = decided.choices.iter().filter(|choice| choice.outcome == Outcome::Trust);
            let trusting: Vec<_> =
                trusting.map(|choice| quote::word(choice.name).to_string()).collect();
            let installed = Some(self.installed);
            let overlay = &decided.overlay;
            let early =
                drift::early(project, project_files, self.shape, inputs, installed, overlay);
            let drift = drift::drift(project_files, early.as_ref().unwrap_or(overlay), installed);
            let found = drift.iter().map(|drift| self.drift_finding(drift, &decided));
            (found.collect::<Vec<_>>(), trusting)
        });
        let overlay = quote::path(&plain(&project_files.base, OVERLAY)).to_string();
        findings.extend(warnings.into_inner().iter().map(|warning| {
            Finding::warning("setup-warns", &overlay, warning.to_string(), warning.fix())
        }));
        match decided {
            Ok((drift, _)) if !drift.is_empty() => findings.extend(drift),
            Ok((_, trusting)) => {
                let effect = match trusting.as_slice() {
                    [] => "no service trusts the CA".to_owned(),
                    names => format!("it makes {} trust the CA", names.join(", ")),
                };
                let cause =
                    format!("in step with the CA, the images and the compose files; {effect}");
                findings.push(Finding::ok("overlay", &overlay, cause));
            }
            Err(error) => findings.push(Finding::failed("setup-refused", &error, "setup")),
        }
    }

    /// Converts a difference from the files that setup would write now to a finding.
    fn drift_finding(&self, drift: &Drift, decided: &OverlayDecision<'_>) -> Finding {
        let (id, path, cause) = match drift {
            Drift::NoOverlay(path) => {
                ("overlay-missing", path, "it is missing, so no service trusts the CA")
            }
            Drift::Older(path) => match self.drift_reason(decided) {
                DriftReason::OtherCa => {
                    ("overlay-other-ca", path, "it mounts another CA than the CA files contain now")
                }
                DriftReason::Older => (
                    "overlay-older",
                    path,
                    "it was edited, or is older than an image or a compose file",
                ),
                DriftReason::Unknown => {
                    let cause = "setup would write another one now, but the engine did not describe the \
                                 images, which may be the reason";
                    let fix = "start the engine, and run this again";
                    return Finding::warning("overlay-unknown", &quote::path(path), cause, fix);
                }
            },
            Drift::ComposeFile(path) => {
                ("compose-file-older", path, "its COMPOSE_FILE is older than the compose files")
            }
            Drift::Missing(path) => {
                ("trust-missing", path, "the overlay mounts it, and it is missing")
            }
            Drift::Changed(path) => {
                ("trust-changed", path, "the overlay mounts it, and it was changed")
            }
            Drift::Mode(path) => {
                let fix = format!("chmod 0644 {}", quote::shell(path));
                let cause = "the overlay mounts it, and its mode is not 0644: containers that do not run as \
                             root may not be able to read it, or other users can change it";
                return Finding::error("trust-mode", &quote::path(path), cause, fix);
            }
        };
        Finding::error(id, &quote::path(path), cause, self.setup)
    }

    /// Returns the reason why the overlay differs from the one that setup would write now.
    fn drift_reason(&self, decided: &OverlayDecision<'_>) -> DriftReason {
        let text = self.installed.overlay.as_deref().unwrap_or_default();
        let mut cas = decided.overlay.files.keys().filter(|name| name.starts_with("custom-ca"));
        if cas.any(|name| !text.contains(name.as_str())) {
            DriftReason::OtherCa
        } else if matches!(decided.engine_error, None | Some(CommandError::NotInstalled)) {
            DriftReason::Older
        } else {
            DriftReason::Unknown
        }
    }
}

/// The reason why an overlay differs from the one that setup would write now.
enum DriftReason {
    /// The CA was replaced.
    OtherCa,
    /// It was edited, or an image or a compose file changed.
    Older,
    /// The reason is unknown, because the engine did not answer.
    Unknown,
}

/// Reads the project, and warns if Compose cannot start it.
fn readable_project(
    project_files: &ProjectFiles,
    findings: &mut Vec<Finding>,
) -> Result<Project, Box<Finding>> {
    let (project, note) = read::read(project_files)
        .map_err(|error| Box::new(Finding::failed("project-unreadable", &error, "setup")))?;
    if let Some(ReadNote::WithoutVariables(cause)) = note {
        let files = project_files.files.files.first().map(|path| quote::path(path).to_string());
        let cause = format!("Compose cannot start the project as it is: {cause}");
        let subject = files.unwrap_or_default();
        findings.push(Finding::warning(
            "project-incomplete",
            &subject,
            cause,
            "fix that before `up`",
        ));
    }
    Ok(project)
}

/// Reports files for this machine only that git would add.
fn not_ignored(project_files: &ProjectFiles, setup: &str) -> Option<Finding> {
    let is_seen = |name: &&str| {
        crate::compose::git::git_status(&plain(&project_files.base, name))
            .is_some_and(|git| git != GitStatus::Ignored)
    };
    let seen: Vec<_> = [OVERLAY, TRUST].into_iter().filter(is_seen).collect();
    let seen: Vec<_> = seen.into_iter().map(|name| quote::word(name).to_string()).collect();
    let cause = format!("it does not name {}, which are for this machine only", seen.join(" and "));
    let subject = quote::path(&plain(&project_files.base, IGNORE)).to_string();
    (!seen.is_empty())
        .then(|| Finding::warning("gitignore-without-overlay", &subject, cause, setup))
}
