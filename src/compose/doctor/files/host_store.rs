//! Checks this machine's own store: a browser whose store lacks the CA reports "Your connection is not
//! private".

use std::path::{Path, PathBuf};

use crate::compose::certs::host_stores::{HOST_SYSTEMS, keychain_command, this_system};
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

/// The further fix for programs that do not read this machine's store.
const OTHERS: &str = "import it into Firefox and Chromium as well: they have stores of their own";

/// Reports whether this machine's store contains the CAs.
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
    let location = match &source {
        RootSource::File { path, .. } | RootSource::Directory { path, .. } => {
            format!(" ({})", quote::path(path))
        }
        RootSource::Mozilla(_) | RootSource::Unwanted | RootSource::Nowhere => String::new(),
    };
    let roots = trust_anchors::roots(&source).anchors.certificates;
    for certificate in inputs.custom.iter().filter(|ca| ca.not_after > context.now) {
        let name = quote::word(&certificate.subject);
        let file = own_file(context, certificate);
        let fix = |add: &dyn Fn(&Path) -> String| {
            let separate = || "write it to a PEM file of its own, and add that".to_owned();
            file.as_deref().map_or_else(separate, add)
        };
        findings.push(if cfg!(target_os = "macos") {
            let cause = format!("the keychain is not checked for {name}");
            Finding::info("store-unknown", subject, cause).with_fix(fix(&keychain_command))
        } else if roots.contains(&certificate.pem) {
            let cause =
                format!("its store{location} contains {name}; Firefox and Chromium have stores of their own");
            Finding::ok("store", subject, cause)
        } else {
            let cause = format!(
                "its store{location} does not contain {name}: a browser here reports \"Your connection is \
                 not private\""
            );
            let fix = fix(&|file| add_command(file, certificate));
            Finding::info("store-without-ca", subject, cause).with_fix(format!("{fix}\n{OTHERS}"))
        });
    }
}

/// Returns the command for this machine; that for Debian if the system is unknown.
fn add_command(path: &Path, ca: &Certificate) -> String {
    let [first, ..] = &HOST_SYSTEMS;
    this_system().unwrap_or(first).install_command(path, ca)
}

/// Returns a PEM file that contains only this CA, as the store requires.
fn own_file(context: &CheckContext<'_>, certificate: &Certificate) -> Option<PathBuf> {
    let named = certificate.label.path().map(Path::to_owned);
    let generated = plain(&context.project_files.base, TRUST).read_dir();
    let generated = generated.into_iter().flatten().flatten().map(|entry| entry.path());
    named.into_iter().chain(generated).find(|path| {
        let text = file::read(path, &mut file::FILE_LIMIT.clone()).unwrap_or_default();
        text.starts_with(BEGIN.as_bytes())
            && trust_anchors::anchors(&text).certificates == [certificate.pem.borrow()]
    })
}
