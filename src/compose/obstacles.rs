//! What of the user's own would be hidden, or written into, by what the overlay mounts: found before
//! anything is written.

use std::collections::BTreeSet;
use std::fmt::{self, Display};
use std::path::{Path, PathBuf};

use super::overlay::DIRECTORY;
use super::project::{Mount, MountKind, Service};
use crate::discover::{CUSTOM_CA, file};
use crate::inspect;
use crate::merge::{self, Pem};
use crate::report;

/// A mount of the user's that the overlay cannot live with.
pub enum Error {
    /// It would be replaced, and something in it would no longer be trusted.
    Replaced { service: String, source: PathBuf },
    /// Ours would lie in it, and Docker would make a file there.
    Above { service: String, target: String, source: Option<PathBuf> },
}

report::error_of_words!(Error);

impl Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Replaced { service, source } => write!(
                f,
                "cannot mount the CA into {}: it mounts {} at {CUSTOM_CA} itself, with other \
                 certificates\n\
                 fix: add `--extra-ca {}`, or leave the service out: `--service {}=leave`",
                report::word(service),
                report::path(source),
                report::shell(source),
                report::shell(service)
            ),
            Self::Above { service, target, source } => {
                let source = source.as_ref();
                let what =
                    source.map_or("a volume".to_owned(), |path| report::path(path).to_string());
                write!(
                    f,
                    "cannot mount the CA into {}: it mounts {what} at {}, and the file would be \
                     made in there\n\
                     fix: take that mount away and name its CAs with --extra-ca, or leave the \
                     service out: `--service {}=leave`",
                    report::word(service),
                    report::word(target),
                    report::shell(service)
                )
            }
        }
    }
}

/// Looks at the mounts of a service that is to trust `custom`.
///
/// # Errors
/// When one of them is in the way.
pub fn check(name: &str, service: &Service, custom: &[Pem<'_>]) -> Result<(), Error> {
    for mount in &service.mounts {
        let target = Path::new(&mount.target);
        if target == Path::new(CUSTOM_CA) {
            replaced(name, mount, custom)?;
        } else if mount.kind != MountKind::Tmpfs
            && mount.kind != MountKind::File
            && [CUSTOM_CA, DIRECTORY].iter().any(|ours| mount.is_above(ours))
        {
            let source = match &mount.kind {
                MountKind::Bind(source) => Some(source.clone()),
                _ => None,
            };
            let target = mount.target.clone();
            return Err(Error::Above { service: name.to_owned(), target, source });
        }
    }
    Ok(())
}

/// A mount at our very path is replaced by ours: right if ours holds all that it holds.
fn replaced(name: &str, mount: &Mount, custom: &[Pem<'_>]) -> Result<(), Error> {
    let MountKind::Bind(source) = &mount.kind else { return Ok(()) };
    let bytes = file::read(source, &mut file::FILE_LIMIT.clone()).unwrap_or_default();
    let theirs = inspect::anchors(&bytes).certificates;
    let ours: BTreeSet<_> = merge::set(custom);
    if merge::set(&theirs).is_subset(&ours) {
        return Ok(());
    }
    Err(Error::Replaced { service: name.to_owned(), source: source.clone() })
}
