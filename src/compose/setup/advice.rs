//! What else the user has to do, or to know, once the overlay stands.

use std::fmt::{self, Display};
use std::net::IpAddr;
use std::path::PathBuf;

use crate::compose::docker;
use crate::compose::project::files::{Origin, ProjectFiles, plain};
use crate::compose::setup::write::{OVERLAY, TRUST};
use crate::compose::setup::{Served, engine_check};
use crate::sys::quote;

/// One thing.
pub enum Advice {
    /// The name does not lead anywhere yet.
    Hosts { domain: String, address: Option<IpAddr> },
    /// SELinux will not let containers read what is mounted.
    Label(Vec<PathBuf>),
    /// The shell decides which files are in force, not `.env`.
    Shell(String),
}

impl Display for Advice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hosts { domain, address } => {
                let address =
                    address.map_or("ADDRESS-OF-THIS-MACHINE".to_owned(), |ip| ip.to_string());
                write!(
                    f,
                    "{} does not resolve here: for this machine add `127.0.0.1 {domain}` to \
                     /etc/hosts; for others `{address} {domain}`",
                    quote::word(domain)
                )
            }
            Self::Label(paths) => {
                let paths: Vec<_> = paths.iter().map(quote::shell).collect();
                write!(
                    f,
                    "this machine enforces SELinux: first let containers read the files: \
                     `sudo chcon -R -t container_file_t {}`",
                    paths.join(" ")
                )
            }
            Self::Shell(value) => write!(
                f,
                "COMPOSE_FILE={} in the shell beats the one in .env: unset it there, or add \
                 {OVERLAY} to it",
                quote::word(value)
            ),
        }
    }
}

/// Everything that applies.
pub fn advice(
    place: &ProjectFiles,
    domain: Option<&str>,
    served: Option<&Served<'_>>,
    activates: bool,
) -> Vec<Advice> {
    let mut all = Vec::new();
    if engine_check::is_enforcing() {
        let served = served.into_iter().flat_map(|served| [&served.certificate, &served.key]);
        all.push(Advice::Label(
            std::iter::once(plain(&place.base, TRUST)).chain(served.cloned()).collect(),
        ));
    }
    if activates && place.origin == Origin::Shell && !place.had_ours {
        all.extend(place.variables.in_shell("COMPOSE_FILE").map(Advice::Shell));
    }
    if let Some(domain) = domain.filter(|domain| docker::resolves(domain) == Some(false)) {
        let address = served.and_then(|served| served.address);
        all.push(Advice::Hosts { domain: domain.to_owned(), address });
    }
    all
}
