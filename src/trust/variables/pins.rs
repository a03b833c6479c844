//! What the environment's trust variables name at present.
//!
//! What a user or an image has set stays in force for that variable's readers, and goes to no other
//! else. Who can look where a variable points is the caller: in the container itself, or, on the host,
//! in its image and its mounts.

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

/// What a row's readers trust at present, as far as a variable says so.
#[derive(Debug)]
pub struct Pin<'a> {
    /// The row.
    pub row: &'static TrustVariable,
    /// The variable that says so: the row's own or one that its readers fall back to.
    pub variable: &'static str,
    /// What is there.
    pub trusts: PinnedTrust<'a>,
}

/// What is in the file or the directory that a variable names.
#[derive(Debug)]
pub enum PinnedTrust<'a> {
    /// These certificates.
    Anchors(Cow<'a, Anchors<'a>>),
    /// What cannot be known from here.
    Unknown,
    /// The certificate that the service itself serves with.
    Served,
}

/// What a variable's value names.
#[derive(Clone)]
pub enum PinTarget<'a> {
    /// Certificates, in a file or in a directory.
    Anchors { anchors: Cow<'a, Anchors<'a>>, is_directory: bool },
    /// It names the merged bundle or the custom CAs that we published.
    Ours,
    /// Nothing can be read there.
    Unusable(String),
    /// What is there cannot be known from here.
    Unknown,
}

/// Asks `look` for what each of `rows` names, itself or through the variables its readers fall back
/// to.
pub fn find_pins<'a>(
    rows: impl Iterator<Item = &'static TrustVariable>,
    environment: &Environment,
    mut look: impl FnMut(&OsStr) -> PinTarget<'a>,
) -> (Vec<Pin<'a>>, Vec<Diagnostic>) {
    let (mut pins, mut warnings) = (Vec::new(), Vec::new());
    // Many images set several variables to one file: it is read once.
    let mut seen: BTreeMap<&OsStr, PinTarget<'a>> = BTreeMap::new();
    for row in rows {
        for variable in std::iter::once(&row.name).chain(row.falls_back_to) {
            let Some(value) = environment.get(variable).filter(|value| !value.is_empty()) else {
                continue;
            };
            let found = seen.entry(value).or_insert_with(|| look(value)).clone();
            if [row.name, *variable] == [SSL_CERT_FILE; 2] {
                let key = served::key_variable(environment);
                if is_served(&found, key) {
                    pins.push(Pin { row, variable, trusts: PinnedTrust::Served });
                    warnings.push(left_to_the_service(variable, value, key));
                    break;
                }
            }
            let cause = match found {
                // A directory serves clients that replace their roots; clients that add to theirs need a file.
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
            // Said once, where the variable is looked at for its own sake.
            if *variable == row.name || *variable == "SSL_CERT_DIR" {
                warnings.push(
                    Diagnostic::statement(format!(
                        "{variable} names {}, which cannot be used ({cause}): treated as not set",
                        quote::word(value)
                    ))
                    .advise(format!("correct {variable}, or unset it")),
                );
            }
        }
    }
    (pins, warnings)
}

/// The warning for a variable that names the certificate which the service itself serves with. `key`: the
/// variable that names its key.
fn left_to_the_service(name: &str, value: &OsStr, key: Option<&OsStr>) -> Diagnostic {
    let why = match key {
        Some(key) => format!("is set beside {}", quote::word(key)),
        None => "names a server's certificate".to_owned(),
    };
    Diagnostic::statement(format!(
        "{name}={} {why}, so trust-init does not change it: the service may serve with that file. \
         Programs that read root certificates from {name} do not trust the custom CAs",
        quote::word(value)
    ))
    .advise(
        "to have OpenSSL trust the custom CAs, too, name the service's certificate in another variable",
    )
}

/// Certificates that a server has in its file besides its own: more than any chain has. Bundles of public
/// roots have over a hundred.
const LONGEST_CHAIN: usize = 10;

/// Whether what SSL_CERT_FILE names is the certificate that the service serves with. `key`: the variable
/// that names its key.
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
        // An entrypoint may write it later.
        PinTarget::Unusable(_) => key.is_some(),
    }
}
