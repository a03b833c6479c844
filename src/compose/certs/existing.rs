//! Reads the existing files of the directory, and checks that they belong together before anything is issued.

use std::io;
use std::path::{Path, PathBuf};

use crate::compose::certs::directory::check_owner;
use crate::compose::certs::key::PrivateKey;
use crate::compose::certs::options::{CA, CA_KEY, CertsOptions, INTERMEDIATE, SERVER, SERVER_KEY};
use crate::sys::diagnostic::Diagnostic;
use crate::sys::dir::owners::Owners;
use crate::sys::{file, quote};
use crate::trust::certificate::Certificate;
use crate::trust::certificate::extensions::{Details, is_signed_by};
use crate::trust::certificate::subject_alt_name::SubjectAltName;
use crate::trust::certificate_file;
use crate::trust::file_error::CertificateFileError;
use crate::trust::inspection;
use crate::trust::source::{CertificateSource, HostFileError, Label, Named, SourceKind};

/// A CA with its key, which can sign.
pub(crate) struct Authority {
    /// The CA certificate.
    pub certificate: Certificate,
    /// Its decoded names, key and extensions.
    pub details: Details,
    /// The CA's key.
    pub key: PrivateKey,
    /// All certificates in the CA's file, which clients trust: for an intermediate, its issuers may follow.
    /// The intermediate of a constrained CA has a file of its own.
    pub file: Vec<Certificate>,
}

impl Authority {
    /// Whether the CA's file does not contain the certificate that signs, but its root.
    pub(crate) fn is_below_file(&self) -> bool {
        !self.file.iter().any(|found| found.der == self.certificate.der)
    }

    /// The certificate that clients trust.
    pub(crate) fn anchor(&self) -> &Certificate {
        self.file.first().filter(|_| self.is_below_file()).unwrap_or(&self.certificate)
    }
}

/// The server certificate of an earlier run.
pub(crate) struct ExistingServer {
    /// The certificate.
    pub certificate: Certificate,
    /// Its decoded names, key and extensions.
    pub details: Details,
    /// Whether the CA of this run signed it.
    pub is_signed_by_ca: bool,
}

/// The certificates of earlier runs.
#[derive(Default)]
pub(crate) struct ExistingCerts {
    /// The CA to sign with.
    pub authority: Option<Authority>,
    /// The server certificate in the directory.
    pub server: Option<ExistingServer>,
    /// With `--ca`: whether that CA's certificate is missing in the directory.
    pub lacks_copy: bool,
    /// With `--force`: the names in the server certificate, if it can be read.
    pub former_names: Vec<SubjectAltName>,
    /// Keys that other users can read, with their modes.
    pub open_keys: Vec<(PathBuf, u32)>,
}

impl ExistingCerts {
    /// Reads the certificates in `--out`, if that `exists`, and those in `--ca`.
    ///
    /// # Errors
    /// When a file cannot be read, is missing, or does not belong to the others.
    pub(crate) fn read(options: &CertsOptions, exists: bool) -> Result<Self, Diagnostic> {
        let mut existing = Self::default();
        let owners = options.owners;
        let out = CertsDirectory { named: &options.out, exists, owners };
        let from = options.ca.as_ref().filter(|ca| !is_same_path(&ca.path, &options.out.path));
        match from {
            Some(named) => {
                let found =
                    existing.read_authority(&CertsDirectory { named, exists: true, owners })?;
                let authority = found.ok_or_else(|| no_ca(&named.path))?;
                if out.read_file(CA_KEY)?.is_some() {
                    let out = quote::path(&options.out.path);
                    return Err(Diagnostic::cannot("use", "--ca")
                        .because(format_args!("{out} has a CA of its own ({CA_KEY})"))
                        .advise("name another directory with --out"));
                }
                existing.lacks_copy = !out.read_file(CA)?.is_some_and(|source| {
                    certificate_file::parse(&source)
                        .is_ok_and(|found| is_same_list(&found.certificates, &authority.file))
                });
                existing.authority = Some(authority);
            }
            // --force replaces all files, so they need not be valid.
            None if options.force => existing.former_names = out.server_names(),
            None => existing.authority = existing.read_authority(&out)?,
        }
        if !options.force || from.is_some() {
            existing.server = existing.read_server(&out)?;
        }
        Ok(existing)
    }

    fn read_authority(
        &mut self,
        directory: &CertsDirectory<'_>,
    ) -> Result<Option<Authority>, Diagnostic> {
        let (certificate, key) = match (directory.read_file(CA)?, directory.read_file(CA_KEY)?) {
            (None, None) => return Ok(None),
            (Some(certificate), Some(key)) => (certificate, key),
            (Some(_), None) => return Err(directory.incomplete_pair(CA, CA_KEY)),
            (None, Some(_)) => return Err(directory.incomplete_pair(CA_KEY, CA)),
        };
        let file = read_certificates(&certificate)?;
        let private_key = self.read_key(directory, &key, CA_KEY)?;
        let below = directory.read_file(INTERMEDIATE)?.map(|source| read_certificates(&source));
        let below = below.transpose()?.unwrap_or_default();
        let both = file.iter().chain(&below);
        let mut pairs = both.map(|certificate| (certificate, Details::of(certificate)));
        let found = pairs.find(|(_, details)| private_key.is_key_of(details));
        let Some((found, details)) = found else {
            return Err(key_mismatch(&certificate, &key, true));
        };
        if !found.is_ca {
            let subject = quote::word(&found.subject);
            return Err(certificate
                .label
                .cannot("sign with")
                .because(format_args!("{subject} is not a CA"))
                .advise("replace it with the CA's own certificate"));
        }
        Ok(Some(Authority {
            certificate: found.clone(),
            details,
            key: private_key,
            file: file.clone(),
        }))
    }

    fn read_server(
        &mut self,
        directory: &CertsDirectory<'_>,
    ) -> Result<Option<ExistingServer>, Diagnostic> {
        let (source, key) = match (directory.read_file(SERVER)?, directory.read_file(SERVER_KEY)?) {
            (None, None) => return Ok(None),
            (Some(certificate), Some(key)) => (certificate, key),
            (Some(_), None) => return Err(directory.incomplete_pair(SERVER, SERVER_KEY)),
            (None, Some(_)) => return Err(directory.incomplete_pair(SERVER_KEY, SERVER)),
        };
        let file = read_certificates(&source)?;
        let private_key = self.read_key(directory, &key, SERVER_KEY)?;
        // A server's certificate comes first in its file (RFC 8446, section 4.4.2).
        let Some(certificate) = file.into_iter().next() else { return Ok(None) };
        let details = Details::of(&certificate);
        if !private_key.is_key_of(&details) {
            return Err(key_mismatch(&source, &key, false));
        }
        let authority = self.authority.as_ref();
        let is_signed_by_ca =
            authority.is_some_and(|above| is_signed_by(&certificate, &above.certificate));
        Ok(Some(ExistingServer { certificate, details, is_signed_by_ca }))
    }

    fn read_key(
        &mut self,
        directory: &CertsDirectory<'_>,
        source: &CertificateSource,
        file: &str,
    ) -> Result<PrivateKey, Diagnostic> {
        use std::os::unix::fs::MetadataExt as _;
        let path = directory.named.path.join(file);
        let mode = path.metadata().map(|found| found.mode() & 0o777).unwrap_or_default();
        if mode & 0o077 != 0 {
            self.open_keys.push((path, mode));
        }
        PrivateKey::read(&source.bytes).map_err(|problem| problem.diagnostic(&source.label))
    }
}

/// A directory that may contain a CA and a server certificate.
struct CertsDirectory<'a> {
    named: &'a Named,
    exists: bool,
    owners: Owners,
}

impl CertsDirectory<'_> {
    /// Reads the file of that name; `None` if it does not exist.
    fn read_file(&self, file: &str) -> Result<Option<CertificateSource>, Diagnostic> {
        let path = self.named.path.join(file);
        let is_missing = |error: &io::Error| error.kind() == io::ErrorKind::NotFound;
        if !self.exists || path.symlink_metadata().as_ref().is_err_and(is_missing) {
            return Ok(None);
        }
        let mut budget = file::TOTAL_LIMIT;
        let read = file::read(&path, &mut budget);
        let label = Label::new(&path, self.named.origin);
        check_owner(&label, &path, self.owners)?;
        match read {
            Ok(bytes) => Ok(Some(CertificateSource { label, kind: SourceKind::Named, bytes })),
            Err(problem) => Err(Diagnostic::from(&HostFileError { label, problem })),
        }
    }

    /// Returns the names in the server certificate; none if it cannot be read.
    fn server_names(&self) -> Vec<SubjectAltName> {
        let source = self.read_file(SERVER).ok().flatten();
        let file = source.and_then(|source| read_certificates(&source).ok());
        let first = file.and_then(|file| file.into_iter().next());
        first.map(|certificate| Details::of(&certificate).names).unwrap_or_default()
    }

    fn incomplete_pair(&self, present: &str, missing: &str) -> Diagnostic {
        let fix = match missing {
            CA_KEY => {
                "restore it, name the directory that has it with --ca, or create a new CA with --force"
            }
            CA => "restore it, or create a new CA with --force",
            _ => "restore it, or move the other file away and run this again",
        };
        let [present, missing] = [present, missing].map(|file| self.named.path.join(file));
        Diagnostic::cannot("use", quote::path(&present))
            .because(format_args!("{} is missing", quote::path(&missing)))
            .advise(fix)
    }
}

fn key_mismatch(
    certificate: &CertificateSource,
    key: &CertificateSource,
    is_ca: bool,
) -> Diagnostic {
    let or =
        if is_ca { "create a new CA with --force" } else { "move both away and run this again" };
    let cause = format!("the key in {} does not belong to it", key.label);
    let failed = certificate.label.cannot("use").because(cause);
    failed.advise(format!("restore the two files that belong together, or {or}"))
}

/// The diagnostic for a directory without a CA to sign with.
pub(crate) fn no_ca(path: &Path) -> Diagnostic {
    Diagnostic::cannot("sign with", format_args!("the CA in {}", quote::path(path)))
        .because(format_args!("{CA} and {CA_KEY} are missing"))
        .advise("correct the name, or create a CA with `trust-compose certs NAME`")
}

/// Returns the certificates of a file, at least one.
fn read_certificates(source: &CertificateSource) -> Result<Vec<Certificate>, Diagnostic> {
    let unusable = |problem| {
        let label = source.label.clone();
        Diagnostic::from(&inspection::InspectionError::Unusable { label, problem })
    };
    let found = certificate_file::parse(source).map_err(unusable)?.certificates;
    if found.is_empty() {
        return Err(unusable(CertificateFileError::Nothing));
    }
    Ok(found)
}

fn is_same_list(one: &[Certificate], other: &[Certificate]) -> bool {
    let ders =
        |list: &[Certificate]| list.iter().map(|found| found.der.clone()).collect::<Vec<_>>();
    ders(one) == ders(other)
}

fn is_same_path(one: &Path, other: &Path) -> bool {
    match (one.canonicalize(), other.canonicalize()) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    }
}
