//! Plans what to issue, from the options and the existing certificates. It reads and writes no files.

use std::fmt::{self, Display};
use std::net::IpAddr;

use crate::compose::certs::existing::{Authority, ExistingCerts, ExistingServer, no_ca};
use crate::compose::certs::key::KeyType;
use crate::compose::certs::options::{CertsOptions, MAX_DAYS, SERVER, command};
use crate::compose::certs::server_name::{self, LOOPBACK_NAMES, ServerName};
use crate::compose::certs::validity::{renewal_is_due, server_end};
use crate::sys::diagnostic::Diagnostic;
use crate::sys::output;
use crate::sys::quote;
use crate::trust::certificate::Certificate;
use crate::trust::certificate::extensions::{Constraints, Details};
use crate::trust::certificate::subject_alt_name::SubjectAltName;
use crate::trust::time::{DAY, Time};

/// The certificates to issue.
#[derive(Debug)]
pub(crate) struct CertsPlan {
    /// Whether to issue a CA.
    pub issues_ca: bool,
    /// Whether to copy the CA's certificate from another directory.
    pub copies_ca: bool,
    /// The reason to issue a server certificate, if there is one.
    pub server: Option<IssueReason>,
    /// The names in the present or the new server certificate.
    pub names: Vec<ServerName>,
}

/// Why a server certificate is issued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum IssueReason {
    /// No server certificate exists.
    New,
    /// The present certificate does not cover these names.
    Names(Vec<String>),
    /// The present certificate expires in so many days.
    Days(i64),
    /// Another CA signed the present certificate.
    Authority,
    /// The present key has another type than requested.
    KeyType,
    /// `--force` was given.
    Forced,
}

impl Display for IssueReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::New => f.write_str("new"),
            Self::Names(names) => write!(f, "the old one did not cover {}", names.join(", ")),
            Self::Days(days) if *days < 0 => f.write_str("the old one had expired"),
            Self::Days(days) => {
                let days = usize::try_from(*days).unwrap_or_default();
                write!(f, "the old one had {} left", output::count(days, "day"))
            }
            Self::Authority => f.write_str("another CA had signed the old one"),
            Self::KeyType => f.write_str("the old one had a key of another type"),
            Self::Forced => f.write_str("--force"),
        }
    }
}

impl CertsPlan {
    /// Whether the plan is to change nothing.
    pub(crate) fn is_empty(&self) -> bool {
        !self.issues_ca && !self.copies_ca && self.server.is_none()
    }
}

/// Checks the options that do not depend on existing files.
///
/// # Errors
/// At the first invalid option.
pub(crate) fn check_options(
    options: &CertsOptions,
    names: &[ServerName],
) -> Result<(), Diagnostic> {
    if names.is_empty() && !options.ca_only && !options.renew && !options.force {
        return Err(no_names());
    }
    let days = options.days;
    if !(1..=MAX_DAYS).contains(&days) {
        let cause = match days {
            0 => "no client accepts such a certificate".to_owned(),
            _ => format!("Apple's systems accept {MAX_DAYS} at most"),
        };
        let subject = format!("a certificate for {days} days");
        let failed = Diagnostic::cannot("create", subject).named("from --days").because(cause);
        return Err(failed.advise(format!("give a number from 1 to {MAX_DAYS}")).usage());
    }
    match &options.ca_name {
        Some(name) if !is_ca_name(name) => {
            let subject = format!("a CA {}", quote::word(name));
            Err(Diagnostic::cannot("name", subject)
                .named("from --ca-name")
                .because("a name has 1 to 64 visible characters (RFC 5280, appendix A.1)")
                .advise("choose another name")
                .usage())
        }
        _ => Ok(()),
    }
}

fn no_names() -> Diagnostic {
    Diagnostic::cannot("create", "a server's certificate")
        .because("no name was given")
        .advise(
            "name the host that clients connect to, as in `trust-compose certs reflector.local`",
        )
        .usage()
}

/// Whether this is a valid name for a CA: at most RFC 5280's ub-common-name, without invisible characters.
fn is_ca_name(name: &str) -> bool {
    (1..=64).contains(&name.chars().count())
        && !name.trim().is_empty()
        && quote::word(name).to_string() == format!("`{name}`")
}

/// Plans what to issue.
///
/// # Errors
/// When an existing certificate does not allow it.
pub(crate) fn plan_certs(
    options: &CertsOptions,
    mut names: Vec<ServerName>,
    existing: &ExistingCerts,
    now: Time,
) -> Result<CertsPlan, Diagnostic> {
    if let Some(ca) = &existing.authority {
        check_ca(options, ca, now)?;
    } else if options.renew {
        return Err(no_ca(&options.out.path));
    } else if let Some(server) = &existing.server {
        let issuer = quote::word(&server.certificate.issuer);
        let out = format!("a CA in {}", quote::path(&options.out.path));
        return Err(Diagnostic::cannot("create", out)
            .because(format_args!("it contains {SERVER}, issued by {issuer}, which is missing"))
            .advise("name that CA's directory with --ca, or another directory with --out"));
    }
    let server = existing.server.as_ref().map(|server| &server.details.names);
    let present = typed_names(server.unwrap_or(&existing.former_names));
    let typed = std::mem::take(&mut names);
    if !typed.is_empty() || options.ca_only {
        names = typed;
    } else if server.is_none() && present.is_empty() {
        return Err(no_names());
    } else {
        names = server_name::parse_names(&present)?;
    }
    let given: Vec<String> = names.iter().map(ToString::to_string).collect();
    if !options.ca_only && !options.force && present.iter().any(|name| !given.contains(name)) {
        return Err(names_lost(options, &given, &present));
    }
    names.extend(loopback_names(existing.authority.as_ref(), &names)?);
    let given: Vec<String> = names.iter().map(ToString::to_string).collect();
    let server = if options.ca_only { None } else { issue_reason(options, &given, existing, now) };
    if let (Some(_), Some(ca)) = (&server, &existing.authority) {
        check_constraints(options, ca, &names)?;
    }
    Ok(CertsPlan {
        issues_ca: existing.authority.is_none(),
        copies_ca: existing.lacks_copy,
        server,
        names,
    })
}

/// Checks that the existing CA can sign, and that the options describe it.
fn check_ca(options: &CertsOptions, ca: &Authority, now: Time) -> Result<(), Diagnostic> {
    let Certificate { label, not_before, not_after, subject, .. } = ca.anchor();
    let failed = label.cannot("sign with");
    if *not_after < now {
        return Err(failed
            .because(format_args!("it expired on {not_after}"))
            .advise("create a new CA with --force, and distribute its certificate"));
    }
    if *not_before > now {
        return Err(failed
            .because(format_args!("it is valid only from {not_before} on"))
            .advise("check the clocks of this host and of the one that created it"));
    }
    let path = quote::path(&options.ca.as_ref().unwrap_or(&options.out).path);
    let other = |option, is: String| {
        Diagnostic::cannot("use", option)
            .because(format_args!("the CA in {path} exists, and is {is}"))
            .advise("omit the option, or create a new CA with --force")
    };
    if options.constrain && ca.details.constraints.is_none() {
        return Err(other("--constrain", "not constrained".to_owned()));
    }
    match &options.ca_name {
        Some(name) if !subject.split(", ").any(|part| part == format!("CN={name}")) => {
            Err(other("--ca-name", quote::word(subject).to_string()))
        }
        _ => Ok(()),
    }
}

/// Returns the names for clients on the same host that are not among `names`, and that the CA may sign for:
/// another organisation's CA may be constrained to its own names.
fn loopback_names(
    ca: Option<&Authority>,
    names: &[ServerName],
) -> Result<Vec<ServerName>, Diagnostic> {
    let constraints = ca.and_then(|ca| ca.details.constraints.as_ref());
    let mut loopback = server_name::parse_names(&LOOPBACK_NAMES)?;
    loopback.retain(|name| {
        !names.contains(name) && constraints.is_none_or(|constraints| is_allowed(constraints, name))
    });
    Ok(loopback)
}

fn is_allowed(constraints: &Constraints, name: &ServerName) -> bool {
    match name {
        ServerName::Dns(host) => constraints.allows_host(host),
        ServerName::Ip(address) => constraints.allows_address(*address),
    }
}

fn check_constraints(
    options: &CertsOptions,
    ca: &Authority,
    names: &[ServerName],
) -> Result<(), Diagnostic> {
    let Some(constraints) = &ca.details.constraints else { return Ok(()) };
    let forbidden: Vec<_> = names
        .iter()
        .filter(|name| !is_allowed(constraints, name))
        .map(ToString::to_string)
        .collect();
    let Some(first) = forbidden.first() else { return Ok(()) };
    let subject = quote::word(&ca.anchor().subject);
    let forbidden: Vec<_> = forbidden.iter().map(String::as_str).collect();
    let apart = other_directory(options, first);
    let apart = quote::shell(&apart);
    Err(Diagnostic::cannot("sign for", quote::word(first))
        .because(format_args!("{subject} is constrained to other names"))
        .advise(format!(
            "omit the name, or create another CA for it: `{} --out {apart}`",
            command(&forbidden)
        )))
}

/// Returns the diagnostic for names that only the present certificate covers, with a fix for either intent.
fn names_lost(options: &CertsOptions, given: &[String], present: &[String]) -> Diagnostic {
    let lost = present.iter().filter(|name| !given.contains(name));
    let lost: Vec<_> = lost.map(|name| quote::word(name).to_string()).collect();
    let given: Vec<_> = given.iter().map(String::as_str).collect();
    let mut all: Vec<_> = present.iter().map(String::as_str).collect();
    all.extend(given.iter().filter(|name| !present.iter().any(|old| old == *name)));
    let apart = other_directory(options, given.first().copied().unwrap_or("server"));
    let apart = format!(
        "{} --ca {} --out {}",
        command(&given),
        quote::shell(options.ca.as_ref().map_or(&options.out.path, |ca| &ca.path)),
        quote::shell(&apart)
    );
    Diagnostic::cannot("replace", quote::path(&options.path(SERVER)))
        .because(format_args!("it also covers {}, which you did not list", lost.join(", ")))
        .advise(format!("keep its names: `{}`", options.command_line(&all)))
        .advise(format!(
            "for another server, issue another certificate below the same CA: `{apart}`"
        ))
}

/// Returns the name of another directory, for the server `name`.
fn other_directory(options: &CertsOptions, name: &str) -> String {
    let apart = format!("{}-certs", directory_stem(name));
    if options.out.path.ends_with(&apart) { format!("other-{apart}") } else { apart }
}

/// Returns a short form of a name, for the name of a directory.
fn directory_stem(name: &str) -> String {
    let host = name.trim_start_matches("*.");
    match name.parse::<IpAddr>() {
        Ok(_) => name.replace(':', "-"),
        Err(_) => host.split('.').next().unwrap_or(host).to_owned(),
    }
}

fn issue_reason(
    options: &CertsOptions,
    given: &[String],
    existing: &ExistingCerts,
    now: Time,
) -> Option<IssueReason> {
    if options.force {
        return Some(IssueReason::Forced);
    }
    let (Some(server), Some(authority)) = (&existing.server, &existing.authority) else {
        return Some(IssueReason::New);
    };
    if !server.is_signed_by_ca {
        return Some(IssueReason::Authority);
    }
    let present = names_in_certificate(&server.details);
    let added: Vec<_> = given.iter().filter(|name| !present.contains(name)).cloned().collect();
    if !added.is_empty() {
        return Some(IssueReason::Names(added));
    }
    if options.key_type.is_some() && options.key_type != KeyType::from_kind(&server.details.key) {
        return Some(IssueReason::KeyType);
    }
    days_left_if_due(options, server, authority, now).map(IssueReason::Days)
}

/// Returns the remaining days if renewal is due (below thirty, or a third of the validity) and lasts longer.
fn days_left_if_due(
    options: &CertsOptions,
    server: &ExistingServer,
    authority: &Authority,
    now: Time,
) -> Option<i64> {
    let to = &server.certificate.not_after;
    let longest = server_end(options.days, now, &authority.certificate);
    let is_due = renewal_is_due(&server.certificate, now) && longest > to.seconds() + DAY;
    is_due.then(|| (to.seconds() - now.seconds()).div_euclid(DAY))
}

/// Returns the names in a certificate that a user typed: without those that every certificate has.
fn typed_names(names: &[SubjectAltName]) -> Vec<String> {
    let names = names.iter().map(SubjectAltName::host_or_text);
    names.filter(|name| !LOOPBACK_NAMES.contains(&name.as_str())).collect()
}

/// Returns the names in a certificate, as written on the command line.
pub(crate) fn names_in_certificate(details: &Details) -> Vec<String> {
    details.names.iter().map(SubjectAltName::host_or_text).collect()
}
