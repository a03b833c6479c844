//! Reports faults in a verified chain that rustls accepts and other TLS libraries do not.

use std::collections::BTreeSet;

use crate::doctor::anchor_file::AnchorFile;
use crate::doctor::diagnosis::context::Context;
use crate::doctor::endpoint::Endpoint;
use crate::sys::finding::Finding;
use crate::sys::output;
use crate::sys::quote;
use crate::trust::certificate::Certificate;
use crate::trust::certificate::lints::{self, Lint, LintHit, LintKind};

/// Returns the findings about a chain's anchor. rustls ignores the fields of an anchor.
pub(crate) fn anchor(
    endpoint: &Endpoint,
    anchor: &Certificate,
    file: &AnchorFile,
    context: &Context<'_>,
) -> Vec<Finding> {
    let known: BTreeSet<_> = file.anchors.iter().map(Certificate::subject_der).collect();
    let name = quote::word(&anchor.subject);
    let found = lints::matching(anchor, context.now, &known).into_iter();
    let found = found.filter(|lint| lint.kind != LintKind::NotStrict);
    let mut findings: Vec<_> = found
        .map(|lint| {
            let Lint { kind, statement, consequence, fix, .. } = lint;
            let detail = LintHit::new(anchor, lint).detail;
            let cause = format!("{name} in {} {statement}{detail}: {consequence}", file.name());
            match kind {
                LintKind::Expired | LintKind::NotYetValid => {
                    Finding::error("anchor-not-valid-now", endpoint, cause, *fix)
                }
                _ => Finding::warning("anchor-not-for-all", endpoint, cause, *fix),
            }
        })
        .collect();
    let days = anchor.not_after.days_from(context.now);
    if (1..context.days).contains(&days) {
        let days = output::count(usize::try_from(days).unwrap_or_default(), "day");
        let cause = format!("{name} in {} expires in {days} ({})", file.name(), anchor.not_after);
        let fix = "create a new CA, and trust both before that day";
        findings.push(Finding::warning("anchor-expires-soon", endpoint, cause, fix));
    }
    findings
}

/// Returns the findings about what strict clients do not accept in a chain, from the server's own
/// certificate to its anchor.
pub(crate) fn chain<'a>(
    endpoint: &'a Endpoint,
    path: &'a [&'a Certificate],
    anchor: &'a Certificate,
) -> impl Iterator<Item = Finding> + 'a {
    let all = path.iter().copied().filter(|one| one.der != anchor.der).chain([anchor]);
    all.filter_map(move |one| {
        let missing = lints::strict(one);
        let faults = missing.join("; ");
        let cause =
            format!("strict clients (Python 3.13) refuse {}: {faults}", quote::word(&one.subject));
        let host = quote::shell(&endpoint.host);
        let fix =
            format!("create it again without these faults, as `trust-compose certs {host}` does");
        (!missing.is_empty()).then(|| Finding::warning("not-strict", endpoint, cause, fix))
    })
}
