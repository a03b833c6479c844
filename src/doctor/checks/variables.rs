//! The trust variables, as the process and as `exec` and health checks see them, and the files that they
//! name: each must exist, be readable for this user, intact, and not empty.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::doctor::anchor_file::{AnchorFile, source};
use crate::doctor::cli::Configured;
use crate::doctor::process::TargetProcess;
use crate::sys::file::FileReadError;
use crate::sys::finding::service_fix::ServiceCommand;
use crate::sys::finding::{Finding, Severity};
use crate::sys::output;
use crate::sys::quote;
use crate::trust::file_error;
use crate::trust::inspection;
use crate::trust::root_stores::ROOT_FILES;
use crate::trust::trust_anchors::anchors;
use crate::trust::variables::{TABLE, TrustVariable, VariableTarget};

/// A file, and the variables that name it.
struct NamedFile {
    path: PathBuf,
    readers: Vec<String>,
    /// Whether a reader of one of them trusts this file and nothing else.
    is_exclusive: bool,
}

/// Returns the files of trust anchors that programs in the container read, and the findings about them.
pub(crate) fn anchor_files(
    process: &TargetProcess,
    configured: &[Configured],
) -> (Vec<AnchorFile>, Vec<Finding>) {
    let (mut files, mut findings) = (Vec::new(), Vec::new());
    for file in named_files(process, configured, &mut findings) {
        let readers = file.readers.join(", ");
        match read_anchors(process, &file.path, &readers) {
            Ok(anchors) => {
                let count = output::count(anchors.anchors.len(), "certificate");
                let subject = quote::path(&file.path);
                let cause = format!("{count}, for {}", short(&file.readers));
                findings.push(Finding::ok("bundle", &subject, cause));
                // A file that is read in addition to other roots does not decide alone.
                if file.is_exclusive {
                    files.push(anchors);
                }
            }
            Err(finding) => findings.push(*finding),
        }
    }
    if process.environment.get("SSL_CERT_FILE").is_none() {
        match own_roots(process) {
            Some(own) => {
                let count = output::count(own.anchors.len(), "certificate");
                let subject = format!("{} (the image's own)", own.name());
                findings.push(Finding::ok("roots", &subject, count));
                files.insert(0, own);
            }
            None => findings.push(Finding::warning(
                "roots-missing",
                "the image's own roots",
                "the image has no root certificates, and SSL_CERT_FILE is not set",
                "install ca-certificates into the image, or set TRUST_INIT_ROOTS=mozilla",
            )),
        }
    }
    (files, findings)
}

/// Returns the names of the variables, shortened.
fn short(names: &[String]) -> String {
    match names {
        [one, two, three, rest @ ..] if rest.len() > 1 => {
            format!("{one}, {two}, {three} and {} other variables", rest.len())
        }
        names => names.join(", "),
    }
}

/// Returns each named file once, and reports empty variables: they are worse than variables that are not set.
fn named_files(
    process: &TargetProcess,
    configured: &[Configured],
    findings: &mut Vec<Finding>,
) -> Vec<NamedFile> {
    let mut files: Vec<NamedFile> = Vec::new();
    let mut note = |row: &TrustVariable, value: &OsStr, reader: String, is_exclusive: bool| {
        if value.is_empty() {
            let cause = "is set but empty, which switches verification off in some clients";
            let fix = format!("unset {}", row.name);
            findings.push(Finding::error("variable-empty", &reader, cause, fix));
            return;
        }
        let path = PathBuf::from(value);
        match files.iter_mut().find(|file| file.path == path) {
            Some(file) => {
                file.readers.push(reader);
                file.is_exclusive |= is_exclusive;
            }
            None => files.push(NamedFile { path, readers: vec![reader], is_exclusive }),
        }
    };
    for row in TABLE.iter().filter(|row| names_certificates(row)) {
        let own = process.environment.get(row.name);
        if let Some(value) = own {
            note(row, value, row.name.to_owned(), row.target == VariableTarget::Bundle);
        }
        let value =
            configured.iter().find(|it| it.name == row.name).and_then(|it| it.value.as_deref());
        if let Some(value) = value.filter(|value| own != Some(OsStr::new(value))) {
            note(row, OsStr::new(value), format!("{} of `exec`", row.name), false);
        }
    }
    files
}

fn names_certificates(row: &TrustVariable) -> bool {
    matches!(row.target, VariableTarget::Bundle | VariableTarget::Custom)
}

/// Reads the image's own root certificates.
fn own_roots(process: &TargetProcess) -> Option<AnchorFile> {
    ROOT_FILES.iter().map(|(path, ..)| Path::new(path)).find_map(|path| {
        let file = AnchorFile::parse(path, &process.read(path).ok()?);
        (!file.anchors.is_empty()).then_some(file)
    })
}

/// Reads the certificates in a file, or returns the finding about it.
fn read_anchors(
    process: &TargetProcess,
    path: &Path,
    readers: &str,
) -> Result<AnchorFile, Box<Finding>> {
    let bytes =
        process.read(path).map_err(|problem| Box::new(unreadable(path, readers, &problem)))?;
    let whole = inspection::certificates(&source(path, &bytes));
    let found = anchors(&bytes);
    let (id, cause, fix) = match (whole, found.flaw()) {
        (Err(key @ file_error::CertificateFileError::PrivateKey { .. }), _) => (
            "file-with-key",
            key.to_string(),
            format!(
                "mount the certificate alone, which `openssl x509 -in {} -out ca.crt` extracts",
                quote::shell(path)
            ),
        ),
        (_, Some((line, what))) => (
            "file-broken",
            format!("line {line}: {what}: OpenSSL and others refuse the whole file"),
            "copy the complete file again from its source, or let trust-init merge it".to_owned(),
        ),
        _ if found.certificates.is_empty() => (
            "file-empty",
            file_error::CertificateFileError::of(&bytes).to_string(),
            "put the bundle there, or unset the variable".to_owned(),
        ),
        _ => {
            let readers = readers.to_owned();
            return Ok(AnchorFile { readers, ..AnchorFile::parse(path, &bytes) });
        }
    };
    let cause = format!("{readers} names it, and {cause}");
    Err(Box::new(Finding::error(id, &quote::path(path), cause, fix)))
}

fn unreadable(path: &Path, readers: &str, problem: &FileReadError) -> Finding {
    let (id, fix) = match problem {
        FileReadError::Missing => (
            "file-missing",
            "mount it there, or unset the variable: every TLS connection of its readers fails",
        ),
        FileReadError::Directory { .. } => {
            ("file-directory", "remove that directory on the host, and put the file in its place")
        }
        FileReadError::Denied { .. } => {
            ("file-unreadable", "make it readable for that uid: it is public, chmod 0644 is right")
        }
        _ => ("file-unusable", "name a regular file of certificates"),
    };
    let cause = format!("{readers} names it, and it cannot be read: {problem}");
    let finding = Finding::new(id, Severity::Error, &quote::path(path), cause);
    match problem {
        FileReadError::Directory { .. } => {
            finding.with_service_fix(Some(fix), ServiceCommand::Recreate)
        }
        _ => finding.with_fix(fix),
    }
}

/// Reports the variables that `exec` and health checks see differently from process 1: they get the
/// container's configuration, not what an entrypoint exported
/// (<https://docs.docker.com/reference/cli/docker/container/exec/>).
pub(crate) fn seen_by_exec(process: &TargetProcess, configured: &[Configured]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut exported = Vec::new();
    for Configured { name, value } in configured {
        let own = process.environment.get(name);
        let row = TABLE.iter().find(|row| row.name == name);
        match (own, value.as_deref().map(OsStr::new)) {
            (Some(_), None) => exported.push(name.as_str()),
            (None, Some(_)) => {
                let cause = "the container is configured with it, and process 1 does not have it";
                let fix = "make the entrypoint pass its environment on";
                findings.push(Finding::warning("variable-lost", name, cause, fix));
            }
            (Some(own), Some(other)) if own != other => match row {
                // Options are appended to; the file that they name is checked for Java.
                Some(row) if !names_certificates(row) => exported.push(name.as_str()),
                _ if is_same(process, own, other) => {}
                _ => {
                    let (own, other) = (quote::word(own), quote::word(other));
                    let cause =
                        format!("process 1 reads {own}, `exec` and health checks read {other}");
                    let fix = "run trust-compose setup again: it writes the variable below `environment:`";
                    findings.push(Finding::warning("variables-differ", name, cause, fix));
                }
            },
            _ => {}
        }
    }
    if !exported.is_empty() {
        let cause = "set by the entrypoint, so `exec` and health checks do not have them";
        let finding = Finding::info("variables-of-entrypoint", &exported.join(", "), cause);
        findings.push(finding.with_fix("eval \"$(trust-init --print-env)\""));
    }
    findings
}

/// Whether two files contain the same certificates.
fn is_same(process: &TargetProcess, one: &OsStr, other: &OsStr) -> bool {
    let set = |path: &OsStr| {
        let bytes = process.read(Path::new(path)).ok()?;
        let texts = anchors(&bytes).certificates;
        Some(texts.iter().map(|pem| pem.text().to_vec()).collect::<BTreeSet<_>>())
    };
    set(one).is_some_and(|one| set(other) == Some(one))
}
