//! Which directory, which name, and when what stands there is adopted.
//!
//! `/run/trust-init/ca-bundle.crt` is the path that everything names. A bundle mounted there is
//! adopted if it holds what ours would. Where nothing can be written there, the next rung is
//! taken: a directory of our own below /tmp, then below /dev/shm, then memory. On those rungs the
//! directory's name is made from the contents, so two containers with different CAs on one volume
//! never meet, and a restart finds its own.

pub mod adopt;
pub mod memfd;
pub mod location;
pub mod warning;

use std::fmt::{self, Display};
use std::io;
use std::path::{Path, PathBuf};

use crate::init::publish::adopt::{Adoption, adopt, is_exactly};
pub use crate::init::publish::location::{Home, Refusal};
pub use crate::init::publish::memfd::is_memory;
pub use crate::init::publish::warning::Warning;
use crate::sys::output;
use crate::sys::quote;
use crate::trust::bundle::{self, Pem};
use crate::trust::fingerprint::Fingerprint;
use crate::trust::keystore;
use crate::trust::source::CUSTOM_CA;
use crate::trust::source::{Named, Roots};
use crate::trust::variables::File;

/// The directory of the one path.
pub const HOME: &str = "/run/trust-init";

/// The rungs below it: directories that most containers have and anybody may write to.
const SHARED: [&str; 2] = ["/tmp", "/dev/shm"];

/// What mends a container in which nothing can be written.
const TMPFS: &str = "mount a tmpfs at /run/trust-init that this uid can write to";

/// How the names of our own directories on those rungs begin.
const PREFIX: &str = "trust-init-";

/// The circumstances that decide where something is published.
#[derive(Debug)]
pub struct Order<'a> {
    /// The directory the user named.
    pub directory: Option<&'a Named>,
    /// The public roots asked for.
    pub roots: Roots,
    /// Whether we are the first process of a container. What runs beside a service (`docker exec`)
    /// must never change what that service trusts.
    pub is_first: bool,
    /// Whether publishing is all that was asked for, on behalf of others.
    pub prepares: bool,
    /// Whether to decide only.
    pub dry: bool,
}

/// Where the files are.
#[derive(Debug, Default)]
pub struct Published {
    /// Each file's path.
    pub paths: Vec<(File, PathBuf)>,
    /// What will surprise somebody.
    pub warnings: Vec<Warning>,
}

impl Published {
    /// Where `file` is.
    pub fn path(&self, file: &File) -> Option<&Path> {
        self.paths.iter().find(|(other, _)| other == file).map(|(_, path)| path.as_path())
    }
}

/// Nothing could be published.
pub enum Error {
    /// The directory the user named does not serve.
    Directory { named: Named, refusal: Refusal },
    /// No rung serves, not even memory.
    Nowhere { refusals: Vec<(&'static Path, Refusal)>, memory: io::Error },
}

output::error_of_words!(Error);

impl Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Directory { named, refusal } => write!(
                f,
                "cannot publish the bundle in {} ({}): {refusal}\nfix: {}",
                quote::path(&named.path),
                named.origin,
                refusal.fix()
            ),
            Self::Nowhere { refusals, memory } => {
                f.write_str("cannot publish the bundle anywhere: ")?;
                for (path, refusal) in refusals {
                    write!(f, "{}: {refusal}; ", quote::path(path))?;
                }
                let memory = output::cause(memory);
                write!(f, "memory: {memory}\nfix: {TMPFS}")
            }
        }
    }
}

/// Whether `path` lies where we publish: it is then never an input.
pub fn is_ours(path: &Path) -> bool {
    let is_own = |name: &std::ffi::OsStr| {
        let digits = name.to_str().and_then(|name| name.strip_prefix(PREFIX)?.split_once('-'));
        digits.is_some_and(|(uid, digest)| {
            uid.bytes().all(|byte| byte.is_ascii_digit()) && digest.len() == DIGEST
        })
    };
    path.starts_with(HOME)
        || is_memory(path)
        || path.parent().and_then(Path::file_name).is_some_and(is_own)
}

/// How many digits of the digest are in a directory's name: 64 bits, and every byte is compared.
const DIGEST: usize = 16;

/// A file, its name, and its contents in pieces: the roots' text is never copied together.
type Text<'a> = (&'a File, String, Vec<&'a [u8]>);

/// Publishes files of certificates.
///
/// # Errors
/// When the named directory, or else every rung, refuses.
pub fn publish(
    certificates: &[(File, Vec<Pem<'_>>)],
    order: &Order<'_>,
) -> Result<Published, Error> {
    let mut published = Published::default();
    let store = certificates.iter().find(|(file, _)| *file == File::TrustStore);
    let store = store.map(|(_, certificates)| keystore::write(certificates));
    let mut files: Vec<Text<'_>> = Vec::new();
    for (file, certificates) in certificates {
        let text = || certificates.iter().map(Pem::text).collect();
        let store = store.as_deref().filter(|_| *file == File::TrustStore);
        files.push((file, file.name(), store.map_or_else(text, |store| vec![store])));
    }
    let place = Place::look(order);
    if let Some(paths) = place.standing(&files) {
        return Ok(Published { paths, ..published });
    }
    files.retain(|(file, name, _)| {
        let wanted = || {
            let own = certificates.iter().find(|(other, _)| other == *file);
            bundle::set(own.map_or(&[], |(_, certificates)| certificates))
        };
        if !place.may_be_given() {
            return true;
        }
        match adopt(Path::new(HOME).join(name), file, wanted, order) {
            Adoption::Yes(path) => {
                published.paths.push(((*file).clone(), path));
                false
            }
            Adoption::No(warning) => {
                published.warnings.extend(warning);
                true
            }
        }
    });
    // Beside an adopted bundle the mounted CA itself serves those who add to their roots, if it is
    // what we would write; then most have nothing written at all.
    let is_adopted = !published.paths.is_empty();
    files.retain(|(file, _, pieces)| {
        if !is_adopted || **file != File::Custom {
            return true;
        }
        match adopt(CUSTOM_CA.into(), file, || pieces.iter().copied().collect(), order) {
            Adoption::Yes(path) if is_exactly(&path, pieces) => {
                published.paths.push((File::Custom, path));
                false
            }
            _ => true,
        }
    });
    put(&files, place, order, &mut published)?;
    Ok(published)
}

/// Publishes files of settings, which name what was published before.
///
/// # Errors
/// As [`publish`].
pub fn settings(settings: &[(File, String)], order: &Order<'_>) -> Result<Published, Error> {
    let mut published = Published::default();
    if settings.is_empty() {
        return Ok(published);
    }
    let files: Vec<Text<'_>> =
        settings.iter().map(|(file, text)| (file, file.name(), vec![text.as_bytes()])).collect();
    let place = Place::look(order);
    match place.standing(&files) {
        Some(paths) => published.paths = paths,
        None => put(&files, place, order, &mut published)?,
    }
    Ok(published)
}

fn is_home(order: &Order<'_>) -> bool {
    order.directory.is_none_or(|named| named.path == Path::new(HOME))
}

/// Where things are to be published.
enum Place<'a> {
    /// `/run/trust-init`, or why it does not serve.
    Home(Result<Home<'static>, Refusal>),
    /// Another directory, which the user named.
    Named(&'a Path),
}

impl<'a> Place<'a> {
    fn look(order: &Order<'a>) -> Self {
        match order.directory {
            Some(named) if !is_home(order) => Self::Named(&named.path),
            _ => Self::Home(Home::look(Path::new(HOME), order.directory.is_some())),
        }
    }

    /// Whether something may stand there that was mounted: it then has a directory, safe or not.
    fn may_be_given(&self) -> bool {
        matches!(self, Self::Home(home) if home.as_ref().map_or(true, Home::is_there))
    }

    /// `files` under their plain names, if all stand there as they should.
    fn standing(&self, files: &[Text<'_>]) -> Option<Vec<(File, PathBuf)>> {
        match self {
            Self::Home(Ok(home)) if !home.is_open() => location::standing(home, files),
            _ => None,
        }
    }
}

/// Puts `files` where they belong.
fn put(
    files: &[Text<'_>],
    place: Place<'_>,
    order: &Order<'_>,
    published: &mut Published,
) -> Result<(), Error> {
    if files.is_empty() {
        return Ok(());
    }
    let own = || format!("{PREFIX}{}-{}", nix::unistd::geteuid(), digest(files));
    let placed = match place {
        Place::Named(path) => location::named(path, &own(), files, order.dry),
        Place::Home(home) => home.and_then(|home| {
            let is_open = home.is_open();
            Ok((location::home(home, own, files, order)?, is_open))
        }),
    };
    match (placed, order.directory) {
        (Ok((paths, is_open)), named) => {
            published.paths.extend(paths);
            let named = named.filter(|_| is_open);
            published
                .warnings
                .extend(named.map(|named| Warning::WorldWritable(named.path.clone())));
            Ok(())
        }
        (Err(refusal), Some(named)) => Err(Error::Directory { named: named.clone(), refusal }),
        (Err(refusal), None) => descend(refusal, &own(), files, order, published),
    }
}

/// Takes the next rung that serves, as the first one does not.
fn descend(
    refusal: Refusal,
    own: &str,
    files: &[Text<'_>],
    order: &Order<'_>,
    published: &mut Published,
) -> Result<(), Error> {
    let mut refusals = vec![(Path::new(HOME), refusal)];
    let placed = SHARED.map(Path::new).into_iter().find_map(|shared| {
        let placed = location::shared(shared, own, files, order.dry);
        placed.map_err(|refusal| refusals.push((shared, refusal))).ok()
    });
    let paths = match placed {
        Some(paths) => paths,
        None => match memfd::publish(files, order.dry) {
            Ok(paths) => {
                published.warnings.push(Warning::Memory);
                paths
            }
            Err(memory) => return Err(Error::Nowhere { refusals, memory }),
        },
    };
    published.paths.extend(paths);
    // A rung that cannot be written to is no news; one that somebody else prepared is.
    let news = refusals.into_iter().filter(|(_, refusal)| refusal.is_suspicious());
    published.warnings.extend(news.map(|(path, refusal)| Warning::Refused { path, refusal }));
    Ok(())
}

/// The digest of everything that is published, names and contents. Not of the bundle alone: two
/// services can share a bundle and differ in what they pinned.
fn digest(files: &[Text<'_>]) -> String {
    let pieces = files.iter().flat_map(|(_, name, pieces)| {
        let name = std::iter::once(name.as_bytes());
        name.chain([&[0][..]]).chain(pieces.iter().copied()).chain([&[0][..]])
    });
    let mut digits = Fingerprint::of(pieces).to_string();
    digits.truncate(DIGEST);
    digits
}
