//! Finds the mounts and volumes of a service that the overlay's mounts would hide or write to, before
//! anything is written.

use std::collections::BTreeSet;
use std::path::Path;

use crate::compose::layout::DIRECTORY;
use crate::compose::project::{Mount, MountKind, Service, without_links};
use crate::sys::diagnostic::Diagnostic;
use crate::sys::file;
use crate::sys::quote;
use crate::trust::bundle::{self, Pem};
use crate::trust::source::CUSTOM_CA;

/// Checks the mounts of a service that will trust `custom`, and the `volumes` that its image declares.
///
/// # Errors
/// When one of them conflicts with the overlay.
pub fn check(
    name: &str,
    service: &Service,
    volumes: &[String],
    custom: &[Pem<'_>],
) -> Result<(), Diagnostic> {
    for mount in &service.mounts {
        if Path::new(&mount.target) == Path::new(CUSTOM_CA) {
            check_replaced(name, mount, custom)?;
        } else if [CUSTOM_CA, DIRECTORY].iter().any(|ours| mount.is_above(ours)) {
            let source = match &mount.kind {
                MountKind::Tmpfs | MountKind::File(_) => continue,
                MountKind::Bind(source) => quote::path(source).to_string(),
                MountKind::Volume(_) | MountKind::Unknown => "a volume".to_owned(),
            };
            let target = quote::word(&mount.target);
            let cause = format!(
                "it mounts {source} at {target}, and the mount point would be created in it"
            );
            let fix = "remove that mount and name its CAs with --extra-ca, or ";
            return Err(conflict(name, cause, fix));
        }
    }
    let is_above = |volume: &&String| {
        let volume = without_links(volume);
        [CUSTOM_CA, DIRECTORY].iter().any(|ours| Path::new(ours).starts_with(&volume))
    };
    match volumes.iter().find(is_above) {
        Some(volume) => {
            let volume = quote::word(volume);
            let cause = format!(
                "its image declares a volume at {volume}, and the mount point would remain in it"
            );
            Err(conflict(name, cause, "remove that VOLUME from the image, or "))
        }
        None => Ok(()),
    }
}

/// Checks a mount at the path of ours, which replaces it: ours must contain all its certificates.
fn check_replaced(name: &str, mount: &Mount, custom: &[Pem<'_>]) -> Result<(), Diagnostic> {
    let MountKind::Bind(source) = &mount.kind else {
        let cause = format!("the service already mounts something at {CUSTOM_CA}");
        return Err(conflict(
            name,
            cause,
            "remove that mount and name its CAs with --extra-ca, or ",
        ));
    };
    let bytes = file::read(source, &mut file::FILE_LIMIT.clone()).unwrap_or_default();
    let theirs = crate::trust::trust_anchors::anchors(&bytes).certificates;
    let ours: BTreeSet<_> = bundle::certificate_set(custom);
    if bundle::certificate_set(&theirs).is_subset(&ours) {
        return Ok(());
    }
    let shown = quote::path(source);
    let cause = format!("it mounts {shown} at {CUSTOM_CA} itself, with other certificates");
    Err(conflict(name, cause, &format!("add `--extra-ca {}`, or ", quote::shell(source))))
}

/// Returns the error that the overlay cannot mount the CA into `service`, which can always be left out.
fn conflict(service: &str, cause: String, fix: &str) -> Diagnostic {
    let leave = format!("leave the service out: `--service {}=leave`", quote::shell(service));
    let mounted = Diagnostic::cannot("mount the CA into", quote::word(service));
    mounted.because(cause).advise(format!("{fix}{leave}"))
}
