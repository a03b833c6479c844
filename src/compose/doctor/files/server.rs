//! The server's certificate beside the CA: whether it will do for clients that trust the CA, and how long.

use crate::compose::doctor::files::Look;
use crate::compose::doctor::files::ca::{Seen, unusable, within};
use crate::compose::inputs::{CUSTOM_CA, ErrorKind, Server, renew_command, verify_server};
use crate::sys::finding::Finding;
use crate::sys::quote;
use crate::trust::certificate::Certificate;
use crate::trust::source::Label;
use crate::trust::source::{Named, Origin};

/// What is to be said of it.
pub fn findings(look: &Look<'_>, seen: &Seen, findings: &mut Vec<Finding>) {
    let Some(inputs) = &seen.inputs else { return };
    let Some(pair) = &inputs.pair else { return };
    let is_own = |found: &&Certificate| match &found.label {
        Label::Path(Named { origin, .. }) => *origin == Origin::Option(CUSTOM_CA),
        Label::Variable(_) => false,
    };
    let own: Vec<_> = inputs.custom.iter().filter(is_own).cloned().collect();
    let server = match verify_server(pair, inputs.domain.as_ref(), &own, look.now) {
        Ok((server, _)) => server,
        // Where it is served, the same was said of it already.
        Err(error) => {
            if let ErrorKind::Server(_) = error.kind {
                findings.push(unusable(&error));
            }
            return;
        }
    };
    let Server { certificate, names, until, .. } = &server;
    let thing = quote::path(certificate);
    let days = until.days_from(look.now);
    if days < look.days {
        let cause = format!("it expires on {until}, {}", within(days));
        let mend = renew_command(pair).unwrap_or_else(|| "put a new one there in time".to_owned());
        return findings.push(Finding::warning("server-expires-soon", &thing, cause, mend));
    }
    let names: Vec<_> =
        names.iter().map(|name| quote::word(&name.host_or_text()).to_string()).collect();
    let cause = format!("for {} until {until}, signed by that CA", names.join(", "));
    findings.push(Finding::ok("server", &thing, cause));
}
