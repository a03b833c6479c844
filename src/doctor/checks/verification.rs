//! Reports the variables of `trust::variables::insecure`, which switch verification off: with one of them,
//! the program accepts every server.

use crate::sys::environment::Environment;
use crate::sys::finding::Finding;
use crate::trust::variables::insecure::{Switch, switched_off};

/// Returns a finding for each variable that switches verification off.
pub fn check(environment: &Environment) -> Vec<Finding> {
    let findings = switched_off(environment).map(|(Switch { name, readers, .. }, _)| {
        let cause = format!("switches verification off in {readers}: every server is accepted");
        Finding::error("verification-off", *name, cause, format!("unset {name}"))
    });
    findings.collect()
}
