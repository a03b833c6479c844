//! Explains why clients reject a certificate although they may trust its issuer.

use std::net::IpAddr;

use rustls::CertificateError;

use crate::doctor::diagnosis::context::{Context, RENEW, signing_path};
use crate::doctor::diagnosis::unknown_issuer;
use crate::doctor::endpoint::Endpoint;
use crate::doctor::handshake::HandshakeResult;
use crate::sys::finding::Finding;
use crate::sys::quote;
use crate::trust::certificate::Certificate;
use crate::trust::certificate::extensions::{Details, is_signed_by};
use crate::trust::certificate::subject_alt_name::SubjectAltName;

/// The number of a certificate's names that are printed.
const NAMES: usize = 8;

/// The fix for a certificate that no client accepts from a server.
const RECREATE: &str =
    "create the certificate again: `trust-compose inspect FILE` says what is wrong with it";

/// Returns the finding about a rejected chain.
pub(crate) fn diagnose(
    endpoint: &Endpoint,
    error: &CertificateError,
    result: &HandshakeResult,
    chain: &[Certificate],
    context: &Context<'_>,
) -> Finding {
    let Some(own) = chain.first() else {
        let cause = format!("its certificate cannot be read: {error}");
        return Finding::error("unusable-certificate", endpoint, cause, RECREATE);
    };
    let unknown = || unknown_issuer::diagnose(endpoint, result, chain, context);
    let found = match error {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            Some(expired(endpoint, own, chain, context))
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            Some(not_yet_valid(endpoint, own, chain, context))
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            Some(wrong_name(endpoint, own))
        }
        CertificateError::UnknownIssuer | CertificateError::BadSignature => unknown(),
        CertificateError::UnsupportedSignatureAlgorithmContext { .. }
        | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
            unverifiable(endpoint, chain, context).or_else(unknown)
        }
        CertificateError::Other(_) if own.is_ca => Some(ca_as_server(endpoint, own, context)),
        _ => None,
    };
    found.unwrap_or_else(|| {
        let cause =
            format!("clients refuse the certificate {}: {error}", quote::word(&own.subject));
        Finding::error("unusable-certificate", endpoint, cause, RECREATE)
    })
}

fn expired(
    endpoint: &Endpoint,
    own: &Certificate,
    chain: &[Certificate],
    context: &Context<'_>,
) -> Finding {
    let expired = chain.iter().find(|one| one.not_after < context.now).unwrap_or(own);
    let cause = format!(
        "the certificate {} expired on {}",
        quote::word(&expired.subject),
        expired.not_after
    );
    Finding::error("expired", endpoint, cause, RENEW)
}

fn not_yet_valid(
    endpoint: &Endpoint,
    own: &Certificate,
    chain: &[Certificate],
    context: &Context<'_>,
) -> Finding {
    let early = chain.iter().find(|one| one.not_before > context.now).unwrap_or(own);
    let subject = quote::word(&early.subject);
    let cause = format!("the certificate {subject} is not valid before {}", early.not_before);
    let fix = "set the clock of this machine, or of the one that created the certificate";
    Finding::error("not-yet-valid", endpoint, cause, fix)
}

fn wrong_name(endpoint: &Endpoint, own: &Certificate) -> Finding {
    let names = Details::of(own).names;
    let host = quote::word(&endpoint.host);
    let is_address = endpoint.host.parse::<IpAddr>().is_ok();
    let cause = if names.is_empty() {
        let subject = quote::word(&own.subject);
        format!(
            "the server's certificate has no subject alternative names, so it is not valid for any names: \
             Go, Rust and browsers ignore the name in {subject}"
        )
    } else if is_address && names.contains(&SubjectAltName::Dns(endpoint.host.clone())) {
        format!(
            "the server's certificate has {host} as a DNS name, and clients expect an IP address (IP:{})",
            endpoint.host
        )
    } else {
        let shown =
            names.iter().take(NAMES).map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let more = names.len().saturating_sub(NAMES);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        format!("the server's certificate is for {shown}{more}, not for {host}")
    };
    let fix = "issue it again where it was issued, for this name and all others of the server, then restart the server";
    Finding::error("wrong-name", endpoint, cause, fix)
}

/// The finding about a trusted anchor whose kind of signature rustls does not support.
fn unverifiable(
    endpoint: &Endpoint,
    chain: &[Certificate],
    context: &Context<'_>,
) -> Option<Finding> {
    let last = *signing_path(chain).last()?;
    let file = context.files.first()?;
    let ca = file.anchors.iter().find(|ca| is_signed_by(last, ca))?;
    let cause = format!(
        "{} in {} signed it with an algorithm that rustls does not support: it is not verified here, and \
         clients that use rustls (uv, Deno) refuse it",
        quote::word(&ca.subject),
        file.name()
    );
    let fix = "create a CA with a key that all clients support, as trust-compose certs does";
    Some(Finding::warning("unverifiable", endpoint, cause, fix))
}

/// The finding about a server that sends a CA's own certificate, as `openssl req -x509` creates it.
fn ca_as_server(endpoint: &Endpoint, own: &Certificate, context: &Context<'_>) -> Finding {
    let subject = quote::word(&own.subject);
    let fix = format!("trust-compose certs {}", quote::shell(&endpoint.host));
    let mut files = context.files.iter();
    if let Some(file) = files.find(|file| file.anchors.iter().any(|one| one.der == own.der)) {
        let cause = format!(
            "the server's certificate {subject} is itself a CA, which {} contains: clients that use rustls \
             (uv, Deno) refuse that, those that use OpenSSL accept it",
            file.name()
        );
        return Finding::warning("ca-as-server", endpoint, cause, fix);
    }
    let cause = format!(
        "the server's certificate {subject} is signed by itself, not by a separate CA (\"self-signed \
         certificate\")"
    );
    Finding::error("self-signed", endpoint, cause, fix)
}
