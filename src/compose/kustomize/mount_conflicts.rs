//! Conflicts between a container and its injection: mounts and volumes of its own, and files that
//! trust-manager cannot provide.

use crate::compose::injection::{InjectedFile, Injection};
use crate::compose::kustomize::manifest::Workload;
use crate::compose::kustomize::names::is_our_name;
use crate::compose::kustomize::pod::{self, PodContainer};
use crate::compose::layout::{BUNDLE, DIRECTORY};
use crate::compose::project::{MountKind, without_links};
use crate::sys::diagnostic::Diagnostic;
use crate::sys::quote;
use crate::trust::variables::{self, VariableTarget};

/// Checks the mounts and volumes of a container that will trust the CA.
///
/// # Errors
/// When a mount would hide the injected files or be hidden by them, or a volume has the component's name.
pub(crate) fn check_mounts(
    name: &str,
    workload: &Workload,
    container: &PodContainer,
) -> Result<(), Diagnostic> {
    for mount in &container.service.mounts {
        let is_in_it = without_links(&mount.target).starts_with(DIRECTORY);
        // The component's mount comes after a tmpfs.
        let is_tmpfs = mount.kind == MountKind::Tmpfs;
        if is_in_it || (mount.is_above(DIRECTORY) && !is_tmpfs) {
            let container = format!("container {}", quote::word(name));
            let path = quote::word(&mount.target);
            return Err(Diagnostic::cannot("give the CA to", container)
                .because(format_args!("its own mount at {path} conflicts with that of the CA"))
                .advise(format!(
                    "mount that at another path, or leave the container out: `--workload {}=leave`",
                    quote::shell(name)
                )));
        }
    }
    let taken =
        pod::list(&container.raw, "volumeMounts").unwrap_or_default().iter().find(|mount| {
            let text = |key: &str| pod::text(mount, key).unwrap_or_default();
            is_our_name(&text("name")) && !pod::is_ours(mount)
        });
    let Some(mount) = taken else { return Ok(()) };
    let (workload, volume) = (workload.to_string(), pod::text(mount, "name").unwrap_or_default());
    Err(Diagnostic::cannot("give the CA to", quote::word(&workload))
        .because(format_args!("it has a volume of its own named {}", quote::word(&volume)))
        .advise(format!(
            "rename the volume, or leave the workload out: `--workload {}=leave`",
            quote::shell(&workload)
        )))
}

/// Removes variables whose file trust-manager cannot provide, with a warning for each.
pub(crate) fn remove_private_files(given: &mut Injection, name: &str, warn: &dyn Fn(Diagnostic)) {
    let Injection { variables, files } = given;
    let is_shared = |variable: &str, value: &String| {
        let row = variables::TABLE.iter().find(|row| row.name == variable);
        match row.map(|row| row.target) {
            Some(VariableTarget::Bundle | VariableTarget::Custom) => {
                !matches!(files.get(value), Some(InjectedFile::Own { .. }))
            }
            Some(VariableTarget::Settings) => value.contains(BUNDLE),
            Some(VariableTarget::TrustStore) | None => false,
        }
    };
    variables.retain(|(variable, value)| {
        let is_kept = is_shared(variable, value);
        if !is_kept {
            let cause = format!(
                "container {}: {variable} is unchanged, because trust-manager keeps no file for it: \
                 its readers do not trust the CA",
                quote::word(name)
            );
            warn(Diagnostic::statement(cause)
                .advise("remove the variable, or use --source configmap"));
        }
        is_kept
    });
    files.retain(|_, contents| !matches!(contents, InjectedFile::Own { .. }));
}
