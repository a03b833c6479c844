//! What the engine says about the project's containers, and which of them are inspected.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_yaml::Value;

use crate::compose::docker::ProjectContainer;
use crate::compose::layout::{DIRECTORY, LABEL, OVERLAY, TRUST};
use crate::compose::project::Project;
use crate::compose::select::{Choice, Outcome};
use crate::sys::exit_code;
use crate::sys::finding::Finding;
use crate::sys::quote;
use crate::trust::source::CUSTOM_CA;

/// The name of trust-init in an entrypoint.
const PROGRAM: &str = "trust-init";

/// The services to inspect: those that the user named, else those that should trust the CA or whose container does.
pub(crate) fn choose<'a>(
    named: &'a [String],
    choices: &'a [Choice<'_>],
    made: &'a [ProjectContainer],
) -> BTreeSet<&'a str> {
    if !named.is_empty() {
        return named.iter().map(String::as_str).collect();
    }
    let trusting = choices.iter().filter(|choice| choice.outcome == Outcome::Trust);
    let ours = made.iter().filter(|one| !one.label(LABEL).is_empty() || is_in_front(one));
    trusting.map(|choice| choice.name).chain(ours.map(ProjectContainer::service)).collect()
}

/// Whether trust-init starts the service.
fn is_in_front(made: &ProjectContainer) -> bool {
    made.config.words().any(|word| Path::new(word).ends_with(PROGRAM))
}

/// The existing overlay.
#[derive(Debug)]
pub(crate) struct ExistingOverlay<'a> {
    /// The digest of each service, with which its container is labelled.
    pub digests: BTreeMap<String, String>,
    /// The command that starts the project with it.
    pub up: &'a str,
}

/// The findings about a container that need no probe.
pub(crate) fn findings(
    made: &ProjectContainer,
    overlay: Option<&ExistingOverlay<'_>>,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    match stale(made, overlay).filter(|_| made.is_running()) {
        Some(stale) => findings.push(stale),
        None => findings.push(state(made)),
    }
    if made.is_running() {
        findings.extend(mounts(made));
        findings.extend(health_check(made));
    }
    findings.into_iter().map(|finding| of_service(made.service(), finding)).collect()
}

/// The same finding, about a service.
pub(crate) fn of_service(service: &str, finding: Finding) -> Finding {
    Finding { service: Some(service.to_owned()), ..finding }
}

fn state(made: &ProjectContainer) -> Finding {
    let code = made.state.exit_code;
    match made.state.status.as_str() {
        "running" => {
            let with = if made.label(LABEL).is_empty() { "without" } else { "with" };
            let by = if is_in_front(made) { ", started by trust-init" } else { "" };
            let cause = format!("runs, created {with} {OVERLAY}{by}");
            Finding::ok("container", made.name(), cause)
        }
        "restarting" => restarting(made),
        "exited" | "dead" if code != 0 => {
            let cause = format!("does not run: it exited with {code}{}", meaning(made));
            Finding::error("container-ended", made.name(), cause, logs(made))
        }
        status => {
            let cause = format!("does not run ({status}), so it cannot be inspected");
            Finding::info("container-stopped", made.name(), cause)
        }
    }
}

/// A container that the engine starts and that exits.
pub(crate) fn restarting(made: &ProjectContainer) -> Finding {
    let cause = format!("exits each time the engine starts it{}", meaning(made));
    Finding::error("container-restarting", made.name(), cause, logs(made))
}

/// Where the reason is.
fn logs(made: &ProjectContainer) -> String {
    format!("read its log: `docker logs {}`", quote::shell(made.name()))
}

/// The meaning of trust-init's own exit code.
fn meaning(made: &ProjectContainer) -> &'static str {
    let is_ours = is_in_front(made) && made.state.exit_code == i64::from(exit_code::FAILED);
    if is_ours { ", which is trust-init's own exit code: the log says why" } else { "" }
}

/// The findings of a probe that an overlay with another CA may change: the first thing to do about a container that
/// was created with another one is to create it again.
const OF_TRUST: [&str; 3] = ["ca-replaced", "unknown-issuer", "untrusted-root"];

/// Removes from what a probe found what is only the result of an overlay that is not in force.
pub(crate) fn without_results_of_stale(own: &[Finding], probed: &mut Vec<Finding>) {
    if own.iter().any(|finding| finding.id == STALE) {
        probed.retain(|finding| !OF_TRUST.contains(&finding.id.as_ref()));
    }
}

/// The finding about a container that was created without the existing overlay, or with another one.
const STALE: &str = "overlay-not-in-force";

/// A container that was created without the existing overlay, or with an older one.
fn stale(made: &ProjectContainer, overlay: Option<&ExistingOverlay<'_>>) -> Option<Finding> {
    let ExistingOverlay { digests, up } = overlay?;
    let (has, wanted) = (made.label(LABEL), digests.get(made.service()).map_or("", String::as_str));
    let cause = match has {
        _ if has == wanted => return None,
        "" => format!("was created without {OVERLAY}, so the overlay has no effect on it"),
        _ => format!("was created with an older {OVERLAY}, and trusts what that said"),
    };
    Some(Finding::error(STALE, made.name(), cause, *up))
}

/// The digest of the files that the overlay mounts into each service, with which its container is labelled.
pub(crate) fn digests(overlay: &str) -> BTreeMap<String, String> {
    let tree: Value = serde_yaml::from_str(overlay).unwrap_or_default();
    let services = tree.get("services").and_then(Value::as_mapping);
    let digest = |(name, service): (&Value, &Value)| {
        let digest = service.get("labels")?.get(LABEL)?;
        Some((name.as_str()?.to_owned(), digest.as_str()?.to_owned()))
    };
    services.into_iter().flatten().filter_map(digest).collect()
}

/// The mounts of trust-init's files, with their sources.
fn mounts(made: &ProjectContainer) -> Option<Finding> {
    let is_trust = |path: &Path| {
        let directory = Path::new(CUSTOM_CA).parent().unwrap_or(Path::new(CUSTOM_CA));
        path.starts_with(DIRECTORY) || path.starts_with(directory)
    };
    let shown = made.mounts.iter().filter(|mount| is_trust(&mount.destination)).map(|mount| {
        let directory = mount.source.parent().and_then(Path::file_name).unwrap_or_default();
        // The names of generated files are digests.
        let source = if directory == TRUST { directory } else { mount.source.as_os_str() };
        format!("{} from {}", quote::path(&mount.destination), quote::word(source))
    });
    let mut shown: Vec<_> = shown.collect();
    shown.sort();
    (!shown.is_empty()).then(|| Finding::ok("mounts", "mounts", shown.join(", ")))
}

/// A health check that calls https:// without the variables that trust-init sets for the service.
fn health_check(made: &ProjectContainer) -> Option<Finding> {
    let words = made.config.health_check()?;
    let calls = words.iter().any(|word| word.contains("https://"));
    let sees = made.config.variable("SSL_CERT_FILE").is_some()
        || words.iter().any(|word| word.contains(PROGRAM));
    (calls && !sees && is_in_front(made)).then(|| {
        let cause =
            "it calls https:// and is started without trust-init, so it does not trust the CA";
        let fix = format!(
            "put `{PROGRAM} --log=quiet --` in front of its command, or run `trust-compose setup`"
        );
        Finding::warning("health-check", "health check", cause, fix)
    })
}

/// Services without a container; `up` creates them.
pub(crate) fn absent(project: &Project, names: &[&str], up: &str) -> Option<Finding> {
    let is_always = |name: &&&str| {
        project.services.get(**name).is_some_and(|service| service.profiles.is_empty())
    };
    let cause = "no container: there is nothing to inspect";
    let finding = Finding::info("container-missing", &names.join(", "), cause);
    (!names.is_empty()).then(|| match names.iter().find(is_always) {
        Some(_) => finding.with_fix(up),
        None => finding,
    })
}
