//! Issues certificates, in memory.
//!
//! Strict clients (Python 3.13, `openssl verify -x509_strict`) refuse rcgen's defaults, so this module sets
//! dates, key usage, basic constraints and both key identifiers. rcgen derives serial numbers from the new
//! key: the first 20 bytes of its digest, positive.

use std::fmt::Display;

use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DnType, ExtendedKeyUsagePurpose,
    GeneralSubtree, IsCa, Issuer, KeyUsagePurpose, NameConstraints, SanType,
};
use time::OffsetDateTime;

use crate::compose::certs::existing::{Authority, ExistingCerts};
use crate::compose::certs::key::{KeyType, PrivateKey};
use crate::compose::certs::options::{CA, CA_KEY, CertsOptions, IGNORE, SERVER, SERVER_KEY};
use crate::compose::certs::plan::{CertsPlan, IssueReason};
use crate::compose::certs::server_name::{self, ServerName};
use crate::compose::certs::validity::{ca_end, not_before, server_end};
use crate::sys::diagnostic::Diagnostic;
use crate::sys::dir::FILE_MODE;
use crate::sys::dir::PRIVATE_MODE;
use crate::sys::dir::transaction::PendingFile;
use crate::trust::certificate::Certificate;
use crate::trust::certificate::extensions::{Details, is_signed_by};
use crate::trust::source::Label;
use crate::trust::time::Time;

/// The longest common name (ub-common-name, RFC 5280, appendix A.1).
const MAX_COMMON_NAME: usize = 64;

/// The certificates of one run.
pub(crate) struct IssuedCerts {
    /// The CA: new, or the existing one.
    pub authority: Authority,
    /// Whether this run issued the CA.
    pub ca_is_new: bool,
    /// Whether this run copied the CA's certificate from another directory.
    pub ca_is_copied: bool,
    /// The server certificate, if this run issued one.
    pub server: Option<IssuedServer>,
}

/// A new server certificate.
pub(crate) struct IssuedServer {
    /// The certificate.
    pub certificate: Certificate,
    /// The server's key.
    pub key: PrivateKey,
    /// The reason for issuing it.
    pub reason: IssueReason,
}

/// Issues the certificates of `plan`.
///
/// # Errors
/// When rcgen cannot sign.
pub(crate) fn issue(
    options: &CertsOptions,
    plan: CertsPlan,
    existing: ExistingCerts,
    now: Time,
) -> Result<IssuedCerts, Diagnostic> {
    let authority = match existing.authority {
        Some(authority) => authority,
        None => issue_authority(options, &plan.names, now)?,
    };
    let kind = match (options.key_type, &existing.server) {
        (Some(kind), _) => kind,
        (None, Some(server)) => KeyType::from_kind(&server.details.key).unwrap_or_default(),
        (None, None) => KeyType::from_kind(&authority.details.key).unwrap_or_default(),
    };
    let server = match plan.server {
        Some(reason) => {
            let (certificate, key) = issue_server(options, &authority, &plan.names, kind, now)?;
            Some(IssuedServer { certificate, key, reason })
        }
        None => None,
    };
    Ok(IssuedCerts { authority, ca_is_new: plan.issues_ca, ca_is_copied: plan.copies_ca, server })
}

impl IssuedCerts {
    /// Returns the files to write.
    pub(crate) fn files(&self) -> Vec<PendingFile> {
        let public = |name, text| PendingFile { name, mode: FILE_MODE, text };
        let private =
            |name, key: &PrivateKey| PendingFile { name, mode: PRIVATE_MODE, text: key.pem() };
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

/// Returns the `.gitignore` that keeps the directory's keys out of version control.
pub(crate) fn gitignore() -> PendingFile {
    PendingFile { name: IGNORE, mode: FILE_MODE, text: "*\n".to_owned() }
}

fn pem(certificate: &Certificate) -> String {
    String::from_utf8_lossy(certificate.pem.text()).into_owned()
}

/// Issues a new CA.
fn issue_authority(
    options: &CertsOptions,
    names: &[ServerName],
    now: Time,
) -> Result<Authority, Diagnostic> {
    let mut params = certificate_params(&authority_name(options, names, now), now, ca_end(now))?;
    // It signs servers, never another CA.
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    if options.constrain {
        let always = server_name::parse_names(&[])?;
        let permitted_subtrees =
            names.iter().chain(always.iter().filter(|name| !names.contains(name)));
        params.name_constraints = Some(NameConstraints {
            permitted_subtrees: permitted_subtrees.map(subtree).collect(),
            excluded_subtrees: Vec::new(),
        });
    }
    let key = PrivateKey::generate(options.key_type.unwrap_or_default()).map_err(rcgen_error)?;
    let certificate =
        parse_issued(options, CA, params.self_signed(key.key_pair()).map_err(rcgen_error)?.der())?;
    let details = Details::of(&certificate);
    Ok(Authority { file: vec![certificate.clone()], certificate, details, key })
}

/// Returns the CA's name, such as `reflector.local CA 2025-11-22`: the date distinguishes CAs in one list.
fn authority_name(options: &CertsOptions, names: &[ServerName], now: Time) -> String {
    if let Some(name) = &options.ca_name {
        return name.clone();
    }
    let first = if options.arguments.is_empty() { None } else { names.first() };
    let first = first.map(|name| name.to_string().trim_start_matches("*.").to_owned());
    let dated = first.map(|name| format!("{name} CA {now}"));
    dated
        .filter(|name| name.len() <= MAX_COMMON_NAME)
        .unwrap_or_else(|| format!("Private CA {now}"))
}

/// Returns the constraint for a name: a host with all its subdomains, or one address.
fn subtree(name: &ServerName) -> GeneralSubtree {
    match name {
        ServerName::Dns(host) => GeneralSubtree::DnsName(host.trim_start_matches("*.").to_owned()),
        ServerName::Ip(address) => {
            let bits = if address.is_ipv4() { 32 } else { 128 };
            GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(*address, bits))
        }
    }
}

/// Issues a server certificate, signed by `authority`.
fn issue_server(
    options: &CertsOptions,
    authority: &Authority,
    names: &[ServerName],
    kind: KeyType,
    now: Time,
) -> Result<(Certificate, PrivateKey), Diagnostic> {
    let first = names.first().map(ToString::to_string);
    let first = first.filter(|name| name.len() <= MAX_COMMON_NAME);
    let first = first.unwrap_or_else(|| "server".to_owned());
    let mut params =
        certificate_params(&first, now, server_end(options.days, now, &authority.certificate))?;
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    for name in names {
        params.subject_alt_names.push(match name {
            ServerName::Dns(host) => {
                SanType::DnsName(host.as_str().try_into().map_err(rcgen_error)?)
            }
            ServerName::Ip(address) => SanType::IpAddress(*address),
        });
    }
    let key = PrivateKey::generate(kind).map_err(rcgen_error)?;
    let issuer = Issuer::from_ca_cert_der(&authority.certificate.der, authority.key.key_pair());
    let signed = issuer.and_then(|issuer| params.signed_by(key.key_pair(), &issuer));
    let certificate = parse_issued(options, SERVER, signed.map_err(rcgen_error)?.der())?;
    // rcgen encodes the CA's name again, and the result may differ from the original.
    if !is_signed_by(&certificate, &authority.certificate) {
        return Err(issue_error("the CA's name cannot be encoded as it is in its certificate"));
    }
    Ok((certificate, key))
}

/// Returns the parameters common to both certificates. `end` is exclusive, notAfter inclusive (RFC 5280,
/// section 4.1.2.5).
fn certificate_params(name: &str, now: Time, end: i64) -> Result<CertificateParams, Diagnostic> {
    let moment = |seconds| {
        OffsetDateTime::from_unix_timestamp(seconds)
            .map_err(|_| issue_error("this host's clock is far off"))
    };
    let mut params = CertificateParams::default();
    params.distinguished_name.remove(DnType::CommonName);
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = moment(not_before(now))?;
    params.not_after = moment(end - 1)?;
    params.use_authority_key_identifier_extension = true;
    Ok(params)
}

/// Parses the new certificate, as its clients will.
fn parse_issued(options: &CertsOptions, file: &str, der: &[u8]) -> Result<Certificate, Diagnostic> {
    let label = Label::new(options.path(file), options.out.origin);
    Certificate::read(der, &label).ok_or_else(|| issue_error("the result is not a certificate"))
}

#[expect(clippy::needless_pass_by_value, reason = "as `map_err` passes it")]
fn rcgen_error(error: rcgen::Error) -> Diagnostic {
    issue_error(error.to_string().trim_end().to_lowercase())
}

fn issue_error(cause: impl Display) -> Diagnostic {
    Diagnostic::cannot("create", "a certificate")
        .because(cause)
        .advise("create a new CA with --force")
}
