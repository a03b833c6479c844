//! The custom CAs in this container, and whether any bundle contains them.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::doctor::anchor_file::AnchorFile;
use crate::doctor::process::TargetProcess;
use crate::sys::finding::Finding;
use crate::sys::quote;
use crate::trust::certificate::Certificate;
use crate::trust::inspection;
use crate::trust::source::DEFAULT_DIRECTORY;
use crate::trust::variables::{TABLE, VariableTarget};

/// The limits for levels of directories and for entries: more than any host has custom CAs.
const DEPTH: usize = 4;
const ENTRIES: usize = 500;

/// A custom CA, and the file that contains it.
#[derive(Debug)]
pub(crate) struct CustomCa {
    /// The file.
    pub path: PathBuf,
    /// The CA.
    pub certificate: Certificate,
}

/// Finds the CAs in the default directory, and those in files that clients read in addition to root
/// certificates.
pub(crate) fn find(process: &TargetProcess) -> Vec<CustomCa> {
    let all =
        process.files_below(Path::new(DEFAULT_DIRECTORY), DEPTH, &mut ENTRIES.clone(), &|_| true);
    let mounted = all.into_iter().filter(|path| path.extension() == Some(OsStr::new("crt")));
    let adding = TABLE.iter().filter(|row| row.target == VariableTarget::Custom);
    let named = adding.filter_map(|row| process.environment.get(row.name)).map(PathBuf::from);
    let (mut found, mut known) = (Vec::new(), BTreeSet::new());
    for path in mounted.chain(named) {
        let Ok(bytes) = process.read(&path) else { continue };
        for mut certificate in AnchorFile::parse(&path, &bytes).anchors {
            if certificate.is_ca && known.insert(certificate.der.to_vec()) {
                certificate.java_flaw = inspection::java_flaw(&certificate.der);
                found.push(CustomCa { path: path.clone(), certificate });
            }
        }
    }
    found
}

/// Reports the CAs in the default directory that no bundle contains.
pub(crate) fn unused(custom: &[CustomCa], files: &[AnchorFile]) -> Vec<Finding> {
    let mounted = custom.iter().filter(|ca| ca.path.starts_with(DEFAULT_DIRECTORY));
    let used = files.iter().flat_map(|file| &file.anchors).map(|anchor| &*anchor.der);
    let used: BTreeSet<_> = used.collect();
    let unused = mounted.filter(|ca| !used.contains(&*ca.certificate.der));
    let report = |ca: &CustomCa| {
        let subject = quote::word(&ca.certificate.subject);
        let cause = format!("no bundle that a program reads contains {subject}");
        let fix = "run `trust-compose setup`, or use trust-init as the entrypoint: ENTRYPOINT [\"/trust-init\", \"--\"]";
        Finding::warning("custom-ca-unused", &quote::path(&ca.path), cause, fix)
    };
    unused.map(report).collect()
}
