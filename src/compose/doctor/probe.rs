//! Runs trust-doctor in a probe container, which joins the network and PID namespaces of an inspected
//! container.

use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use crate::compose::cli::Doctor;
use crate::compose::docker::{self, CommandError, ProbeRun, ProjectContainer};
use crate::compose::doctor::containers::{restarting, with_service};
use crate::sys::exit_code;
use crate::sys::file::{self, FileReadError};
use crate::sys::finding::service_fix::Host;
use crate::sys::finding::{Answer, Finding};
use crate::sys::quote;
use crate::trust::bundle::Pem;
use crate::trust::fingerprint::Fingerprint;
use crate::trust::trust_anchors::anchors;
use crate::trust::variables::{TABLE, VariableTarget};

/// The path of the program in its image.
const PROGRAM: &str = "/trust-doctor";
/// Time for the engine to start and remove the probe, and for the checks without connections.
const LIMIT: Duration = Duration::from_mins(2);

/// The extensions of files of certificates. Other files, which may be large or secret, are not read.
const EXTENSIONS: [&str; 7] = ["crt", "pem", "cer", "der", "p7b", "jks", "p12"];

/// A CA certificate to try: the path of its file on this machine, `=`, and its PEM.
#[derive(Debug)]
pub(crate) struct Candidate(String);

impl Candidate {
    /// Reads the certificates in the file at `path`. Each is an argument of its own, because the kernel limits one
    /// to 128 KiB (execve(2), "Limits on size of arguments and environment").
    pub(crate) fn read(path: &Path) -> Result<Vec<Self>, FileReadError> {
        let bytes = file::read(path, &mut file::FILE_LIMIT.clone())?;
        let candidate = |pem: &Pem<'_>| {
            Self(format!("{}={}", path.display(), String::from_utf8_lossy(pem.text())))
        };
        Ok(anchors(&bytes).certificates.iter().map(candidate).collect())
    }
}

/// The id of the finding that a container or a process could not be inspected.
pub(crate) const UNSEEN: &str = "unseen";

/// The options of every probe.
pub(crate) struct Probe<'a> {
    /// The options of `doctor`.
    pub options: &'a Doctor,
    /// CA certificates to try.
    pub candidates: &'a [Candidate],
    /// `docker compose` with the project's options, quoted for a shell.
    pub compose: &'a str,
    /// `trust-compose doctor` with the options of the project and the image.
    pub doctor: &'a str,
    /// Returns the commands that make the project trust the CA in a file too.
    pub trust: &'a (dyn Fn(&str) -> String + Sync),
}

impl Probe<'_> {
    /// Runs trust-doctor in a probe container for `container`.
    pub(crate) fn run(&self, container: &ProjectContainer) -> Vec<Finding> {
        let Doctor { image, pull, privileged_look, timeout, .. } = self.options;
        let probe = ProbeRun {
            container,
            image,
            pulls: *pull,
            sees_all: *privileged_look,
            program: PROGRAM,
            words: self.arguments(container),
            codes: &[0, exit_code::TROUBLE, exit_code::USAGE],
            limit: LIMIT + Duration::from_secs(timeout.saturating_mul(4)),
        };
        let answer = docker::run_probe(&probe).and_then(|answer| {
            serde_json::from_slice::<Answer<'_>>(&answer)
                .map(|answer| answer.findings.into_owned())
                .map_err(|error| {
                    let cause = format!("the output of {PROGRAM} cannot be parsed: {error}");
                    CommandError::Failed(quote::visible(&cause))
                })
        });
        let findings = answer.unwrap_or_else(|failure| {
            // This is the engine's message; between two starts it reports the container as running.
            let is_restarting =
                matches!(&failure, CommandError::Failed(message) if message.contains("is restarting"));
            vec![if is_restarting {
                restarting(container)
            } else {
                not_probed(container, &failure)
            }]
        });
        findings.into_iter().map(|finding| self.complete(container.service(), finding)).collect()
    }

    /// Completes a fix with the commands that trust-doctor cannot know inside the container.
    fn complete(&self, service: &str, mut finding: Finding) -> Finding {
        if let Some(fix) = finding.service_fix.take() {
            let (compose, doctor, trust) = (self.compose, self.doctor, self.trust);
            finding.fix =
                Some(fix.text(&Host { compose, doctor, service: &quote::shell(service), trust }));
        }
        with_service(service, finding)
    }

    /// Returns the arguments of trust-doctor for a container.
    fn arguments(&self, container: &ProjectContainer) -> Vec<OsString> {
        let Self { options, candidates, .. } = self;
        let mut arguments: Vec<OsString> = vec!["--json".into()];
        let mut add = |option: &str, value: OsString| arguments.extend([option.into(), value]);
        add("--days", options.days.to_string().into());
        add("--timeout", options.timeout.to_string().into());
        for url in &options.connect {
            add("--connect", url.into());
        }
        for candidate in *candidates {
            add("--at-hand", candidate.0.as_str().into());
        }
        // Other variables can be secret, and every user can read the arguments of a process.
        for row in TABLE
            .iter()
            .filter(|row| matches!(row.target, VariableTarget::Bundle | VariableTarget::Custom))
        {
            let configured = container.config.variable(row.name);
            let pair =
                configured.map_or(row.name.to_owned(), |value| format!("{}={value}", row.name));
            add("--configured", pair.into());
        }
        for mount in &container.mounts {
            if let Some(digest) = file_digest(&mount.source) {
                let mut pair = mount.destination.clone().into_os_string();
                pair.push(format!("={digest}"));
                add("--mounted", pair);
            }
        }
        arguments
    }
}

/// Reports a container that could not be inspected.
fn not_probed(container: &ProjectContainer, failure: &CommandError) -> Finding {
    let cause = format!("it cannot be inspected: {failure}");
    let fix = "run this again, with an --image that contains /trust-doctor";
    Finding::warning(UNSEEN, container.name(), cause, fix)
}

/// Returns the SHA-256 of a file of certificates on this machine.
fn file_digest(source: &Path) -> Option<String> {
    if !EXTENSIONS.contains(&source.extension()?.to_str()?) {
        return None;
    }
    let bytes = file::read(source, &mut file::FILE_LIMIT.clone()).ok()?;
    Some(Fingerprint::of([bytes.as_slice()]).to_string())
}
