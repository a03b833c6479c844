//! A directory of certificates: which file is the CA, and which two are a server's.
//!
//! `ca.crt`, `server.pem` and `server-key.pem` are what `trust-compose certs` writes. Who got theirs
//! elsewhere has other names for them, which are taken where they cannot be mistaken.

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use crate::compose::certs::{CA, SERVER, SERVER_KEY};
use crate::compose::inputs::notice::subjects;
use crate::compose::inputs::{CUSTOM_CA, Error, Note, label};
use crate::compose::passwords::{self, Passwords};
use crate::compose::project::files::plain;
use crate::sys::file;
use crate::trust::certificate::Certificate;
use crate::trust::inspection::certificates;
use crate::trust::pkcs12;
use crate::trust::source::Unreadable;
use crate::trust::source::{Source, SourceKind};

/// What a server's certificate and its key are called: here, by most others, by Let's Encrypt
/// (<https://eff-certbot.readthedocs.io/en/stable/using.html#where-are-my-certificates>).
const PAIRS: [(&str, &str); 3] =
    [(SERVER, SERVER_KEY), ("server.crt", "server.key"), ("fullchain.pem", "privkey.pem")];

/// The endings of files that may hold a CA.
const ENDINGS: [&str; 7] = ["crt", "pem", "cer", "der", "p7b", "p12", "pfx"];

/// A directory that was named.
pub struct Directory {
    path: PathBuf,
    /// The files in it that may hold a CA, by name.
    members: Vec<PathBuf>,
}

/// A server's certificate and its key.
#[derive(Clone, Debug)]
pub struct Pair {
    /// The directory that both are in.
    pub directory: PathBuf,
    /// The certificate, perhaps with its issuers.
    pub certificate: PathBuf,
    /// The key.
    pub key: PathBuf,
}

/// What a file of the directory turned out to be.
enum Look {
    Authorities(Vec<Certificate>),
    Locked,
    Other(String),
}

impl Directory {
    /// Lists what is in it.
    ///
    /// # Errors
    /// As opendir(3) and readdir(3).
    pub fn open(path: &Path) -> Result<Self, Error> {
        let list = || -> io::Result<Vec<PathBuf>> {
            path.read_dir()?.map(|entry| Ok(plain(path, entry?.file_name()))).collect()
        };
        let mut members = list().map_err(|error| {
            let (label, problem) = (label(path, CUSTOM_CA), file::problem(path, error));
            Error::Unreadable(Unreadable { label, problem })
        })?;
        members.retain(|path| may_hold_authority(path));
        members.sort_unstable();
        Ok(Self { path: path.to_path_buf(), members })
    }

    /// The first complete pair.
    ///
    /// # Errors
    /// When half of one is found before that.
    pub fn pair(&self, notes: &mut Vec<Note>) -> Result<Option<Pair>, Error> {
        let mut found: Option<Pair> = None;
        for (certificate, key) in
            PAIRS.map(|(one, other)| (plain(&self.path, one), plain(&self.path, other)))
        {
            match (is_there(&certificate), is_there(&key), &found) {
                (true, true, None) => {
                    found = Some(Pair { directory: self.path.clone(), certificate, key });
                }
                (true, true, Some(first)) => {
                    notes.push(Note::OtherPair { first: first.clone(), certificate, key });
                }
                (true, false, None) => {
                    return Err(Error::Half { present: certificate, missing: key });
                }
                (false, true, None) => {
                    return Err(Error::Half { present: key, missing: certificate });
                }
                _ => {}
            }
        }
        Ok(found)
    }

    /// The file with the CA: `ca.crt`, else the only one that holds CAs and nothing else.
    ///
    /// # Errors
    /// When there is none, or more than one.
    pub fn authority(
        &self,
        passwords: &Passwords<'_>,
        has_pair: bool,
        notes: &mut Vec<Note>,
    ) -> Result<PathBuf, Error> {
        let usual = plain(&self.path, CA);
        if is_there(&usual) {
            return Ok(usual);
        }
        let (mut found, mut locked, mut others) = (Vec::new(), Vec::new(), Vec::new());
        for path in &self.members {
            match look(path, passwords)? {
                Look::Authorities(certificates) => {
                    found.push((path.clone(), subjects(&certificates)));
                }
                Look::Locked => locked.push((path.clone(), pkcs12::Problem::Locked.to_string())),
                Look::Other(why) => others.push((path.clone(), why)),
            }
        }
        let directory = self.path.clone();
        // An archive is asked for only where nothing else will do.
        let found = if found.is_empty() { locked } else { found };
        match found.as_slice() {
            [] => Err(Error::Nowhere { directory, others }),
            [(path, _)] => {
                notes.push(Note::Chosen { directory, file: path.clone() });
                Ok(path.clone())
            }
            _ => Err(Error::Several { directory, files: found, has_pair }),
        }
    }

    /// The certificates that have a file of their own, in PEM.
    pub fn alone(&self) -> Vec<(PathBuf, Certificate)> {
        let mut files = self.members.clone();
        files.extend(PAIRS.iter().map(|(certificate, _)| plain(&self.path, certificate)));
        let read = files.into_iter().filter_map(|path| {
            let source = read(&path).ok()?;
            let is_pem = source.bytes.starts_with(b"-----BEGIN") && source.bytes.ends_with(b"\n");
            match certificates(&source).ok()?.as_slice() {
                [certificate] if is_pem => Some((path, certificate.clone())),
                _ => None,
            }
        });
        read.collect()
    }
}

/// Whether something has that name, be it a link that leads nowhere.
pub fn is_there(path: &Path) -> bool {
    !path.symlink_metadata().is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
}

fn may_hold_authority(path: &Path) -> bool {
    let (name, ending) = (path.file_name().unwrap_or_default(), path.extension());
    let is_known = |ending: &OsStr| ENDINGS.iter().any(|known| ending.eq_ignore_ascii_case(known));
    let is_servers = PAIRS.iter().any(|(certificate, key)| name == *certificate || name == *key);
    let is_hidden = name.as_bytes().starts_with(b".");
    ending.is_some_and(is_known) && !is_servers && !is_hidden && !path.is_dir()
}

fn read(path: &Path) -> Result<Source, file::Problem> {
    let mut budget = file::FILE_LIMIT;
    let bytes = file::read(path, &mut budget)?;
    Ok(Source { label: label(path, CUSTOM_CA), kind: SourceKind::Member, bytes })
}

fn look(path: &Path, passwords: &Passwords<'_>) -> Result<Look, Error> {
    let source = match read(path) {
        Ok(source) => source,
        Err(problem) => return Ok(Look::Other(problem.to_string())),
    };
    let found = if pkcs12::is_archive(&source.bytes) {
        match passwords.open_silently(&source) {
            Ok(Some(archive)) if archive.keys.is_empty() => archive.certificates,
            Ok(Some(_)) => return Ok(Look::Other("a private key is in it".to_owned())),
            Ok(None) => return Ok(Look::Locked),
            Err(passwords::Error::Unusable { problem, .. }) => {
                return Ok(Look::Other(problem.to_string()));
            }
            Err(error) => return Err(Error::Archive(error)),
        }
    } else {
        match certificates(&source) {
            Ok(found) => found,
            Err(problem) => return Ok(Look::Other(problem.to_string())),
        }
    };
    let others: Vec<_> = found.iter().filter(|found| !found.is_ca).cloned().collect();
    Ok(match (found.is_empty(), others.is_empty()) {
        (true, _) => Look::Other("it is empty".to_owned()),
        (_, true) => Look::Authorities(found),
        _ => Look::Other(format!("no CA: {}", subjects(&others))),
    })
}
