//! Checks the server certificate beside the CA: whether clients that trust the CA accept it, and for how
//! long.

use crate::compose::certs::validity::renewal_is_due;
use crate::compose::doctor::files::ca::{CaFiles, in_days, unusable, with_setup};
use crate::compose::doctor::files::context::CheckContext;
use crate::compose::inputs::files::first_certificate;
use crate::compose::inputs::{
    CUSTOM_CA, InputErrorKind, ServerCertificate, renew_command, verify_server,
};
use crate::sys::finding::Finding;
use crate::sys::quote;
use crate::trust::certificate::Certificate;
use crate::trust::source::Label;
use crate::trust::source::{Named, Origin};

/// Reports on the server certificate. `setup` is the command that gives a renewed certificate to the proxy,
/// if one serves it.
pub(crate) fn findings(
    context: &CheckContext<'_>,
    ca_files: &CaFiles,
    setup: Option<&str>,
    findings: &mut Vec<Finding>,
) {
    let Some(inputs) = &ca_files.inputs else { return };
    let Some(pair) = &inputs.pair else { return };
    let is_own = |found: &&Certificate| match &found.label {
        Label::Path(Named { origin, .. }) => *origin == Origin::Option(CUSTOM_CA),
        Label::Variable(_) => false,
    };
    let own: Vec<_> = inputs.custom.iter().filter(is_own).cloned().collect();
    let server = match verify_server(pair, inputs.domain.as_ref(), &own, context.now) {
        Ok((server, _)) => server,
        Err(error) => {
            // If a proxy serves it, `ca::unusable` has reported the same fault.
            if let InputErrorKind::Server(_) = error.kind {
                findings.push(unusable(&error, setup));
            }
            return;
        }
    };
    let ServerCertificate { certificate, names, until, .. } = &server;
    let subject = quote::path(certificate);
    let days = until.days_from(context.now);
    if days < context.days {
        let cause = format!("it expires on {until}, {}", in_days(days));
        let is_due = first_certificate(certificate)
            .is_none_or(|certificate| renewal_is_due(&certificate, context.now));
        let fix = match renew_command(pair) {
            Some(command) if is_due => with_setup(command, setup),
            Some(command) => {
                format!("run `{command}` every day: it renews in the last third of the validity")
            }
            None => "replace it before that date".to_owned(),
        };
        return findings.push(Finding::warning("server-expires-soon", &subject, cause, fix));
    }
    let names: Vec<_> =
        names.iter().map(|name| quote::word(&name.host_or_text()).to_string()).collect();
    let cause = format!("for {} until {until}, signed by that CA", names.join(", "));
    findings.push(Finding::ok("server", &subject, cause));
}
