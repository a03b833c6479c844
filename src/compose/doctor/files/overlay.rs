//! The overlay and the files that it mounts: whether they exist, are ours, and are in step with the CA, the images
//! and the compose files.

use std::cell::RefCell;

use crate::compose::cli::Shape;
use crate::compose::decide::{self, OverlayDecision};
use crate::compose::docker::CommandError;
use crate::compose::doctor::files::ca::CaFiles;
use crate::compose::doctor::files::context::CheckContext;
use crate::compose::git::GitStatus;
use crate::compose::inputs::Inputs;
use crate::compose::layout::{IGNORE, OVERLAY, TRUST, is_generated_overlay};
use crate::compose::project::Project;
use crate::compose::project::files::{ProjectFiles, plain};
use crate::compose::project::read::{self, ReadNote};
use crate::compose::select::Outcome;
use crate::compose::setup::drift::{self, Drift};
use crate::compose::setup::engine_check;
use crate::compose::setup::installed::{self, Standing};
use crate::sys::diagnostic::Diagnostic;
use crate::sys::finding::Finding;
use crate::sys::quote;

/// Whether the overlay's path holds a file that trust-compose did not write.
pub(crate) fn is_foreign(place: &ProjectFiles) -> bool {
    let path = plain(&place.base, OVERLAY);
    path.symlink_metadata().is_ok() && !is_generated_overlay(&path)
}

/// A file at the overlay's path that trust-compose did not write.
pub(crate) fn foreign(place: &ProjectFiles) -> Finding {
    let path = plain(&place.base, OVERLAY);
    let cause = "it was not written by `trust-compose setup`, which will not change it";
    let fix = "rename it, and pass the new name with -f";
    Finding::warning("overlay-not-ours", &quote::path(&path), cause, fix)
}

/// An overlay without the options that it was made with.
pub(crate) fn without_options(place: &ProjectFiles) -> Finding {
    let path = plain(&place.base, OVERLAY);
    let cause = "the options that it was made with are not known: its header does not name them";
    let fix = "run `trust-compose setup` with the same options again";
    Finding::error("overlay-words-lost", &quote::path(&path), cause, fix)
}

/// No overlay. A project whose own files mount the CA needs none.
pub(crate) fn none(place: &ProjectFiles, setup: &str) -> Finding {
    let path = plain(&place.base, OVERLAY);
    if installed::has_files(&place.base).unwrap_or_default() {
        let cause = format!("it is missing, but {TRUST}/ has the files that it mounted");
        let fix = "run `trust-compose setup` with its options again, or `trust-compose remove`";
        return Finding::error("overlay-missing", &quote::path(&path), cause, fix);
    }
    let cause = "there is no overlay: services trust the CA only if the compose files mount it";
    Finding::info("overlay-none", &quote::path(&path), cause).with_fix(setup)
}

/// The overlay as `shape` asked for it, and the command that writes it again.
pub(crate) struct Installed<'a> {
    /// What the disk holds.
    pub standing: &'a Standing,
    /// The options of the setup that wrote it.
    pub shape: &'a Shape,
    /// The command that writes it again.
    pub setup: &'a str,
}

impl Installed<'_> {
    /// The findings about it.
    pub(crate) fn findings(
        &self,
        context: &CheckContext<'_>,
        ca_files: &CaFiles,
        findings: &mut Vec<Finding>,
    ) {
        let CheckContext { place, .. } = context;
        if is_foreign(place) {
            return findings.push(foreign(place));
        }
        for name in &self.standing.strange {
            let path = plain(&place.base, TRUST).join(name);
            let cause = format!(
                "it was not written by trust-compose, and `remove` would keep {TRUST}/ because of it"
            );
            let fix = format!("mv {} .", quote::shell(&path));
            findings.push(Finding::warning("trust-foreign", &quote::path(&path), cause, fix));
        }
        findings.extend(not_ignored(place, self.setup));
        // Without the CA it is not known which overlay would be written now.
        if let (Some(inputs), None) = (&ca_files.inputs, &ca_files.error) {
            match readable_project(place, findings) {
                Ok(project) => self.compare(place, &project, inputs, findings),
                Err(finding) => findings.push(*finding),
            }
        }
    }

    /// Compares it with the overlay that would be written now.
    fn compare(
        &self,
        place: &ProjectFiles,
        project: &Project,
        inputs: &Inputs,
        findings: &mut Vec<Finding>,
    ) {
        let warnings = RefCell::new(Vec::new());
        let warn = |warning: Diagnostic| warnings.borrow_mut().push(warning);
        let decided = engine_check::check()
            .and_then(|()| decide::decide(project, place, self.shape, inputs, &warn));
        let decided = decided.map(|decided| {
            let trusting = decided.choices.iter().filter(|choice| choice.outcome == Outcome::Trust);
            let trusting: Vec<_> =
                trusting.map(|choice| quote::word(choice.name).to_string()).collect();
            let drift = drift::drift(place, &decided.overlay, Some(self.standing));
            let found = drift.iter().map(|drift| self.out_of_step(drift, &decided));
            (found.collect::<Vec<_>>(), trusting)
        });
        let overlay = quote::path(&plain(&place.base, OVERLAY)).to_string();
        findings.extend(warnings.into_inner().iter().map(|warning| {
            Finding::warning("setup-warns", &overlay, warning.to_string(), warning.fix())
        }));
        match decided {
            Ok((drift, _)) if !drift.is_empty() => findings.extend(drift),
            Ok((_, trusting)) => {
                let who = match trusting.as_slice() {
                    [] => "no service trusts the CA".to_owned(),
                    names => format!("it makes {} trust the CA", names.join(", ")),
                };
                let cause = format!("in step with the CA, the images and the compose files; {who}");
                findings.push(Finding::ok("overlay", &overlay, cause));
            }
            Err(error) => findings.push(Finding::failed("setup-refused", &error, "setup")),
        }
    }

    /// A difference between the installed files and those that would be written now.
    fn out_of_step(&self, drift: &Drift, decided: &OverlayDecision<'_>) -> Finding {
        let (id, path, cause) = match drift {
            Drift::NoOverlay(path) => {
                ("overlay-missing", path, "it is missing, so no service trusts the CA")
            }
            Drift::Older(path) => match self.age(decided) {
                Age::OtherCa => (
                    "overlay-other-ca",
                    path,
                    "it mounts another CA than the one that is there now",
                ),
                Age::Older => (
                    "overlay-older",
                    path,
                    "it was edited, or is older than an image or a compose file",
                ),
                Age::Unknown => {
                    let cause = "it is not what setup would write now, but the engine could not be asked about \
                                 the images";
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

    /// Why the overlay is not the one that would be written now.
    fn age(&self, decided: &OverlayDecision<'_>) -> Age {
        let text = self.standing.overlay.as_deref().unwrap_or_default();
        let mut cas = decided.overlay.files.keys().filter(|name| name.starts_with("custom-ca"));
        if cas.any(|name| !text.contains(name.as_str())) {
            Age::OtherCa
        } else if matches!(decided.engine_error, None | Some(CommandError::NotInstalled)) {
            Age::Older
        } else {
            Age::Unknown
        }
    }
}

/// Why an overlay differs from the one that would be written now.
enum Age {
    /// The CA was replaced.
    OtherCa,
    /// It was edited, or an image or a compose file changed.
    Older,
    /// Perhaps it does not: the engine did not answer.
    Unknown,
}

/// The project, with a warning where Compose cannot start it as it is.
fn readable_project(
    place: &ProjectFiles,
    findings: &mut Vec<Finding>,
) -> Result<Project, Box<Finding>> {
    let (project, note) = read::read(place)
        .map_err(|error| Box::new(Finding::failed("project-unreadable", &error, "setup")))?;
    if let Some(ReadNote::WithoutVariables(cause)) = note {
        let files = place.files.files.first().map(|path| quote::path(path).to_string());
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

/// Files for this machine only, which git would add.
fn not_ignored(place: &ProjectFiles, setup: &str) -> Option<Finding> {
    let is_seen = |name: &&str| {
        crate::compose::git::git_status(&plain(&place.base, name))
            .is_some_and(|git| git != GitStatus::Ignored)
    };
    let seen: Vec<_> = [OVERLAY, TRUST].into_iter().filter(is_seen).collect();
    let seen: Vec<_> = seen.into_iter().map(|name| quote::word(name).to_string()).collect();
    let cause = format!("it does not name {}, which are for this machine", seen.join(" and "));
    let subject = quote::path(&plain(&place.base, IGNORE)).to_string();
    (!seen.is_empty())
        .then(|| Finding::warning("gitignore-without-overlay", &subject, cause, setup))
}
