//! This machine's own store of CAs: a browser whose store lacks the CA says "Your connection is not private".

use std::path::{Path, PathBuf};

use crate::compose::certs::host_stores::{HOST_SYSTEMS, keychain_command};
use crate::compose::doctor::files::ca::CaFiles;
use crate::compose::doctor::files::context::CheckContext;
use crate::compose::layout::TRUST;
use crate::compose::project::files::plain;
use crate::sys::diagnostic::Diagnostic;
use crate::sys::file;
use crate::sys::finding::{Finding, Severity};
use crate::sys::quote;
use crate::trust::bundle::BEGIN;
use crate::trust::certificate::Certificate;
use crate::trust::root_stores::{self, RootSource};
use crate::trust::source::Roots;
use crate::trust::trust_anchors;

/// Programs that do not read this machine's store.
const OTHERS: &str = "import it into Firefox and Chromium as well: they have stores of their own";

/// Whether this machine's store contains the CAs.
pub(crate) fn findings(
    context: &CheckContext<'_>,
    ca_files: &CaFiles,
    findings: &mut Vec<Finding>,
) {
    let Some(inputs) = &ca_files.inputs else { return };
    let subject = "this machine";
    let source = match root_stores::find_roots(Roots::System) {
        Ok(source) => source,
        Err(error) => {
            let finding = Finding::failed("store-unreadable", &Diagnostic::from(&error), subject);
            return findings.push(Finding { severity: Severity::Warning, ..finding });
        }
    };
    let place = match &source {
        RootSource::File { path, .. } | RootSource::Directory { path, .. } => {
            format!(" ({})", quote::path(path))
        }
        RootSource::Mozilla(_) | RootSource::Unwanted | RootSource::Nowhere => String::new(),
    };
    let roots = trust_anchors::roots(&source).anchors.certificates;
    for certificate in &inputs.custom {
        let name = quote::word(&certificate.subject);
        let file = file_of(context, certificate);
        let fix = |add: &dyn Fn(&Path) -> String| {
            let separate = || "write it to a PEM file of its own, and add that".to_owned();
            file.as_deref().map_or_else(separate, add)
        };
        findings.push(if cfg!(target_os = "macos") {
            let cause = format!("the keychain is not checked for {name}");
            Finding::info("store-unknown", subject, cause).with_fix(fix(&keychain_command))
        } else if roots.contains(&certificate.pem) {
            let cause =
                format!("its store{place} contains {name}; Firefox and Chromium have others");
            Finding::ok("store", subject, cause)
        } else {
            let cause = format!(
                "its store{place} does not contain {name}: a browser here says \"Your connection is not \
                 private\""
            );
            let fix = fix(&|file| add(file, certificate));
            Finding::info("store-without-ca", subject, cause).with_fix(format!("{fix}\n{OTHERS}"))
        });
    }
}

/// The command for this machine; where its kind is not known, that for Debian.
fn add(path: &Path, ca: &Certificate) -> String {
    let found = HOST_SYSTEMS.iter().find(|machine| Path::new(machine.directory).is_dir());
    let [first, ..] = &HOST_SYSTEMS;
    found.unwrap_or(first).install_command(path, ca)
}

/// A PEM file with this CA alone: anything else in it would break the store.
fn file_of(context: &CheckContext<'_>, certificate: &Certificate) -> Option<PathBuf> {
    let given = certificate.label.path().map(Path::to_owned);
    let generated = plain(&context.place.base, TRUST).read_dir();
    let generated = generated.into_iter().flatten().flatten().map(|entry| entry.path());
    given.into_iter().chain(generated).find(|path| {
        let text = file::read(path, &mut file::FILE_LIMIT.clone()).unwrap_or_default();
        text.starts_with(BEGIN.as_bytes())
            && trust_anchors::anchors(&text).certificates == [certificate.pem.borrow()]
    })
}
