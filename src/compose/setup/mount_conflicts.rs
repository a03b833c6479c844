//! Mounts and volumes of the user's that the overlay's mounts would hide, or write into: found before
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

/// Looks at the mounts of a service that is to trust `custom`; `volumes` are those that its image
/// declares.
///
/// # Errors
/// When one of them is in the way.
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
                MountKind::Tmpfs | MountKind::File => continue,
                MountKind::Bind(source) => quote::path(source).to_string(),
                MountKind::Volume(_) | MountKind::Unknown => "a volume".to_owned(),
            };
            let target = quote::word(&mount.target);
            let cause =
                format!("it mounts {source} at {target}, and the file would be made in there");
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
            let cause =
                format!("its image keeps a volume at {volume}, and the file would stay in there");
            Err(conflict(name, cause, "remove that VOLUME from the image, or "))
        }
        None => Ok(()),
    }
}

/// A mount at our very path is replaced by ours: right if ours holds all that it holds.
fn check_replaced(name: &str, mount: &Mount, custom: &[Pem<'_>]) -> Result<(), Diagnostic> {
    let MountKind::Bind(source) = &mount.kind else {
        let cause = format!("something else is mounted at {CUSTOM_CA} already");
        return Err(conflict(name, cause, "remove it there and name it with --extra-ca, or "));
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

/// The overlay cannot mount the CA into `service`. The service can always be left out.
fn conflict(service: &str, cause: String, fix: &str) -> Diagnostic {
    let leave = format!("leave the service out: `--service {}=leave`", quote::shell(service));
    let mounted = Diagnostic::cannot("mount the CA into", quote::word(service));
    mounted.because(cause).advise(format!("{fix}{leave}"))
}
