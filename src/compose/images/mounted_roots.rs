//! Root certificates that a service mounts over those of its image: it trusts only these.

use std::path::{Path, PathBuf};

use crate::compose::project::{MountKind, Project};
use crate::sys::diagnostic::Diagnostic;
use crate::sys::file;
use crate::sys::quote;
use crate::trust::root_stores::ROOT_FILES;
use crate::trust::source::{HostFileError, Label, Origin};

/// Returns the file of root certificates that a service mounts over its image's, with its path.
///
/// # Errors
/// When the service mounts something there whose contents are unknown: its roots must not be guessed.
pub(crate) fn mounted_roots(
    project: &Project,
    name: &str,
) -> Result<Option<(PathBuf, Vec<u8>)>, Diagnostic> {
    let Some(service) = project.services.get(name) else { return Ok(None) };
    for path in ROOT_FILES.iter().map(|(path, ..)| Path::new(path)) {
        let Some(mount) = project.mount_of(service, path) else { continue };
        let Some(source) = mount.source_of(path) else {
            if mount.kind == MountKind::Tmpfs {
                continue;
            }
            let leave = format!("leave the service out: `--service {}=leave`", quote::shell(name));
            return Err(Diagnostic::cannot("read", format!("the root certificates of {}", project.part(name)))
                .because(format!(
                    "it mounts a volume, secret or config at {}, whose contents are not visible from here",
                    quote::word(&mount.target)
                ))
                .advise(format!("choose its root certificates: `--roots mozilla`, or {leave}")));
        };
        match file::read(&source, &mut file::FILE_LIMIT.clone()) {
            Ok(bytes) => return Ok(Some((path.into(), bytes))),
            Err(file::FileReadError::Missing) => {}
            Err(problem) => {
                return Err(Diagnostic::from(HostFileError {
                    label: Label::new(source, Origin::Default),
                    problem,
                }));
            }
        }
    }
    Ok(None)
}
