//! From what a server sent to findings: which anchor its chain ends in, or exactly why it ends in none
//! (`refused`, `issuer`), or why there is no chain at all (`broken`).

pub mod connection;
pub mod unknown_issuer;
pub mod rejected;
pub mod strict_clients;

use std::sync::Arc;

use rustls::client::danger::ServerCertVerifier as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, Error, RootCertStore};

use crate::doctor::diagnosis::unknown_issuer::path;
use crate::doctor::endpoint::Target;
use crate::doctor::handshake::{End, Heard, verifier};
use crate::sys::finding::Finding;
use crate::sys::finding::link::Link;
use crate::sys::output;
use crate::sys::quote;
use crate::trust::certificate::Certificate;
use crate::trust::certificate::extensions::Details;
use crate::trust::source::Label;
use crate::trust::source::{Named, Origin};
use crate::trust::time::Time;

/// A file of trust anchors.
#[derive(Debug)]
pub struct Store {
    /// Where it is, in backticks.
    pub name: String,
    /// The variables that name it.
    pub readers: String,
    /// What is in it.
    pub anchors: Vec<Certificate>,
}

impl Store {
    /// The anchors as rustls has them. What it cannot use is not an anchor for it.
    pub fn roots(&self) -> Arc<RootCertStore> {
        roots(&self.anchors)
    }
}

/// What a diagnosis takes into account besides the call itself.
#[derive(Debug)]
pub struct Background<'a> {
    /// The files of anchors, that of most programs first.
    pub stores: &'a [Store],
    /// Certificates that lie at hand and are trusted by none of them, each with its file.
    pub at_hand: &'a [Certificate],
    /// This moment.
    pub now: Time,
    /// How many days a certificate should still be valid.
    pub days: i64,
}

/// What came of the call to `target`, in findings.
pub fn diagnose(target: &Target, heard: &Heard, background: &Background<'_>) -> Vec<Finding> {
    if !target.is_https {
        return vec![connection::plainly(target, heard)];
    }
    let chain: Vec<_> = heard.chain.iter().filter_map(|der| read(der)).collect();
    match &heard.end {
        Ok(()) => trusted(target, heard, &chain, background),
        Err(End::Certificate(error)) => {
            let finding = rejected::diagnose(target, error, heard, &chain, background);
            vec![finding.with_chain(links(&chain, None))]
        }
        // What was sent before is told all the same.
        Err(end) => vec![connection::diagnose(target, end).with_chain(links(&chain, None))],
    }
}

fn read(der: &CertificateDer<'_>) -> Option<Certificate> {
    let path = std::path::PathBuf::new();
    Certificate::read(der, &Label::Path(Named { path, origin: Origin::Default }))
}

/// The chain as it was sent, and the anchor that it ends in with its file.
fn links(chain: &[Certificate], anchor: Option<(&Certificate, &Store)>) -> Vec<Link> {
    let link = |certificate: &Certificate, sent: bool| {
        let Details { key, names, key_identifier, issuer_key_identifier, .. } =
            Details::of(certificate);
        let is_anchor = |(anchor, _): &(&Certificate, &Store)| anchor.der == certificate.der;
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
            file: anchor
                .filter(is_anchor)
                .map(|(_, store)| store.name.trim_matches('`').to_owned()),
            pem: String::from_utf8_lossy(certificate.pem.text()).into_owned(),
        }
    };
    let mut links: Vec<_> = chain.iter().map(|one| link(one, true)).collect();
    let not_sent = anchor.filter(|(anchor, _)| chain.iter().all(|one| one.der != anchor.der));
    links.extend(not_sent.map(|(anchor, _)| link(anchor, false)));
    links
}

fn trusted(
    target: &Target,
    heard: &Heard,
    chain: &[Certificate],
    background: &Background<'_>,
) -> Vec<Finding> {
    let version = heard.version.and_then(|version| version.as_str());
    let version = version.unwrap_or("TLS").replace("TLSv", "TLS ").replace('_', ".");
    let until = chain.first().map(|own| own.not_after.to_string()).unwrap_or_default();
    let store = background.stores.first();
    let anchor = store.and_then(|store| Some((end(store, target, heard, chain)?, store)));
    let name = anchor.map_or("an anchor", |(anchor, _)| anchor.subject.as_str());
    let file = store.map_or("", |store| store.name.as_str());
    let cause =
        format!("verified, {version}: valid until {until}, by {} in {file}", quote::word(name));
    let mut findings =
        vec![Finding::ok("verified", target, cause).with_chain(links(chain, anchor))];
    let mut path = path(chain);
    if let Some((anchor, store)) = anchor {
        let last = path.iter().position(|one| one.issuer == anchor.subject);
        path.truncate(last.map_or(path.len(), |last| last + 1));
        findings.extend(strict_clients::anchor(target, anchor, store, background));
        findings.extend(strict_clients::chain(target, &path, anchor));
    }
    findings.extend(expiring(target, &path, background));
    findings.extend(elsewhere(target, heard, background));
    if heard.asks {
        let cause = "it asks for a client's certificate, and the handshake ends without one (where it \
                     wants one all the same, as nginx can, it answers 400 later)";
        findings.push(Finding::ok("client-certificate-optional", target, cause));
    }
    findings
}

/// The anchor in `store` that the chain ends in; of several with the same key the one that lasts.
fn end<'a>(
    store: &'a Store,
    target: &Target,
    heard: &Heard,
    chain: &[Certificate],
) -> Option<&'a Certificate> {
    let may_be = |anchor: &&Certificate| {
        chain.iter().any(|one| one.issuer == anchor.subject || one.der == anchor.der)
    };
    let is_end = |anchor: &&Certificate| accepts(&roots([*anchor]), target, heard, &[]);
    store.anchors.iter().filter(may_be).filter(is_end).max_by_key(|anchor| anchor.not_after)
}

fn roots<'a>(anchors: impl IntoIterator<Item = &'a Certificate>) -> Arc<RootCertStore> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(anchors.into_iter().map(|anchor| anchor.der.clone()));
    Arc::new(roots)
}

/// Whether a client that has `roots` finds the chain's end in them, had the server sent `more` as well.
/// Whether the name is right is another question.
fn accepts(
    roots: &Arc<RootCertStore>,
    target: &Target,
    heard: &Heard,
    more: &[CertificateDer<'static>],
) -> bool {
    let unknown = || Error::from(CertificateError::UnknownIssuer);
    let verdict = || {
        let verifier = verifier(roots).ok_or_else(unknown)?;
        let (own, rest) = heard.chain.split_first().ok_or_else(unknown)?;
        let name = ServerName::try_from(target.host.clone()).map_err(|_| unknown())?;
        let rest = [rest, more].concat();
        verifier.verify_server_cert(own, &rest, &name, &[], UnixTime::now()).map(|_| ())
    };
    match verdict() {
        Ok(()) => true,
        Err(Error::InvalidCertificate(error)) => matches!(
            error,
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. }
        ),
        Err(_) => false,
    }
}

fn expiring(
    target: &Target,
    path: &[&Certificate],
    background: &Background<'_>,
) -> Option<Finding> {
    let first = path.iter().min_by_key(|one| one.not_after)?;
    let days = first.not_after.days_from(background.now);
    (days < background.days).then(|| {
        let whose = if Some(&first.der) == path.first().map(|own| &own.der) {
            "its certificate".to_owned()
        } else {
            format!("the intermediate {}", quote::word(&first.subject))
        };
        let days = output::count(usize::try_from(days).unwrap_or_default(), "day");
        let cause = format!("{whose} expires in {days} ({})", first.not_after);
        Finding::warning("expires-soon", target, cause, renew(target))
    })
}

/// The files of anchors that some programs read and that do not pass the chain.
fn elsewhere<'a>(
    target: &'a Target,
    heard: &'a Heard,
    background: &'a Background<'_>,
) -> impl Iterator<Item = Finding> + 'a {
    let others = background.stores.iter().skip(1);
    others.filter(|store| !accepts(&store.roots(), target, heard, &[])).map(move |store| {
        let cause = format!(
            "whoever reads {} ({}) refuses it: no anchor for it is there",
            store.name, store.readers
        );
        let fix = "add the CA to that file, or unset the variable";
        Finding::error("reader-refuses", target, cause, fix)
    })
}

/// The command that makes a new certificate.
fn renew(target: &Target) -> String {
    let host = quote::shell(&target.host);
    format!("trust-compose certs {host} --renew, then start the server again")
}
