//! What has to be made, from what was asked for and what stands. Nothing is touched here.

use std::fmt::{self, Display};

use crate::compose::certs::error::dropped;
use crate::compose::certs::existing::{Authority, Server, Standing};
use crate::compose::certs::key::KeyType;
use crate::compose::certs::server_name::{ALWAYS, Name};
use crate::compose::certs::{MOST_DAYS, Order, Refusal, SERVER};
use crate::sys::output;
use crate::sys::quote;
use crate::trust::certificate::extensions::Details;
use crate::trust::certificate::lints::{self, LintHit};
use crate::trust::certificate::subject_alt_name::SubjectAltName;
use crate::trust::time::Time;

/// Seconds in a day.
pub const DAY: i64 = 86_400;
/// Days that may be left before a server's certificate is made anew, unless it was short-lived.
const RENEW_BEFORE: i64 = 30;

/// What has to be made.
#[derive(Debug)]
pub struct Plan {
    /// Whether a CA is.
    pub makes_authority: bool,
    /// Whether the certificate of a CA that lies elsewhere is copied.
    pub copies_authority: bool,
    /// Why a server's certificate is, if it is.
    pub server: Option<Reason>,
    /// The names that it has, or will have.
    pub names: Vec<Name>,
}

/// Why a server's certificate is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// There is none.
    First,
    /// These are not in the present one.
    Names(Vec<String>),
    /// The present one ends in so many days.
    Days(i64),
    /// Another CA signed the present one.
    Authority,
    /// Its key is of another type than asked for.
    KeyType,
    /// It was asked for.
    Forced,
}

impl Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::First => f.write_str("there was none"),
            Self::Names(names) => write!(f, "it was not for {}", names.join(", ")),
            Self::Days(days) if *days < 0 => f.write_str("the old one had expired"),
            Self::Days(days) => {
                let days = usize::try_from(*days).unwrap_or_default();
                write!(f, "the old one had {} left", output::count(days, "day"))
            }
            Self::Authority => f.write_str("another CA had signed the old one"),
            Self::KeyType => f.write_str("the old one had a key of another type"),
            Self::Forced => f.write_str("everything is made anew"),
        }
    }
}

impl Plan {
    /// Whether everything stands.
    pub fn is_nothing(&self) -> bool {
        !self.makes_authority && !self.copies_authority && self.server.is_none()
    }
}

/// Whether what was asked makes sense by itself.
///
/// # Errors
/// When it does not.
pub fn check(order: &Order, names: &[Name]) -> Result<(), Refusal> {
    if names.is_empty() && !order.ca_only && !order.renew {
        return Err(Refusal::NoNames);
    }
    if !(1..=MOST_DAYS).contains(&order.days) {
        return Err(Refusal::Days(order.days));
    }
    match &order.ca_name {
        Some(name) if !is_authority_name(name) => Err(Refusal::AuthorityName(name.clone())),
        _ => Ok(()),
    }
}

/// What a CA can be called: RFC 5280's ub-common-name, and what can be seen.
fn is_authority_name(name: &str) -> bool {
    (1..=64).contains(&name.chars().count())
        && !name.trim().is_empty()
        && quote::word(name).to_string() == format!("`{name}`")
}

/// Decides.
///
/// # Errors
/// When what stands is in the way.
pub fn plan(
    order: &Order,
    mut names: Vec<Name>,
    standing: &Standing,
    now: Time,
) -> Result<Plan, Refusal> {
    if let Some(authority) = &standing.authority {
        fits(order, authority, now)?;
    } else if order.renew {
        return Err(Refusal::NoAuthority(order.out.path.clone()));
    } else if let Some(server) = &standing.server {
        let issuer = server.certificate.issuer.clone();
        return Err(Refusal::Stranger { path: order.out.path.clone(), issuer });
    }
    let given: Vec<String> = names.iter().map(ToString::to_string).collect();
    let present = standing.server.as_ref().map(|server| plain(&server.details)).unwrap_or_default();
    if names.is_empty() {
        names = present.iter().map(|name| Name::parse(name)).collect::<Result<_, _>>()?;
        if names.is_empty() && !order.ca_only {
            return Err(Refusal::NoNames);
        }
    } else if !order.ca_only {
        let lost = present.iter().filter(|name| !given.contains(name)).cloned();
        let lost: Vec<String> = lost.collect();
        if !lost.is_empty() {
            let typed = |name: &&String| !ALWAYS.contains(&name.as_str());
            let given: Vec<_> = given.iter().filter(typed).cloned().collect();
            let present: Vec<_> = present.iter().filter(typed).cloned().collect();
            return Err(dropped(order, &given, lost, &present));
        }
    }
    let server = if order.ca_only { None } else { reason(order, &given, standing, now) };
    if let (Some(_), Some(authority)) = (&server, &standing.authority) {
        allowed(authority, &names)?;
    }
    Ok(Plan {
        makes_authority: standing.authority.is_none(),
        copies_authority: standing.lacks_copy,
        server,
        names,
    })
}

/// Whether the CA that stands can sign, and is what was asked for.
fn fits(order: &Order, authority: &Authority, now: Time) -> Result<(), Refusal> {
    let certificate = &authority.certificate;
    let (not_before, not_after) = (certificate.not_before, certificate.not_after);
    let label = certificate.label.clone();
    if not_after < now {
        return Err(Refusal::NotValid { label, has_expired: true, on: not_after });
    }
    if not_before > now {
        return Err(Refusal::NotValid { label, has_expired: false, on: not_before });
    }
    let path = order.ca.as_ref().unwrap_or(&order.out).path.clone();
    if order.constrain && authority.details.constraints.is_none() {
        let is = "not constrained".to_owned();
        return Err(Refusal::Stands { path, option: "--constrain", is });
    }
    match &order.ca_name {
        Some(name) if !certificate.subject.split(", ").any(|part| part == format!("CN={name}")) => {
            let is = quote::word(&certificate.subject).to_string();
            Err(Refusal::Stands { path, option: "--ca-name", is })
        }
        _ => Ok(()),
    }
}

fn allowed(authority: &Authority, names: &[Name]) -> Result<(), Refusal> {
    let Some(constraints) = &authority.details.constraints else { return Ok(()) };
    let forbidden = names.iter().find(|name| match name {
        Name::Dns(host) => !constraints.allows_host(host),
        Name::Ip(address) => !constraints.allows_address(*address),
    });
    forbidden.map_or(Ok(()), |name| {
        let subject = authority.certificate.subject.clone();
        Err(Refusal::Forbidden { name: name.to_string(), subject })
    })
}

fn reason(order: &Order, given: &[String], standing: &Standing, now: Time) -> Option<Reason> {
    if order.force {
        return Some(Reason::Forced);
    }
    let (Some(server), Some(authority)) = (&standing.server, &standing.authority) else {
        return Some(Reason::First);
    };
    if !server.is_ours {
        return Some(Reason::Authority);
    }
    let present = plain(&server.details);
    let added: Vec<_> = given.iter().filter(|name| !present.contains(name)).cloned().collect();
    if !added.is_empty() {
        return Some(Reason::Names(added));
    }
    if order.key_type.is_some() && order.key_type != KeyType::of(&server.details.key) {
        return Some(Reason::KeyType);
    }
    few_days(order, server, authority, now).map(Reason::Days)
}

/// The days that are left, if they are few and a new certificate would have more: fewer than thirty,
/// or the last third of one that was made for less than ninety.
fn few_days(order: &Order, server: &Server, authority: &Authority, now: Time) -> Option<i64> {
    let (from, to) = (&server.certificate.not_before, &server.certificate.not_after);
    let left = to.seconds() - now.seconds();
    let few = (RENEW_BEFORE * DAY).min((to.seconds() - from.seconds()) / 3);
    let longest = end(order.days, now, &authority.certificate);
    (left < few && longest > to.seconds() + DAY).then(|| left.div_euclid(DAY))
}

/// When a server's certificate that is made now ends: never after its CA.
pub fn end(days: u32, now: Time, authority: &crate::trust::certificate::Certificate) -> i64 {
    (crate::compose::certs::issue::start(now) + i64::from(days) * DAY)
        .min(authority.not_after.seconds())
}

/// The names in a certificate as they are typed, without what says their kind.
pub fn plain(details: &Details) -> Vec<String> {
    details.names.iter().map(SubjectAltName::host_or_text).collect()
}

/// What is done, and will surprise somebody.
pub fn warnings(
    order: &Order,
    plan: &Plan,
    standing: &Standing,
    now: Time,
) -> Vec<Box<dyn Display>> {
    let mut warnings: Vec<Box<dyn Display>> = Vec::new();
    for (path, mode) in &standing.open_keys {
        warnings.push(Box::new(format!(
            "others may read the key in {} (mode {mode:04o})\nfix: close it: `chmod 0600 {}`",
            quote::path(path),
            quote::shell(path)
        )));
    }
    if let Some(authority) = &standing.authority {
        let known = authority.file.iter().map(crate::trust::certificate::Certificate::name);
        let known = known.collect();
        for lint in lints::findings(&authority.certificate, now, &known) {
            warnings.push(Box::new(LintHit::new(&authority.certificate, lint)));
        }
        let to = authority.certificate.not_after;
        let full = crate::compose::certs::issue::start(now) + i64::from(order.days) * DAY;
        if plan.server.is_some() && to.seconds() < full {
            warnings.push(Box::new(format!(
                "the CA ends on {to}, and so does the server's certificate\n\
                 fix: make a new CA with --force in time, and hand out its certificate"
            )));
        }
    }
    if plan.server.is_some() {
        for name in plan.names.iter().filter(|name| name.has_underscore()) {
            warnings.push(Box::new(format!(
                "{} has an underscore, which RFC 1123 does not allow in host names: some clients \
                 will refuse it\nfix: give the host another name, such as a network alias",
                quote::word(&name.to_string())
            )));
        }
    }
    if plan.makes_authority && order.ca_only && order.path(SERVER).exists() {
        warnings.push(Box::new(format!(
            "the certificate in {} is still below the former CA\n\
             fix: have it made anew: `trust-compose certs` with its names",
            quote::path(&order.path(SERVER))
        )));
    }
    warnings
}
