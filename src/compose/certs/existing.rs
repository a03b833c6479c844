//! What stands in the directory, read and proved to belong together before anything is made.

use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use crate::compose::certs::key::Key;
use crate::compose::certs::{CA, CA_KEY, Order, Refusal, SERVER, SERVER_KEY};
use crate::sys::dir::{Directory, OWN};
use crate::sys::file;
use crate::trust::certificate::Certificate;
use crate::trust::certificate::extensions::{Details, is_signed_by};
use crate::trust::certificate_file::contents;
use crate::trust::inspection;
use crate::trust::source::Named;
use crate::trust::source::Unreadable;
use crate::trust::source::{Label, Source, SourceKind as SourceStanding};

/// A CA that can sign.
pub struct Authority {
    /// Its certificate.
    pub certificate: Certificate,
    /// More about it.
    pub details: Details,
    /// Its key.
    pub key: Key,
    /// All certificates in its file: for an intermediate, perhaps those above it.
    pub file: Vec<Certificate>,
}

/// A server's certificate.
pub struct Server {
    /// The certificate.
    pub certificate: Certificate,
    /// More about it.
    pub details: Details,
    /// Whether the CA of this run signed it.
    pub is_ours: bool,
}

/// What stands.
#[derive(Default)]
pub struct Standing {
    /// The CA to sign with.
    pub authority: Option<Authority>,
    /// The server's certificate in the directory.
    pub server: Option<Server>,
    /// Under `--ca`: whether the directory still lacks that CA's certificate.
    pub lacks_copy: bool,
    /// Keys that others may read, with their modes.
    pub open_keys: Vec<(PathBuf, u32)>,
}

/// Opens the directory, wherever links on the way lead; `None` if there is none.
pub fn open(named: &Named) -> Result<Option<Directory>, Refusal> {
    let failed = |error| Refusal::Directory { path: named.path.clone(), error };
    match named.path.canonicalize().and_then(|path| Directory::open(&path)) {
        Ok(directory) => {
            let (_, mode) = directory.owner_and_mode().map_err(failed)?;
            // In a sticky directory at least nobody can replace what others own.
            let is_open = mode & 0o002 != 0 && mode & 0o1000 == 0;
            if is_open {
                return Err(Refusal::OpenToAll { path: named.path.clone(), mode });
            }
            Ok(Some(directory))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed(error)),
    }
}

/// Makes the directory, in one that is there.
pub fn make(named: &Named) -> Result<Directory, Refusal> {
    let failed = |error| Refusal::Directory { path: named.path.clone(), error };
    let name = named.path.file_name().ok_or_else(|| failed(io::ErrorKind::InvalidInput.into()))?;
    let above = named.path.parent().filter(|path| !path.as_os_str().is_empty());
    let above = above.unwrap_or_else(|| Path::new("."));
    let above = above.canonicalize().and_then(|path| Directory::open(&path)).map_err(failed)?;
    above.make_private(name).map_err(failed)
}

/// Whether nothing is in a directory but what an interrupted run left there.
pub fn is_empty(path: &Path) -> bool {
    path.read_dir().is_ok_and(|entries| {
        entries.flatten().all(|entry| entry.file_name().as_bytes().starts_with(OWN.as_bytes()))
    })
}

impl Standing {
    /// Reads what is in the directory of `order`, if `is_there`, and in that of `--ca`.
    ///
    /// # Errors
    /// When a part cannot be read, is missing, or does not fit the others.
    pub fn read(order: &Order, is_there: bool) -> Result<Self, Refusal> {
        let mut standing = Self::default();
        let out = Place { named: &order.out, is_there };
        let from = order.ca.as_ref().filter(|ca| !is_same(&ca.path, &order.out.path));
        match from {
            Some(named) => {
                let found = standing.authority(&Place { named, is_there: true })?;
                let authority = found.ok_or_else(|| Refusal::NoAuthority(named.path.clone()))?;
                if out.read(CA_KEY)?.is_some() {
                    return Err(Refusal::OwnAuthority(order.out.path.clone()));
                }
                standing.lacks_copy = !out.read(CA)?.is_some_and(|source| {
                    contents(&source)
                        .is_ok_and(|found| is_same_list(&found.certificates, &authority.file))
                });
                standing.authority = Some(authority);
            }
            // What is replaced as a whole need not be sound.
            None if order.force => {}
            None => standing.authority = standing.authority(&out)?,
        }
        if !order.force || from.is_some() {
            standing.server = standing.server(&out)?;
        }
        Ok(standing)
    }

    fn authority(&mut self, place: &Place<'_>) -> Result<Option<Authority>, Refusal> {
        let (certificate, key) = match (place.read(CA)?, place.read(CA_KEY)?) {
            (None, None) => return Ok(None),
            (Some(certificate), Some(key)) => (certificate, key),
            (Some(_), None) => return Err(place.half(CA, CA_KEY)),
            (None, Some(_)) => return Err(place.half(CA_KEY, CA)),
        };
        let file = certificates(&certificate)?;
        let read = self.key(place, &key, CA_KEY)?;
        let mut pairs = file.iter().map(|certificate| (certificate, Details::of(certificate)));
        let found = pairs.find(|(_, details)| read.fits(details));
        let Some((found, details)) = found else {
            return Err(mismatch(&certificate, &key, true));
        };
        if !found.is_ca {
            let subject = found.subject.clone();
            return Err(Refusal::NotAnAuthority { label: certificate.label, subject });
        }
        Ok(Some(Authority { certificate: found.clone(), details, key: read, file: file.clone() }))
    }

    fn server(&mut self, place: &Place<'_>) -> Result<Option<Server>, Refusal> {
        let (source, key) = match (place.read(SERVER)?, place.read(SERVER_KEY)?) {
            (None, None) => return Ok(None),
            (Some(certificate), Some(key)) => (certificate, key),
            (Some(_), None) => return Err(place.half(SERVER, SERVER_KEY)),
            (None, Some(_)) => return Err(place.half(SERVER_KEY, SERVER)),
        };
        let file = certificates(&source)?;
        let read = self.key(place, &key, SERVER_KEY)?;
        // A server's certificate comes first in its file (RFC 8446, section 4.4.2).
        let Some(certificate) = file.into_iter().next() else { return Ok(None) };
        let details = Details::of(&certificate);
        if !read.fits(&details) {
            return Err(mismatch(&source, &key, false));
        }
        let authority = self.authority.as_ref();
        let is_ours = authority.is_some_and(|above| is_signed_by(&certificate, &above.certificate));
        Ok(Some(Server { certificate, details, is_ours }))
    }

    fn key(&mut self, place: &Place<'_>, source: &Source, file: &str) -> Result<Key, Refusal> {
        use std::os::unix::fs::MetadataExt as _;
        let path = place.named.path.join(file);
        let mode = path.metadata().map(|found| found.mode() & 0o777).unwrap_or_default();
        if mode & 0o077 != 0 {
            self.open_keys.push((path, mode));
        }
        let label = || source.label.clone();
        Key::read(&source.bytes).map_err(|problem| Refusal::Key { label: label(), problem })
    }
}

/// A directory that may hold a set.
struct Place<'a> {
    named: &'a Named,
    is_there: bool,
}

impl Place<'_> {
    /// The file of that name; `None` if there is none.
    fn read(&self, file: &str) -> Result<Option<Source>, Refusal> {
        let path = self.named.path.join(file);
        let is_missing = |error: &io::Error| error.kind() == io::ErrorKind::NotFound;
        if !self.is_there || path.symlink_metadata().as_ref().is_err_and(is_missing) {
            return Ok(None);
        }
        let mut budget = file::TOTAL_LIMIT;
        let read = file::read(&path, &mut budget);
        let label = Label::Path(Named { path, origin: self.named.origin });
        match read {
            Ok(bytes) => Ok(Some(Source { label, kind: SourceStanding::Named, bytes })),
            Err(problem) => Err(Unreadable { label, problem }.into()),
        }
    }

    fn half(&self, present: &'static str, missing: &'static str) -> Refusal {
        Refusal::Half { path: self.named.path.clone(), present, missing }
    }
}

fn mismatch(certificate: &Source, key: &Source, is_authority: bool) -> Refusal {
    let (certificate, key) = (certificate.label.clone(), key.label.clone());
    Refusal::Mismatch { certificate, key, is_authority }
}

/// The certificates in a file of ours: at least one.
fn certificates(source: &Source) -> Result<Vec<Certificate>, Refusal> {
    let unusable = |problem| inspection::Error::Unusable { label: source.label.clone(), problem };
    let found = contents(source).map_err(unusable)?.certificates;
    if found.is_empty() {
        return Err(unusable(crate::trust::file_error::Problem::Nothing).into());
    }
    Ok(found)
}

fn is_same_list(one: &[Certificate], other: &[Certificate]) -> bool {
    let ders =
        |list: &[Certificate]| list.iter().map(|found| found.der.clone()).collect::<Vec<_>>();
    ders(one) == ders(other)
}

fn is_same(one: &Path, other: &Path) -> bool {
    match (one.canonicalize(), other.canonicalize()) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    }
}
