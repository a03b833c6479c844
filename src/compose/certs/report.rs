//! The output of `certs`: the certificates with their names and dates, and the next steps.

use std::fmt::Write as _;

use crate::compose::certs::existing::ExistingCerts;
use crate::compose::certs::issue::{IssuedCerts, IssuedServer};
use crate::compose::certs::next_steps;
use crate::compose::certs::options::{
    CA, CA_FILES, CA_KEY, CertsOptions, INTERMEDIATE, SERVER, SERVER_KEY,
};
use crate::compose::certs::plan::{CertsPlan, IssueReason, names_in_certificate};
use crate::sys::diagnostic::Diagnostic;
use crate::sys::quote;
use crate::trust::certificate::Certificate;
use crate::trust::certificate::extensions::Details;

/// Returns the warning that a directory with other files gets no `.gitignore` for its key.
pub(crate) fn key_not_ignored(options: &CertsOptions) -> Diagnostic {
    let key = options.path(CA_KEY);
    let cause = format!(
        "{} is in a directory with other files, so no .gitignore was written there",
        quote::path(&key)
    );
    Diagnostic::statement(cause).advise("exclude the key from version control")
}

/// Returns the text of a dry run after an interrupted run.
pub(crate) fn would_finish(options: &CertsOptions) -> String {
    let path = quote::path(&options.out.path);
    format!("would first finish an interrupted run in {path}\n")
}

/// Returns the message that an interrupted run was finished.
pub(crate) fn finished(options: &CertsOptions) -> String {
    let path = quote::path(&options.out.path);
    format!("finished an interrupted run in {path}")
}

/// Returns the text of a run that changed nothing; empty with `--renew`.
pub(crate) fn nothing_to_do(
    options: &CertsOptions,
    plan: &CertsPlan,
    existing: &ExistingCerts,
) -> String {
    let mut text = String::new();
    if options.renew {
        return text;
    }
    let path = options.path(if options.ca_only { CA } else { SERVER });
    let _ = writeln!(text, "nothing to do: {} is valid", quote::path(&path));
    if let Some(authority) = &existing.authority {
        write_ca(&mut text, authority.anchor());
    }
    if let (false, Some(server)) = (plan.names.is_empty(), &existing.server) {
        write_names(&mut text, &server.details);
        write_dates(&mut text, &server.certificate);
    }
    text
}

/// Returns the text of a dry run.
pub(crate) fn dry_run(
    options: &CertsOptions,
    plan: &CertsPlan,
    existing: &ExistingCerts,
) -> String {
    let mut text = String::new();
    let mut line = |what: &str, files: [&str; 2]| {
        let [one, other] = files.map(|file| quote::path(&options.path(file)).to_string());
        let _ = writeln!(text, "would create {one} and {other}: {what}");
    };
    if plan.issues_ca {
        line("a CA", [CA, CA_KEY]);
    }
    let replaces_ca = options.force && CA_FILES.iter().any(|file| options.path(file).exists());
    if let Some(reason) = &plan.server {
        let names: Vec<_> = plan.names.iter().map(ToString::to_string).collect();
        let what = format!("server certificate for {} ({reason})", names.join(", "));
        line(&what, [SERVER, SERVER_KEY]);
    }
    if replaces_ca {
        let _ = writeln!(text, "would keep the old CA with its key in a directory beside them");
    }
    if let (true, Some(authority)) = (plan.copies_ca, &existing.authority) {
        let path = quote::path(&options.path(CA)).to_string();
        let _ = writeln!(text, "would copy {} to {path}", authority.certificate.label);
    }
    text
}

/// Returns the text of a run that issued certificates, with the next steps.
pub(crate) fn issued(options: &CertsOptions, set: &IssuedCerts, former: Option<&str>) -> String {
    let path = |file: &str| quote::path(&options.path(file)).to_string();
    let mut text = String::new();
    if set.ca_is_new {
        let _ = writeln!(text, "created {} and {}: CA", path(CA), path(CA_KEY));
    } else if set.ca_is_copied {
        let _ = writeln!(text, "copied {}: CA certificate, without its key", path(CA));
    } else {
        let _ = writeln!(text, "kept {}: CA", path(CA));
    }
    write_ca(&mut text, set.authority.anchor());
    write_dates(&mut text, set.authority.anchor());
    if set.ca_is_new && set.authority.is_below_file() {
        let _ = writeln!(
            text,
            "created {}: signs for these names only; the key of the CA above it was discarded",
            path(INTERMEDIATE)
        );
    }
    if let Some(former) = former {
        let _ = writeln!(text, "kept {}: the old CA with its key", path(former));
    }
    if let Some(IssuedServer { certificate, reason, .. }) = &set.server {
        let (server, key) = (path(SERVER), path(SERVER_KEY));
        let _ = writeln!(text, "created {server} and {key}: server certificate ({reason})");
        write_names(&mut text, &Details::of(certificate));
        write_dates(&mut text, certificate);
        if *reason != IssueReason::New && options.then.is_none() {
            let _ = writeln!(
                text,
                "\nnext: restart the service that serves {server}; most read it only when they start"
            );
        }
    }
    if set.ca_is_new {
        text.push_str(&next_steps::describe(options, set.authority.anchor()));
    } else if set.server.is_some() {
        text.push_str("The CA is unchanged: clients that trust it have nothing to do.\n");
    }
    text
}

fn write_ca(text: &mut String, certificate: &Certificate) {
    let _ = writeln!(text, "  CA       {}", quote::word(&certificate.subject));
}

fn write_names(text: &mut String, details: &Details) {
    let _ = writeln!(text, "  names    {}", names_in_certificate(details).join(", "));
}

fn write_dates(text: &mut String, certificate: &Certificate) {
    let _ = writeln!(text, "  until    {}", certificate.not_after);
    let _ = writeln!(text, "  SHA-256  {}", certificate.fingerprint());
}
