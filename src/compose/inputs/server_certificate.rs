//! Checks a server's certificate as clients will: against the CA that they trust, the name that they connect to,
//! and today's date. And its key, for the proxy.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::slice;

use crate::compose::certs::SERVER;
use crate::compose::certs::key::{Key, Problem};
use crate::compose::certs::server_name::Name;
use crate::compose::inputs::chain::ServerChain;
use crate::compose::inputs::commands::{names, out_option, reissue_command, renew_command};
use crate::compose::inputs::error::{Error, ServerFault};
use crate::compose::inputs::files::{CUSTOM_CA, ServerFiles, source};
use crate::compose::inputs::listing::few;
use crate::sys::diagnostic::Diagnostic;
use crate::sys::file;
use crate::sys::quote::{self, shell};
use crate::trust::certificate::Certificate;
use crate::trust::certificate::extensions::Details;
use crate::trust::certificate::subject_alt_name::SubjectAltName;
use crate::trust::certificate_file;
use crate::trust::private_key::{self, KeyMatch};
use crate::trust::source::{CertificateSource, HostFileError, Label};
use crate::trust::time::Time;

/// A server's certificate and key, proved to be good for the domain.
#[derive(Clone, Debug)]
pub struct Server {
    /// Path of the certificate, perhaps with its issuers.
    pub certificate: PathBuf,
    /// The contents of that file.
    pub text: Vec<u8>,
    /// The names that the certificate is for.
    pub names: Vec<SubjectAltName>,
    /// Path of the key.
    pub key: PathBuf,
    /// Owner of the key.
    pub uid: u32,
    /// Its group.
    pub gid: u32,
    /// Its permission bits.
    pub mode: u32,
    /// When the first of the certificates in that file ends.
    pub until: Time,
}

/// Proves that `pair` will do for clients that trust `authorities` and connect to `domain` now, if that
/// is known, and warns if the key cannot be compared with the certificate.
///
/// # Errors
/// When clients would refuse it, or a proxy cannot use it.
pub fn verify_server(
    pair: &ServerFiles,
    domain: Option<&Name>,
    authorities: &[Certificate],
    now: Time,
) -> Result<(Server, Option<Diagnostic>), Error> {
    let mut budget = file::TOTAL_LIMIT;
    let text = source(&pair.certificate, CUSTOM_CA, &mut budget)?;
    let key = source(&pair.key, CUSTOM_CA, &mut budget)?;
    let file = certificates(&text)?;
    let (leaf, is_proved) = owner(&file, &text, &key)?;
    let details = Details::of(leaf);
    let remake =
        || reissue_command(pair, &details, domain.map(slice::from_ref).unwrap_or_default());
    ServerChain { pair, source: &text, file: &file, leaf }.verify(authorities, remake())?;
    for certificate in &file {
        check_validity(certificate, &text.label, pair, now)?;
    }
    let is_for = |domain: &&Name| details.names.iter().any(|name| covers(name, domain));
    if let Some(domain) = domain.filter(|domain| !is_for(domain)) {
        let error = name_missing(&text.label, &domain.to_string(), &details, remake());
        return Err(ServerFault::NameMissing.because(error));
    }
    let found = fs::metadata(&pair.key).map_err(|error| {
        let (label, problem) = (key.label.clone(), file::FileReadError::new(&pair.key, error));
        Error::from(&HostFileError { label, problem })
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
    Ok((server, (!is_proved).then(|| unproved(pair))))
}

fn check_validity(
    certificate: &Certificate,
    label: &Label,
    pair: &ServerFiles,
    now: Time,
) -> Result<(), Error> {
    let Certificate { not_before, not_after, .. } = certificate;
    let subject = quote::word(&certificate.subject);
    let failed = label.cannot("serve");
    if *not_after < now {
        let failed = failed.because(format_args!("{subject} expired on {not_after}"));
        return Err(ServerFault::Expired.because(match renew_command(pair) {
            Some(command) => failed.run(command),
            None => failed.advise("put a new one there"),
        }));
    }
    if *not_before > now {
        let cause = format!("{subject} is valid only from {not_before} on");
        return Err(ServerFault::NotYetValid.because(
            failed
                .because(cause)
                .advise("check the clocks of this host and of the one that created it"),
        ));
    }
    Ok(())
}

fn name_missing(
    label: &Label,
    domain: &str,
    details: &Details,
    command: Option<String>,
) -> Diagnostic {
    let names: Vec<_> = details.names.iter().filter_map(SubjectAltName::host).collect();
    let quoted: Vec<_> = names.iter().map(|name| quote::word(name).to_string()).collect();
    let mut shown = match quoted.as_slice() {
        [] => "no name at all, and Go, Rust and browsers look at no other field".to_owned(),
        quoted => few(quoted),
    };
    let mut bases = names.iter().filter_map(|name| name.strip_prefix("*."));
    if bases.any(|base| domain.ends_with(base)) {
        shown += "; `*` matches one part of a name";
    }
    let domain = quote::word(domain);
    let failed = label
        .cannot("serve")
        .because(format_args!("it is not for {domain} (from --domain): it is for {shown}"));
    match command {
        Some(command) => failed.run(command),
        None => failed.advise("have its issuer add the name, or give --domain one that it has"),
    }
}

fn unproved(pair: &ServerFiles) -> Diagnostic {
    let cause = format!(
        "the key in {} is of a kind that cannot be compared with the certificate in {}",
        quote::path(&pair.key),
        quote::path(&pair.certificate)
    );
    Diagnostic::statement(cause).advise("check that the proxy starts with both")
}

/// The certificates in a file, in PEM, the one form that proxies read.
pub(crate) fn certificates(source: &CertificateSource) -> Result<Vec<Certificate>, Error> {
    let unusable = |cause: String| {
        ServerFault::Unusable.because(
            source
                .label
                .cannot("serve")
                .because(cause)
                .advise("put the server's certificate there in PEM, and its issuers behind it"),
        )
    };
    let found = certificate_file::parse(source)
        .map_err(|problem| unusable(problem.to_string()))?
        .certificates;
    let marker = b"-----BEGIN CERTIFICATE-----";
    let blocks = source.bytes.windows(marker.len()).filter(|window| window == marker).count();
    if found.is_empty() || blocks != found.len() {
        let cause =
            "proxies read certificates in PEM (`BEGIN CERTIFICATE`), and it is in another form";
        return Err(unusable(cause.to_owned()));
    }
    Ok(found)
}

/// The certificate that the key belongs to, and whether that is proved.
fn owner<'a>(
    file: &'a [Certificate],
    text: &CertificateSource,
    key: &CertificateSource,
) -> Result<(&'a Certificate, bool), Error> {
    let unusable = |problem| ServerFault::Key.because(unusable_key(&key.label, problem));
    let read = Key::read(&key.bytes);
    if let Err(problem @ (Problem::Encrypted | Problem::OpenSsh | Problem::None)) = read {
        return Err(unusable(problem));
    }
    let mut is_unknown = false;
    for certificate in file {
        let details = Details::of(certificate);
        let found = match &read {
            Ok(key) => Some(if key.fits(&details) { KeyMatch::Yes } else { KeyMatch::No }),
            Err(_) => private_key::compare(&key.bytes, &details.public_key),
        };
        match found {
            Some(KeyMatch::Yes) => return Ok((certificate, true)),
            Some(KeyMatch::No) => {}
            Some(KeyMatch::Unknown) => is_unknown = true,
            None => return Err(unusable(Problem::Unknown)),
        }
    }
    match file.first() {
        Some(first) if is_unknown => Ok((first, false)),
        _ => {
            let key = key.label.path().map(quote::path);
            let cause = match key {
                Some(key) => format!("the key in {key} does not belong to it"),
                None => "its key does not belong to it".to_owned(),
            };
            Err(ServerFault::KeyMismatch.because(
                text.label
                    .cannot("serve")
                    .because(cause)
                    .advise("put back the two files that belong together"),
            ))
        }
    }
}

fn unusable_key(label: &Label, problem: Problem) -> Diagnostic {
    let path = label.path().map(shell).unwrap_or_default();
    let failed = label.cannot("serve with");
    match problem {
        Problem::Encrypted => failed
            .because(
                "it is encrypted, and a proxy would have to ask for its password at each start",
            )
            .run(format!("openssl pkey -in {path} -out {path}.new && mv {path}.new {path}")),
        Problem::OpenSsh => failed
            .because("it is in OpenSSH's form, which proxies cannot read")
            .run(format!("ssh-keygen -p -m PKCS8 -N '' -f {path}")),
        Problem::None => failed
            .because("there is no private key in PEM in it")
            .advise("put the key there, in PEM"),
        Problem::Traditional | Problem::Unknown => {
            failed.because("its key is damaged").advise("copy it again, whole, from where it came")
        }
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

/// Those of `names` that the certificate of `pair` is not for, if there are any, and the command that
/// adds them. `None` for a certificate that cannot be read: [`verify_server`] reports that.
pub fn missing_names(pair: &ServerFiles, names: &[Name]) -> Option<(Vec<Name>, Option<String>)> {
    let text = source(&pair.certificate, CUSTOM_CA, &mut file::TOTAL_LIMIT.clone()).ok()?;
    let details = Details::of(certificates(&text).ok()?.first()?);
    let is_covered = |name: &Name| details.names.iter().any(|covering| covers(covering, name));
    let lacking: Vec<_> = names.iter().filter(|name| !is_covered(name)).cloned().collect();
    let command = reissue_command(pair, &details, &lacking);
    (!lacking.is_empty()).then_some((lacking, command))
}

/// Replaces the CA in `directory`, and with it the server's certificate that is there.
pub fn replace_ca_command(directory: &Path) -> String {
    let path = directory.join(SERVER);
    let text = source(&path, CUSTOM_CA, &mut file::TOTAL_LIMIT.clone()).ok();
    let found = text.and_then(|text| certificates(&text).ok()?.into_iter().next());
    let arguments = match found.map(|found| names(&Details::of(&found), &[])) {
        None => "--ca-only".to_owned(),
        Some(names) if names.is_empty() => "localhost".to_owned(),
        Some(names) => names,
    };
    format!("trust-compose certs --force {arguments}{}", out_option(directory))
}
