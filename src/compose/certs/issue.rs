//! Issues certificates, in memory.
//!
//! Strict clients (Python 3.13, `openssl verify -x509_strict`) refuse rcgen's defaults: so dates, key usage, basic
//! constraints and both key identifiers are set here. Serial numbers are the first 20 bytes of a digest of the new
//! key, random and positive.

use std::fmt::Display;

use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DnType, ExtendedKeyUsagePurpose,
    GeneralSubtree, IsCa, Issuer, KeyUsagePurpose, NameConstraints, SanType,
};
use time::OffsetDateTime;

use crate::compose::certs::existing::{Authority, ExistingCerts};
use crate::compose::certs::key::{Key, KeyType};
use crate::compose::certs::options::{CA, CA_KEY, CertsOptions, IGNORE, SERVER, SERVER_KEY};
use crate::compose::certs::plan::{Plan, Reason};
use crate::compose::certs::server_name::{self, Name};
use crate::compose::certs::validity::{ca_end, end, start};
use crate::sys::diagnostic::Diagnostic;
use crate::sys::dir::FILE_MODE;
use crate::sys::dir::PRIVATE_MODE;
use crate::sys::dir::transaction::PendingFile;
use crate::trust::certificate::Certificate;
use crate::trust::certificate::extensions::{Details, is_signed_by};
use crate::trust::source::Label;
use crate::trust::time::Time;

/// The longest common name (ub-common-name, RFC 5280, appendix A.1).
const LONGEST_NAME: usize = 64;

/// The certificates of a run.
pub(crate) struct Set {
    /// The CA: new, or the existing one.
    pub authority: Authority,
    /// Whether it is new.
    pub ca_is_new: bool,
    /// Whether its certificate was copied from elsewhere.
    pub ca_is_copied: bool,
    /// The server's certificate, if one was issued.
    pub server: Option<IssuedServer>,
}

/// A new server's certificate.
pub(crate) struct IssuedServer {
    /// The certificate.
    pub certificate: Certificate,
    /// Its key.
    pub key: Key,
    /// Why it was issued.
    pub reason: Reason,
}

/// Issues the certificates of `plan`.
///
/// # Errors
/// When rcgen cannot sign.
pub(crate) fn issue(
    options: &CertsOptions,
    plan: Plan,
    existing: ExistingCerts,
    now: Time,
) -> Result<Set, Diagnostic> {
    let authority = match existing.authority {
        Some(authority) => authority,
        None => authority(options, &plan.names, now)?,
    };
    let kind = match (options.key_type, &existing.server) {
        (Some(kind), _) => kind,
        (None, Some(server)) => KeyType::of(&server.details.key).unwrap_or_default(),
        (None, None) => KeyType::of(&authority.details.key).unwrap_or_default(),
    };
    let server = match plan.server {
        Some(reason) => {
            let (certificate, key) = server(options, &authority, &plan.names, kind, now)?;
            Some(IssuedServer { certificate, key, reason })
        }
        None => None,
    };
    Ok(Set { authority, ca_is_new: plan.issues_ca, ca_is_copied: plan.copies_ca, server })
}

impl Set {
    /// The files to write.
    pub(crate) fn files(&self) -> Vec<PendingFile> {
        let public = |name, text| PendingFile { name, mode: FILE_MODE, text };
        let private = |name, key: &Key| PendingFile { name, mode: PRIVATE_MODE, text: key.pem() };
        let mut files = Vec::new();
        if self.ca_is_new {
            files.push(private(CA_KEY, &self.authority.key));
        }
        if self.ca_is_new || self.ca_is_copied {
            files.push(public(CA, self.authority.file.iter().map(pem).collect()));
        }
        if let Some(IssuedServer { certificate, key, .. }) = &self.server {
            let above = &self.authority.certificate;
            // Clients that trust only the root need the intermediate (RFC 8446, section 4.4.2).
            let chain = [certificate, above];
            let length = if above.is_self_issued { 1 } else { 2 };
            files.push(private(SERVER_KEY, key));
            files.push(public(SERVER, chain.into_iter().take(length).map(pem).collect()));
        }
        files
    }
}

/// The file that keeps a directory of keys out of version control.
pub(crate) fn ignore() -> PendingFile {
    PendingFile { name: IGNORE, mode: FILE_MODE, text: "*\n".to_owned() }
}

fn pem(certificate: &Certificate) -> String {
    String::from_utf8_lossy(certificate.pem.text()).into_owned()
}

/// A new CA.
fn authority(options: &CertsOptions, names: &[Name], now: Time) -> Result<Authority, Diagnostic> {
    let mut params = params(&authority_name(options, names, now), now, ca_end(now))?;
    // It signs servers, never another CA.
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    if options.constrain {
        let always = server_name::names(&[])?;
        let permitted_subtrees =
            names.iter().chain(always.iter().filter(|name| !names.contains(name)));
        params.name_constraints = Some(NameConstraints {
            permitted_subtrees: permitted_subtrees.map(subtree).collect(),
            excluded_subtrees: Vec::new(),
        });
    }
    let key = Key::make(options.key_type.unwrap_or_default()).map_err(not_signed)?;
    let certificate = read(options, CA, params.self_signed(key.pair()).map_err(not_signed)?.der())?;
    let details = Details::of(&certificate);
    Ok(Authority { file: vec![certificate.clone()], certificate, details, key })
}

/// `reflector.local CA 2025-11-22`: with a date, as several can be in one list.
fn authority_name(options: &CertsOptions, names: &[Name], now: Time) -> String {
    if let Some(name) = &options.ca_name {
        return name.clone();
    }
    let first = if options.arguments.is_empty() { None } else { names.first() };
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
    options: &CertsOptions,
    authority: &Authority,
    names: &[Name],
    kind: KeyType,
    now: Time,
) -> Result<(Certificate, Key), Diagnostic> {
    let first = names.first().map(ToString::to_string);
    let first = first.filter(|name| name.len() <= LONGEST_NAME);
    let first = first.unwrap_or_else(|| "server".to_owned());
    let mut params = params(&first, now, end(options.days, now, &authority.certificate))?;
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    for name in names {
        params.subject_alt_names.push(match name {
            Name::Dns(host) => SanType::DnsName(host.as_str().try_into().map_err(not_signed)?),
            Name::Ip(address) => SanType::IpAddress(*address),
        });
    }
    let key = Key::make(kind).map_err(not_signed)?;
    let issuer = Issuer::from_ca_cert_der(&authority.certificate.der, authority.key.pair());
    let signed = issuer.and_then(|issuer| params.signed_by(key.pair(), &issuer));
    let certificate = read(options, SERVER, signed.map_err(not_signed)?.der())?;
    // rcgen encodes the CA's name again, and not every name comes out identical.
    if !is_signed_by(&certificate, &authority.certificate) {
        return Err(unsigned("the CA's name cannot be encoded as it is in its certificate"));
    }
    Ok((certificate, key))
}

/// The parameters of both kinds. The last second belongs to the validity (RFC 5280, section 4.1.2.5).
fn params(name: &str, now: Time, end: i64) -> Result<CertificateParams, Diagnostic> {
    let moment = |seconds| {
        OffsetDateTime::from_unix_timestamp(seconds)
            .map_err(|_| unsigned("this host's clock is far off"))
    };
    let mut params = CertificateParams::default();
    params.distinguished_name.remove(DnType::CommonName);
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = moment(start(now))?;
    params.not_after = moment(end - 1)?;
    params.use_authority_key_identifier_extension = true;
    Ok(params)
}

/// The new certificate, read as its clients will read it.
fn read(options: &CertsOptions, file: &str, der: &[u8]) -> Result<Certificate, Diagnostic> {
    let label = Label::new(options.path(file), options.out.origin);
    Certificate::read(der, &label).ok_or_else(|| unsigned("the result is not a certificate"))
}

#[expect(clippy::needless_pass_by_value, reason = "as `map_err` passes it")]
fn not_signed(error: rcgen::Error) -> Diagnostic {
    unsigned(error.to_string().trim_end().to_lowercase())
}

fn unsigned(cause: impl Display) -> Diagnostic {
    Diagnostic::cannot("make", "a certificate").because(cause).advise("make a new CA with --force")
}
