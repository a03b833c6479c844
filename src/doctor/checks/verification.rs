//! Variables that switch verification off: with one of them every server passes, and trust in any CA means
//! nothing. Which they are is in `trust::variables::insecure`.

use crate::sys::environment::Environment;
use crate::sys::finding::Finding;
use crate::trust::variables::insecure::{Switch, switched_off};

/// A finding for each that is set so.
pub fn check(environment: &Environment) -> Vec<Finding> {
    let findings = switched_off(environment).map(|(Switch { name, readers, .. }, _)| {
        let cause = format!("switches verification off in {readers}: anybody can be the server");
        Finding::error("verification-off", *name, cause, format!("unset {name}"))
    });
    findings.collect()
}
