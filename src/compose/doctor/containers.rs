//! Selects the containers to inspect, and reports what the engine knows about them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::compose::docker::ProjectContainer;
use crate::compose::layout::{DIRECTORY, LABEL, OVERLAY, TRUST};
use crate::compose::project::Project;
use crate::compose::select::{Choice, Outcome};
use crate::sys::exit_code;
use crate::sys::finding::Finding;
use crate::sys::quote;
use crate::trust::source::CUSTOM_CA;

/// The file name of trust-init in an entrypoint.
const PROGRAM: &str = "trust-init";

/// Returns the services to inspect: those that the user named, else those that should trust the CA or whose
/// container does.
pub(crate) fn choose<'a>(
    named: &'a [String],
    choices: &'a [Choice<'_>],
    containers: &'a [ProjectContainer],
) -> BTreeSet<&'a str> {
    if !named.is_empty() {
        return named.iter().map(String::as_str).collect();
    }
    let trusting = choices.iter().filter(|choice| choice.outcome == Outcome::Trust);
    let ours = containers
        .iter()
        .filter(|container| !container.label(LABEL).is_empty() || runs_trust_init(container));
    trusting.map(|choice| choice.name).chain(ours.map(ProjectContainer::service)).collect()
}

/// Whether trust-init starts the program of the container.
fn runs_trust_init(container: &ProjectContainer) -> bool {
    container.config.words().any(|word| Path::new(word).ends_with(PROGRAM))
}

/// The existing overlay.
#[derive(Debug)]
pub(crate) struct ExistingOverlay<'a> {
    /// The digest of each service, which is a label of its container.
    pub digests: BTreeMap<String, String>,
    /// The command that starts the project with it.
    pub up: &'a str,
}

/// Returns the findings about a container that need no probe.
pub(crate) fn findings(
    container: &ProjectContainer,
    overlay: Option<&ExistingOverlay<'_>>,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    match stale_overlay(container, overlay).filter(|_| container.is_running()) {
        Some(stale) => findings.push(stale),
        None => findings.push(state_finding(container)),
    }
    if container.is_running() {
        findings.extend(trust_mounts(container));
        findings.extend(health_check(container));
    }
    findings.into_iter().map(|finding| with_service(container.service(), finding)).collect()
}

/// Adds the service to a finding.
pub(crate) fn with_service(service: &str, finding: Finding) -> Finding {
    Finding { service: Some(service.to_owned()), ..finding }
}

/// Reports whether the container runs.
fn state_finding(container: &ProjectContainer) -> Finding {
    let code = container.state.exit_code;
    match container.state.status.as_str() {
        "running" => {
            let with = if container.label(LABEL).is_empty() { "without" } else { "with" };
            let by = if runs_trust_init(container) { ", started by trust-init" } else { "" };
            let cause = format!("runs, created {with} {OVERLAY}{by}");
            Finding::ok("container", container.name(), cause)
        }
        "restarting" => restarting(container),
        "exited" | "dead" if code != 0 => {
            let cause =
                format!("does not run: it exited with {code}{}", exit_code_meaning(container));
            Finding::error("container-ended", container.name(), cause, log_command(container))
        }
        status => {
            let cause = format!("does not run ({status}), so it cannot be inspected");
            Finding::info("container-stopped", container.name(), cause)
        }
    }
}

/// Reports a container that exits each time the engine starts it.
pub(crate) fn restarting(container: &ProjectContainer) -> Finding {
    let cause = format!("exits each time the engine starts it{}", exit_code_meaning(container));
    Finding::error("container-restarting", container.name(), cause, log_command(container))
}

/// Returns the fix that names the command for the container's log.
fn log_command(container: &ProjectContainer) -> String {
    format!("read its log: `docker logs {}`", quote::shell(container.name()))
}

/// Returns the meaning of the exit code if it is trust-init's own.
fn exit_code_meaning(container: &ProjectContainer) -> &'static str {
    let is_ours =
        runs_trust_init(container) && container.state.exit_code == i64::from(exit_code::FAILED);
    if is_ours { ", which is trust-init's own exit code: its log contains the reason" } else { "" }
}

/// The findings of a probe that may only result from a stale overlay: a container that was created with
/// another overlay must be recreated first.
const TRUST_FINDINGS: [&str; 3] = ["ca-replaced", "unknown-issuer", "untrusted-root"];

/// Removes from what a probe found what the existing overlay fixes once it is in force: those findings whose fix is
/// `cured`, the setup of that overlay.
pub(crate) fn remove_results_of_stale_overlay(
    own: &[Finding],
    probed: &mut Vec<Finding>,
    cured: &str,
) {
    if own.iter().any(|finding| finding.id == STALE) {
        let fix = |finding: &Finding| {
            finding.fix.as_deref().and_then(|fix| fix.lines().next()) == Some(cured)
        };
        probed.retain(|finding| !(TRUST_FINDINGS.contains(&finding.id.as_ref()) && fix(finding)));
    }
}

/// The id of the finding that a container was created without the existing overlay, or with another one.
const STALE: &str = "overlay-not-in-force";

/// Reports a container that was created without the existing overlay, or with an older one.
fn stale_overlay(
    container: &ProjectContainer,
    overlay: Option<&ExistingOverlay<'_>>,
) -> Option<Finding> {
    let ExistingOverlay { digests, up } = overlay?;
    let (has, wanted) =
        (container.label(LABEL), digests.get(container.service()).map_or("", String::as_str));
    let cause = match has {
        _ if has == wanted => return None,
        "" => format!("was created without {OVERLAY}, so the overlay has no effect on it"),
        _ => format!("was created with an older {OVERLAY}, and still uses the files of that one"),
    };
    Some(Finding::error(STALE, container.name(), cause, *up))
}

/// Reports the mounts of trust-init's files, with their sources.
fn trust_mounts(container: &ProjectContainer) -> Option<Finding> {
    let is_trust = |path: &Path| {
        let directory = Path::new(CUSTOM_CA).parent().unwrap_or(Path::new(CUSTOM_CA));
        path.starts_with(DIRECTORY) || path.starts_with(directory)
    };
    let shown = container.mounts.iter().filter(|mount| is_trust(&mount.destination)).map(|mount| {
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
fn health_check(container: &ProjectContainer) -> Option<Finding> {
    let words = container.config.health_check()?;
    let calls = words.iter().any(|word| word.contains("https://"));
    let sees = container.config.variable("SSL_CERT_FILE").is_some()
        || words.iter().any(|word| word.contains(PROGRAM));
    (calls && !sees && runs_trust_init(container)).then(|| {
        let cause =
            "it calls https:// and is started without trust-init, so it does not trust the CA";
        let fix = format!(
            "put `{PROGRAM} --log=quiet --` in front of its command, or run `trust-compose setup`"
        );
        Finding::warning("health-check", "health check", cause, fix)
    })
}

/// The id of the finding about services without a container.
pub(crate) const MISSING: &str = "container-missing";

/// Reports services without a container; `up` creates them.
pub(crate) fn absent(project: &Project, names: &[&str], up: &str) -> Option<Finding> {
    let is_always = |name: &&&str| {
        project.services.get(**name).is_some_and(|service| service.profiles.is_empty())
    };
    let cause = "no container exists, so nothing was inspected";
    let finding = Finding::info(MISSING, &names.join(", "), cause);
    (!names.is_empty()).then(|| match names.iter().find(is_always) {
        Some(_) => finding.with_fix(up),
        None => finding,
    })
}
