//! Finds the CA and the server certificate in a directory.
//!
//! `trust-compose certs` writes `ca.crt`, `server.pem` and `server-key.pem`. Without a `ca.crt`, the only
//! other file of CAs is used.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use crate::compose::certs::{CA, SERVER, SERVER_KEY};
use crate::compose::inputs::error::{InputError, InputErrorKind};
use crate::compose::inputs::files::{CUSTOM_CA, EXTRA_CA, ServerFiles, entry_exists};
use crate::compose::inputs::listing::{first_few, list_subjects};
use crate::compose::passwords::Passwords;
use crate::compose::project::files::plain;
use crate::sys::diagnostic::Diagnostic;
use crate::sys::file;
use crate::sys::quote::{self, shell};
use crate::trust::certificate::Certificate;
use crate::trust::inspection::certificates;
use crate::trust::pkcs12;
use crate::trust::source::{CertificateSource, HostFileError, Label, Origin, SourceKind};

/// File names of a server certificate and its key: from `certs`, the usual ones, from Let's Encrypt
/// (<https://eff-certbot.readthedocs.io/en/stable/using.html#where-are-my-certificates>).
const PAIRS: [(&str, &str); 3] =
    [(SERVER, SERVER_KEY), ("server.crt", "server.key"), ("fullchain.pem", "privkey.pem")];

/// Extensions of files that may contain a CA.
const CA_EXTENSIONS: [&str; 7] = ["crt", "pem", "cer", "der", "p7b", "p12", "pfx"];

/// The directory that `--custom-ca` names.
pub(crate) struct CaDirectory {
    path: PathBuf,
    /// The files in it that may contain a CA, sorted by name.
    members: Vec<PathBuf>,
}

/// The contents of a file in the directory.
enum MemberContents {
    Authorities(Vec<Certificate>),
    /// An archive with an unknown password.
    Locked,
    /// No CA, with the cause.
    Other(String),
}

impl CaDirectory {
    /// Lists the files of a directory.
    ///
    /// # Errors
    /// As opendir(3) and readdir(3).
    pub(crate) fn open(path: &Path) -> Result<Self, InputError> {
        let list = || -> io::Result<Vec<PathBuf>> {
            path.read_dir()?.map(|entry| Ok(plain(path, entry?.file_name()))).collect()
        };
        let mut members = list().map_err(|error| {
            let label = Label::new(path, Origin::Option(CUSTOM_CA));
            InputError::from(&HostFileError {
                label,
                problem: file::FileReadError::new(path, error),
            })
        })?;
        members.retain(|path| may_hold_authority(path));
        members.sort_unstable();
        Ok(Self { path: path.to_path_buf(), members })
    }

    /// Returns the first complete pair of a server certificate and its key.
    ///
    /// # Errors
    /// When only half of an earlier pair exists.
    pub(crate) fn find_server_files(
        &self,
        notes: &mut Vec<String>,
    ) -> Result<Option<ServerFiles>, InputError> {
        let mut found: Option<ServerFiles> = None;
        for (certificate, key) in
            PAIRS.map(|(one, other)| (plain(&self.path, one), plain(&self.path, other)))
        {
            match (entry_exists(&certificate), entry_exists(&key), &found) {
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
                (true, false, None) => return Err(incomplete_pair(&certificate, &key)),
                (false, true, None) => return Err(incomplete_pair(&key, &certificate)),
                _ => {}
            }
        }
        Ok(found)
    }

    /// Returns the file with the CA: `ca.crt`, else the only file that contains nothing but CAs.
    ///
    /// # Errors
    /// When no such file exists, or more than one.
    pub(crate) fn find_authority(
        &self,
        passwords: &Passwords<'_>,
        has_pair: bool,
        notes: &mut Vec<String>,
    ) -> Result<PathBuf, InputError> {
        let usual = plain(&self.path, CA);
        if entry_exists(&usual) {
            return Ok(usual);
        }
        let (mut found, mut locked, mut others) = (Vec::new(), Vec::new(), Vec::new());
        for path in &self.members {
            let shown = |what: &str| format!("{} ({what})", quote::path(path));
            match read_member(path, passwords)? {
                MemberContents::Authorities(all) => found.push((path, shown(&list_subjects(&all)))),
                MemberContents::Locked => {
                    locked.push((path, shown(&pkcs12::Pkcs12Error::Locked.to_string())));
                }
                MemberContents::Other(why) => others.push(shown(&why)),
            }
        }
        // The user is prompted for a password only if no other file contains a CA.
        let found = if found.is_empty() { locked } else { found };
        let directory = quote::path(&self.path);
        match found.as_slice() {
            [] => {
                let others = if others.is_empty() {
                    String::new()
                } else {
                    format!(": {}", first_few(&others))
                };
                let cause = format!("it has no {CA} and no other file of CAs{others}");
                Err(InputErrorKind::NotFound.because(self.cannot("use", cause).advise(format!(
                    "put the CA's certificate into it as {CA}, or name its file: `{CUSTOM_CA} FILE`"
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
            several => Err(self.several_authorities(several, has_pair)),
        }
    }

    fn several_authorities(&self, files: &[(&PathBuf, String)], has_pair: bool) -> InputError {
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
        InputErrorKind::NotFound.because(self.cannot("choose a CA in", cause).advise(fix))
    }

    fn cannot(&self, action: &'static str, cause: String) -> Diagnostic {
        Label::new(&self.path, Origin::Option(CUSTOM_CA)).cannot(action).because(cause)
    }

    /// Returns the PEM files that contain exactly one certificate.
    pub(crate) fn single_certificates(&self) -> Vec<(PathBuf, Certificate)> {
        let mut files = self.members.clone();
        files.extend(PAIRS.iter().map(|(certificate, _)| plain(&self.path, certificate)));
        let read = files.into_iter().filter_map(|path| {
            let source = read_source(&path).ok()?;
            let is_pem = source.bytes.starts_with(b"-----BEGIN") && source.bytes.ends_with(b"\n");
            match certificates(&source).ok()?.as_slice() {
                [certificate] if is_pem => Some((path, certificate.clone())),
                _ => None,
            }
        });
        read.collect()
    }
}

/// Returns the error for a server certificate without its key, or a key without its certificate.
fn incomplete_pair(present: &Path, missing: &Path) -> InputError {
    let missing = quote::path(missing);
    let failed = Label::new(present, Origin::Option(CUSTOM_CA)).cannot("use");
    InputErrorKind::ServerIncomplete.because(
        failed.because(format_args!("{missing} is missing")).advise(format!(
            "put {missing} beside it, or move {} away if nothing is to be served",
            quote::path(present)
        )),
    )
}

fn may_hold_authority(path: &Path) -> bool {
    let (name, ending) = (path.file_name().unwrap_or_default(), path.extension());
    let is_known =
        |ending: &OsStr| CA_EXTENSIONS.iter().any(|known| ending.eq_ignore_ascii_case(known));
    let is_servers = PAIRS.iter().any(|(certificate, key)| name == *certificate || name == *key);
    let is_hidden = name.as_bytes().starts_with(b".");
    ending.is_some_and(is_known) && !is_servers && !is_hidden && !path.is_dir()
}

fn read_source(path: &Path) -> Result<CertificateSource, file::FileReadError> {
    let mut budget = file::FILE_LIMIT;
    let bytes = file::read(path, &mut budget)?;
    let label = Label::new(path, Origin::Option(CUSTOM_CA));
    Ok(CertificateSource { label, kind: SourceKind::Member, bytes })
}

fn read_member(path: &Path, passwords: &Passwords<'_>) -> Result<MemberContents, InputError> {
    let source = match read_source(path) {
        Ok(source) => source,
        Err(problem) => return Ok(MemberContents::Other(problem.to_string())),
    };
    let found = if pkcs12::is_archive(&source.bytes) {
        let opened = passwords.open_without_prompt(&source);
        match opened.map_err(|error| InputErrorKind::Unreadable.because(error))? {
            Ok(archive) if archive.keys.is_empty() => archive.certificates,
            Ok(_) => return Ok(MemberContents::Other("it contains a private key".to_owned())),
            Err(pkcs12::Pkcs12Error::Locked) => return Ok(MemberContents::Locked),
            Err(problem) => return Ok(MemberContents::Other(problem.to_string())),
        }
    } else {
        match certificates(&source) {
            Ok(found) => found,
            Err(problem) => return Ok(MemberContents::Other(problem.to_string())),
        }
    };
    let others: Vec<_> = found.iter().filter(|found| !found.is_ca).cloned().collect();
    Ok(match (found.is_empty(), others.is_empty()) {
        (true, _) => MemberContents::Other("it is empty".to_owned()),
        (_, true) => MemberContents::Authorities(found),
        _ => MemberContents::Other(format!("no CA: {}", list_subjects(&others))),
    })
}
