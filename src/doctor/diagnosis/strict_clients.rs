//! What rustls lets pass in a verified chain, and others do not.

use std::collections::BTreeSet;

use crate::doctor::diagnosis::{Background, Store};
use crate::doctor::endpoint::Target;
use crate::sys::finding::Finding;
use crate::sys::output;
use crate::sys::quote;
use crate::trust::certificate::Certificate;
use crate::trust::certificate::lints::{self, Finding as Kind, Lint, LintHit};

/// What is wrong with the anchor of a chain. rustls takes an anchor as it is, whatever it says of itself.
pub fn anchor(
    target: &Target,
    anchor: &Certificate,
    store: &Store,
    background: &Background<'_>,
) -> Vec<Finding> {
    let known: BTreeSet<_> = store.anchors.iter().map(Certificate::name).collect();
    let name = quote::word(&anchor.subject);
    let found = lints::findings(anchor, background.now, &known).into_iter();
    let found = found.filter(|lint| lint.finding != Kind::NotStrict);
    let mut findings: Vec<_> = found
        .map(|lint| {
            let Lint { finding, says, who, fix, .. } = lint;
            let detail = LintHit::new(anchor, lint).detail;
            let cause = format!("{name} in {} {says}{detail}: {who}", store.name);
            match finding {
                Kind::Expired | Kind::NotYetValid => {
                    Finding::error("anchor-not-valid-now", target, cause, *fix)
                }
                _ => Finding::warning("anchor-not-for-all", target, cause, *fix),
            }
        })
        .collect();
    let days = anchor.not_after.days_from(background.now);
    if (1..background.days).contains(&days) {
        let days = output::count(usize::try_from(days).unwrap_or_default(), "day");
        let cause = format!("{name} in {} expires in {days} ({})", store.name, anchor.not_after);
        let fix = "have it made anew, and trust the new one beside it before that day";
        findings.push(Finding::warning("anchor-expires-soon", target, cause, fix));
    }
    findings
}

/// What strict clients miss in a chain, from the server's own certificate to its anchor.
pub fn chain<'a>(
    target: &'a Target,
    path: &'a [&'a Certificate],
    anchor: &'a Certificate,
) -> impl Iterator<Item = Finding> + 'a {
    let all = path.iter().copied().filter(|one| one.der != anchor.der).chain([anchor]);
    all.filter_map(move |one| {
        let missing = lints::strict(one);
        let words = missing.join("; ");
        let cause =
            format!("strict clients (Python 3.13) refuse {}: {words}", quote::word(&one.subject));
        let host = quote::shell(&target.host);
        let fix = format!("have it made anew with that, as `trust-compose certs {host}` makes it");
        (!missing.is_empty()).then(|| Finding::warning("not-strict", target, cause, fix))
    })
}
