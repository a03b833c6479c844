//! trust-doctor in a probe container that joins the network and the processes of an inspected one.

use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use crate::compose::cli::Doctor;
use crate::compose::docker::{self, CommandError, ProbeRun, ProjectContainer};
use crate::compose::doctor::containers::{of_service, restarting};
use crate::sys::exit_code;
use crate::sys::file;
use crate::sys::finding::service_fix::Host;
use crate::sys::finding::{Answer, Finding};
use crate::sys::quote;
use crate::trust::fingerprint::Fingerprint;
use crate::trust::trust_anchors::anchors;
use crate::trust::variables::{TABLE, VariableTarget};

/// The path of the program in its image.
const PROGRAM: &str = "/trust-doctor";
/// Time for the engine to start and remove the probe, and for its checks.
const LIMIT: Duration = Duration::from_mins(2);

/// The extensions of files of certificates. Other files, which may be large or secret, are not read.
const EXTENSIONS: [&str; 7] = ["crt", "pem", "cer", "der", "p7b", "jks", "p12"];

/// CA certificates to try: the path of their file on this machine, `=`, and its PEM.
#[derive(Debug)]
pub(crate) struct Candidate(String);

impl Candidate {
    /// Those in the file at `path`; `None` if it cannot be read or contains none.
    pub(crate) fn read(path: &Path) -> Option<Self> {
        let bytes = file::read(path, &mut file::FILE_LIMIT.clone()).ok()?;
        let mut text = format!("{}=", path.display());
        let found = anchors(&bytes).certificates;
        text.extend(found.iter().map(|pem| String::from_utf8_lossy(pem.text())));
        (!found.is_empty()).then_some(Self(text))
    }
}

/// The finding that a container or a process could not be inspected.
pub(crate) const UNSEEN: &str = "unseen";

/// What every probe is started with.
pub(crate) struct Probe<'a> {
    /// The options of `doctor`.
    pub asked: &'a Doctor,
    /// CA certificates to try.
    pub candidates: &'a [Candidate],
    /// `docker compose` with the project's options, as a shell reads it.
    pub compose: &'a str,
    /// Returns the commands that make the project trust the CA in a file as well.
    pub trust: &'a (dyn Fn(&str) -> String + Sync),
}

impl Probe<'_> {
    /// Runs trust-doctor beside the container `made`.
    pub(crate) fn run(&self, made: &ProjectContainer) -> Vec<Finding> {
        let Doctor { image, pull, privileged_look, timeout, .. } = self.asked;
        let probe = ProbeRun {
            container: made,
            image,
            pulls: *pull,
            sees_all: *privileged_look,
            program: PROGRAM,
            words: self.options(made),
            codes: &[0, exit_code::TROUBLE, exit_code::USAGE],
            limit: LIMIT + Duration::from_secs(timeout.saturating_mul(4)),
        };
        let answer = docker::run_probe(&probe).and_then(|answer| {
            serde_json::from_slice::<Answer<'_>>(&answer)
                .map(|answer| answer.findings.into_owned())
                .map_err(|error| {
                    let cause = format!("the answer of {PROGRAM} cannot be read: {error}");
                    CommandError::Failed(quote::visible(&cause))
                })
        });
        let findings = answer.unwrap_or_else(|failure| {
            // The engine's words; between two starts it reports the container as running.
            let is_restarting =
                matches!(&failure, CommandError::Failed(words) if words.contains("is restarting"));
            vec![if is_restarting { restarting(made) } else { not_probed(made, &failure) }]
        });
        findings.into_iter().map(|finding| self.complete(made.service(), finding)).collect()
    }

    /// Completes the commands that trust-doctor could not write inside the container.
    fn complete(&self, service: &str, mut finding: Finding) -> Finding {
        if let Some(fix) = finding.service_fix.take() {
            let (compose, trust) = (self.compose, self.trust);
            finding.fix = Some(fix.text(&Host { compose, service: &quote::shell(service), trust }));
        }
        of_service(service, finding)
    }

    /// The command line of trust-doctor for a container.
    fn options(&self, made: &ProjectContainer) -> Vec<OsString> {
        let Self { asked, candidates, .. } = self;
        let mut words: Vec<OsString> = vec!["--json".into()];
        let mut say = |option: &str, value: OsString| words.extend([option.into(), value]);
        say("--days", asked.days.to_string().into());
        say("--timeout", asked.timeout.to_string().into());
        for url in &asked.connect {
            say("--connect", url.into());
        }
        for candidate in *candidates {
            say("--at-hand", candidate.0.as_str().into());
        }
        // Other variables can be secret, and this list can be seen in the list of processes.
        for row in TABLE
            .iter()
            .filter(|row| matches!(row.target, VariableTarget::Bundle | VariableTarget::Custom))
        {
            let configured = made.config.variable(row.name);
            let pair =
                configured.map_or(row.name.to_owned(), |value| format!("{}={value}", row.name));
            say("--configured", pair.into());
        }
        for mount in &made.mounts {
            if let Some(digest) = digest(&mount.source) {
                let mut pair = mount.destination.clone().into_os_string();
                pair.push(format!("={digest}"));
                say("--mounted", pair);
            }
        }
        words
    }
}

fn not_probed(made: &ProjectContainer, failure: &CommandError) -> Finding {
    let cause = format!("it cannot be inspected: {failure}");
    let fix = "run it again, with an --image that contains /trust-doctor";
    Finding::warning(UNSEEN, made.name(), cause, fix)
}

/// The SHA-256 of a file of certificates on this machine.
fn digest(source: &Path) -> Option<String> {
    if !EXTENSIONS.contains(&source.extension()?.to_str()?) {
        return None;
    }
    let bytes = file::read(source, &mut file::FILE_LIMIT.clone()).ok()?;
    Some(Fingerprint::of([bytes.as_slice()]).to_string())
}
