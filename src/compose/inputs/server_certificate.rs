//! A server's certificate, held to what its clients will hold it to: the CA that they trust, the
//! name that they connect to, and today's date. And a key that belongs to it, for the proxy.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::slice;

use crate::compose::certs::key::{Key, Problem};
use crate::compose::certs::server_name::{ALWAYS, Name};
use crate::compose::certs::{CA_KEY, SERVER};
use crate::compose::inputs::ca_directory::{Pair, is_there};
use crate::compose::inputs::server_error::Unservable;
use crate::compose::inputs::{CUSTOM_CA, Error, Warning, chain, source};
use crate::sys::file;
use crate::sys::quote::shell;
use crate::trust::certificate::Certificate;
use crate::trust::certificate::extensions::Details;
use crate::trust::certificate::subject_alt_name::SubjectAltName;
use crate::trust::certificate_file::contents;
use crate::trust::private_key::{Fit, fit};
use crate::trust::source::Source;
use crate::trust::source::Unreadable;
use crate::trust::time::Time;

/// A server's certificate and key, proved to be good for the domain.
#[derive(Clone, Debug)]
pub struct Server {
    /// The certificate, perhaps with its issuers, where it lies.
    pub certificate: PathBuf,
    /// What is in that file.
    pub text: Vec<u8>,
    /// The names that the certificate is for.
    pub names: Vec<SubjectAltName>,
    /// The key, where it lies.
    pub key: PathBuf,
    /// Who owns the key.
    pub uid: u32,
    /// Its group.
    pub gid: u32,
    /// Its permission bits.
    pub mode: u32,
    /// When the first of the certificates in that file ends.
    pub until: Time,
}

/// Proves that `pair` will do for clients that trust `authorities` and connect to `domain` now, if that
/// is known, and warns where something cannot be proved.
///
/// # Errors
/// When it will not.
pub fn prove(
    pair: &Pair,
    domain: Option<&Name>,
    authorities: &[Certificate],
    now: Time,
) -> Result<(Server, Option<Warning>), Error> {
    let mut budget = file::TOTAL_LIMIT;
    let text = source(&pair.certificate, CUSTOM_CA, &mut budget)?;
    let key = source(&pair.key, CUSTOM_CA, &mut budget)?;
    let file = certificates(&text)?;
    let (leaf, is_proved) = owner(&file, &text, &key)?;
    let details = Details::of(leaf);
    let certs = || certs(pair, &details, domain.map(slice::from_ref).unwrap_or_default());
    chain::prove(pair, &text, leaf, &file, authorities, certs())?;
    for certificate in &file {
        let (label, subject) = (text.label.clone(), certificate.subject.clone());
        if certificate.not_after < now {
            let (on, command) = (certificate.not_after, renew(pair));
            return Err(Unservable::Expired { label, subject, on, command }.into());
        }
        if certificate.not_before > now {
            let on = certificate.not_before;
            return Err(Unservable::NotYetValid { label, subject, on }.into());
        }
    }
    let is_for = |domain: &&Name| details.names.iter().any(|name| covers(name, domain));
    if let Some(domain) = domain.filter(|domain| !is_for(domain)) {
        let (label, domain, names) = (text.label.clone(), domain.to_string(), bare(&details));
        return Err(Unservable::Uncovered { label, domain, names, command: certs() }.into());
    }
    let found = fs::metadata(&pair.key).map_err(|error| {
        let (label, problem) = (key.label.clone(), file::problem(&pair.key, error));
        Error::Unreadable(Unreadable { label, problem })
    })?;
    let server = Server {
        certificate: pair.certificate.clone(),
        text: text.bytes,
        names: details.names,
        key: pair.key.clone(),
        uid: found.uid(),
        gid: found.gid(),
        mode: found.mode() & 0o7777,
        until: file.iter().map(|found| found.not_after).min().unwrap_or(now),
    };
    Ok((server, (!is_proved).then(|| Warning::Unproved { pair: pair.clone() })))
}

/// The certificates in a file, in the one form that proxies read.
fn certificates(source: &Source) -> Result<Vec<Certificate>, Unservable> {
    let label = source.label.clone();
    let found = match contents(source) {
        Ok(found) => found.certificates,
        Err(problem) => return Err(Unservable::Unusable { label, problem }),
    };
    let marker = b"-----BEGIN CERTIFICATE-----";
    let blocks = source.bytes.windows(marker.len()).filter(|window| window == marker).count();
    if found.is_empty() || blocks != found.len() {
        return Err(Unservable::NotPem(label));
    }
    Ok(found)
}

/// The certificate that the key belongs to, and whether that is proved.
fn owner<'a>(
    file: &'a [Certificate],
    text: &Source,
    key: &Source,
) -> Result<(&'a Certificate, bool), Unservable> {
    let label = || key.label.clone();
    let read = Key::read(&key.bytes);
    if let Err(problem @ (Problem::Encrypted | Problem::OpenSsh | Problem::None)) = read {
        return Err(Unservable::Key { label: label(), problem });
    }
    let mut is_unknown = false;
    for certificate in file {
        let details = Details::of(certificate);
        let found = match &read {
            Ok(key) => Some(if key.fits(&details) { Fit::Yes } else { Fit::No }),
            Err(_) => fit(&key.bytes, &details.public_key),
        };
        match found {
            Some(Fit::Yes) => return Ok((certificate, true)),
            Some(Fit::No) => {}
            Some(Fit::Unknown) => is_unknown = true,
            None => return Err(Unservable::Key { label: label(), problem: Problem::Unknown }),
        }
    }
    match file.first() {
        Some(first) if is_unknown => Ok((first, false)),
        _ => Err(Unservable::Mismatch { certificate: text.label.clone(), key: label() }),
    }
}

/// Whether a name in a certificate is good for `domain`: `*` matches one label (RFC 6125, section 6.4.3).
fn covers(name: &SubjectAltName, domain: &Name) -> bool {
    match (domain, name) {
        (Name::Ip(address), SubjectAltName::Ip(name)) => name == address,
        (Name::Dns(host), SubjectAltName::Dns(name)) => {
            let rest = host.split_once('.').map(|(_, rest)| rest);
            name == host || name.strip_prefix("*.").is_some_and(|base| rest == Some(base))
        }
        _ => false,
    }
}

/// The names in a certificate that clients compare, without what says their kind.
fn bare(details: &Details) -> Vec<String> {
    details.names.iter().filter_map(SubjectAltName::host).collect()
}

/// Those of `names` that the certificate of `pair` is not for, if there are any, and the command that
/// adds them. A certificate that cannot be read is for whoever serves it to judge.
pub fn lacking(pair: &Pair, names: &[Name]) -> Option<(Vec<Name>, Option<String>)> {
    let text = source(&pair.certificate, CUSTOM_CA, &mut file::TOTAL_LIMIT.clone()).ok()?;
    let details = Details::of(certificates(&text).ok()?.first()?);
    let is_covered = |name: &Name| details.names.iter().any(|covering| covers(covering, name));
    let lacking: Vec<_> = names.iter().filter(|name| !is_covered(name)).cloned().collect();
    let command = certs(pair, &details, &lacking);
    (!lacking.is_empty()).then_some((lacking, command))
}

/// The command that makes the certificate anew, for `more` too, where the CA's key is at hand.
fn certs(pair: &Pair, details: &Details, more: &[Name]) -> Option<String> {
    ours(pair, &words(details, more))
}

/// The names to be typed for a certificate that has those of `details`, and `more`.
fn words(details: &Details, more: &[Name]) -> String {
    let more: Vec<_> = more.iter().map(ToString::to_string).collect();
    let mut names = bare(details);
    names.retain(|name| !ALWAYS.contains(&name.as_str()) && !more.contains(name));
    names.extend(more);
    let names: Vec<_> = names.iter().map(|name| shell(Path::new(name))).collect();
    names.join(" ")
}

/// The command that makes the CA in `directory` anew, and with it the server's certificate that is there.
pub fn anew(directory: &Path) -> String {
    let path = directory.join(SERVER);
    let text = source(&path, CUSTOM_CA, &mut file::TOTAL_LIMIT.clone()).ok();
    let found = text.and_then(|text| certificates(&text).ok()?.into_iter().next());
    let words = match found.map(|found| words(&Details::of(&found), &[])) {
        None => "--ca-only".to_owned(),
        Some(words) if words.is_empty() => "localhost".to_owned(),
        Some(words) => words,
    };
    format!("trust-compose certs --force {words}{}", out(directory))
}

/// The command that makes the certificate anew as it is, where the CA's key is at hand.
pub fn renew(pair: &Pair) -> Option<String> {
    ours(pair, "--renew")
}

fn ours(pair: &Pair, words: &str) -> Option<String> {
    let is_ours = pair.certificate.ends_with(SERVER) && is_there(&pair.directory.join(CA_KEY));
    is_ours.then(|| format!("trust-compose certs {words}{}", out(&pair.directory)))
}

/// The option that names a directory to `trust-compose certs`, unless it is the default.
pub fn out(directory: &Path) -> String {
    if directory == Path::new("certs") {
        String::new()
    } else {
        format!(" --out {}", shell(directory))
    }
}
