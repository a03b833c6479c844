//! The overlay and what it mounts: there, ours, and in step with the CA, the images and the compose files.

use std::cell::RefCell;
use std::fmt::Display;

use crate::compose::cli::Shape;
use crate::compose::docker::Failure;
use crate::compose::doctor::files::Look;
use crate::compose::doctor::files::ca::Seen;
use crate::compose::doctor::files::refused;
use crate::compose::error::Refusal;
use crate::compose::git::InGit;
use crate::compose::inputs::Inputs;
use crate::compose::project::files::{ProjectFiles, plain};
use crate::compose::project::read::Note;
use crate::compose::select::Outcome;
use crate::compose::setup::drift::{self, Behind};
use crate::compose::setup::write::{self, IGNORE, OVERLAY, Standing, TRUST};
use crate::compose::setup::{self, Decided};
use crate::sys::finding::{Finding, Sign};
use crate::sys::quote;

/// Whether what stands in the overlay's place is somebody else's.
pub fn is_foreign(place: &ProjectFiles) -> bool {
    let path = plain(&place.base, OVERLAY);
    path.symlink_metadata().is_ok() && !write::is_ours(&path)
}

/// Somebody else's file stands there.
pub fn foreign(place: &ProjectFiles) -> Finding {
    let path = plain(&place.base, OVERLAY);
    let cause = "it is not from `trust-compose setup`, which will not touch it";
    let mend = "give it another name, and name that with -f where you use it";
    Finding::warning("overlay-not-ours", &quote::path(&path), cause, mend)
}

/// Nothing says what was asked of the setup that made it.
pub fn without_words(place: &ProjectFiles) -> Finding {
    let path = plain(&place.base, OVERLAY);
    let cause = "with which options it was made cannot be told, as the manifest in .trust/ is gone";
    let mend = "run `trust-compose setup` with the same options again";
    Finding::error("overlay-words-lost", &quote::path(&path), cause, mend)
}

/// There is none, and never was. A project whose own files mount the CA needs none.
pub fn none(place: &ProjectFiles, setup: &str) -> Finding {
    let path = plain(&place.base, OVERLAY);
    let cause =
        "there is none, so services trust the CA only where the compose files give it to them";
    Finding::ok("overlay-none", &quote::path(&path), cause).with_fix(setup)
}

/// What is to be said of the one that `shape` asked for, and `setup` would make anew.
pub fn findings(
    look: &Look<'_>,
    standing: &Standing,
    shape: &Shape,
    seen: &Seen,
    setup: &str,
    findings: &mut Vec<Finding>,
) {
    let Look { place, .. } = look;
    let path = plain(&place.base, OVERLAY);
    if is_foreign(place) {
        return findings.push(foreign(place));
    }
    for name in &standing.strange {
        let path = plain(&place.base, TRUST).join(name);
        let cause =
            format!("it is not from `trust-compose`, and `remove` would leave {TRUST}/ there");
        let mend = format!("mv {} .", quote::shell(&path));
        findings.push(Finding::warning("trust-foreign", &quote::path(&path), cause, mend));
    }
    findings.extend(seen_by_git(place, setup));
    let told = match (&seen.inputs, &seen.error) {
        (Some(inputs), None) => step(look, standing, shape, inputs, setup, findings),
        // Without the CA nothing is known of the overlay that would be made now.
        _ => None,
    };
    if let Some(cause) = told {
        findings.push(Finding::ok("overlay", &quote::path(&path), cause));
    }
}

/// What is out of step, and where nothing is, who trusts.
fn step(
    look: &Look<'_>,
    standing: &Standing,
    shape: &Shape,
    inputs: &Inputs,
    setup: &str,
    findings: &mut Vec<Finding>,
) -> Option<String> {
    let Look { place, .. } = look;
    let project = match setup::read(place) {
        Ok((project, note)) => {
            if let Some(Note::WithoutVariables(cause)) = note {
                let files = place.files.files.first().map(|path| quote::path(path).to_string());
                let cause = format!("Compose cannot start the project as it is: {cause}");
                let mend = "mend that before `up`";
                let thing = files.unwrap_or_default();
                findings.push(Finding::warning("project-incomplete", &thing, cause, mend));
            }
            project
        }
        Err(refusal @ Refusal::Read(_)) => {
            findings.push(refused::finding("project-unreadable", Sign::Error, &refusal));
            return None;
        }
        Err(refusal) => {
            findings.push(refused::finding("setup-refused", Sign::Error, &refusal));
            return None;
        }
    };
    let warnings = RefCell::new(Vec::new());
    let warn = |warning: &dyn Display| warnings.borrow_mut().push(warning.to_string());
    let compare = |decided: Decided<'_>| {
        let trusting = decided.choices.iter().filter(|choice| choice.outcome == Outcome::Trust);
        let trusting: Vec<_> =
            trusting.map(|choice| quote::word(choice.name).to_string()).collect();
        let behind = drift::behind(place, &decided.overlay, Some(standing));
        let found = behind.iter().map(|behind| out_of_step(behind, standing, &decided, setup));
        Ok((found.collect::<Vec<_>>(), trusting))
    };
    let decided = setup::decide(&project, place, shape, inputs, &warn, compare);
    let overlay = quote::path(&plain(&place.base, OVERLAY)).to_string();
    let warnings = warnings.into_inner();
    findings.extend(warnings.iter().map(|words| refused::warning("setup-warns", &overlay, words)));
    match decided {
        Ok((behind, _)) if !behind.is_empty() => {
            findings.extend(behind);
            None
        }
        Ok((_, trusting)) => {
            let who = match trusting.as_slice() {
                [] => "no service trusts by it".to_owned(),
                names => format!("it lets {} trust the CA", names.join(", ")),
            };
            Some(format!("in step with the CA, the images and the compose files; {who}"))
        }
        Err(refusal) => {
            findings.push(refused::finding("setup-refused", Sign::Error, &refusal));
            None
        }
    }
}

/// What stands is not what would be written now.
fn out_of_step(
    behind: &Behind,
    standing: &Standing,
    decided: &Decided<'_>,
    setup: &str,
) -> Finding {
    let (id, path, cause) = match behind {
        Behind::NoOverlay(path) => {
            ("overlay-missing", path, "it is not there any more, so no service trusts by it")
        }
        Behind::Older(path) => {
            let text = standing.overlay.as_deref().unwrap_or_default();
            let mut now = decided.overlay.files.keys().filter(|name| name.starts_with("custom-ca"));
            let cause = if now.any(|name| !text.contains(name.as_str())) {
                "it mounts another CA than the one that is there now"
            } else if matches!(decided.trouble, None | Some(Failure::Missing)) {
                "it was edited, or is older than an image or a compose file"
            } else {
                let cause = "it is not what would be made now, but no engine could be asked about \
                             the images";
                let mend = "start the engine, and run this again";
                return Finding::warning("overlay-unknown", &quote::path(path), cause, mend);
            };
            let is_ca = cause.contains("another CA");
            (if is_ca { "overlay-other-ca" } else { "overlay-older" }, path, cause)
        }
        Behind::ComposeFile(path) => {
            ("compose-file-older", path, "its COMPOSE_FILE is older than the compose files")
        }
        Behind::Missing(path) => {
            ("trust-missing", path, "the overlay mounts it, and it is not there any more")
        }
        Behind::Changed(path) => {
            ("trust-changed", path, "the overlay mounts it, and it was changed")
        }
        Behind::Mode(path) => {
            let mend = format!("chmod 0644 {}", quote::shell(path));
            let cause = "the overlay mounts it, and its mode is not 0644: containers that do not run as \
                         root may not read it, or others may change it";
            return Finding::error("trust-mode", &quote::path(path), cause, mend);
        }
    };
    Finding::error(id, &quote::path(path), cause, setup)
}

/// What is for this machine only, where git would take it in.
fn seen_by_git(place: &ProjectFiles, setup: &str) -> Option<Finding> {
    let is_seen = |name: &&str| {
        crate::compose::git::git(&plain(&place.base, name)).is_some_and(|git| git != InGit::Ignored)
    };
    let seen: Vec<_> = [OVERLAY, TRUST].into_iter().filter(is_seen).collect();
    let seen: Vec<_> = seen.into_iter().map(|name| quote::word(name).to_string()).collect();
    let cause = format!("it does not leave out {}, which are for this machine", seen.join(" and "));
    let thing = quote::path(&plain(&place.base, IGNORE)).to_string();
    (!seen.is_empty()).then(|| Finding::warning("gitignore-without-overlay", &thing, cause, setup))
}
