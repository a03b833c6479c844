//! This machine's own store, which browsers and command-line programs here go by: "Your connection is not
//! private" is said by one whose store does not have the CA.

use std::path::{Path, PathBuf};

use crate::compose::certs::host_stores::{MACHINES, keychain};
use crate::compose::doctor::files::Look;
use crate::compose::doctor::files::ca::Seen;
use crate::compose::doctor::files::refused;
use crate::compose::project::files::plain;
use crate::compose::setup::write::TRUST;
use crate::sys::file;
use crate::sys::finding::{Finding, Sign};
use crate::sys::quote;
use crate::trust::bundle::BEGIN;
use crate::trust::certificate::Certificate;
use crate::trust::root_stores::RootSource;
use crate::trust::source::Roots;

/// Who asks a store of his own whatever this machine trusts.
const OTHERS: &str =
    "Firefox and Chromium keep stores of their own: import it there, in their settings";

/// What is to be said of it.
pub fn findings(look: &Look<'_>, seen: &Seen, findings: &mut Vec<Finding>) {
    let Some(inputs) = &seen.inputs else { return };
    let source = match crate::trust::root_stores::roots(Roots::System) {
        Ok(source) => source,
        Err(error) => {
            return findings.push(refused::finding("store-unreadable", Sign::Warning, &error));
        }
    };
    let place = match &source {
        RootSource::File { path, .. } | RootSource::Directory { path, .. } => {
            format!(" ({})", quote::path(path))
        }
        RootSource::Mozilla(_) | RootSource::Unwanted | RootSource::Nowhere => String::new(),
    };
    let roots = crate::trust::trust_anchors::roots(&source).anchors.certificates;
    for certificate in &inputs.custom {
        let subject = quote::word(&certificate.subject);
        let file = file_of(look, certificate);
        let mend = |add: &dyn Fn(&Path) -> String| {
            let apart =
                || "put it into a file of its own, in PEM, and that into the store".to_owned();
            file.as_deref().map_or_else(apart, add)
        };
        let thing = "this machine";
        findings.push(if cfg!(target_os = "macos") {
            let cause = format!("whether its keychain has {subject} is not looked at");
            Finding::ok("store-unknown", thing, cause).with_fix(mend(&keychain))
        } else if roots.contains(&certificate.pem) {
            let cause =
                format!("its own store{place} has {subject}; Firefox and Chromium keep others");
            Finding::ok("store", thing, cause)
        } else {
            let cause = format!(
                "its own store{place} does not have {subject}: a browser here says that \"Your \
                 connection is not private\""
            );
            let mend = mend(&|file| add(file, certificate));
            Finding::ok("store-without-ca", thing, cause).with_fix(format!("{mend}\n{OTHERS}"))
        });
    }
}

/// The command for this machine; where it cannot be told which that is, the first.
fn add(ca: &Path, certificate: &Certificate) -> String {
    let found = MACHINES.iter().find(|machine| Path::new(machine.directory).is_dir());
    let [first, ..] = &MACHINES;
    found.unwrap_or(first).add(ca, certificate)
}

/// A file with this CA alone, in PEM: whatever else is put there breaks the store for everybody.
fn file_of(look: &Look<'_>, certificate: &Certificate) -> Option<PathBuf> {
    let given = certificate.label.path().map(Path::to_owned);
    let overlaid = plain(&look.place.base, TRUST).read_dir();
    let overlaid = overlaid.into_iter().flatten().flatten().map(|entry| entry.path());
    given.into_iter().chain(overlaid).find(|path| {
        let text = file::read(path, &mut file::FILE_LIMIT.clone()).unwrap_or_default();
        text.starts_with(BEGIN.as_bytes())
            && crate::trust::trust_anchors::anchors(&text).certificates
                == [certificate.pem.borrow()]
    })
}
