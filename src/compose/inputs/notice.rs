//! What was chosen, and what was left out: one line each, for whoever wonders.

use std::fmt::{self, Display};
use std::path::PathBuf;

use crate::compose::certs::CA;
use crate::compose::certs::server_name::Name;
use crate::compose::inputs::ca_directory::Pair;
use crate::sys::output;
use crate::sys::quote;
use crate::trust::certificate::Certificate;
use crate::trust::inspection;
use crate::trust::source::Label;

/// Something that was decided.
#[derive(Debug)]
pub enum Note {
    /// A directory without `ca.crt` has one file of CAs.
    Chosen { directory: PathBuf, file: PathBuf },
    /// An archive holds more than CAs.
    LeftInArchive { label: Label, keys: usize, others: Vec<Certificate> },
    /// A directory has a second pair of server files.
    OtherPair { first: Pair, certificate: PathBuf, key: PathBuf },
    /// There are server files, and nobody asked to serve them.
    NotServed { pair: Pair },
    /// There are server files for the domain, and no service that serves them.
    NoService { pair: Pair, domain: Name },
}

/// Something that will surprise somebody.
#[derive(Debug)]
pub enum Warning {
    /// A CA that is trusted all the same.
    Certificate(inspection::Warning),
    /// A key of a kind that does not say which certificate it belongs to.
    Unproved { pair: Pair },
}

impl Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Chosen { directory, file } => write!(
                f,
                "using {}: {} has no {CA}, and this is its only file of CAs",
                quote::path(file),
                quote::path(directory)
            ),
            Self::LeftInArchive { label, keys, others } => {
                write!(f, "left in {label}: {}", contents(*keys, others))
            }
            Self::OtherPair { first, certificate, key } => write!(
                f,
                "left alone: {} and {}, because {} and {} come first",
                quote::path(certificate),
                quote::path(key),
                quote::path(&first.certificate),
                quote::path(&first.key)
            ),
            Self::NotServed { pair } => write!(
                f,
                "found {} and {}, and nothing serves them: that takes --domain NAME, and --caddy or \
                 --tls SERVICE",
                quote::path(&pair.certificate),
                quote::path(&pair.key)
            ),
            Self::NoService { pair, domain } => write!(
                f,
                "{} is good for {}, and nothing serves it: that takes --caddy or --tls SERVICE",
                quote::path(&pair.certificate),
                quote::word(&domain.to_string())
            ),
        }
    }
}

impl Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Certificate(warning) => write!(f, "{warning}"),
            Self::Unproved { pair } => write!(
                f,
                "the key in {} is of a kind that does not say whether it belongs to {}\n\
                 fix: see that the proxy starts with both",
                quote::path(&pair.key),
                quote::path(&pair.certificate)
            ),
        }
    }
}

/// How many items of a list are shown.
const SHOWN: usize = 5;

/// The first few of `items`, and how many more there are.
pub fn few(items: &[String]) -> String {
    let shown = items.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    match items.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// The subjects of certificates, quoted.
pub fn subjects(certificates: &[Certificate]) -> String {
    let quoted = certificates.iter().map(|found| quote::word(&found.subject).to_string());
    few(&quoted.collect::<Vec<_>>())
}

/// What is in an archive besides CAs.
pub fn contents(keys: usize, others: &[Certificate]) -> String {
    match (keys, others) {
        (0, []) => "nothing".to_owned(),
        (0, _) => subjects(others),
        (_, []) => output::count(keys, "key"),
        _ => format!("{} and {}", output::count(keys, "key"), subjects(others)),
    }
}
