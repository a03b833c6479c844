//! The `trust-compose certs` commands that diagnostics print for a server certificate.

use std::path::Path;

use crate::compose::certs::key::PrivateKey;
use crate::compose::certs::server_name::{LOOPBACK_NAMES, ServerName};
use crate::compose::certs::{CA, CA_KEY, INTERMEDIATE, SERVER};
use crate::compose::inputs::files::{ServerFiles, first_certificate};
use crate::compose::project::files::directory_of;
use crate::sys::file;
use crate::sys::quote::shell;
use crate::trust::certificate::Certificate;
use crate::trust::certificate::extensions::{Details, is_signed_by};
use crate::trust::certificate::subject_alt_name::SubjectAltName;
use crate::trust::private_key::{self, KeyMatch};

/// Returns the command that reissues the certificate of `pair` with the additional names `more`; `None`
/// unless that directory has the CA and its key.
pub(crate) fn reissue_command(
    pair: &ServerFiles,
    details: &Details,
    more: &[ServerName],
) -> Option<String> {
    certs_command(pair, &name_arguments(details, more))
}

/// Returns the command that renews the certificate of `pair`; `None` unless that directory has the CA and its key.
pub fn renew_command(pair: &ServerFiles) -> Option<String> {
    certs_command(pair, "--renew")
}

/// Returns the `--out` option for `directory`; empty for the default.
pub(crate) fn out_option(directory: &Path) -> String {
    if directory == Path::new("certs") {
        String::new()
    } else {
        format!(" --out {}", shell(directory))
    }
}

/// Returns the arguments for the names in `details` and `more`.
pub(crate) fn name_arguments(details: &Details, more: &[ServerName]) -> String {
    let more: Vec<_> = more.iter().map(ToString::to_string).collect();
    let mut names: Vec<_> = details.names.iter().filter_map(SubjectAltName::host).collect();
    names.retain(|name| !LOOPBACK_NAMES.contains(&name.as_str()) && !more.contains(name));
    names.extend(more);
    names.iter().map(shell).collect::<Vec<_>>().join(" ")
}

/// Returns the directory of a CA with its key, where `certs` can replace it.
pub(crate) fn own_directory(certificate: &Certificate) -> Option<&Path> {
    let path = certificate.label.path().filter(|path| path.ends_with(CA))?;
    let directory = directory_of(path);
    let key = file::read(&directory.join(CA_KEY), &mut file::FILE_LIMIT.clone()).ok()?;
    let fits = PrivateKey::read(&key).is_ok_and(|key| is_signing_key(&key, certificate, directory));
    fits.then_some(directory)
}

/// Whether `key` signs for the CA in `directory`: it is the CA's, or that of the intermediate there.
pub(crate) fn is_signing_key(key: &PrivateKey, ca: &Certificate, directory: &Path) -> bool {
    let is_below =
        |below: &Certificate| is_signed_by(below, ca) && key.is_key_of(&Details::of(below));
    key.is_key_of(&Details::of(ca))
        || first_certificate(&directory.join(INTERMEDIATE)).as_ref().is_some_and(is_below)
}

/// Whether `directory` has a CA and its key, so that `certs` can sign there.
fn can_sign(directory: &Path) -> bool {
    let key = file::read(&directory.join(CA_KEY), &mut file::FILE_LIMIT.clone());
    let (Ok(key), Some(ca)) = (key, first_certificate(&directory.join(CA))) else { return false };
    let below = first_certificate(&directory.join(INTERMEDIATE));
    let is_key_of = |certificate: &Certificate| {
        private_key::compare(&key, &Details::of(certificate).public_key) != Some(KeyMatch::No)
    };
    is_key_of(&ca) || below.is_some_and(|below| is_key_of(&below))
}

fn certs_command(pair: &ServerFiles, arguments: &str) -> Option<String> {
    let is_ours = pair.certificate.ends_with(SERVER) && can_sign(&pair.directory);
    is_ours.then(|| format!("trust-compose certs {arguments}{}", out_option(&pair.directory)))
}
