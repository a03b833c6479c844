//! Certificates are made and signed, in memory.
//!
//! What rcgen makes by itself, strict clients refuse (Python 3.13, `openssl verify -x509_strict`):
//! so both dates, key usage, basic constraints and both key identifiers are asked for here. Serial
//! numbers are the first 20 bytes of a digest of the new key, random and positive.

use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DnType, ExtendedKeyUsagePurpose,
    GeneralSubtree, IsCa, Issuer, KeyUsagePurpose, NameConstraints, SanType,
};
use time::OffsetDateTime;

use crate::compose::certs::existing::{Authority, Standing};
use crate::compose::certs::key::{Key, KeyType};
use crate::compose::certs::plan::{DAY, Plan, Reason, end};
use crate::compose::certs::server_name::{self, Name};
use crate::compose::certs::{CA, CA_KEY, IGNORE, Order, Refusal, SERVER, SERVER_KEY};
use crate::sys::dir::FILE_MODE;
use crate::sys::dir::PRIVATE_MODE;
use crate::sys::dir::transaction::Part;
use crate::trust::certificate::Certificate;
use crate::trust::certificate::extensions::{Details, is_signed_by};
use crate::trust::source::Label;
use crate::trust::source::Named;
use crate::trust::time::Time;

/// Clocks differ: a certificate is valid from an hour before it was made.
const HEAD_START: i64 = 3_600;
/// A CA's years, in days.
const AUTHORITY_DAYS: i64 = 3_650;
/// The longest common name (ub-common-name, RFC 5280, appendix A.1).
const LONGEST_NAME: usize = 64;

/// What was made.
pub struct Set {
    /// The CA: new, or the one that stood.
    pub authority: Authority,
    /// Whether it is new.
    pub authority_is_new: bool,
    /// Whether its certificate was copied from elsewhere.
    pub authority_is_copied: bool,
    /// The server's certificate, its key, and why it was made.
    pub server: Option<(Certificate, Key, Reason)>,
}

/// The first moment of what is made now.
pub fn start(now: Time) -> i64 {
    now.seconds() - HEAD_START
}

/// Makes what `plan` says.
pub fn issue(order: &Order, plan: Plan, standing: Standing, now: Time) -> Result<Set, Refusal> {
    let authority = match standing.authority {
        Some(authority) => authority,
        None => authority(order, &plan.names, now)?,
    };
    let kind = match (order.key_type, &standing.server) {
        (Some(kind), _) => kind,
        (None, Some(server)) => KeyType::of(&server.details.key).unwrap_or_default(),
        (None, None) => KeyType::of(&authority.details.key).unwrap_or_default(),
    };
    let server = match plan.server {
        Some(reason) => {
            let (certificate, key) = server(order, &authority, &plan.names, kind, now)?;
            Some((certificate, key, reason))
        }
        None => None,
    };
    Ok(Set {
        authority,
        authority_is_new: plan.makes_authority,
        authority_is_copied: plan.copies_authority,
        server,
    })
}

impl Set {
    /// The files to write.
    pub fn parts(&self) -> Vec<Part> {
        let public = |name, text| Part { name, mode: FILE_MODE, text };
        let private = |name, key: &Key| Part { name, mode: PRIVATE_MODE, text: key.pem() };
        let mut parts = Vec::new();
        if self.authority_is_new {
            parts.push(private(CA_KEY, &self.authority.key));
        }
        if self.authority_is_new || self.authority_is_copied {
            parts.push(public(CA, self.authority.file.iter().map(pem).collect()));
        }
        if let Some((certificate, key, _)) = &self.server {
            let above = &self.authority.certificate;
            // Whoever trusts only the root needs what is between (RFC 8446, section 4.4.2).
            let chain = [certificate, above];
            let length = if above.is_self_issued { 1 } else { 2 };
            parts.push(private(SERVER_KEY, key));
            parts.push(public(SERVER, chain.into_iter().take(length).map(pem).collect()));
        }
        parts
    }
}

/// What keeps a directory of keys out of version control.
pub fn ignore() -> Part {
    Part { name: IGNORE, mode: FILE_MODE, text: "*\n".to_owned() }
}

fn pem(certificate: &Certificate) -> String {
    String::from_utf8_lossy(certificate.pem.text()).into_owned()
}

/// A new CA.
fn authority(order: &Order, names: &[Name], now: Time) -> Result<Authority, Refusal> {
    let mut params =
        params(&authority_name(order, names, now), now, start(now) + AUTHORITY_DAYS * DAY)?;
    // It signs servers, never another CA.
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    if order.constrain {
        let always = server_name::names(&[])?;
        let permitted_subtrees =
            names.iter().chain(always.iter().filter(|name| !names.contains(name)));
        params.name_constraints = Some(NameConstraints {
            permitted_subtrees: permitted_subtrees.map(subtree).collect(),
            excluded_subtrees: Vec::new(),
        });
    }
    let key = Key::make(order.key_type.unwrap_or_default())?;
    let certificate = read(order, CA, params.self_signed(key.pair())?.der())?;
    let details = Details::of(&certificate);
    Ok(Authority { file: vec![certificate.clone()], certificate, details, key })
}

/// `reflector.local CA 2025-11-22`, so that two are told apart in a list of hundreds.
fn authority_name(order: &Order, names: &[Name], now: Time) -> String {
    if let Some(name) = &order.ca_name {
        return name.clone();
    }
    let first = if order.words.is_empty() { None } else { names.first() };
    let first = first.map(|name| name.to_string().trim_start_matches("*.").to_owned());
    let dated = first.map(|name| format!("{name} CA {now}"));
    dated.filter(|name| name.len() <= LONGEST_NAME).unwrap_or_else(|| format!("Private CA {now}"))
}

/// A wildcard's host, and whatever is below it; or one address.
fn subtree(name: &Name) -> GeneralSubtree {
    match name {
        Name::Dns(host) => GeneralSubtree::DnsName(host.trim_start_matches("*.").to_owned()),
        Name::Ip(address) => {
            let bits = if address.is_ipv4() { 32 } else { 128 };
            GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(*address, bits))
        }
    }
}

/// A new server's certificate below `authority`.
fn server(
    order: &Order,
    authority: &Authority,
    names: &[Name],
    kind: KeyType,
    now: Time,
) -> Result<(Certificate, Key), Refusal> {
    let first = names.first().map(ToString::to_string);
    let first = first.filter(|name| name.len() <= LONGEST_NAME);
    let first = first.unwrap_or_else(|| "server".to_owned());
    let mut params = params(&first, now, end(order.days, now, &authority.certificate))?;
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    for name in names {
        params.subject_alt_names.push(match name {
            Name::Dns(host) => SanType::DnsName(host.as_str().try_into()?),
            Name::Ip(address) => SanType::IpAddress(*address),
        });
    }
    let key = Key::make(kind)?;
    let issuer = Issuer::from_ca_cert_der(&authority.certificate.der, authority.key.pair())?;
    let certificate = read(order, SERVER, params.signed_by(key.pair(), &issuer)?.der())?;
    // rcgen writes the CA's name anew, and not every name comes out as it was.
    if !is_signed_by(&certificate, &authority.certificate) {
        let cause = "the CA's name cannot be written as it stands in its certificate";
        return Err(Refusal::Sign(cause.to_owned()));
    }
    Ok((certificate, key))
}

/// What both have in common. The last second belongs to the validity (RFC 5280, section 4.1.2.5).
fn params(name: &str, now: Time, end: i64) -> Result<CertificateParams, Refusal> {
    let moment = |seconds| {
        OffsetDateTime::from_unix_timestamp(seconds)
            .map_err(|_| Refusal::Sign("this host's clock is far off".to_owned()))
    };
    let mut params = CertificateParams::default();
    params.distinguished_name.remove(DnType::CommonName);
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = moment(start(now))?;
    params.not_after = moment(end - 1)?;
    params.use_authority_key_identifier_extension = true;
    Ok(params)
}

/// What was made, read as whoever gets it will read it.
fn read(order: &Order, file: &str, der: &[u8]) -> Result<Certificate, Refusal> {
    let label = Label::Path(Named { path: order.path(file), origin: order.out.origin });
    Certificate::read(der, &label)
        .ok_or_else(|| Refusal::Sign("what was made is no certificate".to_owned()))
}
