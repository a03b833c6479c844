//! What a process and its image hold that decides trust: the files that its variables name, and what
//! lies beside them. All of it is looked at, none of it is run, and every look has an end.

mod custom;
mod java;
mod key;
mod mounted;
mod program;
mod python;
mod variables;
mod verification;

use super::cli::Cli;
use super::diagnosis::Store;
use super::patient::Patient;
use crate::finding::Finding;

/// The files of anchors that its programs read, that of most of them first, and all that is to be said.
pub fn look(patient: &Patient, cli: &Cli) -> (Vec<Store>, Vec<Finding>) {
    let (stores, mut findings) = variables::stores(patient, &cli.configured);
    findings.extend(variables::seen_by_exec(patient, &cli.configured));
    findings.extend(mounted::changed(patient, &cli.mounted));
    let custom = custom::authorities(patient);
    findings.extend(custom::unused(&custom, &stores));
    findings.extend(java::look(patient, &custom));
    findings.extend(python::look(patient));
    findings.extend(program::look(patient));
    findings.extend(verification::look(&patient.environment));
    findings.extend(key::look(patient));
    (stores, findings)
}
