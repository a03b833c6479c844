//! A certificate that a client refuses although it may know who signed it.

use std::net::IpAddr;

use rustls::CertificateError;

use crate::doctor::diagnosis::unknown_issuer::{self, path};
use crate::doctor::diagnosis::{Background, renew};
use crate::doctor::endpoint::Target;
use crate::doctor::handshake::Heard;
use crate::sys::finding::Finding;
use crate::sys::quote;
use crate::trust::certificate::Certificate;
use crate::trust::certificate::extensions::{Details, is_signed_by};
use crate::trust::certificate::subject_alt_name::SubjectAltName;

/// How many of a certificate's names are told.
const NAMES: usize = 8;

/// What mends a certificate that is no good for a server.
const ANEW: &str = "have it made anew: `trust-compose inspect FILE` says what is wrong with it";

/// Why a client refuses the chain.
pub fn diagnose(
    target: &Target,
    error: &CertificateError,
    heard: &Heard,
    chain: &[Certificate],
    background: &Background<'_>,
) -> Finding {
    let Some(own) = chain.first() else {
        let cause = format!("its certificate cannot be read: {error}");
        return Finding::error("unusable-certificate", target, cause, ANEW);
    };
    let unknown = || unknown_issuer::diagnose(target, heard, chain, background);
    let found = match error {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            Some(expired(target, own, chain, background))
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            Some(not_yet(target, own, chain, background))
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            Some(wrong_name(target, own))
        }
        CertificateError::UnknownIssuer | CertificateError::BadSignature => unknown(),
        CertificateError::UnsupportedSignatureAlgorithmContext { .. }
        | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
            unverifiable(target, chain, background).or_else(unknown)
        }
        CertificateError::Other(_) if own.is_ca => Some(authority(target, own, background)),
        _ => None,
    };
    found.unwrap_or_else(|| {
        let cause =
            format!("clients refuse the certificate {}: {error}", quote::word(&own.subject));
        Finding::error("unusable-certificate", target, cause, ANEW)
    })
}

fn expired(
    target: &Target,
    own: &Certificate,
    chain: &[Certificate],
    background: &Background<'_>,
) -> Finding {
    let old = chain.iter().find(|one| one.not_after < background.now).unwrap_or(own);
    let cause =
        format!("the certificate {} expired on {}", quote::word(&old.subject), old.not_after);
    Finding::error("expired", target, cause, renew(target))
}

fn not_yet(
    target: &Target,
    own: &Certificate,
    chain: &[Certificate],
    background: &Background<'_>,
) -> Finding {
    let young = chain.iter().find(|one| one.not_before > background.now).unwrap_or(own);
    let subject = quote::word(&young.subject);
    let cause = format!("the certificate {subject} is not valid before {}", young.not_before);
    let fix = "set the clock of this machine, or of the one that made it";
    Finding::error("not-yet-valid", target, cause, fix)
}

fn wrong_name(target: &Target, own: &Certificate) -> Finding {
    let names = Details::of(own).names;
    let host = quote::word(&target.host);
    let is_address = target.host.parse::<IpAddr>().is_ok();
    let cause = if names.is_empty() {
        let subject = quote::word(&own.subject);
        format!(
            "its certificate has no subject alternative names, so it is not valid for any names: in \
             {subject} neither Go nor Rust nor a browser looks for one"
        )
    } else if is_address && names.contains(&SubjectAltName::Dns(target.host.clone())) {
        format!(
            "its certificate has {host} as a DNS name, and clients want an IP address (IP:{})",
            target.host
        )
    } else {
        let told = names.iter().take(NAMES).map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let more = names.len().saturating_sub(NAMES);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        format!("its certificate is for {told}{more}, not for {host}")
    };
    let host = quote::shell(&target.host);
    let fix =
        format!("trust-compose certs {host} --renew adds the name; then start the server again");
    Finding::error("wrong-name", target, cause, fix)
}

/// The anchor is there, and only its kind of signature is none that rustls knows.
fn unverifiable(
    target: &Target,
    chain: &[Certificate],
    background: &Background<'_>,
) -> Option<Finding> {
    let last = *path(chain).last()?;
    let store = background.stores.first()?;
    let ca = store.anchors.iter().find(|ca| is_signed_by(last, ca))?;
    let cause = format!(
        "{} in {} signed it in a way that rustls does not know, and that is not verified here: its \
         clients (uv, Deno) refuse it",
        quote::word(&ca.subject),
        store.name
    );
    let fix = "make the CA anew with a key that all know: trust-compose certs makes one";
    Some(Finding::warning("unverifiable", target, cause, fix))
}

/// A server that shows a CA's own certificate, as `openssl req -x509` makes it.
fn authority(target: &Target, own: &Certificate, background: &Background<'_>) -> Finding {
    let subject = quote::word(&own.subject);
    let fix = format!(
        "trust-compose certs {} makes a CA and a certificate apart",
        quote::shell(&target.host)
    );
    let mut stores = background.stores.iter();
    if let Some(store) = stores.find(|store| store.anchors.iter().any(|one| one.der == own.der)) {
        let cause = format!(
            "its certificate {subject} is a CA itself, and trusted by {}: clients on rustls (uv, Deno) \
             refuse that, OpenSSL's do not",
            store.name
        );
        return Finding::warning("ca-as-server", target, cause, fix);
    }
    let cause = format!(
        "its certificate {subject} is signed by itself, not by a CA apart (\"self-signed certificate\")"
    );
    Finding::error("self-signed", target, cause, fix)
}
