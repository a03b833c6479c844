//! The trust variables, as the process sees them and as `exec` and health checks do, and the files that
//! they name: there, for this user, whole, and not empty.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::doctor::cli::Configured;
use crate::doctor::diagnosis::Store;
use crate::doctor::process::{self, Patient};
use crate::sys::file::Problem;
use crate::sys::finding::Finding;
use crate::sys::output;
use crate::sys::quote;
use crate::trust::inspection;
use crate::trust::root_stores::ROOT_FILES;
use crate::trust::trust_anchors::anchors;
use crate::trust::variables::{Points, Row, TABLE};

/// A file, and the variables that name it.
struct File {
    path: PathBuf,
    readers: Vec<String>,
    /// Whether any of them reads this file and nothing else.
    decides: bool,
}

/// The files of anchors that its programs read, and what is wrong with them.
pub fn stores(patient: &Patient, configured: &[Configured]) -> (Vec<Store>, Vec<Finding>) {
    let (mut stores, mut findings) = (Vec::new(), Vec::new());
    for file in files(patient, configured, &mut findings) {
        let readers = file.readers.join(", ");
        match judge(patient, &file.path, &readers) {
            Ok(store) => {
                let count = output::count(store.anchors.len(), "certificate");
                let thing = quote::path(&file.path);
                let cause = format!("{count}, for {}", short(&file.readers));
                findings.push(Finding::ok("bundle", &thing, cause));
                // What is read in addition to other roots says nothing on its own.
                if file.decides {
                    stores.push(store);
                }
            }
            Err(finding) => findings.push(*finding),
        }
    }
    if patient.environment.get("SSL_CERT_FILE").is_none() {
        match own_roots(patient) {
            Some(own) => {
                let count = output::count(own.anchors.len(), "certificate");
                let thing = format!("{} (the image's own)", own.name);
                findings.push(Finding::ok("roots", &thing, count));
                stores.insert(0, own);
            }
            None => findings.push(Finding::warning(
                "roots-missing",
                "the image's own roots",
                "there are none, and SSL_CERT_FILE names no others",
                "install ca-certificates into the image, or set TRUST_INIT_ROOTS=mozilla",
            )),
        }
    }
    (stores, findings)
}

/// The first names of many.
fn short(names: &[String]) -> String {
    match names {
        [one, two, three, rest @ ..] if rest.len() > 1 => {
            format!("{one}, {two}, {three} and {} other variables", rest.len())
        }
        names => names.join(", "),
    }
}

/// Each file once. A variable that is empty names none, and is worse than one that is not set.
fn files(patient: &Patient, configured: &[Configured], findings: &mut Vec<Finding>) -> Vec<File> {
    let mut files: Vec<File> = Vec::new();
    let mut note = |row: &Row, value: &OsStr, reader: String, decides: bool| {
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
                file.decides |= decides;
            }
            None => files.push(File { path, readers: vec![reader], decides }),
        }
    };
    for row in TABLE.iter().filter(|row| names_certificates(row)) {
        let own = patient.environment.get(row.name);
        if let Some(value) = own {
            note(row, value, row.name.to_owned(), row.points == Points::Bundle);
        }
        let value =
            configured.iter().find(|it| it.name == row.name).and_then(|it| it.value.as_deref());
        if let Some(value) = value.filter(|value| own != Some(OsStr::new(value))) {
            note(row, OsStr::new(value), format!("{} of `exec`", row.name), false);
        }
    }
    files
}

fn names_certificates(row: &Row) -> bool {
    matches!(row.points, Points::Bundle | Points::Custom)
}

/// The image's own bundle.
fn own_roots(patient: &Patient) -> Option<Store> {
    ROOT_FILES.iter().map(|(path, ..)| Path::new(path)).find_map(|path| {
        let store = process::store("", path, &patient.read(path).ok()?);
        (!store.anchors.is_empty()).then_some(store)
    })
}

/// The certificates in a file, or what is wrong with it.
fn judge(patient: &Patient, path: &Path, readers: &str) -> Result<Store, Box<Finding>> {
    let wrong = |(id, cause, fix): (&'static str, String, String)| {
        let cause = format!("{readers} names it, and {cause}");
        Box::new(Finding::error(id, &quote::path(path), cause, fix))
    };
    let bytes = patient.read(path).map_err(|problem| {
        let (id, fix) = match &problem {
            Problem::Missing => (
                "file-missing",
                "mount it there, or unset the variable: every TLS connection of its readers fails",
            ),
            Problem::Directory { .. } => (
                "file-directory",
                "remove that directory on the host, put the file in its place, and make the \
                 container anew: docker compose up -d --force-recreate",
            ),
            Problem::Denied { .. } => (
                "file-unreadable",
                "make it readable for that uid: it is public, chmod 0644 is right",
            ),
            _ => ("file-unusable", "name a regular file of certificates"),
        };
        wrong((id, format!("it cannot be read: {problem}"), fix.to_owned()))
    })?;
    let whole = inspection::certificates(&process::source(path, &bytes));
    let found = anchors(&bytes);
    let problem = match (whole, found.flaw()) {
        (Err(key @ crate::trust::file_error::Problem::PrivateKey { .. }), _) => (
            "file-with-key",
            key.to_string(),
            format!(
                "openssl x509 -in {} -out ca.crt, and mount that: no client needs a key",
                quote::shell(path)
            ),
        ),
        (_, Some((line, what))) => (
            "file-broken",
            format!("line {line}: {what}, for which OpenSSL and others refuse all of it"),
            "copy it again, whole, from where it came, or let trust-init merge it".to_owned(),
        ),
        _ if found.certificates.is_empty() => (
            "file-empty",
            crate::trust::file_error::Problem::of(&bytes).to_string(),
            "put the bundle there, or unset the variable".to_owned(),
        ),
        _ => return Ok(process::store(readers, path, &bytes)),
    };
    Err(wrong(problem))
}

/// What `exec` and health checks see otherwise than the process: they start from what the container was
/// configured with, whatever an entrypoint exported
/// (<https://docs.docker.com/reference/cli/docker/container/exec/>).
pub fn seen_by_exec(patient: &Patient, configured: &[Configured]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut exported = Vec::new();
    for Configured { name, value } in configured {
        let own = patient.environment.get(name);
        let row = TABLE.iter().find(|row| row.name == name);
        match (own, value.as_deref().map(OsStr::new)) {
            (Some(_), None) => exported.push(name.as_str()),
            (None, Some(_)) => {
                let cause = "the container is configured with it, and process 1 has it no more";
                let fix = "let the entrypoint pass its environment on";
                findings.push(Finding::warning("variable-lost", name, cause, fix));
            }
            (Some(own), Some(other)) if own != other => match row {
                // Options are added to; what they name is looked at where they are read.
                Some(row) if !names_certificates(row) => exported.push(name.as_str()),
                _ if is_same(patient, own, other) => {}
                _ => {
                    let (own, other) = (quote::word(own), quote::word(other));
                    let cause =
                        format!("process 1 reads {own}, `exec` and health checks read {other}");
                    let fix = "trust-compose setup, which writes it below `environment:`";
                    findings.push(Finding::warning("variables-differ", name, cause, fix));
                }
            },
            _ => {}
        }
    }
    if !exported.is_empty() {
        let cause = "set by the entrypoint, so `exec` and health checks have not the same";
        let finding = Finding::ok("variables-of-entrypoint", &exported.join(", "), cause);
        findings.push(finding.with_fix("eval \"$(trust-init --print-env)\""));
    }
    findings
}

/// Whether two files hold the same certificates.
fn is_same(patient: &Patient, one: &OsStr, other: &OsStr) -> bool {
    let set = |path: &OsStr| {
        let bytes = patient.read(Path::new(path)).ok()?;
        let texts = anchors(&bytes).certificates;
        Some(texts.iter().map(|pem| pem.text().to_vec()).collect::<BTreeSet<_>>())
    };
    set(one).is_some_and(|one| set(other) == Some(one))
}
