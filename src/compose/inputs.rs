//! What the user hands to `setup`: CAs to trust, and perhaps a server's certificate to serve.
//!
//! Everything that can be wrong with it is found here, before anything is written: what is trusted
//! (`trusted`), where it is in a directory (`directory`), and whether the server's certificate will
//! do for the clients that are about to trust the CA (`server`). A key is looked at and never kept.

pub mod chain;
pub mod ca_directory;
pub mod notice;
pub mod error;
pub mod server_certificate;
pub mod ca_file;
pub mod server_error;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::compose::certs::server_name::Name;
use crate::compose::inputs::ca_directory::Directory;
pub use crate::compose::inputs::ca_directory::Pair;
pub use crate::compose::inputs::error::Error;
pub use crate::compose::inputs::notice::{Note, Warning};
pub use crate::compose::inputs::server_certificate::{Server, anew, lacking, out, prove, renew};
pub use crate::compose::inputs::server_error::Unservable;
use crate::compose::passwords::{Ask, Passwords};
use crate::sys::file;
use crate::trust::certificate::Certificate;
use crate::trust::inspection::{self, Inspection};
use crate::trust::source::Unreadable;
use crate::trust::source::{Label, Source, SourceKind};
use crate::trust::source::{Named, Origin};
use crate::trust::time::Time;

/// What `setup` was given.
#[derive(Clone, Debug, Default)]
pub struct Given {
    /// `--custom-ca`: a directory or a file.
    pub custom_ca: Option<PathBuf>,
    /// Each `--extra-ca`: files.
    pub extra: Vec<PathBuf>,
    /// `--domain`: what clients connect to.
    pub domain: Option<String>,
    /// Whether a service was named that serves it: `--caddy`, `--tls`.
    pub serves: bool,
    /// `--p12-password-file`.
    pub password_file: Option<PathBuf>,
}

/// What it came to.
#[derive(Debug, Default)]
pub struct Inputs {
    /// The CAs to trust: that of `--custom-ca` first, then each `--extra-ca`, each once.
    pub custom: Vec<Certificate>,
    /// The server's certificate and key, where they lie.
    pub pair: Option<Pair>,
    /// The same, proved, if there is a domain to serve them for.
    pub server: Option<Server>,
    /// What clients connect to, as DNS carries it.
    pub domain: Option<Name>,
    /// What was chosen or left out.
    pub notes: Vec<Note>,
    /// What will surprise somebody.
    pub warnings: Vec<Warning>,
}

/// The option that names a directory or a file.
pub const CUSTOM_CA: &str = "--custom-ca";
/// The option that names one more file.
const EXTRA_CA: &str = "--extra-ca";

/// Reads and proves what was given, at the moment `now`. `ask` is asked for passwords that are in no
/// file.
///
/// # Errors
/// At the first thing that will not do.
pub fn read(given: &Given, now: Time, ask: Ask<'_>) -> Result<Inputs, Error> {
    let passwords = Passwords::new(given.password_file.as_deref(), ask);
    let mut inputs = Inputs::default();
    if let Some(word) = &given.domain {
        inputs.domain = Some(Name::parse_from(word, "from --domain").map_err(Error::Domain)?);
    }
    let mut budget = file::TOTAL_LIMIT;
    let mut pair = None;
    if let Some(path) = &given.custom_ca {
        let mut file = path.clone();
        if path.is_dir() {
            let directory = Directory::open(path)?;
            pair = directory.pair(&mut inputs.notes)?;
            file = directory.authority(&passwords, pair.is_some(), &mut inputs.notes)?;
        }
        inputs.trust(&source(&file, CUSTOM_CA, &mut budget)?, &passwords)?;
    }
    let own = inputs.custom.clone();
    for path in &given.extra {
        inputs.trust(&source(path, EXTRA_CA, &mut budget)?, &passwords)?;
    }
    inputs.judge(now)?;
    inputs.pair.clone_from(&pair);
    match (pair, &inputs.domain) {
        (Some(pair), Some(domain)) => {
            let (server, warning) = server_certificate::prove(&pair, Some(domain), &own, now)?;
            inputs.warnings.extend(warning);
            if !given.serves {
                inputs.notes.push(Note::NoService { pair, domain: domain.clone() });
            }
            inputs.server = Some(server);
        }
        (Some(pair), None) if given.serves => return Err(Error::NoDomain { pair }),
        (Some(pair), None) => inputs.notes.push(Note::NotServed { pair }),
        (None, domain) if given.serves => {
            let (domain, place) = (domain.clone(), given.custom_ca.clone());
            return Err(Error::NoServer { domain, place });
        }
        (None, _) => {}
    }
    Ok(inputs)
}

impl Inputs {
    /// Adds the CAs of one file, each once.
    fn trust(&mut self, source: &Source, passwords: &Passwords<'_>) -> Result<(), Error> {
        let (found, note) = ca_file::authorities(source, passwords)?;
        self.notes.extend(note);
        let mut known = BTreeSet::new();
        known.extend(self.custom.iter().map(|certificate| certificate.der.to_vec()));
        self.custom.extend(found.into_iter().filter(|found| known.insert(found.der.to_vec())));
        Ok(())
    }

    /// Refuses what no client can use, and warns of what some will refuse.
    fn judge(&mut self, now: Time) -> Result<(), Error> {
        let certificates = std::mem::take(&mut self.custom);
        let mut inspection = Inspection { certificates, ..Inspection::default() };
        inspection::judge(&mut inspection, now, &[]);
        if let Some(error) = inspection.errors.into_iter().next() {
            return Err(Error::Refused(error));
        }
        self.warnings.extend(inspection.warnings.into_iter().map(Warning::Certificate));
        self.custom = inspection.certificates;
        Ok(())
    }
}

fn label(path: &Path, option: &'static str) -> Label {
    Label::Path(Named { path: path.to_path_buf(), origin: Origin::Option(option) })
}

fn source(path: &Path, option: &'static str, budget: &mut u64) -> Result<Source, Error> {
    let label = label(path, option);
    match file::read(path, budget) {
        Ok(bytes) => Ok(Source { label, kind: SourceKind::Named, bytes }),
        Err(problem) => Err(Error::Unreadable(Unreadable { label, problem })),
    }
}
