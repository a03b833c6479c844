//! Issues certificates, in memory.
//!
//! Strict clients (Python 3.13, `openssl verify -x509_strict`) refuse rcgen's defaults, so this module sets
//! dates, key usage, basic constraints and both key identifiers. rcgen derives serial numbers from the new
//! key: the first 20 bytes of its digest, positive.

use std::fmt::Display;

use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DnType, ExtendedKeyUsagePurpose,
    GeneralSubtree, IsCa, Issuer, KeyIdMethod, KeyUsagePurpose, NameConstraints, SanType,
};
use time::OffsetDateTime;

use crate::compose::certs::existing::{Authority, ExistingCerts};
use crate::compose::certs::issuer_name::with_issuer;
use crate::compose::certs::key::{KeyType, PrivateKey};
use crate::compose::certs::options::{
    CA, CA_KEY, CertsOptions, IGNORE, INTERMEDIATE, SERVER, SERVER_KEY,
};
use crate::compose::certs::plan::{CertsPlan, IssueReason};
use crate::compose::certs::server_name::{LOOPBACK_NAMES, ServerName};
use crate::compose::certs::validity::{ca_end, not_before, server_end};
use crate::sys::diagnostic::Diagnostic;
use crate::sys::dir::FILE_MODE;
use crate::sys::dir::PRIVATE_MODE;
use crate::sys::dir::transaction::PendingFile;
use crate::trust::certificate::Certificate;
use crate::trust::certificate::extensions::{Details, key_identifier};
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
        let public = |name, bytes| PendingFile { name, mode: FILE_MODE, bytes };
        let private = |name, key: &PrivateKey| PendingFile {
            name,
            mode: PRIVATE_MODE,
            bytes: key.pem().into_bytes(),
        };
        let mut files = Vec::new();
        if self.ca_is_new {
            files.push(private(CA_KEY, &self.authority.key));
        }
        if self.ca_is_new || self.ca_is_copied {
            files.push(public(CA, self.authority.file.iter().flat_map(pem).collect()));
        }
        if self.ca_is_new && self.authority.is_below_file() {
            files.push(public(INTERMEDIATE, pem(&self.authority.certificate)));
        }
        if let Some(IssuedServer { certificate, key, .. }) = &self.server {
            let above = &self.authority.certificate;
            // Clients that trust only the root need the intermediate (RFC 8446, section 4.4.2).
            let chain = [certificate, above];
            let length = if above.is_self_issued { 1 } else { 2 };
            files.push(private(SERVER_KEY, key));
            files.push(public(SERVER, chain.into_iter().take(length).flat_map(pem).collect()));
        }
        files
    }
}

/// Returns the `.gitignore` that keeps the directory's keys out of version control.
pub(crate) fn gitignore() -> PendingFile {
    PendingFile { name: IGNORE, mode: FILE_MODE, bytes: b"*\n".to_vec() }
}

fn pem(certificate: &Certificate) -> Vec<u8> {
    certificate.pem.text().to_vec()
}

/// Issues a new CA. A constrained one signs with an intermediate that has the constraints too, because Java
/// ignores them in a root (docs/constraints.md); the root's key signs this once, and is written nowhere.
fn issue_authority(
    options: &CertsOptions,
    names: &[ServerName],
    now: Time,
) -> Result<Authority, Diagnostic> {
    let name = authority_name(options, names, now);
    let generate = || PrivateKey::generate(options.key_type.unwrap_or_default());
    let key = generate().map_err(rcgen_error)?;
    let parse = |file, certificate: Result<rcgen::Certificate, _>| {
        parse_issued(options, file, certificate.map_err(rcgen_error)?.der())
    };
    let self_signed = |params: &CertificateParams, key: &PrivateKey| {
        parse(CA, params.self_signed(key.key_pair()))
    };
    let authority = |certificate: Certificate, root, key| Authority {
        details: Details::of(&certificate),
        certificate,
        key,
        file: vec![root],
    };
    if !options.constrain {
        let certificate = self_signed(&authority_params(&name, 0, None, now)?, &key)?;
        return Ok(authority(certificate.clone(), certificate, key));
    }
    let constraints = Some(NameConstraints {
        permitted_subtrees: names.iter().map(subtree).collect(),
        excluded_subtrees: Vec::new(),
    });
    let root_params = authority_params(&name, 1, constraints.clone(), now)?;
    let root_key = generate().map_err(rcgen_error)?;
    let root = self_signed(&root_params, &root_key)?;
    let below = Some(format!("{name} intermediate")).filter(|name| name.len() <= MAX_COMMON_NAME);
    let below = below.unwrap_or_else(|| format!("Intermediate {now}"));
    let issuer = Issuer::from_params(&root_params, root_key.key_pair());
    let params = authority_params(&below, 0, constraints, now)?;
    let certificate = parse(INTERMEDIATE, params.signed_by(key.key_pair(), &issuer))?;
    Ok(authority(certificate, root, key))
}

/// Returns the parameters of a CA above at most `depth` other CAs.
fn authority_params(
    name: &str,
    depth: u8,
    constraints: Option<NameConstraints>,
    now: Time,
) -> Result<CertificateParams, Diagnostic> {
    let mut params = certificate_params(name, now, ca_end(now))?;
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(depth));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.name_constraints = constraints;
    Ok(params)
}

/// Returns the CA's name, such as `reflector.local CA 2025-11-22`: the date distinguishes CAs in one list.
fn authority_name(options: &CertsOptions, names: &[ServerName], now: Time) -> String {
    if let Some(name) = &options.ca_name {
        return name.clone();
    }
    let is_loopback = |name: &ServerName| LOOPBACK_NAMES.contains(&name.to_string().as_str());
    let first = names.first().filter(|name| !options.arguments.is_empty() || !is_loopback(name));
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
    let mut above = CertificateParams::default();
    if let Some(id) = key_identifier(&authority.certificate) {
        above.key_identifier_method = KeyIdMethod::PreSpecified(id);
    }
    let issuer = Issuer::new(above, authority.key.key_pair());
    let signed = params.signed_by(key.key_pair(), &issuer).map_err(rcgen_error)?;
    let name = authority.certificate.subject_der();
    let der = with_issuer(signed.der(), &name, &authority.key)
        .ok_or_else(|| issue_error("the result is not a certificate"))?;
    let certificate = parse_issued(options, SERVER, &der.map_err(rcgen_error)?)?;
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
