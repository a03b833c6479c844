//! The CA's own key where the service can read it: whoever gets into the service can then be any server
//! for everybody who trusts that CA. The key of a server lies beside its certificate by right.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::doctor::process::{self, Patient};
use crate::sys::finding::Finding;
use crate::sys::quote;
use crate::sys::root::Files;
use crate::trust::certificate::extensions::Details;
use crate::trust::certificate_file::contents;
use crate::trust::private_key::{Fit, fit};
use crate::trust::source::DEFAULT_DIRECTORY;
use crate::trust::variables::{Points, TABLE};

/// How deep and how many: a directory with more is no directory of certificates.
const DEPTH: usize = 2;
const ENTRIES: usize = 300;
/// The size of a file that can hold a key and a chain.
const SIZE: u64 = 64 << 10;
/// How such files are called.
const ENDINGS: [&str; 4] = ["key", "pem", "crt", "cer"];

/// A CA's certificate: its file, and the bits of its public key.
struct Authority {
    path: PathBuf,
    subject: String,
    public: Vec<u8>,
}

/// Each key of a CA in a directory that has to do with trust, or is mounted.
pub fn look(patient: &Patient) -> Vec<Finding> {
    let rows = TABLE.iter().filter(|row| matches!(row.points, Points::Bundle | Points::Custom));
    let values = rows.filter_map(|row| patient.environment.get(row.name)).map(PathBuf::from);
    let mut places: BTreeSet<PathBuf> =
        values.filter_map(|path| Some(path.parent()?.into())).collect();
    places.insert(DEFAULT_DIRECTORY.into());
    for mount in patient.mounts() {
        let is_directory = patient.at(&mount).as_ref().is_dir();
        let place = if is_directory { Some(mount.as_path()) } else { mount.parent() };
        places.extend(place.map(Path::to_path_buf));
    }
    places.remove(Path::new("/"));
    let mut files = BTreeSet::new();
    for place in &places {
        files.extend(patient.below(place, DEPTH, &mut ENTRIES.clone(), &|_| true));
    }
    let mut read = Vec::new();
    for path in files {
        let ending = path.extension().unwrap_or_default();
        let is_small = patient.at(&path).as_ref().metadata().is_ok_and(|found| found.len() <= SIZE);
        if is_small && ENDINGS.iter().any(|known| ending.eq_ignore_ascii_case(known)) {
            read.extend(patient.read(&path).ok().map(|bytes| (path, bytes)));
        }
    }
    let is_key = |bytes: &[u8]| memchr::memmem::find(bytes, b"PRIVATE KEY-----").is_some();
    let keys: Vec<_> = read.iter().filter(|(_, bytes)| is_key(bytes)).collect();
    if keys.is_empty() {
        return Vec::new();
    }
    let authorities: Vec<_> =
        read.iter().flat_map(|(path, bytes)| authorities(path, bytes)).collect();
    let say = |(path, bytes): &(PathBuf, Vec<u8>)| {
        let authority = authorities.iter().find(|authority| belongs(path, bytes, authority))?;
        let cause = format!(
            "is the private key of {}, and the service can read it: whoever breaks into it can be \
             every server",
            quote::word(&authority.subject)
        );
        let fix = format!(
            "mount {} alone, and keep the key where certificates are made",
            quote::path(&authority.path)
        );
        Some(Finding::error("ca-key-readable", &quote::path(path), cause, fix))
    };
    keys.into_iter().filter_map(say).collect()
}

/// The CAs in a file. What has names of hosts is a server's certificate that signed itself, as
/// `openssl req -x509` makes it, and needs its key.
fn authorities(path: &Path, bytes: &[u8]) -> Vec<Authority> {
    let found = contents(&process::source(path, bytes)).unwrap_or_default().certificates;
    let all = found.iter().filter(|certificate| certificate.is_ca);
    let all = all.map(|certificate| (certificate, Details::of(certificate)));
    let all = all.filter(|(_, details)| details.names.is_empty());
    all.map(|(certificate, details)| Authority {
        path: path.to_path_buf(),
        subject: certificate.subject.clone(),
        public: details.public_key,
    })
    .collect()
}

/// Whether a key is that of a CA: it says so itself, or, where it cannot be read, its name does.
fn belongs(path: &Path, bytes: &[u8], authority: &Authority) -> bool {
    match fit(bytes, &authority.public) {
        Some(Fit::Yes) => true,
        Some(Fit::No) => false,
        Some(Fit::Unknown) | None => path.with_extension("") == authority.path.with_extension(""),
    }
}
