//! From a handshake to findings: the anchor that the server's chain ends in, why it ends in none
//! (`rejected`, `unknown_issuer`), or why there is no chain (`connection`).

pub(crate) mod context;
pub(crate) mod connection;
pub(crate) mod unknown_issuer;
pub(crate) mod rejected;
pub(crate) mod strict_clients;

use std::path::Path;

use rustls::pki_types::CertificateDer;

use crate::doctor::anchor_file::{AnchorFile, label, roots};
use crate::doctor::diagnosis::context::{Context, RENEW, accepts, signing_path};
use crate::doctor::endpoint::Endpoint;
use crate::doctor::handshake::{HandshakeError, HandshakeResult};
use crate::sys::finding::Finding;
use crate::sys::finding::chain::Link;
use crate::sys::output;
use crate::sys::quote;
use crate::trust::certificate::Certificate;
use crate::trust::certificate::extensions::Details;

/// Returns the findings about a handshake with `endpoint`.
pub(crate) fn diagnose(
    endpoint: &Endpoint,
    result: &HandshakeResult,
    context: &Context<'_>,
) -> Vec<Finding> {
    if !endpoint.is_https {
        return vec![connection::plain_http(endpoint, result)];
    }
    let chain: Vec<_> = result.chain.iter().filter_map(read).collect();
    match &result.end {
        Ok(()) => verified(endpoint, result, &chain, context),
        Err(HandshakeError::Certificate(error)) => {
            let finding = rejected::diagnose(endpoint, error, result, &chain, context);
            vec![finding.with_chain(links(&chain, None))]
        }
        Err(error) => vec![connection::diagnose(endpoint, error).with_chain(links(&chain, None))],
    }
}

fn read(der: &CertificateDer<'static>) -> Option<Certificate> {
    Certificate::read(der, &label(Path::new("")))
}

/// Returns the chain as the server sent it, and the anchor that it ends in, with its file.
fn links(chain: &[Certificate], anchor: Option<(&Certificate, &AnchorFile)>) -> Vec<Link> {
    let link = |certificate: &Certificate, sent: bool| {
        let Details { key, names, key_identifier, issuer_key_identifier, .. } =
            Details::of(certificate);
        let file = anchor.filter(|(anchor, _)| anchor.der == certificate.der);
        let path = file.and_then(|(_, file)| file.path.as_deref());
        Link {
            subject: certificate.subject.clone(),
            issuer: certificate.issuer.clone(),
            not_before: certificate.not_before.moment(),
            not_after: certificate.not_after.moment(),
            key: key.to_string(),
            names: names.iter().map(ToString::to_string).collect(),
            key_identifier,
            issuer_key_identifier,
            sha256: certificate.fingerprint().to_string(),
            sent,
            file: file.map(|(_, file)| {
                path.map_or_else(|| file.name(), |path| path.to_string_lossy().into_owned())
            }),
            pem: String::from_utf8_lossy(certificate.pem.text()).into_owned(),
        }
    };
    let mut links: Vec<_> = chain.iter().map(|one| link(one, true)).collect();
    let not_sent = anchor.filter(|(anchor, _)| chain.iter().all(|one| one.der != anchor.der));
    links.extend(not_sent.map(|(anchor, _)| link(anchor, false)));
    links
}

fn verified(
    endpoint: &Endpoint,
    result: &HandshakeResult,
    chain: &[Certificate],
    context: &Context<'_>,
) -> Vec<Finding> {
    let version = result.version.and_then(|version| version.as_str());
    let version = version.unwrap_or("TLS").replace("TLSv", "TLS ").replace('_', ".");
    let until = chain.first().map(|own| own.not_after.to_string()).unwrap_or_default();
    let file = context.files.first();
    let anchor = file.and_then(|file| Some((find_anchor(file, endpoint, result, chain)?, file)));
    let name = anchor.map_or("an anchor", |(anchor, _)| anchor.subject.as_str());
    let file = file.map(AnchorFile::name).unwrap_or_default();
    let cause =
        format!("verified, {version}: valid until {until}, by {} in {file}", quote::word(name));
    let mut findings =
        vec![Finding::ok("verified", endpoint, cause).with_chain(links(chain, anchor))];
    let mut path = signing_path(chain);
    if let Some((anchor, file)) = anchor {
        let last = path.iter().position(|one| one.issuer == anchor.subject);
        path.truncate(last.map_or(path.len(), |last| last + 1));
        findings.extend(strict_clients::anchor(endpoint, anchor, file, context));
        findings.extend(strict_clients::chain(endpoint, &path, anchor));
    }
    findings.extend(expiring(endpoint, &path, context));
    findings.extend(rejected_by_other_files(endpoint, result, context));
    if result.is_client_certificate_requested {
        let cause = "the server asks for a client certificate, and completes the handshake without one (a \
                     server that requires one after all, as nginx can, answers 400 later)";
        findings.push(Finding::ok("client-certificate-optional", endpoint, cause));
    }
    findings
}

/// Returns the anchor in `file` that the chain ends in; of several with the same key, the one that is valid
/// longest.
fn find_anchor<'a>(
    file: &'a AnchorFile,
    endpoint: &Endpoint,
    result: &HandshakeResult,
    chain: &[Certificate],
) -> Option<&'a Certificate> {
    let may_be = |anchor: &&Certificate| {
        chain.iter().any(|one| one.issuer == anchor.subject || one.der == anchor.der)
    };
    let is_end = |anchor: &&Certificate| accepts(&roots([*anchor]), endpoint, result);
    file.anchors.iter().filter(may_be).filter(is_end).max_by_key(|anchor| anchor.not_after)
}

fn expiring(endpoint: &Endpoint, path: &[&Certificate], context: &Context<'_>) -> Option<Finding> {
    let first = path.iter().min_by_key(|one| one.not_after)?;
    let days = first.not_after.days_from(context.now);
    first.ends_within(context.days, context.now).then(|| {
        let name = if Some(&first.der) == path.first().map(|own| &own.der) {
            "the server's certificate".to_owned()
        } else {
            format!("the intermediate {}", quote::word(&first.subject))
        };
        let days = output::count(usize::try_from(days).unwrap_or_default(), "day");
        let cause = format!("{name} expires in {days} ({})", first.not_after);
        Finding::warning("expires-soon", endpoint, cause, RENEW)
    })
}

/// Reports the files of anchors that some programs read and that do not verify the chain.
fn rejected_by_other_files<'a>(
    endpoint: &'a Endpoint,
    result: &'a HandshakeResult,
    context: &'a Context<'_>,
) -> impl Iterator<Item = Finding> + 'a {
    let others = context.files.iter().skip(1);
    others.filter(|file| !accepts(&file.roots(), endpoint, result)).map(move |file| {
        let cause = format!(
            "programs that read {} ({}) refuse the server: the file contains no anchor for it",
            file.name(),
            file.readers
        );
        let fix = "add the CA to that file, or unset the variable";
        Finding::error("reader-refuses", endpoint, cause, fix)
    })
}
