//! A CA's private key that the service can read: an attacker who gets into the service can then impersonate
//! every server to all clients of that CA. A server's own key beside its certificate is not reported.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::doctor::anchor_file::source;
use crate::doctor::process::TargetProcess;
use crate::sys::finding::Finding;
use crate::sys::quote;
use crate::sys::root::FileSystem;
use crate::trust::certificate::extensions::Details;
use crate::trust::certificate_file;
use crate::trust::private_key::{self, KeyMatch};
use crate::trust::source::DEFAULT_DIRECTORY;
use crate::trust::variables::{TABLE, VariableTarget};

/// The limits for levels of directories and for entries: a directory with more is not one of certificates.
const DEPTH: usize = 2;
const ENTRIES: usize = 300;
/// The limit for the size of a file with a key and a chain, in bytes.
const SIZE: u64 = 64 << 10;
/// The extensions of such files.
const EXTENSIONS: [&str; 4] = ["key", "pem", "crt", "cer"];

/// A CA certificate.
struct CaCertificate {
    path: PathBuf,
    subject: String,
    /// The bits of its public key.
    public_key: Vec<u8>,
}

/// Reports each private key of a CA in a mount, or in a directory of certificates.
pub(crate) fn check(process: &TargetProcess) -> Vec<Finding> {
    let files = small_files(process, &directories(process));
    let is_key = |bytes: &[u8]| memchr::memmem::find(bytes, b"PRIVATE KEY-----").is_some();
    let keys: Vec<_> = files.iter().filter(|(_, bytes)| is_key(bytes)).collect();
    if keys.is_empty() {
        return Vec::new();
    }
    let cas: Vec<_> = files.iter().flat_map(|(path, bytes)| ca_certificates(path, bytes)).collect();
    let report = |(path, bytes): &(PathBuf, Vec<u8>)| {
        let ca = cas.iter().find(|ca| belongs(path, bytes, ca))?;
        let cause = format!(
            "is the private key of {}, and the service can read it: an attacker who gets into the service \
             can impersonate every server",
            quote::word(&ca.subject)
        );
        let fix = format!(
            "mount {} alone, and keep the key where certificates are created",
            quote::path(&ca.path)
        );
        Some(Finding::error("ca-key-readable", &quote::path(path), cause, fix))
    };
    keys.into_iter().filter_map(report).collect()
}

/// Returns the directories of the files that variables name, the default directory of custom CAs, and all
/// mounts.
fn directories(process: &TargetProcess) -> BTreeSet<PathBuf> {
    let rows = TABLE
        .iter()
        .filter(|row| matches!(row.target, VariableTarget::Bundle | VariableTarget::Custom));
    let values = rows.filter_map(|row| process.environment.get(row.name)).map(PathBuf::from);
    let mut directories: BTreeSet<PathBuf> =
        values.filter_map(|path| Some(path.parent()?.into())).collect();
    directories.insert(DEFAULT_DIRECTORY.into());
    for mount in process.mounts() {
        let is_directory = process.local_path(&mount).as_ref().is_dir();
        let directory = if is_directory { Some(mount.as_path()) } else { mount.parent() };
        directories.extend(directory.map(Path::to_path_buf));
    }
    directories.remove(Path::new("/"));
    directories
}

/// Reads the files of keys and certificates below `directories`, with their contents.
fn small_files(
    process: &TargetProcess,
    directories: &BTreeSet<PathBuf>,
) -> Vec<(PathBuf, Vec<u8>)> {
    let mut paths = BTreeSet::new();
    for directory in directories {
        paths.extend(process.files_below(directory, DEPTH, &mut ENTRIES.clone(), &|_| true));
    }
    let mut files = Vec::new();
    for path in paths {
        let extension = path.extension().unwrap_or_default();
        let is_small =
            process.local_path(&path).as_ref().metadata().is_ok_and(|found| found.len() <= SIZE);
        if is_small && EXTENSIONS.iter().any(|known| extension.eq_ignore_ascii_case(known)) {
            files.extend(process.read(&path).ok().map(|bytes| (path, bytes)));
        }
    }
    files
}

/// Returns the CAs in a file. A self-signed certificate with host names is a server's, as `openssl req
/// -x509` creates it, and the server needs its key.
fn ca_certificates(path: &Path, bytes: &[u8]) -> Vec<CaCertificate> {
    let found = certificate_file::parse(&source(path, bytes)).unwrap_or_default().certificates;
    let all = found.iter().filter(|certificate| certificate.is_ca);
    let all = all.map(|certificate| (certificate, Details::of(certificate)));
    let all = all.filter(|(_, details)| details.names.is_empty());
    all.map(|(certificate, details)| CaCertificate {
        path: path.to_path_buf(),
        subject: certificate.subject.clone(),
        public_key: details.public_key,
    })
    .collect()
}

/// Whether the key belongs to that CA. For a key that cannot be compared, the names of the files decide.
fn belongs(path: &Path, bytes: &[u8], ca: &CaCertificate) -> bool {
    match private_key::compare(bytes, &ca.public_key) {
        Some(KeyMatch::Yes) => true,
        Some(KeyMatch::No) => false,
        Some(KeyMatch::Unknown) | None => path.with_extension("") == ca.path.with_extension(""),
    }
}
