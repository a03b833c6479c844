//! An empty component, for a kustomization that lists a component before it is written: kustomize renders
//! nothing of a kustomization whose component is missing, so its workloads could not be read.

use std::collections::BTreeMap;
use std::path::Path;

use crate::compose::kustomize::names::KUSTOMIZATION;
use crate::compose::kustomize::write::{HEADER, read_existing, remove_component, write_component};
use crate::sys::diagnostic::Diagnostic;

/// The fields of an empty component. kustomize refuses one without any field of a kustomization
/// (<https://kubectl.docs.kubernetes.io/guides/config_management/components/>).
const FIELDS: &str =
    "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nresources: []\n";

/// Calls `run` with an empty component in `out`, and removes it if `run` fails and has not replaced it.
///
/// # Errors
/// As `run`, and when a file cannot be written or removed.
pub(crate) fn with_placeholder<T>(
    out: &Path,
    run: impl FnOnce() -> Result<T, Diagnostic>,
) -> Result<T, Diagnostic> {
    let text = format!("{HEADER}\n{FIELDS}");
    write_component(
        out,
        &BTreeMap::from([(KUSTOMIZATION, text.clone())]),
        &BTreeMap::new(),
        false,
    )?;
    let result = run();
    if result.is_err() {
        let existing = read_existing(out)?;
        if existing.texts.get(KUSTOMIZATION).map(Vec::as_slice) == Some(text.as_bytes()) {
            remove_component(out, false)?;
        }
    }
    result
}
