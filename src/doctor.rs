//! trust-doctor: says what is trusted in a container, by whom, and why a connection fails.
//!
//! It looks at one process (`patient`): its variables, and the files of trust anchors that they name. It
//! calls servers (`target`, `handshake`) with these anchors, and says of each which anchor its chain ends
//! in or why in none (`diagnosis`). All is told as findings (`finding`): a sign, the thing, the cause, and
//! the mend. It writes nothing, starts nothing, and sends nothing over a connection.

pub mod cli;
pub mod target;
#[expect(clippy::disallowed_methods, reason = "this is the one place that opens a socket")]
pub mod handshake;
pub mod diagnosis;
pub mod patient;
pub mod finding;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::IsTerminal as _;
use std::sync::Arc;
use std::time::Duration;

use rustls::RootCertStore;
use serde::Serialize;

use self::cli::Cli;
use self::diagnosis::{Background, Store, diagnose};
use self::finding::{Finding, Sign};
use self::patient::Patient;
use self::target::Target;
use crate::discover::file;
use crate::environment::Environment;
use crate::exit;
use crate::inspect::certificate::Time;
use crate::report::{self, Report};

/// What `--json` prints. Fields are added, never renamed or removed.
#[derive(Serialize)]
struct Answer<'a> {
    format: u8,
    findings: &'a [Finding],
}

/// Does what was asked, and returns the exit code.
pub fn run(cli: &Cli, shell: &Environment, report: Report) -> u8 {
    let patient = match Patient::of(cli.pid) {
        Ok(patient) => patient,
        Err(hidden) => {
            report.error(&hidden, "");
            return exit::USAGE;
        }
    };
    let mut targets = BTreeSet::new();
    for word in &cli.connect {
        match Target::parse(word) {
            Ok(target) => targets.insert(target),
            Err(error) => {
                report.error(&error, "");
                return exit::USAGE;
            }
        };
    }
    if cli.connect.is_empty() {
        let values = patient.environment.pairs().iter().filter_map(|(_, value)| value.to_str());
        targets.extend(values.flat_map(Target::all_in));
    }
    let mut at_hand = Vec::new();
    for path in &cli.ca {
        match file::read(path, &mut file::FILE_LIMIT.clone()) {
            Ok(bytes) => at_hand.extend(patient::store("", path, &bytes).anchors),
            Err(problem) => {
                let path = report::path(path);
                report.error(
                    &format!("cannot read {path} (from --ca): {problem}\nfix: correct the name"),
                    "",
                );
                return exit::USAGE;
            }
        }
    }
    let (stores, mut findings) = patient.stores();
    let background =
        Background { stores: &stores, at_hand: &at_hand, now: Time::now(), days: cli.days };
    let roots = stores.first().map_or_else(|| Arc::new(RootCertStore::empty()), Store::roots);
    for target in &targets {
        let heard = handshake::call(target, &roots, Duration::from_secs(cli.timeout));
        findings.extend(diagnose(target, &heard, &background));
    }
    let text = if cli.json {
        let answer = Answer { format: 1, findings: &findings };
        serde_json::to_string_pretty(&answer).unwrap_or_default() + "\n"
    } else {
        let is_plain = shell.get("NO_COLOR").is_some_and(|value| !value.is_empty());
        lines(&findings, !is_plain && std::io::stdout().is_terminal())
    };
    if report.answer(&text).is_err() {
        return exit::USAGE;
    }
    let worst = findings.iter().map(|finding| finding.sign).max();
    let limit = if cli.strict { Sign::Warning } else { Sign::Error };
    if worst >= Some(limit) { exit::TROUBLE } else { 0 }
}

/// The findings for people: the signs below each other, each mend below its finding.
fn lines(findings: &[Finding], is_coloured: bool) -> String {
    let mut text = String::new();
    for Finding { sign, thing, cause, fix } in findings {
        // The colours of every terminal (ECMA-48, 8.3.117): green, yellow, red.
        let (word, colour) = match sign {
            Sign::Ok => ("ok", 32),
            Sign::Warning => ("warning", 33),
            Sign::Error => ("error", 31),
        };
        let _ = if is_coloured {
            writeln!(text, "\x1b[{colour}m{word:<8}\x1b[0m{thing}: {cause}")
        } else {
            writeln!(text, "{word:<8}{thing}: {cause}")
        };
        if let Some(fix) = fix {
            let _ = writeln!(text, "        fix: {fix}");
        }
    }
    text
}
