//! The warnings about existing and planned certificates.

use crate::compose::certs::existing::{Authority, ExistingCerts};
use crate::compose::certs::options::{CertsOptions, SERVER};
use crate::compose::certs::plan::CertsPlan;
use crate::compose::certs::validity::{ca_ends, requested_end};
use crate::sys::diagnostic::Diagnostic;
use crate::sys::output;
use crate::sys::quote;
use crate::trust::certificate::Certificate;
use crate::trust::certificate::lints::{self, LintHit};
use crate::trust::time::Time;

/// Returns the warnings about existing and planned certificates.
pub(crate) fn warnings(
    options: &CertsOptions,
    plan: &CertsPlan,
    existing: &ExistingCerts,
    now: Time,
) -> Vec<Diagnostic> {
    let open_keys = existing.open_keys.iter().map(|(path, mode)| {
        let shown = quote::path(path);
        let cause = format!("other users may read the key in {shown} (mode {mode:04o})");
        Diagnostic::statement(cause).run(format!("chmod 0600 {}", quote::shell(path)))
    });
    let mut warnings: Vec<_> = open_keys.collect();
    if let Some(ca) = &existing.authority {
        let known = ca.file.iter().map(Certificate::subject_der).collect();
        let lints = lints::matching(&ca.certificate, now, &known);
        let judged = lints.into_iter().map(|lint| LintHit::new(&ca.certificate, lint));
        warnings.extend(judged.map(|judged| Diagnostic::from(&judged)));
        warnings.extend(end_of_ca(options, plan, ca, now));
        warnings.extend(constraints_in_root(options, ca));
    }
    if plan.server.is_some() {
        for name in plan.names.iter().filter(|name| name.has_underscore()) {
            let name = quote::word(&name.to_string()).to_string();
            let cause = format!(
                "{name} has an underscore, which RFC 1123 does not allow in host names: some \
                 clients will refuse it"
            );
            let fix = "give the host another name, such as a network alias";
            warnings.push(Diagnostic::statement(cause).advise(fix));
        }
    }
    if plan.issues_ca && options.ca_only && options.path(SERVER).exists() {
        let server = quote::path(&options.path(SERVER)).to_string();
        let cause = format!("the certificate in {server} is still signed by the former CA");
        let fix = "issue it again: `trust-compose certs` with its names";
        warnings.push(Diagnostic::statement(cause).advise(fix));
    }
    warnings
}

/// Reports a root with the constraints that `--constrain` asks for: earlier versions and other tools create
/// no intermediate.
fn constraints_in_root(options: &CertsOptions, ca: &Authority) -> Option<Diagnostic> {
    let name = quote::word(&ca.certificate.subject);
    let cause = format!("Java ignores the constraints of {name}, because it is a root");
    let fix = format!(
        "create a new CA, and install its certificate in all clients: `{} --constrain --force`",
        options.command_line(&[])
    );
    (options.constrain && ca.certificate.is_self_issued)
        .then(|| Diagnostic::statement(cause).advise(fix))
}

/// Reports a CA that expires soon, or before the server certificate that it is to sign.
fn end_of_ca(
    options: &CertsOptions,
    plan: &CertsPlan,
    ca: &Authority,
    now: Time,
) -> Option<Diagnostic> {
    let to = ca.certificate.not_after;
    let name = quote::word(&ca.anchor().subject);
    let cause = if ca_ends(&ca.certificate, now) {
        let days = usize::try_from(to.days_from(now)).unwrap_or_default();
        format!("the CA {name} expires on {to}, in {}", output::count(days, "day"))
    } else if plan.server.is_some() && to.seconds() < requested_end(options.days, now) {
        format!("the CA {name} expires on {to}, and so does the server's certificate")
    } else {
        return None;
    };
    let fix = match &options.ca {
        None => format!(
            "create a new CA before that date, and install its certificate in all clients: `{} --force`",
            options.command_line(&[])
        ),
        Some(ca) => format!(
            "before that date, replace the CA in {} and install its certificate in all clients",
            quote::path(&ca.path)
        ),
    };
    Some(Diagnostic::statement(cause).advise(fix))
}
