//! Reports servers that send an older certificate than the project's file, because they were not restarted
//! after the renewal. The restart also fixes other faults of the old certificate.

use std::path::Path;

use crate::compose::certs::SERVER;
use crate::compose::certs::server_name::LOOPBACK_NAMES;
use crate::sys::finding::{Finding, Severity};
use crate::sys::quote;
use crate::trust::certificate::Certificate;
use crate::trust::certificate::extensions::Details;
use crate::trust::certificate::subject_alt_name::SubjectAltName;

/// Reports in `found` the servers that send an older certificate than `own`, if the same CA signed both: as
/// the fix of a finding about that certificate, else as a finding of its own.
pub(crate) fn report(own: &Certificate, found: &mut Vec<Finding>) {
    let names = Details::of(own).names;
    // Every certificate that trust-compose creates contains the loopback names.
    let is_not_loopback = |name: &&SubjectAltName| {
        name.host().is_some_and(|host| !LOOPBACK_NAMES.contains(&host.as_str()))
    };
    let names: Vec<_> = names.iter().filter(is_not_loopback).map(ToString::to_string).collect();
    let sha256 = own.fingerprint().to_string();
    // A CA that was created again keeps its name: its certificate helps only where that CA is trusted already.
    let issuer_key = Details::of(own).issuer_key_identifier;
    let path = quote::path(own.label.path().unwrap_or(Path::new(SERVER)));
    let is_older = |finding: &Finding| {
        let Some(sent) = finding.chain.first().filter(|link| link.sent) else { return false };
        sent.sha256 != sha256
            && sent.issuer == own.issuer
            && (sent.issuer_key_identifier == issuer_key || finding.id == "ca-replaced")
            && sent.not_before < own.not_before.moment()
            && sent.names.iter().any(|name| names.contains(name))
    };
    let cause = format!(
        "the server sends an older certificate than {path}, which is valid for that name too"
    );
    let fix = format!(
        "give the server {path} with its key, and restart it: most servers read them only when they start"
    );
    let mut stale = Vec::new();
    for finding in found.iter_mut().filter(|finding| is_older(finding)) {
        if finding.severity > Severity::Info {
            finding.cause = format!("{}; {cause}", finding.cause);
            finding.fix = Some(fix.clone());
        } else {
            let warning =
                Finding::warning("not-reloaded", &finding.subject, cause.clone(), fix.clone());
            stale.push(Finding { service: finding.service.clone(), ..warning });
        }
    }
    found.extend(stale);
}
