//! trust-doctor beside a container, and what it found there.

use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use crate::compose::cli::Doctor;
use crate::compose::docker::{self, Failure, ProbeRun, ProjectContainer};
use crate::compose::doctor::containers::{of, restarting};
use crate::sys::exit_code;
use crate::sys::file;
use crate::sys::finding::{Answer, Finding};
use crate::sys::quote;
use crate::trust::fingerprint::Fingerprint;
use crate::trust::trust_anchors::anchors;
use crate::trust::variables::{Points, TABLE};

/// Where the program is in its image.
const PROGRAM: &str = "/trust-doctor";
/// What the engine may take to start it and to remove it again, and all its looks.
const LIMIT: Duration = Duration::from_mins(2);

/// How files end that hold certificates: for the rest nobody reads what may be large, or secret.
const ENDINGS: [&str; 7] = ["crt", "pem", "cer", "der", "p7b", "jks", "p12"];

/// Certificates on this machine: the file's name as it was typed, and its PEM.
#[derive(Debug)]
pub struct AtHand(String);

impl AtHand {
    /// Those in the file at `path`; none if it cannot be read or has none.
    pub fn read(path: &Path) -> Option<Self> {
        let bytes = file::read(path, &mut file::FILE_LIMIT.clone()).ok()?;
        let mut text = format!("{}=", path.display());
        let found = anchors(&bytes).certificates;
        text.extend(found.iter().map(|pem| String::from_utf8_lossy(pem.text())));
        (!found.is_empty()).then_some(Self(text))
    }
}

/// The finding that something could not be looked into.
pub const UNSEEN: &str = "unseen";

/// Looks into a container. `up` is the command that starts the project.
pub fn look(asked: &Doctor, made: &ProjectContainer, at_hand: &[AtHand], up: &str) -> Vec<Finding> {
    let look = ProbeRun {
        container: made,
        image: &asked.image,
        pulls: asked.pull,
        sees_all: asked.privileged_look,
        program: PROGRAM,
        words: words(asked, made, at_hand),
        codes: &[0, exit_code::TROUBLE, exit_code::USAGE],
        limit: LIMIT + Duration::from_secs(asked.timeout.saturating_mul(4)),
    };
    let service = quote::shell(made.service());
    let found = docker::run_probe(&look).and_then(|told| {
        let answer = serde_json::from_slice::<Answer<'_>>(&told).map_err(|error| {
            let cause = format!("the answer of {PROGRAM} cannot be read: {error}");
            Failure::Said(quote::visible(&cause))
        })?;
        Ok(answer.findings.into_owned())
    });
    let found = found.unwrap_or_else(|failure| {
        // Between two starts it can be seen as running.
        let is_restarting =
            matches!(&failure, Failure::Said(words) if words.contains("is restarting"));
        vec![if is_restarting { restarting(made) } else { unseen(made, &failure) }]
    });
    let here = |mut finding: Finding| {
        finding.fix = finding.fix.map(|fix| in_project(&fix, up, &service));
        of(made.service(), finding)
    };
    found.into_iter().map(here).collect()
}

fn unseen(made: &ProjectContainer, failure: &Failure) -> Finding {
    let cause = format!("cannot be looked into: {failure}");
    let fix = "run it again, with an --image that has /trust-doctor in it";
    Finding::warning(UNSEEN, made.name(), cause, fix)
}

/// How trust-doctor names the way to see more.
const PRIVILEGED: &str = "trust-compose doctor --privileged-look";

/// A mend with the words of this project in it: beside a container nobody knows its files.
fn in_project(fix: &str, up: &str, service: &str) -> String {
    let compose = up.strip_suffix(" up -d").unwrap_or("docker compose");
    let words = ["up -d --force-recreate", "restart"];
    let fix = fix.replace(PRIVILEGED, &format!("trust-compose doctor {service} --privileged-look"));
    words.iter().fold(fix, |fix, words| {
        fix.replace(&format!("docker compose {words}"), &format!("{compose} {words} {service}"))
    })
}

fn words(asked: &Doctor, made: &ProjectContainer, at_hand: &[AtHand]) -> Vec<OsString> {
    let mut words: Vec<OsString> = vec!["--json".into()];
    let mut say = |option: &str, value: OsString| words.extend([option.into(), value]);
    say("--days", asked.days.to_string().into());
    say("--timeout", asked.timeout.to_string().into());
    for url in &asked.connect {
        say("--connect", url.into());
    }
    for file in at_hand {
        say("--at-hand", file.0.as_str().into());
    }
    // What else a variable says can be secret, and would be seen in the list of processes.
    for row in TABLE.iter().filter(|row| matches!(row.points, Points::Bundle | Points::Custom)) {
        let configured = made.config.variable(row.name);
        let pair = configured.map_or(row.name.to_owned(), |value| format!("{}={value}", row.name));
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

/// What a file of certificates holds on this machine now.
fn digest(source: &Path) -> Option<String> {
    let ending = source.extension()?.to_str()?;
    if !ENDINGS.contains(&ending) {
        return None;
    }
    let bytes = file::read(source, &mut file::FILE_LIMIT.clone()).ok()?;
    Some(Fingerprint::of([bytes.as_slice()]).to_string())
}
