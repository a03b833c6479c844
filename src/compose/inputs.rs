//! The inputs of `setup` and `kustomize`: custom CAs, and a server certificate for a proxy.
//!
//! They are checked completely before any file is written: which file is the CA (`ca_directory`, `ca_file`),
//! and whether clients that trust it will accept the server certificate (`server_certificate`, `chain`). A
//! private key is compared with its certificate and not kept.

pub(crate) mod ca_directory;
pub(crate) mod ca_file;
pub(crate) mod chain;
pub(crate) mod commands;
pub(crate) mod error;
pub(crate) mod files;
pub(crate) mod listing;
pub(crate) mod meant;
pub(crate) mod places;
pub(crate) mod remote;
pub(crate) mod server_certificate;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::compose::certs::server_name::ServerName;
use crate::compose::certs::{CA, CA_KEY, SERVER, SERVER_KEY};
use crate::compose::inputs::ca_directory::CaDirectory;
use crate::compose::inputs::commands::out_option;
pub use crate::compose::inputs::commands::renew_command;
pub(crate) use crate::compose::inputs::commands::{is_signing_key, own_directory};
pub use crate::compose::inputs::error::{InputError, InputErrorKind, ServerFault};
pub use crate::compose::inputs::files::{CUSTOM_CA, ServerFiles};
use crate::compose::inputs::files::{EXTRA_CA, entry_exists, read_source};
pub use crate::compose::inputs::server_certificate::{
    ServerCertificate, missing_names, replace_ca_command, verify_server,
};
use crate::compose::passwords::{PasswordPrompt, Passwords};
use crate::sys::diagnostic::Diagnostic;
use crate::sys::file;
use crate::sys::output;
use crate::sys::quote::{self, shell};
use crate::trust::certificate::Certificate;
use crate::trust::fingerprint::Fingerprint;
use crate::trust::inspection::{self, Inspection};
use crate::trust::source::CertificateSource;
use crate::trust::time::Time;

/// Days before the end of a CA from which setup warns.
const EXPIRY_WARNING_DAYS: i64 = 30;

/// The options that name the inputs.
#[derive(Clone, Debug, Default)]
pub struct InputOptions {
    /// `--custom-ca`: a directory or file.
    pub custom_ca: Option<PathBuf>,
    /// `--extra-ca`: directories or files.
    pub extra: Vec<PathBuf>,
    /// `--domain`: the name that clients connect to.
    pub domain: Option<String>,
    /// Whether `--caddy` or `--tls` names a service that serves the certificate.
    pub serves: bool,
    /// `--p12-password-file`.
    pub password_file: Option<PathBuf>,
    /// `--ca-sha256`: the fingerprints of the only CAs to trust; empty for any.
    pub ca_sha256: Vec<Fingerprint>,
    /// Whether to omit the note about a server certificate that no proxy serves.
    pub is_trust_only: bool,
}

/// The inputs, read and checked.
#[derive(Debug, Default)]
pub struct Inputs {
    /// The custom CAs without duplicates: those of `--custom-ca`, then those of `--extra-ca`.
    pub custom: Vec<Certificate>,
    /// The files of the server certificate and its key.
    pub pair: Option<ServerFiles>,
    /// The checked server certificate, if `--domain` was given.
    pub server: Option<ServerCertificate>,
    /// The name that clients connect to, in the form of DNS.
    pub domain: Option<ServerName>,
    /// Notes about files that were chosen or not used.
    pub notes: Vec<String>,
    /// Warnings about the certificates in use.
    pub warnings: Vec<Diagnostic>,
}

/// Reads and checks the inputs at the time `now`. `ask` prompts for a password if no file contains it.
///
/// # Errors
/// At the first fault.
pub fn read(
    given: &InputOptions,
    now: Time,
    ask: PasswordPrompt<'_>,
) -> Result<Inputs, InputError> {
    let passwords = Passwords::new(given.password_file.as_deref(), ask);
    let mut inputs = Inputs::default();
    if let Some(word) = &given.domain {
        inputs.domain = Some(
            ServerName::parse_from(word, "from --domain")
                .map_err(|error| InputErrorKind::Options.because(error))?,
        );
    }
    let mut budget = file::TOTAL_LIMIT;
    let mut pair = None;
    if let Some(path) = &given.custom_ca {
        if path.is_dir() {
            pair = CaDirectory::open(path, CUSTOM_CA)?.find_server_files(&mut inputs.notes)?;
        }
        inputs.add_path(path, CUSTOM_CA, &mut budget, &passwords)?;
    }
    let own = inputs.custom.clone();
    for path in &given.extra {
        inputs.add_path(path, EXTRA_CA, &mut budget, &passwords)?;
    }
    inputs.check_authorities(&given.ca_sha256, now)?;
    inputs.pair.clone_from(&pair);
    match &pair {
        Some(pair) => inputs.check_server(given, pair, &own, now)?,
        None if given.serves => {
            let error = no_server(inputs.domain.as_ref(), given.custom_ca.as_deref());
            return Err(InputErrorKind::ServerIncomplete.because(error));
        }
        None => {}
    }
    Ok(inputs)
}

impl Inputs {
    /// Adds the CAs of a file or directory that `option` names.
    fn add_path(
        &mut self,
        path: &Path,
        option: &'static str,
        budget: &mut u64,
        passwords: &Passwords<'_>,
    ) -> Result<(), InputError> {
        let files = if path.is_dir() {
            CaDirectory::open(path, option)?.find_authorities(passwords, &mut self.notes)?
        } else {
            vec![path.to_path_buf()]
        };
        for file in files {
            self.add_authorities(&read_source(&file, option, budget)?, passwords)?;
        }
        Ok(())
    }

    /// Adds the CAs of one file, without duplicates.
    fn add_authorities(
        &mut self,
        source: &CertificateSource,
        passwords: &Passwords<'_>,
    ) -> Result<(), InputError> {
        let (found, note) = ca_file::authorities(source, passwords)?;
        self.notes.extend(note);
        let mut known = BTreeSet::new();
        known.extend(self.custom.iter().map(|certificate| certificate.der.to_vec()));
        self.custom.extend(found.into_iter().filter(|found| known.insert(found.der.to_vec())));
        Ok(())
    }

    /// Checks the server certificate in `pair` against the CAs `own`, if a domain was given.
    fn check_server(
        &mut self,
        given: &InputOptions,
        pair: &ServerFiles,
        own: &[Certificate],
        now: Time,
    ) -> Result<(), InputError> {
        let (certificate, key) = (quote::path(&pair.certificate), quote::path(&pair.key));
        let Some(domain) = &self.domain else {
            if given.serves {
                let failed = Diagnostic::cannot("serve", certificate).named("from --custom-ca");
                let failed = failed.because("--domain is missing").usage();
                return Err(InputErrorKind::Options.because(
                    failed.advise("give the name that clients connect to: --domain NAME"),
                ));
            }
            if !given.is_trust_only {
                self.notes.push(format!(
                    "{certificate} and {key} are not used; to have a proxy serve them add --domain NAME \
                     and --caddy or --tls SERVICE"
                ));
            }
            return Ok(());
        };
        let (server, warning) = verify_server(pair, Some(domain), own, now)?;
        self.warnings.extend(warning);
        if !given.serves {
            let domain = quote::word(&domain.to_string()).to_string();
            self.notes.push(format!(
                "{certificate} is for {domain}, and is not used; to have a proxy serve it add --caddy \
                 or --tls SERVICE"
            ));
        }
        self.server = Some(server);
        Ok(())
    }

    /// Refuses certificates that no client accepts, and warns about those that some clients refuse.
    /// Refuses also those that are not `listed`.
    fn check_authorities(&mut self, listed: &[Fingerprint], now: Time) -> Result<(), InputError> {
        let certificates = std::mem::take(&mut self.custom);
        let leaf = certificates.iter().find(|it| !it.is_ca && !it.is_self_issued).cloned();
        let mut inspection = Inspection { certificates, ..Inspection::default() };
        inspection.refuse_unlisted(listed);
        inspection::apply_lints(&mut inspection, now, &[]);
        if let Some(error) = inspection.errors.into_iter().next() {
            let mut diagnostic = Diagnostic::from(&error);
            let kind = match error {
                inspection::InspectionError::Refused(judged) => {
                    if let Some(leaf) = leaf.filter(|leaf| leaf.subject == judged.subject) {
                        diagnostic.fixes.clear();
                        diagnostic = diagnostic.advise(meant::instead_of_leaf(&leaf));
                    }
                    InputErrorKind::NoCa(Box::new(judged))
                }
                _ => InputErrorKind::Unusable,
            };
            return Err(kind.because(diagnostic));
        }
        self.warnings.extend(inspection.warnings.iter().map(Diagnostic::from));
        self.custom = inspection.certificates;
        self.warnings.extend(self.custom.iter().filter_map(|it| expires_soon(it, now)));
        Ok(())
    }
}

/// Returns the warning for a CA that expires soon.
fn expires_soon(certificate: &Certificate, now: Time) -> Option<Diagnostic> {
    let Certificate { label, subject, not_after, .. } = certificate;
    let days = not_after.days_from(now);
    if !(1..=EXPIRY_WARNING_DAYS).contains(&days) {
        return None;
    }
    let days = output::count(usize::try_from(days).unwrap_or_default(), "day");
    let subject = quote::word(subject);
    let warning = Diagnostic::statement(format!(
        "{subject} in {label} expires on {not_after}, in {days}; then every client rejects the server \
         certificates that it issued"
    ));
    Some(match own_directory(certificate) {
        Some(directory) => warning.run(replace_ca_command(directory)),
        None => {
            warning.advise("ask its issuer for the next CA, and add it with --extra-ca until then")
        }
    })
}

/// Returns the diagnostic for a proxy without a server certificate.
fn no_server(domain: Option<&ServerName>, custom_ca: Option<&Path>) -> Diagnostic {
    let name = domain.map_or_else(|| "NAME".to_owned(), |name| shell(&name.to_string()));
    let (failed, directory) = match custom_ca {
        Some(path) if path.is_dir() => {
            let fix = if entry_exists(&path.join(CA_KEY)) {
                let out = out_option(path);
                format!("put both files into it, or create them: `trust-compose certs {name}{out}`")
            } else {
                "put both there".to_owned()
            };
            return Diagnostic::cannot("serve from", quote::path(path))
                .named("from --custom-ca")
                .because(format_args!("{SERVER} with its {SERVER_KEY} is missing"))
                .advise(fix);
        }
        Some(path) => {
            let failed = Diagnostic::cannot("serve from", quote::path(path));
            let failed = failed.named("from --custom-ca");
            (failed.because("certificates are served from a directory only"), "the directory")
        }
        None => {
            let failed = Diagnostic::cannot("serve", "").named("--caddy, --tls");
            (failed.because("--custom-ca is missing"), "a directory")
        }
    };
    failed.advise(format!(
        "give {CUSTOM_CA} {directory} with {CA}, {SERVER} and {SERVER_KEY}, as \
         `trust-compose certs {name}` creates them"
    ))
}
