//! What of the user's own would be hidden, or written into, by what the overlay mounts: found before
//! anything is written.

use std::collections::BTreeSet;
use std::fmt::{self, Display};
use std::path::{Path, PathBuf};

use crate::compose::project::{Mount, MountKind, Service, without_links};
use crate::compose::setup::overlay::DIRECTORY;
use crate::sys::file;
use crate::sys::output;
use crate::sys::quote;
use crate::trust::bundle::{self, Pem};
use crate::trust::source::CUSTOM_CA;

/// A mount of the user's that the overlay cannot live with.
pub enum Error {
    /// It would be replaced, and something in it would no longer be trusted.
    Replaced { service: String, source: PathBuf },
    /// Ours would lie in it, and Docker would make a file there.
    Above { service: String, target: String, source: Option<PathBuf> },
    /// The same for a volume that the image declares, which outlives the container.
    Declared { service: String, target: String },
    /// What would be replaced cannot be looked into.
    Taken { service: String },
}

output::error_of_words!(Error);

impl Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Replaced { service, source } => write!(
                f,
                "cannot mount the CA into {}: it mounts {} at {CUSTOM_CA} itself, with other \
                 certificates\n\
                 fix: add `--extra-ca {}`, or leave the service out: `--service {}=leave`",
                quote::word(service),
                quote::path(source),
                quote::shell(source),
                quote::shell(service)
            ),
            Self::Declared { service, target } => write!(
                f,
                "cannot mount the CA into {}: its image keeps a volume at {}, and the file would \
                 stay in there\n\
                 fix: take that VOLUME out of the image, or leave the service out: \
                 `--service {}=leave`",
                quote::word(service),
                quote::word(target),
                quote::shell(service)
            ),
            Self::Taken { service } => write!(
                f,
                "cannot mount the CA into {}: something else is mounted at {CUSTOM_CA} already\n\
                 fix: take it away there and name it with --extra-ca, or leave the service out: \
                 `--service {}=leave`",
                quote::word(service),
                quote::shell(service)
            ),
            Self::Above { service, target, source } => {
                let source = source.as_ref();
                let what =
                    source.map_or("a volume".to_owned(), |path| quote::path(path).to_string());
                write!(
                    f,
                    "cannot mount the CA into {}: it mounts {what} at {}, and the file would be \
                     made in there\n\
                     fix: take that mount away and name its CAs with --extra-ca, or leave the \
                     service out: `--service {}=leave`",
                    quote::word(service),
                    quote::word(target),
                    quote::shell(service)
                )
            }
        }
    }
}

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
) -> Result<(), Error> {
    let above = |target: &str, source| {
        let (service, target) = (name.to_owned(), target.to_owned());
        Error::Above { service, target, source }
    };
    for mount in &service.mounts {
        if Path::new(&mount.target) == Path::new(CUSTOM_CA) {
            replaced(name, mount, custom)?;
        } else if [CUSTOM_CA, DIRECTORY].iter().any(|ours| mount.is_above(ours)) {
            match &mount.kind {
                MountKind::Tmpfs | MountKind::File => {}
                MountKind::Bind(source) => return Err(above(&mount.target, Some(source.clone()))),
                MountKind::Volume(_) | MountKind::Unknown => {
                    return Err(above(&mount.target, None));
                }
            }
        }
    }
    let is_above = |volume: &&String| {
        let volume = without_links(volume);
        [CUSTOM_CA, DIRECTORY].iter().any(|ours| Path::new(ours).starts_with(&volume))
    };
    match volumes.iter().find(is_above) {
        Some(volume) => Err(Error::Declared { service: name.to_owned(), target: volume.clone() }),
        None => Ok(()),
    }
}

/// A mount at our very path is replaced by ours: right if ours holds all that it holds.
fn replaced(name: &str, mount: &Mount, custom: &[Pem<'_>]) -> Result<(), Error> {
    let service = name.to_owned();
    let MountKind::Bind(source) = &mount.kind else { return Err(Error::Taken { service }) };
    let bytes = file::read(source, &mut file::FILE_LIMIT.clone()).unwrap_or_default();
    let theirs = crate::trust::trust_anchors::anchors(&bytes).certificates;
    let ours: BTreeSet<_> = bundle::set(custom);
    if bundle::set(&theirs).is_subset(&ours) {
        return Ok(());
    }
    Err(Error::Replaced { service, source: source.clone() })
}
