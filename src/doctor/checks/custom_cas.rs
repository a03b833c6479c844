//! The CAs that somebody gave this container in particular, and whether anything trusts them.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::doctor::diagnosis::Store;
use crate::doctor::process::{self, Patient};
use crate::sys::finding::Finding;
use crate::sys::quote;
use crate::trust::certificate::Certificate;
use crate::trust::inspection;
use crate::trust::source::DEFAULT_DIRECTORY;
use crate::trust::variables::{Points, TABLE};

/// How deep and how many: more than any host has CAs of its own.
const DEPTH: usize = 4;
const ENTRIES: usize = 500;

/// A CA, and the file that it is in.
#[derive(Debug)]
pub struct Authority {
    /// The file.
    pub path: PathBuf,
    /// The CA.
    pub certificate: Certificate,
}

/// Those in the default directory, and those in files that are read in addition to all roots.
pub fn authorities(patient: &Patient) -> Vec<Authority> {
    let all = patient.below(Path::new(DEFAULT_DIRECTORY), DEPTH, &mut ENTRIES.clone(), &|_| true);
    let lying = all.into_iter().filter(|path| path.extension() == Some(OsStr::new("crt")));
    let adding = TABLE.iter().filter(|row| row.points == Points::Custom);
    let named = adding.filter_map(|row| patient.environment.get(row.name)).map(PathBuf::from);
    let (mut found, mut known) = (Vec::new(), BTreeSet::new());
    for path in lying.chain(named) {
        let Ok(bytes) = patient.read(&path) else { continue };
        for mut certificate in process::store("", &path, &bytes).anchors {
            if certificate.is_ca && known.insert(certificate.der.to_vec()) {
                certificate.java_flaw = inspection::java_flaw(&certificate.der);
                found.push(Authority { path: path.clone(), certificate });
            }
        }
    }
    found
}

/// The mounted ones that no bundle has.
pub fn unused(custom: &[Authority], stores: &[Store]) -> Vec<Finding> {
    let lying = custom.iter().filter(|ca| ca.path.starts_with(DEFAULT_DIRECTORY));
    let used = stores.iter().flat_map(|store| &store.anchors).map(|anchor| &*anchor.der);
    let used: BTreeSet<_> = used.collect();
    let unused = lying.filter(|ca| !used.contains(&*ca.certificate.der));
    let say = |ca: &Authority| {
        let subject = quote::word(&ca.certificate.subject);
        let cause = format!("{subject} is there, and no bundle that a program reads has it");
        let fix =
            "trust-compose setup, or put trust-init in front: ENTRYPOINT [\"/trust-init\", \"--\"]";
        Finding::warning("custom-ca-unused", &quote::path(&ca.path), cause, fix)
    };
    unused.map(say).collect()
}
