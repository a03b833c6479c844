//! A directory of certificates: which file is the CA, and which two are a server's.
//!
//! `trust-compose certs` writes `ca.crt`, `server.pem` and `server-key.pem`. Files of other names are used if
//! there is only one that can be meant.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use crate::compose::certs::{CA, SERVER, SERVER_KEY};
use crate::compose::inputs::error::{Error, ErrorKind};
use crate::compose::inputs::files::{CUSTOM_CA, EXTRA_CA, ServerFiles, is_there};
use crate::compose::inputs::listing::{few, subjects};
use crate::compose::passwords::Passwords;
use crate::compose::project::files::plain;
use crate::sys::diagnostic::Diagnostic;
use crate::sys::file;
use crate::sys::quote::{self, shell};
use crate::trust::certificate::Certificate;
use crate::trust::inspection::certificates;
use crate::trust::pkcs12;
use crate::trust::source::{CertificateSource, HostFileError, Label, Origin, SourceKind};

/// The names of a server's certificate and its key: ours, the usual ones, those of Let's Encrypt
/// (<https://eff-certbot.readthedocs.io/en/stable/using.html#where-are-my-certificates>).
const PAIRS: [(&str, &str); 3] =
    [(SERVER, SERVER_KEY), ("server.crt", "server.key"), ("fullchain.pem", "privkey.pem")];

/// The endings of files that may hold a CA.
const ENDINGS: [&str; 7] = ["crt", "pem", "cer", "der", "p7b", "p12", "pfx"];

/// A directory that was named.
pub(crate) struct Directory {
    path: PathBuf,
    /// The files in it that may hold a CA, by name.
    members: Vec<PathBuf>,
}

/// What a file of the directory holds.
enum Contents {
    Authorities(Vec<Certificate>),
    /// An archive whose password is unknown.
    Locked,
    /// No CA, and why.
    Other(String),
}

impl Directory {
    /// Lists its files.
    ///
    /// # Errors
    /// As opendir(3) and readdir(3).
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        let list = || -> io::Result<Vec<PathBuf>> {
            path.read_dir()?.map(|entry| Ok(plain(path, entry?.file_name()))).collect()
        };
        let mut members = list().map_err(|error| {
            let label = Label::new(path, Origin::Option(CUSTOM_CA));
            Error::from(&HostFileError { label, problem: file::FileReadError::new(path, error) })
        })?;
        members.retain(|path| may_hold_authority(path));
        members.sort_unstable();
        Ok(Self { path: path.to_path_buf(), members })
    }

    /// The first complete pair.
    ///
    /// # Errors
    /// When half of one is found before that.
    pub(crate) fn pair(&self, notes: &mut Vec<String>) -> Result<Option<ServerFiles>, Error> {
        let mut found: Option<ServerFiles> = None;
        for (certificate, key) in
            PAIRS.map(|(one, other)| (plain(&self.path, one), plain(&self.path, other)))
        {
            match (is_there(&certificate), is_there(&key), &found) {
                (true, true, None) => {
                    found = Some(ServerFiles { directory: self.path.clone(), certificate, key });
                }
                (true, true, Some(first)) => notes.push(format!(
                    "not used: {} and {}, because {} and {} come first",
                    quote::path(&certificate),
                    quote::path(&key),
                    quote::path(&first.certificate),
                    quote::path(&first.key)
                )),
                (true, false, None) => return Err(half(&certificate, &key)),
                (false, true, None) => return Err(half(&key, &certificate)),
                _ => {}
            }
        }
        Ok(found)
    }

    /// The file with the CA: `ca.crt`, else the only one that holds CAs and nothing else.
    ///
    /// # Errors
    /// When there is none, or more than one.
    pub(crate) fn authority(
        &self,
        passwords: &Passwords<'_>,
        has_pair: bool,
        notes: &mut Vec<String>,
    ) -> Result<PathBuf, Error> {
        let usual = plain(&self.path, CA);
        if is_there(&usual) {
            return Ok(usual);
        }
        let (mut found, mut locked, mut others) = (Vec::new(), Vec::new(), Vec::new());
        for path in &self.members {
            let shown = |what: &str| format!("{} ({what})", quote::path(path));
            match look(path, passwords)? {
                Contents::Authorities(all) => found.push((path, shown(&subjects(&all)))),
                Contents::Locked => {
                    locked.push((path, shown(&pkcs12::Pkcs12Error::Locked.to_string())));
                }
                Contents::Other(why) => others.push(shown(&why)),
            }
        }
        // A password is asked for only if no other file has a CA.
        let found = if found.is_empty() { locked } else { found };
        let directory = quote::path(&self.path);
        match found.as_slice() {
            [] => {
                let others =
                    if others.is_empty() { String::new() } else { format!(": {}", few(&others)) };
                let cause = format!("it has no {CA} and no other file of CAs{others}");
                Err(ErrorKind::NotFound.because(self.cannot("use", cause).advise(format!(
                    "put the CA's certificate there as {CA}, or name its file: `{CUSTOM_CA} FILE`"
                ))))
            }
            [(path, _)] => {
                let path = *path;
                notes.push(format!(
                    "using {}: {directory} has no {CA}, and this is its only file of CAs",
                    quote::path(path)
                ));
                Ok(path.clone())
            }
            several => Err(self.several(several, has_pair)),
        }
    }

    fn several(&self, files: &[(&PathBuf, String)], has_pair: bool) -> Error {
        let listed: Vec<_> = files.iter().map(|(_, shown)| shown.as_str()).collect();
        let listed = listed.join(", ");
        let options = files.iter().map(|(path, _)| format!("`{CUSTOM_CA} {}`", shell(path)));
        let extra = files.iter().skip(1).map(|(path, _)| format!(" {EXTRA_CA} {}", shell(path)));
        let first = files.first().map(|(path, _)| shell(path)).unwrap_or_default();
        let mut fix = format!(
            "choose one: {}, or all: `{CUSTOM_CA} {first}{}`",
            options.collect::<Vec<_>>().join(", "),
            extra.collect::<String>()
        );
        if has_pair {
            let usual = shell(&self.path.join(CA));
            let _ = write!(fix, "; to serve from there as well, copy it: `cp {first} {usual}`");
        }
        let cause = format!("it has no {CA} and several files of CAs: {listed}");
        ErrorKind::NotFound.because(self.cannot("choose a CA in", cause).advise(fix))
    }

    fn cannot(&self, action: &'static str, cause: String) -> Diagnostic {
        Label::new(&self.path, Origin::Option(CUSTOM_CA)).cannot(action).because(cause)
    }

    /// The certificates that have a file of their own, in PEM.
    pub(crate) fn single_certificates(&self) -> Vec<(PathBuf, Certificate)> {
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

/// A server's certificate without its key, or the key alone.
fn half(present: &Path, missing: &Path) -> Error {
    let missing = quote::path(missing);
    let failed = Label::new(present, Origin::Option(CUSTOM_CA)).cannot("use");
    ErrorKind::ServerIncomplete.because(
        failed.because(format_args!("{missing} is missing")).advise(format!(
            "put {missing} beside it, or move {} away if nothing is to be served",
            quote::path(present)
        )),
    )
}

fn may_hold_authority(path: &Path) -> bool {
    let (name, ending) = (path.file_name().unwrap_or_default(), path.extension());
    let is_known = |ending: &OsStr| ENDINGS.iter().any(|known| ending.eq_ignore_ascii_case(known));
    let is_servers = PAIRS.iter().any(|(certificate, key)| name == *certificate || name == *key);
    let is_hidden = name.as_bytes().starts_with(b".");
    ending.is_some_and(is_known) && !is_servers && !is_hidden && !path.is_dir()
}

fn read(path: &Path) -> Result<CertificateSource, file::FileReadError> {
    let mut budget = file::FILE_LIMIT;
    let bytes = file::read(path, &mut budget)?;
    let label = Label::new(path, Origin::Option(CUSTOM_CA));
    Ok(CertificateSource { label, kind: SourceKind::Member, bytes })
}

fn look(path: &Path, passwords: &Passwords<'_>) -> Result<Contents, Error> {
    let source = match read(path) {
        Ok(source) => source,
        Err(problem) => return Ok(Contents::Other(problem.to_string())),
    };
    let found = if pkcs12::is_archive(&source.bytes) {
        let opened = passwords.open_silently(&source);
        match opened.map_err(|error| ErrorKind::Unreadable.because(error))? {
            Ok(archive) if archive.keys.is_empty() => archive.certificates,
            Ok(_) => return Ok(Contents::Other("a private key is in it".to_owned())),
            Err(pkcs12::Pkcs12Error::Locked) => return Ok(Contents::Locked),
            Err(problem) => return Ok(Contents::Other(problem.to_string())),
        }
    } else {
        match certificates(&source) {
            Ok(found) => found,
            Err(problem) => return Ok(Contents::Other(problem.to_string())),
        }
    };
    let others: Vec<_> = found.iter().filter(|found| !found.is_ca).cloned().collect();
    Ok(match (found.is_empty(), others.is_empty()) {
        (true, _) => Contents::Other("it is empty".to_owned()),
        (_, true) => Contents::Authorities(found),
        _ => Contents::Other(format!("no CA: {}", subjects(&others))),
    })
}
