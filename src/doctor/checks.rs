//! What a process and its image hold that decides trust: the files that its variables name, and what
//! lies beside them. All of it is looked at, none of it is run, and every look has an end.

pub mod custom_cas;
pub mod java;
pub mod exposed_keys;
pub mod stale_mounts;
pub mod file_capabilities;
pub mod python;
pub mod variables;
pub mod verification;

use crate::doctor::cli::Cli;
use crate::doctor::diagnosis::Store;
use crate::doctor::process::Patient;
use crate::sys::finding::Finding;

/// The files of anchors that its programs read, that of most of them first, and all that is to be said.
pub fn look(patient: &Patient, cli: &Cli) -> (Vec<Store>, Vec<Finding>) {
    let (stores, mut findings) = variables::stores(patient, &cli.configured);
    findings.extend(variables::seen_by_exec(patient, &cli.configured));
    findings.extend(stale_mounts::changed(patient, &cli.mounted));
    let custom = custom_cas::authorities(patient);
    findings.extend(custom_cas::unused(&custom, &stores));
    findings.extend(java::look(patient, &custom));
    findings.extend(python::look(patient));
    findings.extend(file_capabilities::look(patient));
    findings.extend(verification::look(&patient.environment));
    findings.extend(exposed_keys::look(patient));
    (stores, findings)
}
