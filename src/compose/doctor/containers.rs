//! What the project's containers were made with, as the engine tells it; and who is looked into.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_yaml::Value;

use crate::compose::docker::ProjectContainer;
use crate::compose::project::Project;
use crate::compose::select::{Choice, Outcome};
use crate::compose::setup::overlay::{DIRECTORY, LABEL};
use crate::compose::setup::write::{OVERLAY, TRUST};
use crate::sys::exit_code;
use crate::sys::finding::Finding;
use crate::sys::quote;
use crate::trust::source::CUSTOM_CA;

/// What Docker, Podman and Compose call us in an entrypoint.
const PROGRAM: &str = "trust-init";

/// The services to look at: those that were named, else those that are to trust, or were made to.
pub fn chosen<'a>(
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

/// The overlay that stands.
#[derive(Debug)]
pub struct Overlay<'a> {
    /// What each service's container is labelled with.
    pub digests: BTreeMap<String, String>,
    /// The command that starts the project with it.
    pub up: &'a str,
}

/// What is to be said of a container before anybody looks into it.
pub fn look(made: &ProjectContainer, overlay: Option<&Overlay<'_>>) -> Vec<Finding> {
    let mut findings = vec![existence(made)];
    if made.runs() {
        findings.extend(overlaid(made, overlay));
        findings.extend(mounts(made));
        findings.extend(health_check(made));
    }
    findings.into_iter().map(|finding| of(made.service(), finding)).collect()
}

/// The same finding, as one about a service.
pub fn of(service: &str, finding: Finding) -> Finding {
    Finding { service: Some(service.to_owned()), ..finding }
}

fn existence(made: &ProjectContainer) -> Finding {
    let code = made.state.exit_code;
    match made.state.status.as_str() {
        "running" => {
            let with = if made.label(LABEL).is_empty() { "without" } else { "with" };
            let by = if is_in_front(made) { ", and starts by trust-init" } else { "" };
            let cause = format!("runs, made {with} {OVERLAY}{by}");
            Finding::ok("container", made.name(), cause)
        }
        "restarting" => restarting(made),
        "exited" | "dead" if code != 0 => {
            let cause = format!("does not run: it ended with {code}{}", ours(made));
            Finding::error("container-ended", made.name(), cause, logs(made))
        }
        status => {
            let cause = format!("does not run ({status}), so nobody can look into it");
            Finding::ok("container-stopped", made.name(), cause)
        }
    }
}

/// That the engine starts it, and it ends.
pub fn restarting(made: &ProjectContainer) -> Finding {
    let cause = format!("ends again and again, whenever the engine starts it{}", ours(made));
    Finding::error("container-restarting", made.name(), cause, logs(made))
}

/// The command that shows why.
fn logs(made: &ProjectContainer) -> String {
    format!("docker logs {}", quote::shell(made.name()))
}

/// What our own exit code means.
fn ours(made: &ProjectContainer) -> &'static str {
    let is_ours = is_in_front(made) && made.state.exit_code == i64::from(exit_code::FAILED);
    if is_ours { ", which is trust-init's own: the log says why" } else { "" }
}

/// That it was made without the overlay that stands, or with an older one.
fn overlaid(made: &ProjectContainer, overlay: Option<&Overlay<'_>>) -> Option<Finding> {
    let Overlay { digests, up } = overlay?;
    let (has, wanted) = (made.label(LABEL), digests.get(made.service()).map_or("", String::as_str));
    let cause = match has {
        _ if has == wanted => return None,
        "" => format!("was made without {OVERLAY}, so nothing of it is in force"),
        _ => format!("was made with an older {OVERLAY}: what it trusts is not what stands there"),
    };
    Some(Finding::error("overlay-not-in-force", made.name(), cause, *up))
}

/// The digest of what each service mounts by the overlay, which its container has as a label.
pub fn digests(overlay: &str) -> BTreeMap<String, String> {
    let tree: Value = serde_yaml::from_str(overlay).unwrap_or_default();
    let services = tree.get("services").and_then(Value::as_mapping);
    let digest = |(name, service): (&Value, &Value)| {
        let digest = service.get("labels")?.get(LABEL)?;
        Some((name.as_str()?.to_owned(), digest.as_str()?.to_owned()))
    };
    services.into_iter().flatten().filter_map(digest).collect()
}

/// What of trust is mounted, and from where.
fn mounts(made: &ProjectContainer) -> Option<Finding> {
    let is_trust = |path: &Path| {
        let directory = Path::new(CUSTOM_CA).parent().unwrap_or(Path::new(CUSTOM_CA));
        path.starts_with(DIRECTORY) || path.starts_with(directory)
    };
    let shown = made.mounts.iter().filter(|mount| is_trust(&mount.destination)).map(|mount| {
        let directory = mount.source.parent().and_then(Path::file_name).unwrap_or_default();
        // What the overlay mounts has names that say nothing.
        let source = if directory == TRUST { directory } else { mount.source.as_os_str() };
        format!("{} from {}", quote::path(&mount.destination), quote::word(source))
    });
    let mut shown: Vec<_> = shown.collect();
    shown.sort();
    (!shown.is_empty()).then(|| Finding::ok("mounts", "mounts", shown.join(", ")))
}

/// A health check that calls by TLS and sees none of what trust-init tells the service.
fn health_check(made: &ProjectContainer) -> Option<Finding> {
    let words = made.config.health_check()?;
    let calls = words.iter().any(|word| word.contains("https://"));
    let sees = made.config.variable("SSL_CERT_FILE").is_some()
        || words.iter().any(|word| word.contains(PROGRAM));
    (calls && !sees && is_in_front(made)).then(|| {
        let cause = "calls https:// and starts without trust-init, so it does not trust the CA";
        let fix = format!(
            "put `{PROGRAM} --log=quiet --` in front of its command, or run `trust-compose setup`"
        );
        Finding::warning("health-check", "health check", cause, fix)
    })
}

/// That services have no container; `up` would make them.
pub fn absent(project: &Project, names: &[&str], up: &str) -> Option<Finding> {
    let is_always = |name: &&&str| {
        project.services.get(**name).is_some_and(|service| service.profiles.is_empty())
    };
    let cause = "no container: there is nothing to look into";
    let finding = Finding::ok("container-missing", &names.join(", "), cause);
    (!names.is_empty()).then(|| match names.iter().find(is_always) {
        Some(_) => finding.with_fix(up),
        None => finding,
    })
}
