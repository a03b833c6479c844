//! From what a server sent to findings: which anchor its chain ends in, or exactly why it ends in none.

use std::sync::Arc;

use rustls::client::danger::ServerCertVerifier as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{AlertDescription, CertificateError, Error, RootCertStore};

use super::handshake::{End, Heard, verifier};
use super::target::Target;
use crate::cli::{Named, Origin};
use crate::discover::Label;
use crate::finding::Finding;
use crate::inspect::certificate::{Certificate, Time};
use crate::inspect::details::Details;
use crate::report;

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
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(self.anchors.iter().map(|anchor| anchor.der.clone()));
        Arc::new(roots)
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

/// Seconds in a day.
const DAY: i64 = 86_400;

/// What came of the call to `target`, in findings.
pub fn diagnose(target: &Target, heard: &Heard, background: &Background<'_>) -> Vec<Finding> {
    let chain: Vec<_> = heard.chain.iter().filter_map(|der| read(der)).collect();
    let mut findings = vec![match &heard.end {
        Ok(()) => trusted(target, heard, &chain, background),
        Err(End::Certificate(error)) => refused(target, error, &chain, background),
        Err(end) => broken(target, end),
    }];
    if heard.end.is_ok() {
        findings.extend(expiring(target, &chain, background));
        findings.extend(elsewhere(target, heard, background));
        if heard.asks {
            let cause = "it asks for a client's certificate, and goes on without one";
            findings.push(Finding::ok("client-certificate-optional", target, cause));
        }
    }
    findings
}

fn read(der: &CertificateDer<'_>) -> Option<Certificate> {
    let path = std::path::PathBuf::new();
    Certificate::read(der, &Label::Path(Named { path, origin: Origin::Default }))
}

fn trusted(
    target: &Target,
    heard: &Heard,
    chain: &[Certificate],
    background: &Background<'_>,
) -> Finding {
    let version = heard.version.and_then(|version| version.as_str());
    let version = version.unwrap_or("TLS").replace("TLSv", "TLS ").replace('_', ".");
    let until = chain.first().map(|own| own.not_after.to_string()).unwrap_or_default();
    let store = background.stores.first();
    let anchor = store.and_then(|store| {
        let is_end = |anchor: &&Certificate| accepts(std::slice::from_ref(anchor), target, heard);
        store.anchors.iter().filter(|anchor| issues(anchor, chain)).find(is_end)
    });
    let anchor = anchor.map_or("an anchor", |anchor| anchor.subject.as_str());
    let store = store.map_or("", |store| store.name.as_str());
    Finding::ok(
        "verified",
        target,
        format!("verified, {version}: valid until {until}, by {} in {store}", report::word(anchor)),
    )
}

/// Whether `anchor` may be what `chain` ends in.
fn issues(anchor: &Certificate, chain: &[Certificate]) -> bool {
    chain.iter().any(|one| one.issuer == anchor.subject || one.der == anchor.der)
}

/// Whether the chain ends in one of `anchors`.
fn accepts(anchors: &[&Certificate], target: &Target, heard: &Heard) -> bool {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(anchors.iter().map(|anchor| anchor.der.clone()));
    verdict(&Arc::new(roots), target, heard).is_ok()
}

/// What a client says of the chain that has `roots`.
fn verdict(roots: &Arc<RootCertStore>, target: &Target, heard: &Heard) -> Result<(), Error> {
    let unknown = || Error::from(CertificateError::UnknownIssuer);
    let verifier = verifier(roots).ok_or_else(unknown)?;
    let (own, rest) = heard.chain.split_first().ok_or_else(unknown)?;
    let name = ServerName::try_from(target.host.clone()).map_err(|_| unknown())?;
    verifier.verify_server_cert(own, rest, &name, &[], UnixTime::now()).map(|_| ())
}

fn expiring(
    target: &Target,
    chain: &[Certificate],
    background: &Background<'_>,
) -> Option<Finding> {
    let first = chain.iter().min_by_key(|one| one.not_after)?;
    let days = (first.not_after.seconds() - background.now.seconds()) / DAY;
    (days < background.days).then(|| {
        let whose = if Some(&first.der) == chain.first().map(|own| &own.der) {
            "its certificate".to_owned()
        } else {
            format!("the intermediate {}", report::word(&first.subject))
        };
        let cause = format!(
            "{whose} expires in {} ({})",
            report::count(usize::try_from(days).unwrap_or_default(), "day"),
            first.not_after
        );
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
    others.filter(|store| verdict(&store.roots(), target, heard).is_err()).map(move |store| {
        let cause = format!(
            "whoever reads {} ({}) refuses it: no anchor for it is there",
            store.name, store.readers
        );
        Finding::error(
            "reader-refuses",
            target,
            cause,
            "add the CA to that file, or unset the variable",
        )
    })
}

/// The command that makes a new certificate.
fn renew(target: &Target) -> String {
    format!(
        "trust-compose certs {} --renew, then start the server again",
        report::shell(&target.host)
    )
}

fn refused(
    target: &Target,
    error: &CertificateError,
    chain: &[Certificate],
    background: &Background<'_>,
) -> Finding {
    let Some(own) = chain.first() else {
        return Finding::error(
            "no-certificate",
            target,
            "it sends no certificate",
            "configure one in the server",
        );
    };
    match error {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            let old = chain.iter().find(|one| one.not_after < background.now).unwrap_or(own);
            let cause = format!(
                "the certificate {} expired on {}",
                report::word(&old.subject),
                old.not_after
            );
            Finding::error("expired", target, cause, renew(target))
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            let young = chain.iter().find(|one| one.not_before > background.now).unwrap_or(own);
            let cause = format!(
                "the certificate {} is not valid before {}",
                report::word(&young.subject),
                young.not_before
            );
            Finding::error(
                "not-yet-valid",
                target,
                cause,
                "set the clock of this machine, or of the one that made it",
            )
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            let names = Details::of(own).names;
            let names =
                if names.is_empty() { "no names at all".to_owned() } else { names.join(", ") };
            let cause =
                format!("its certificate is for {names}, not for {}", report::word(&target.host));
            let host = report::shell(&target.host);
            Finding::error(
                "wrong-name",
                target,
                cause,
                format!(
                    "trust-compose certs {host} --renew adds the name; then start the server again"
                ),
            )
        }
        CertificateError::UnknownIssuer => unknown(target, chain, background),
        other => Finding::error(
            "unusable-certificate",
            target,
            format!("clients refuse the certificate {}: {other:?}", report::word(&own.subject)),
            "have it made anew: `trust-compose inspect FILE` says what is wrong with it",
        ),
    }
}

/// Nobody here knows the issuer: it is not trusted, or an intermediate was not sent.
fn unknown(target: &Target, chain: &[Certificate], background: &Background<'_>) -> Finding {
    let Some(last) = last_of(chain) else {
        return Finding::error(
            "no-certificate",
            target,
            "it sends no certificate",
            "configure one",
        );
    };
    let issuer = report::word(&last.issuer);
    if chain.len() == 1 && last.is_self_issued && !last.is_ca {
        let cause = format!("its certificate {issuer} is signed by itself, not by a CA");
        return Finding::error(
            "self-signed",
            target,
            cause,
            "trust-compose certs makes a CA and a certificate that every client accepts",
        );
    }
    let place = |ca: &Certificate| {
        ca.label.path().map(|path| report::path(path).to_string()).unwrap_or_default()
    };
    let at_hand = background.at_hand.iter().find(|one| one.subject == last.issuer);
    match at_hand {
        Some(ca) if !ca.is_self_issued => {
            let cause =
                format!("it does not send the intermediate {issuer}, which {} has", place(ca));
            Finding::error(
                "missing-intermediate",
                target,
                cause,
                "append that file to the server's certificate, and start it again",
            )
        }
        Some(ca) => {
            let cause = format!(
                "{issuer}, who signed it, is in no file of trust anchors here; {} has it",
                place(ca)
            );
            let file = ca.label.path().map(report::shell).unwrap_or_default();
            Finding::error(
                "unknown-issuer",
                target,
                cause,
                format!("trust-compose setup --custom-ca {file}"),
            )
        }
        None => {
            let cause = format!(
                "{issuer}, who signed it, is neither sent nor in a file of trust anchors here"
            );
            Finding::error(
                "unknown-issuer",
                target,
                cause,
                "ask whoever runs the server for that CA, and trust it: trust-compose setup --custom-ca FILE",
            )
        }
    }
}

/// The end of the chain as it was sent: from the server's own certificate on, each signed by the next.
fn last_of(chain: &[Certificate]) -> Option<&Certificate> {
    let mut last = chain.first()?;
    for _ in chain {
        match chain.iter().find(|one| one.subject == last.issuer && one.der != last.der) {
            Some(next) if !last.is_self_issued => last = next,
            _ => break,
        }
    }
    Some(last)
}

fn broken(target: &Target, end: &End) -> Finding {
    let host = report::word(&target.host);
    let (id, cause, fix) = match end {
        End::NoHost(_) => (
            "no-such-host",
            format!("no such host: {host} has no address here"),
            "correct the name, or let DNS or `extra_hosts:` have it",
        ),
        End::Refused => (
            "refused",
            format!("connection refused: nobody listens on port {}", target.port),
            "start the server, or correct the port",
        ),
        End::Silent => (
            "silent",
            "no answer in time".to_owned(),
            "look whether a firewall is in between, or wait longer with --timeout",
        ),
        End::Network(error) => (
            "unreachable",
            format!("it cannot be reached: {}", report::cause(error)),
            "mend the network first",
        ),
        End::Plain(first) => (
            "no-tls",
            format!("it speaks no TLS{}", plain(first)),
            "call it by http://, or let the server use TLS",
        ),
        End::Closed => (
            "hung-up",
            "it hung up during the handshake (an empty reply)".to_owned(),
            "look into the server's log: it may want another name, or speak no TLS",
        ),
        End::Old => (
            "old-protocol",
            "it speaks no protocol later than TLS 1.1, which clients refuse".to_owned(),
            "switch on TLS 1.2 or 1.3 in the server",
        ),
        End::WantsCertificate => (
            "client-certificate-wanted",
            "it wants a client's certificate".to_owned(),
            "configure one in the client: no trust anchor mends this",
        ),
        End::Alert(alert) => {
            ("alert", format!("it refuses: {}", words(*alert)), "look into the server's log")
        }
        End::Certificate(error) => {
            ("unusable-certificate", format!("{error:?}"), "have the certificate made anew")
        }
        End::Tls(error) => {
            ("handshake", format!("the handshake fails: {error}"), "look into the server's log")
        }
    };
    Finding::error(id, target, cause, fix)
}

/// What speaks there, as far as its first bytes tell.
fn plain(first: &[u8]) -> String {
    let line = first.split(|byte| *byte < b' ').next().unwrap_or_default();
    let line = String::from_utf8_lossy(line.get(..40).unwrap_or(line)).into_owned();
    if line.is_empty() {
        String::new()
    } else {
        format!(": its first words are {}", report::word(&line))
    }
}

/// The alert's name in its own spelling (RFC 8446, section 6).
fn words(alert: AlertDescription) -> String {
    let mut words = String::new();
    for letter in alert.as_str().unwrap_or("an alert without a name").chars() {
        if letter.is_ascii_uppercase() && !words.is_empty() {
            words.push('_');
        }
        words.push(letter.to_ascii_lowercase());
    }
    words
}
