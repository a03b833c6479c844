//! What keeps a container from getting all that it should: mounts and volumes of its own, files that nobody keeps.

use crate::compose::kustomize::component::is_our_name;
use crate::compose::kustomize::error::Error;
use crate::compose::kustomize::manifest::Workload;
use crate::compose::kustomize::pod::{self, Container};
use crate::compose::kustomize::report;
use crate::compose::project::{MountKind, without_links};
use crate::compose::setup;
use crate::compose::setup::overlay::{BUNDLE, Contents, DIRECTORY, Given};
use crate::trust::variables::{self, Points};

/// Looks at what a container that is to trust has of its own.
///
/// # Errors
/// When something of it would be hidden by what it is given, or would hide that, or has our name.
pub fn check(name: &str, workload: &Workload, container: &Container) -> Result<(), Error> {
    for mount in &container.service.mounts {
        let is_in_it = without_links(&mount.target).starts_with(DIRECTORY);
        // Ours is mounted after it.
        let is_tmpfs = mount.kind == MountKind::Tmpfs;
        if is_in_it || (mount.is_above(DIRECTORY) && !is_tmpfs) {
            return Err(Error::Mounted { name: name.to_owned(), path: mount.target.clone() });
        }
    }
    let taken =
        pod::list(&container.raw, "volumeMounts").unwrap_or_default().iter().find(|mount| {
            let text = |key: &str| pod::text(mount, key).unwrap_or_default();
            is_our_name(&text("name")) && !pod::is_ours(mount)
        });
    match taken {
        Some(mount) => Err(Error::Volume {
            workload: workload.to_string(),
            volume: pod::text(mount, "name").unwrap_or_default(),
        }),
        None => Ok(()),
    }
}

/// Takes away what names a file that trust-manager does not keep, and says so.
pub fn only_shared(given: &mut Given, name: &str, warn: setup::Warn<'_>) {
    let Given { variables, files } = given;
    let is_shared = |variable: &str, value: &String| {
        let row = variables::TABLE.iter().find(|row| row.name == variable);
        match row.map(|row| row.points) {
            Some(Points::Bundle | Points::Custom) => {
                !matches!(files.get(value), Some(Contents::Own { .. }))
            }
            Some(Points::Settings) => value.contains(BUNDLE),
            Some(Points::TrustStore) | None => false,
        }
    };
    variables.retain(|(variable, value)| {
        let is_kept = is_shared(variable, value);
        if !is_kept {
            warn(&report::NotKept { name, variable });
        }
        is_kept
    });
    files.retain(|_, contents| !matches!(contents, Contents::Own { .. }));
}
