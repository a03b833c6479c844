//! Which directory, which name, and when what stands there is adopted.
//!
//! `/run/trust-init/ca-bundle.crt` is the path that everything names. A bundle mounted there is
//! adopted if it holds what ours would. Where nothing can be written there, the next rung is
//! taken: a directory of our own below /tmp, then below /dev/shm, then memory. On those rungs the
//! directory's name is made from the contents, so two containers with different CAs on one volume
//! never meet, and a restart finds its own.

mod memory;
mod rung;
mod warning;

use std::collections::BTreeSet;
use std::fmt::{self, Display};
use std::io;
use std::path::{Path, PathBuf};

pub use self::memory::is_memory;
pub use self::rung::{Refusal, open_home};
pub use self::warning::Warning;
use crate::cli::{Named, Roots};
use crate::discover::{CUSTOM_CA, file};
use crate::disk;
use crate::environment::File;
use crate::inspect::certificate::Fingerprint;
use crate::inspect::{self, Anchors};
use crate::merge::{self, Pem};
use crate::mounts;
use crate::report;
use crate::truststore;

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

report::error_of_words!(Error);

impl Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Directory { named, refusal } => write!(
                f,
                "cannot publish the bundle in {} ({}): {refusal}\nfix: {}",
                report::path(&named.path),
                named.origin,
                refusal.fix()
            ),
            Self::Nowhere { refusals, memory } => {
                f.write_str("cannot publish the bundle anywhere: ")?;
                for (path, refusal) in refusals {
                    write!(f, "{}: {refusal}; ", report::path(path))?;
                }
                let memory = report::cause(memory);
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
    let store = store.map(|(_, certificates)| truststore::write(certificates));
    let mut files: Vec<Text<'_>> = Vec::new();
    for (file, certificates) in certificates {
        let text = || certificates.iter().map(Pem::text).collect();
        let store = store.as_deref().filter(|_| *file == File::TrustStore);
        files.push((file, file.name(), store.map_or_else(text, |store| vec![store])));
    }
    if let Some(paths) = standing(&files, order) {
        return Ok(Published { paths, ..published });
    }
    files.retain(|(file, name, _)| {
        let order_of = certificates.iter().find(|(other, _)| other == *file);
        let wanted = merge::set(order_of.map_or(&[], |(_, certificates)| certificates));
        match adopt(Path::new(HOME).join(name), file, &wanted, order) {
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
        match adopt(CUSTOM_CA.into(), file, &pieces.iter().copied().collect(), order) {
            Adoption::Yes(path) if is_exactly(&path, pieces) => {
                published.paths.push((File::Custom, path));
                false
            }
            _ => true,
        }
    });
    place(&files, order, &mut published)?;
    Ok(published)
}

/// Publishes files of settings, which name what was published before.
///
/// # Errors
/// As [`publish`].
pub fn settings(settings: &[(File, String)], order: &Order<'_>) -> Result<Published, Error> {
    let mut published = Published::default();
    let files: Vec<Text<'_>> =
        settings.iter().map(|(file, text)| (file, file.name(), vec![text.as_bytes()])).collect();
    match standing(&files, order) {
        Some(paths) => published.paths = paths,
        None => place(&files, order, &mut published)?,
    }
    Ok(published)
}

fn is_home(order: &Order<'_>) -> bool {
    order.directory.is_none_or(|named| named.path == Path::new(HOME))
}

/// `files` under their plain names, if all stand there as they should.
fn standing(files: &[Text<'_>], order: &Order<'_>) -> Option<Vec<(File, PathBuf)>> {
    is_home(order).then(|| rung::standing(Path::new(HOME), files))?
}

/// Puts `files` where they belong.
fn place(files: &[Text<'_>], order: &Order<'_>, published: &mut Published) -> Result<(), Error> {
    if files.is_empty() {
        return Ok(());
    }
    let own = || format!("{PREFIX}{}-{}", nix::unistd::geteuid(), digest(files));
    let Some(named) = order.directory else { return ladder(order, own, files, published) };
    let placed = if is_home(order) {
        rung::home(Path::new(HOME), own, files, order).map(|paths| (paths, false))
    } else {
        rung::named(&named.path, &own(), files, order.dry)
    };
    let (paths, is_open) =
        placed.map_err(|refusal| Error::Directory { named: named.clone(), refusal })?;
    published.paths.extend(paths);
    published.warnings.extend(is_open.then(|| Warning::WorldWritable(named.path.clone())));
    Ok(())
}

/// Takes the first rung that serves.
fn ladder(
    order: &Order<'_>,
    own: impl Fn() -> String,
    files: &[Text<'_>],
    published: &mut Published,
) -> Result<(), Error> {
    let home: &'static Path = Path::new(HOME);
    let mut refusals = Vec::new();
    let mut placed = rung::home(home, &own, files, order).map_err(|refusal| (home, refusal));
    for shared in SHARED.map(Path::new) {
        match placed {
            Err(refused) => refusals.push(refused),
            Ok(_) => break,
        }
        placed =
            rung::shared(shared, &own(), files, order.dry).map_err(|refusal| (shared, refusal));
    }
    match placed {
        Ok(paths) => published.paths.extend(paths),
        Err(refused) => {
            refusals.push(refused);
            match memory::publish(files, order.dry) {
                Ok(paths) => published.paths.extend(paths),
                Err(memory) => return Err(Error::Nowhere { refusals, memory }),
            }
            published.warnings.push(Warning::Memory);
        }
    }
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

enum Adoption {
    Yes(PathBuf),
    No(Option<Warning>),
}

/// Whether a file that was mounted at `path` serves as it is: every client can read it, and it holds
/// every certificate that ours would. More than that is accepted only where the roots were not
/// chosen: it is then what whoever mounted it wanted.
fn adopt(path: PathBuf, kind: &File, wanted: &BTreeSet<&[u8]>, order: &Order<'_>) -> Adoption {
    let is_mounted = mounts::is_mount_point(&path) || mounts::is_read_only(&path);
    if !is_home(order) || !is_mounted {
        return Adoption::No(None);
    }
    let no =
        |because: String| Adoption::No(Some(Warning::NotAdopted { path: path.clone(), because }));
    let bytes = match file::read(&path, &mut file::FILE_LIMIT.clone()) {
        Ok(bytes) => bytes,
        Err(file::Problem::Missing) => return Adoption::No(None),
        Err(problem) => return no(problem.to_string()),
    };
    let anchors = if *kind == File::TrustStore {
        match truststore::read(&bytes) {
            Ok(certificates) => Anchors::from(certificates),
            Err(problem) => return no(problem.to_string()),
        }
    } else {
        inspect::anchors(&bytes)
    };
    let held = merge::set(&anchors.certificates);
    let missing = wanted.difference(&held).count();
    if missing > 0 {
        return no(format!("it lacks {}", report::count(missing, "certificate")));
    }
    if !anchors.tidy {
        return no("some clients cannot read it as it is".into());
    }
    if order.roots != Roots::System && held.len() > wanted.len() {
        return no("it holds roots that --roots leaves out".into());
    }
    Adoption::Yes(path)
}

/// Whether the file at `path` holds exactly `pieces`.
fn is_exactly(path: &Path, pieces: &[&[u8]]) -> bool {
    std::fs::File::open(path).is_ok_and(|file| disk::holds(file, pieces).unwrap_or_default())
}
