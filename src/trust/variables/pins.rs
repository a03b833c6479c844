//! Finds the certificates that the trust variables of an environment name already.
//!
//! A value that a user or an image has set stays in force for that variable's readers, and affects no
//! others. The caller reads the named files: in the container itself, or, on the host, in its image and its
//! mounts.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ffi::OsStr;

use crate::sys::diagnostic::Diagnostic;
use crate::sys::environment::Environment;
use crate::sys::quote;
use crate::trust::certificate;
use crate::trust::trust_anchors::Anchors;
use crate::trust::variables::served::{self, SSL_CERT_FILE};
use crate::trust::variables::table::{TrustVariable, VariableTarget};

/// The variable that names directories. OpenSSL and Go read them in addition to their default file.
pub const SSL_CERT_DIR: &str = "SSL_CERT_DIR";

/// What the readers of a variable trust already, if a variable names it.
#[derive(Debug)]
pub struct Pin<'a> {
    /// The trust variable.
    pub row: &'static TrustVariable,
    /// The variable that names the file: the same, or one that its readers fall back to.
    pub variable: &'static str,
    /// The contents of the file.
    pub trusts: PinnedTrust<'a>,
}

impl Pin<'_> {
    /// Whether a warning about the variable is printed with this pin, of those that it causes.
    pub fn is_reported(&self) -> bool {
        is_reported(self.row, self.variable)
    }
}

/// The contents of the file or the directory that a variable names.
#[derive(Debug)]
pub enum PinnedTrust<'a> {
    /// These certificates.
    Anchors(Cow<'a, Anchors<'a>>),
    /// The contents are unknown on this machine.
    Unknown,
    /// None: what the variable names does not exist yet, or contains no certificate.
    Unusable,
    /// The server certificate of the service itself.
    Served,
}

/// The file or directory that a variable's value names.
#[derive(Clone)]
pub enum PinTarget<'a> {
    /// Certificates, in a file or in a directory.
    Anchors { anchors: Cow<'a, Anchors<'a>>, is_directory: bool },
    /// The merged bundle or the custom CAs that trust-init published.
    Ours,
    /// It cannot be used, for this cause.
    Unusable(String),
    /// Its contents are unknown on this machine.
    Unknown,
}

/// Calls `read` with each variable and value that names a file of `rows`: the variable itself, or one that
/// its readers fall back to. Returns the pins, and warnings for values that cannot be used.
pub fn find_pins<'a>(
    rows: impl Iterator<Item = &'static TrustVariable>,
    environment: &Environment,
    mut read: impl FnMut(&str, &OsStr) -> PinTarget<'a>,
) -> (Vec<Pin<'a>>, Vec<Diagnostic>) {
    let (mut pins, mut warnings) = (Vec::new(), Vec::new());
    // Many images set several variables to one file, which is read once.
    let mut seen: BTreeMap<(bool, &OsStr), PinTarget<'a>> = BTreeMap::new();
    for row in rows {
        for variable in std::iter::once(&row.name).chain(row.falls_back_to) {
            let Some(value) = environment.get(variable).filter(|value| !value.is_empty()) else {
                continue;
            };
            let key = (*variable == SSL_CERT_DIR, value);
            let found = seen.entry(key).or_insert_with(|| read(variable, value)).clone();
            if [row.name, *variable] == [SSL_CERT_FILE; 2] {
                let key = served::key_variable(environment);
                if is_served(&found, key) {
                    pins.push(Pin { row, variable, trusts: PinnedTrust::Served });
                    warnings.push(server_certificate_warning(variable, value, key));
                    break;
                }
            }
            let cause = match found {
                // Clients that replace their roots can read a directory; clients that add to theirs need a
                // file.
                PinTarget::Anchors { anchors, is_directory }
                    if row.target == VariableTarget::Bundle || !is_directory =>
                {
                    pins.push(Pin { row, variable, trusts: PinnedTrust::Anchors(anchors) });
                    break;
                }
                PinTarget::Unknown => {
                    pins.push(Pin { row, variable, trusts: PinnedTrust::Unknown });
                    break;
                }
                PinTarget::Ours => break,
                PinTarget::Unusable(cause) => cause,
                PinTarget::Anchors { .. } => "it is a directory".to_owned(),
            };
            // Its readers trust nothing by it, and an entrypoint may create the file later.
            pins.push(Pin { row, variable, trusts: PinnedTrust::Unusable });
            if is_reported(row, variable) {
                warnings.push(
                    Diagnostic::statement(format!(
                        "{variable} names {}, which cannot be used ({cause}), so the variable is not \
                         changed: programs that read it do not trust the custom CAs",
                        quote::word(value)
                    ))
                    .advise(format!("create that file, or unset {variable}")),
                );
            }
            break;
        }
    }
    (pins, warnings)
}

/// Whether a warning about `variable` is printed with `row`, one of those whose readers read it: once, with its own
/// row. SSL_CERT_DIR has none.
fn is_reported(row: &TrustVariable, variable: &str) -> bool {
    let own = if variable == SSL_CERT_DIR { SSL_CERT_FILE } else { variable };
    row.name == own
}

/// The warning for a variable that names the server certificate of the service itself. `key`: the variable
/// that names its key.
fn server_certificate_warning(name: &str, value: &OsStr, key: Option<&OsStr>) -> Diagnostic {
    let reason = match key {
        Some(key) => format!("is set beside {}", quote::word(key)),
        None => "names a server's certificate".to_owned(),
    };
    Diagnostic::statement(format!(
        "{name}={} {reason}, so trust-init does not change it: the service may serve with that file. \
         Programs that read root certificates from {name} do not trust the custom CAs",
        quote::word(value)
    ))
    .advise(
        "name the service's certificate in another variable, so that OpenSSL can trust the custom CAs too",
    )
}

/// The number of certificates after the leaf in a server's file: more than any chain has. Bundles of public
/// roots contain over a hundred.
const LONGEST_CHAIN: usize = 10;

/// Whether SSL_CERT_FILE names the server certificate of the service. `key`: the variable that names its key.
fn is_served(found: &PinTarget<'_>, key: Option<&OsStr>) -> bool {
    match found {
        // The image's own roots, or a directory: no server reads its certificate there.
        PinTarget::Anchors { anchors: Cow::Borrowed(_), .. }
        | PinTarget::Anchors { is_directory: true, .. }
        | PinTarget::Ours
        | PinTarget::Unknown => false,
        PinTarget::Anchors { anchors, .. } => match anchors.certificates.as_slice() {
            [first, issuers @ ..] if issuers.len() < LONGEST_CHAIN => first
                .decode()
                .is_some_and(|der| certificate::is_server_certificate(&der, key.is_some())),
            _ => false,
        },
        // An entrypoint may create the file later.
        PinTarget::Unusable(_) => key.is_some(),
    }
}
