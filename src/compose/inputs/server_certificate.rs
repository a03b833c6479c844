//! Checks a server certificate as clients will: the CA that they trust, the name that they connect to, the
//! date. Also checks the key that the proxy uses.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::slice;

use crate::compose::certs::SERVER;
use crate::compose::certs::key::{KeyError, PrivateKey};
use crate::compose::certs::server_name::ServerName;
use crate::compose::inputs::chain::ServerChain;
use crate::compose::inputs::commands::{
    name_arguments, out_option, reissue_command, renew_command,
};
use crate::compose::inputs::error::{InputError, ServerFault};
use crate::compose::inputs::files::{CUSTOM_CA, ServerFiles, read_source};
use crate::compose::inputs::listing::first_few;
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

/// A server certificate and its key, checked for the domain.
#[derive(Clone, Debug)]
pub struct ServerCertificate {
    /// Path of the certificate file, which may contain issuers.
    pub certificate: PathBuf,
    /// The contents of that file.
    pub text: Vec<u8>,
    /// The names in the certificate.
    pub names: Vec<SubjectAltName>,
    /// Path of the key file.
    pub key: PathBuf,
    /// User id of the key file's owner.
    pub uid: u32,
    /// Group id of the key file.
    pub gid: u32,
    /// Permission bits of the key file.
    pub mode: u32,
    /// The earliest expiry of the certificates in the file.
    pub until: Time,
}

/// Verifies that clients that trust `authorities` and connect to `domain` accept `pair` now. Without a
/// domain, any name is accepted. Returns a warning if the key cannot be compared with the certificate.
///
/// # Errors
/// When clients would refuse the certificate, or a proxy cannot use the files.
pub fn verify_server(
    pair: &ServerFiles,
    domain: Option<&ServerName>,
    authorities: &[Certificate],
    now: Time,
) -> Result<(ServerCertificate, Option<Diagnostic>), InputError> {
    let mut budget = file::TOTAL_LIMIT;
    let text = read_source(&pair.certificate, CUSTOM_CA, &mut budget)?;
    let key = read_source(&pair.key, CUSTOM_CA, &mut budget)?;
    let file = read_certificates(&text)?;
    let (leaf, is_proved) = find_leaf(&file, &text, &key)?;
    let details = Details::of(leaf);
    let reissue =
        || reissue_command(pair, &details, domain.map(slice::from_ref).unwrap_or_default());
    ServerChain { pair, source: &text, file: &file, leaf }.verify(authorities, reissue())?;
    for certificate in &file {
        check_validity(certificate, &text.label, pair, now)?;
    }
    let is_for = |domain: &&ServerName| details.names.iter().any(|name| covers(name, domain));
    if let Some(domain) = domain.filter(|domain| !is_for(domain)) {
        let error = name_missing(&text.label, &domain.to_string(), &details, reissue());
        return Err(ServerFault::NameMissing.because(error));
    }
    let found = fs::metadata(&pair.key).map_err(|error| {
        let (label, problem) = (key.label.clone(), file::FileReadError::new(&pair.key, error));
        InputError::from(&HostFileError { label, problem })
    })?;
    let server = ServerCertificate {
        certificate: pair.certificate.clone(),
        text: text.bytes,
        names: details.names,
        key: pair.key.clone(),
        uid: found.uid(),
        gid: found.gid(),
        mode: found.mode() & 0o7777,
        until: file.iter().map(|found| found.not_after).min().unwrap_or(now),
    };
    Ok((server, (!is_proved).then(|| key_not_compared(pair))))
}

fn check_validity(
    certificate: &Certificate,
    label: &Label,
    pair: &ServerFiles,
    now: Time,
) -> Result<(), InputError> {
    let Certificate { not_before, not_after, .. } = certificate;
    let subject = quote::word(&certificate.subject);
    let failed = label.cannot("serve");
    if *not_after < now {
        let failed = failed.because(format_args!("{subject} expired on {not_after}"));
        return Err(ServerFault::Expired.because(match renew_command(pair) {
            Some(command) => failed.run(command),
            None => failed.advise("replace it with a new one"),
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
        quoted => first_few(quoted),
    };
    let mut bases = names.iter().filter_map(|name| name.strip_prefix("*."));
    if bases.any(|base| domain.ends_with(base)) {
        shown += "; `*` matches one label";
    }
    let domain = quote::word(domain);
    let failed = label
        .cannot("serve")
        .because(format_args!("it is not for {domain} (from --domain): it is for {shown}"));
    match command {
        Some(command) => failed.run(command),
        None => {
            failed.advise("ask its issuer to add the name, or give --domain a name that it covers")
        }
    }
}

fn key_not_compared(pair: &ServerFiles) -> Diagnostic {
    let cause = format!(
        "the key in {} is of a kind that cannot be compared with the certificate in {}",
        quote::path(&pair.key),
        quote::path(&pair.certificate)
    );
    Diagnostic::statement(cause).advise("check that the proxy starts with both")
}

/// Returns the certificates of a file, which must be in PEM: proxies read no other format.
pub(crate) fn read_certificates(
    source: &CertificateSource,
) -> Result<Vec<Certificate>, InputError> {
    let unusable = |cause: String| {
        ServerFault::Unusable.because(
            source
                .label
                .cannot("serve")
                .because(cause)
                .advise("write the server's certificate to it in PEM, followed by its issuers"),
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

/// Returns the certificate that the key belongs to, and whether the two could be compared.
fn find_leaf<'a>(
    file: &'a [Certificate],
    text: &CertificateSource,
    key: &CertificateSource,
) -> Result<(&'a Certificate, bool), InputError> {
    let unusable = |problem| ServerFault::Key.because(unusable_key(&key.label, problem));
    let read = PrivateKey::read(&key.bytes);
    if let Err(problem @ (KeyError::Encrypted | KeyError::OpenSsh | KeyError::NoKey)) = read {
        return Err(unusable(problem));
    }
    let mut is_unknown = false;
    for certificate in file {
        let details = Details::of(certificate);
        let found = match &read {
            Ok(key) => Some(if key.is_key_of(&details) { KeyMatch::Yes } else { KeyMatch::No }),
            Err(_) => private_key::compare(&key.bytes, &details.public_key),
        };
        match found {
            Some(KeyMatch::Yes) => return Ok((certificate, true)),
            Some(KeyMatch::No) => {}
            Some(KeyMatch::Unknown) => is_unknown = true,
            None => return Err(unusable(KeyError::Unsupported)),
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
                    .advise("restore the two files that belong together"),
            ))
        }
    }
}

fn unusable_key(label: &Label, problem: KeyError) -> Diagnostic {
    let path = label.path().map(shell).unwrap_or_default();
    let failed = label.cannot("serve with");
    match problem {
        KeyError::Encrypted => failed
            .because(
                "it is encrypted, and a proxy would have to ask for its password at each start",
            )
            .advise(format!(
                "decrypt it: `openssl pkey -in {path} -out {path}.new && mv {path}.new {path}` asks for the password"
            )),
        KeyError::OpenSsh => failed
            .because("it is in OpenSSH's form, which proxies cannot read")
            .advise(format!("convert it: `ssh-keygen -p -m PKCS8 -N '' -f {path}`")),
        KeyError::NoKey => {
            failed.because("it contains no private key in PEM").advise("put the key there, in PEM")
        }
        KeyError::Traditional | KeyError::Unsupported => failed
            .because("its key is damaged")
            .advise("copy the complete file again from its source"),
    }
}

/// Whether a name in a certificate covers `domain`: `*` matches one label (RFC 6125, section 6.4.3).
fn covers(name: &SubjectAltName, domain: &ServerName) -> bool {
    match (domain, name) {
        (ServerName::Ip(address), SubjectAltName::Ip(name)) => name == address,
        (ServerName::Dns(host), SubjectAltName::Dns(name)) => {
            let rest = host.split_once('.').map(|(_, rest)| rest);
            name == host || name.strip_prefix("*.").is_some_and(|base| rest == Some(base))
        }
        _ => false,
    }
}

/// Returns those of `names` that the certificate of `pair` does not cover, and the command that adds them;
/// `None` if it covers all, or cannot be read, which [`verify_server`] reports.
pub fn missing_names(
    pair: &ServerFiles,
    names: &[ServerName],
) -> Option<(Vec<ServerName>, Option<String>)> {
    let text = read_source(&pair.certificate, CUSTOM_CA, &mut file::TOTAL_LIMIT.clone()).ok()?;
    let details = Details::of(read_certificates(&text).ok()?.first()?);
    let is_covered =
        |name: &ServerName| details.names.iter().any(|covering| covers(covering, name));
    let lacking: Vec<_> = names.iter().filter(|name| !is_covered(name)).cloned().collect();
    let command = reissue_command(pair, &details, &lacking);
    (!lacking.is_empty()).then_some((lacking, command))
}

/// Returns the command that replaces the CA in `directory`, and the server certificate there.
pub fn replace_ca_command(directory: &Path) -> String {
    let path = directory.join(SERVER);
    let text = read_source(&path, CUSTOM_CA, &mut file::TOTAL_LIMIT.clone()).ok();
    let found = text.and_then(|text| read_certificates(&text).ok()?.into_iter().next());
    let arguments = match found.map(|found| name_arguments(&Details::of(&found), &[])) {
        None => "--ca-only".to_owned(),
        Some(names) if names.is_empty() => "localhost".to_owned(),
        Some(names) => names,
    };
    format!("trust-compose certs --force {arguments}{}", out_option(directory))
}
