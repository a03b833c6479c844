//! trust-doctor: says what is trusted in a container, by whom, and why a connection fails.
//!
//! It looks at one process (`patient`): its variables, and the files of trust anchors that they name. It
//! calls servers (`target`, `handshake`) with these anchors, and says of each which anchor its chain ends
//! in or why in none (`diagnosis`). All is told as findings (`finding`): a sign, the thing, the cause, and
//! the mend. It starts nothing, sends nothing over a connection, and writes nothing
//! but what a server sent, where that is asked for.

use crate::sys::quote;

use crate::doctor::checks;
use crate::doctor::process;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::RootCertStore;

use crate::doctor::cli::Cli;
use crate::doctor::diagnosis::{Background, Store, diagnose};
use crate::doctor::endpoint::Target;
use crate::doctor::handshake::call;
use crate::doctor::process::Patient;
use crate::sys::environment::Environment;
use crate::sys::exit_code;
use crate::sys::file;
use crate::sys::finding;
use crate::sys::output::Report;
use crate::sys::parallel::several;
use crate::trust::time::Time;

/// How many servers are called at the same time.
const LINES: usize = 16;

/// Closes this process to the one that is inspected, which may run as the same user: only root can
/// then write to its output, or trace it and answer in its place (proc(5), prctl(2), `PR_SET_DUMPABLE`).
fn close(inspected: u32) {
    // What runs in a container of its own inspects itself, and reads what it would close.
    if inspected != std::process::id() {
        // Where the kernel refuses, the answer is no worse than without.
        let _ = nix::sys::prctl::set_dumpable(false);
    }
}

/// Does what was asked, and returns the exit code.
pub fn run(cli: &Cli, shell: &Environment, report: Report) -> u8 {
    close(cli.pid);
    let mut targets = Vec::new();
    for word in &cli.connect {
        match Target::parse(word) {
            Ok(target) => targets.push(target),
            Err(error) => {
                report.error_text(&error, "");
                return exit_code::USAGE;
            }
        }
    }
    let patient = match Patient::of(cli.pid) {
        Err(hidden) if hidden.finding().is_none() => {
            report.error_text(&hidden, "");
            return exit_code::USAGE;
        }
        patient => patient,
    };
    if let (Ok(patient), true) = (&patient, cli.connect.is_empty()) {
        let values = patient.environment.pairs().filter_map(|(_, value)| value.to_str());
        targets.extend(values.flat_map(Target::all_in));
    }
    let mut at_hand = Vec::new();
    for path in &cli.ca {
        match file::read(path, &mut file::FILE_LIMIT.clone()) {
            Ok(bytes) => at_hand.extend(process::store("", path, &bytes).anchors),
            Err(problem) => {
                let path = quote::path(path);
                report.error_text(
                    &format!("cannot read {path} (from --ca): {problem}\nfix: correct the name"),
                    "",
                );
                return exit_code::USAGE;
            }
        }
    }
    for given in &cli.at_hand {
        let (name, pem) = given.split_once('=').unwrap_or_default();
        at_hand.extend(process::store("", Path::new(name), pem.as_bytes()).anchors);
    }
    let (stores, mut findings) = match &patient {
        Ok(patient) => checks::look(patient, cli),
        // The servers can be called all the same, with what is at hand.
        Err(hidden) => {
            let (name, readers) = ("the files of --ca".to_owned(), String::new());
            let store = Store { name, readers, anchors: at_hand.clone() };
            (vec![store], hidden.finding().into_iter().collect())
        }
    };
    let background =
        Background { stores: &stores, at_hand: &at_hand, now: Time::now(), days: cli.days };
    let roots = stores.first().map_or_else(|| Arc::new(RootCertStore::empty()), Store::roots);
    let mut known = BTreeSet::new();
    targets.retain(|target| known.insert(target.clone()));
    let patience = Duration::from_secs(cli.timeout);
    let told = (!cli.json).then_some(report);
    let heard = several(&targets, LINES, told, |target| call(target, &roots, patience));
    for (target, heard) in targets.iter().zip(&heard) {
        findings.extend(diagnose(target, heard, &background));
    }
    let text = if cli.json { finding::json(&findings) } else { finding::text(&findings, shell) };
    if report.answer(&text).is_err() {
        return exit_code::USAGE;
    }
    if let Some(path) = &cli.save_chain
        && let Err(error) = crate::sys::finding::chain::save(path, &findings)
    {
        report.error(&error);
        return exit_code::USAGE;
    }
    match finding::code(&findings, cli.strict) {
        0 if patient.is_err() && targets.is_empty() => exit_code::USAGE,
        code => code,
    }
}
