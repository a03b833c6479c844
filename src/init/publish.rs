//! Publishes the files that variables name, or adopts files that are mounted in their place.
//!
//! The default is `/run/trust-init/ca-bundle.crt`, the fallbacks are a directory below /tmp, one below
//! /dev/shm, and memory. The name of a fallback directory contains a digest of its files, so containers with
//! different CAs on one volume use different directories, and a restart finds its own.

pub(crate) mod files;
pub(crate) mod adopt;
pub(crate) mod memfd;
pub(crate) mod location;

use std::path::Path;

use crate::init::publish::adopt::{Adoption, adopt, contains_exactly};
pub use crate::init::publish::files::PublishOptions;
use crate::init::publish::files::{
    DEFAULT_DIRECTORY, MOUNT_TMPFS, Paths, PublishedFile, directory_name, is_in_own_directory,
};
use crate::init::publish::location::{DefaultDirectory, LocationError};
use crate::init::publish::memfd::is_memory;
use crate::sys::diagnostic::Diagnostic;
use crate::sys::log_record::Event;
use crate::sys::output;
use crate::sys::quote;
use crate::trust::bundle::{self, Pem};
use crate::trust::keystore;
use crate::trust::source::CUSTOM_CA;
use crate::trust::variables::TrustFile;

/// The fallback locations: most containers have them, and every user may write there.
const SHARED: [&str; 2] = ["/tmp", "/dev/shm"];

/// The published files.
#[derive(Debug, Default)]
pub struct Published {
    /// The path of each file.
    pub paths: Paths,
    /// The warnings.
    pub warnings: Vec<Diagnostic>,
    /// The certificates of a mounted bundle that are trusted beyond those that were found.
    pub events: Vec<Event>,
}

impl Published {
    /// Returns the path of `file`.
    pub fn path(&self, file: &TrustFile) -> Option<&Path> {
        self.paths.iter().find(|(other, _)| other == file).map(|(_, path)| path.as_path())
    }
}

/// Whether `path` is in a location of published files: such a file is never an input.
pub fn is_ours(path: &Path) -> bool {
    path.starts_with(DEFAULT_DIRECTORY) || is_memory(path) || is_in_own_directory(path)
}

/// Publishes the files of certificates.
///
/// # Errors
/// When the named directory, or else every location, cannot be used.
pub fn publish(
    certificates: &[(TrustFile, Vec<Pem<'_>>)],
    options: &PublishOptions<'_>,
) -> Result<Published, Diagnostic> {
    let store = certificates.iter().find_map(|(file, certificates)| match file {
        TrustFile::TrustStore(format) => Some(keystore::write(*format, certificates)),
        _ => None,
    });
    let mut files: Vec<PublishedFile<'_>> = Vec::new();
    for (file, certificates) in certificates {
        let text = || certificates.iter().map(Pem::text).collect();
        let store = store.as_deref().filter(|_| matches!(file, TrustFile::TrustStore(_)));
        files.push((file, file.name(), store.map_or_else(text, |store| vec![store])));
    }
    let target = Target::open(options);
    let mut published = Published::default();
    if let Some(paths) = target.find_existing(&files) {
        return Ok(Published { paths, ..published });
    }
    if target.may_have_mounts() {
        adopt_mounted(certificates, &mut files, options, &mut published);
    }
    write(&files, target, options, &mut published)?;
    Ok(published)
}

/// Publishes the files of settings, which name files that were published before.
///
/// # Errors
/// As [`publish`].
pub fn publish_settings(
    settings: &[(TrustFile, String)],
    options: &PublishOptions<'_>,
) -> Result<Published, Diagnostic> {
    let mut published = Published::default();
    if settings.is_empty() {
        return Ok(published);
    }
    let files: Vec<PublishedFile<'_>> =
        settings.iter().map(|(file, text)| (file, file.name(), vec![text.as_bytes()])).collect();
    let target = Target::open(options);
    match target.find_existing(&files) {
        Some(paths) => published.paths = paths,
        None => write(&files, target, options, &mut published)?,
    }
    Ok(published)
}

/// Removes from `files` those that are mounted and usable as they are.
fn adopt_mounted(
    certificates: &[(TrustFile, Vec<Pem<'_>>)],
    files: &mut Vec<PublishedFile<'_>>,
    options: &PublishOptions<'_>,
    published: &mut Published,
) {
    files.retain(|(file, name, _)| {
        let wanted = || {
            let own = certificates.iter().find(|(other, _)| other == *file);
            bundle::certificate_set(own.map_or(&[], |(_, certificates)| certificates))
        };
        match adopt(Path::new(DEFAULT_DIRECTORY).join(name), file, wanted, options) {
            Adoption::Yes { path, surplus } => {
                published.paths.push(((*file).clone(), path));
                published.events.extend(surplus);
                false
            }
            Adoption::No(warning) => {
                published.warnings.extend(warning);
                true
            }
        }
    });
    // Beside an adopted bundle, the mounted CA itself is used for readers that add to their roots, if it
    // equals the file that would be written: then usually no file is written.
    if published.paths.is_empty() {
        return;
    }
    files.retain(|(file, _, pieces)| {
        if **file != TrustFile::Custom {
            return true;
        }
        match adopt(CUSTOM_CA.into(), file, || pieces.iter().copied().collect(), options) {
            Adoption::Yes { path, .. } if contains_exactly(&path, pieces) => {
                published.paths.push((TrustFile::Custom, path));
                false
            }
            _ => true,
        }
    });
}

/// The directory to publish in.
enum Target<'a> {
    /// `/run/trust-init`, or why it cannot be used.
    Default(Result<DefaultDirectory<'static>, LocationError>),
    /// Another directory that the user named.
    Named(&'a Path),
}

impl<'a> Target<'a> {
    fn open(options: &PublishOptions<'a>) -> Self {
        let default = Path::new(DEFAULT_DIRECTORY);
        match options.directory {
            Some(named) if named.path != default => Self::Named(&named.path),
            named => Self::Default(DefaultDirectory::open(default, named.is_some())),
        }
    }

    /// Whether a file may be mounted there: only if the directory exists, safe or not.
    fn may_have_mounts(&self) -> bool {
        matches!(self, Self::Default(default) if default.as_ref().map_or(true, DefaultDirectory::exists))
    }

    /// Returns the paths of `files` with their plain names, if all exist there unchanged.
    fn find_existing(&self, files: &[PublishedFile<'_>]) -> Option<Paths> {
        match self {
            Self::Default(Ok(default)) if !default.is_open() => {
                location::find_existing(default, files)
            }
            _ => None,
        }
    }
}

/// Writes `files` to the target, or to a fallback location.
fn write(
    files: &[PublishedFile<'_>],
    target: Target<'_>,
    options: &PublishOptions<'_>,
    published: &mut Published,
) -> Result<(), Diagnostic> {
    if files.is_empty() {
        return Ok(());
    }
    let written = match target {
        Target::Named(path) => {
            location::write_named(path, &directory_name(files), files, options.dry)
        }
        Target::Default(default) => default.and_then(|default| {
            let is_open = default.is_open();
            Ok((location::write_default(default, files, options)?, is_open))
        }),
    };
    match (written, options.directory) {
        (Ok((paths, is_open)), named) => {
            published.paths.extend(paths);
            let named = named.filter(|_| is_open);
            published.warnings.extend(named.map(|named| world_writable(&named.path)));
            Ok(())
        }
        (Err(refusal), Some(named)) => Err(refusal.diagnostic(named)),
        (Err(refusal), None) => fall_back(refusal, files, options, published),
    }
}

/// Writes `files` to the first fallback location that can be used.
fn fall_back(
    refusal: LocationError,
    files: &[PublishedFile<'_>],
    options: &PublishOptions<'_>,
    published: &mut Published,
) -> Result<(), Diagnostic> {
    let own = directory_name(files);
    let mut refusals = vec![(Path::new(DEFAULT_DIRECTORY), refusal)];
    let written = SHARED.map(Path::new).into_iter().find_map(|shared| {
        let written = location::write_shared(shared, &own, files, options.dry);
        written.map_err(|refusal| refusals.push((shared, refusal))).ok()
    });
    let paths = match written {
        Some(paths) => paths,
        None => match memfd::publish(files, options.dry) {
            Ok(paths) => {
                published.warnings.push(
                    Diagnostic::statement(
                        "no directory is writable, so the bundle is in memory: the service and its \
                         children of the same uid can read it while the service runs, but `exec` and \
                         health checks cannot",
                    )
                    .advise(MOUNT_TMPFS),
                );
                paths
            }
            Err(memory) => {
                let refused =
                    refusals.iter().map(|(path, it)| format!("{}: {it}; ", quote::path(path)));
                let causes = refused.collect::<String>() + "memory: " + &output::cause(&memory);
                return Err(Diagnostic::cannot("publish", "the bundle anywhere")
                    .because(causes)
                    .advise(MOUNT_TMPFS));
            }
        },
    };
    published.paths.extend(paths);
    // A location that is not writable is expected; one that another user manipulated is not.
    let suspicious = refusals.iter().filter(|(_, refusal)| refusal.is_suspicious());
    published.warnings.extend(suspicious.map(|(path, refusal)| {
        Diagnostic::statement(format!("{} is not used: {refusal}", quote::path(path)))
            .advise(refusal.fix())
    }));
    Ok(())
}

fn world_writable(path: &Path) -> Diagnostic {
    Diagnostic::statement(format!(
        "every user of this container can change {}, and with it what the service trusts",
        quote::path(path)
    ))
    .advise("set the sticky bit on it, or remove write permission for others")
}
