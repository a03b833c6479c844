//! The `trust-compose certs` commands that diagnostics print for a server certificate.

use std::path::Path;

use crate::compose::certs::server_name::{LOOPBACK_NAMES, ServerName};
use crate::compose::certs::{CA_KEY, SERVER};
use crate::compose::inputs::files::{ServerFiles, entry_exists};
use crate::sys::quote::shell;
use crate::trust::certificate::extensions::Details;
use crate::trust::certificate::subject_alt_name::SubjectAltName;

/// Returns the command that reissues the certificate of `pair` with the additional names `more`; `None`
/// without the CA's key in that directory.
pub(crate) fn reissue_command(
    pair: &ServerFiles,
    details: &Details,
    more: &[ServerName],
) -> Option<String> {
    certs_command(pair, &name_arguments(details, more))
}

/// Returns the command that renews the certificate of `pair`; `None` without the CA's key in that directory.
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

fn certs_command(pair: &ServerFiles, arguments: &str) -> Option<String> {
    let is_ours = pair.certificate.ends_with(SERVER) && entry_exists(&pair.directory.join(CA_KEY));
    is_ours.then(|| format!("trust-compose certs {arguments}{}", out_option(&pair.directory)))
}
