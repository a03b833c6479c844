//! Finds the CA and the server certificate in a directory.
//!
//! `trust-compose certs` writes `ca.crt`, `server.pem` and `server-key.pem`. Without a `ca.crt`, every file of
//! CAs is used, as trust-init does for a directory.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use crate::compose::certs::host_stores::HOST_SYSTEMS;
use crate::compose::certs::{CA, SERVER, SERVER_KEY};
use crate::compose::inputs::error::{InputError, InputErrorKind};
use crate::compose::inputs::files::{CUSTOM_CA, ServerFiles, entry_exists};
use crate::compose::inputs::listing::{first_few, list_subjects};
use crate::compose::inputs::places::ROOTS;
use crate::compose::passwords::Passwords;
use crate::compose::project::files::plain;
use crate::sys::diagnostic::Diagnostic;
use crate::sys::file;
use crate::sys::quote;
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

/// The most CAs that a directory may contain: far more than a company has. Such a directory is a store of
/// public root certificates, and to trust it would replace the roots of every image.
const MAX_AUTHORITIES: usize = 20;

/// A directory of CAs.
pub(crate) struct CaDirectory {
    path: PathBuf,
    /// The option that names it.
    option: &'static str,
    /// The files in it that may contain a CA, sorted by name.
    members: Vec<PathBuf>,
}

/// The contents of a file in the directory.
enum MemberContents {
    /// CAs, and perhaps a server certificate.
    Authorities(Vec<Certificate>),
    /// No CA, only these.
    Leaves(Vec<Certificate>),
    /// An archive with an unknown password.
    Locked,
    /// No CA, with the cause.
    Other(String),
}

/// The files of the directory, as messages name them.
#[derive(Default)]
struct Members {
    /// Those with a CA that no earlier file contains.
    found: Vec<(PathBuf, String)>,
    /// The archives with an unknown password.
    locked: Vec<(PathBuf, String)>,
    /// Those with server certificates only.
    left_out: Vec<String>,
    /// All without a CA.
    others: Vec<String>,
    /// Number of CAs.
    authorities: usize,
}

impl CaDirectory {
    /// Lists the files of a directory.
    ///
    /// # Errors
    /// As opendir(3) and readdir(3).
    pub(crate) fn open(path: &Path, option: &'static str) -> Result<Self, InputError> {
        let list = || -> io::Result<Vec<PathBuf>> {
            path.read_dir()?.map(|entry| Ok(plain(path, entry?.file_name()))).collect()
        };
        let mut members = list().map_err(|error| {
            let label = Label::new(path, Origin::Option(option));
            InputError::from(&HostFileError {
                label,
                problem: file::FileReadError::new(path, error),
            })
        })?;
        members.retain(|path| may_hold_authority(path));
        members.sort_unstable();
        Ok(Self { path: path.to_path_buf(), option, members })
    }

    /// Returns the first complete pair of a server certificate and its key.
    ///
    /// # Errors
    /// When a key, or the certificate of `certs`, exists alone.
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
                // Under a name that `certs` does not use, it may belong to a folder of CAs.
                (true, false, None) if certificate.ends_with(SERVER) => {
                    return Err(incomplete_pair(&certificate, &key));
                }
                (false, true, None) => return Err(incomplete_pair(&key, &certificate)),
                _ => {}
            }
        }
        Ok(found)
    }

    /// Returns the files with the CAs: `ca.crt`, the root of a known layout, else all that contain a CA, each
    /// CA once.
    ///
    /// # Errors
    /// When no such file exists, or the directory is a store of public roots.
    pub(crate) fn find_authorities(
        &self,
        passwords: &Passwords<'_>,
        notes: &mut Vec<String>,
    ) -> Result<Vec<PathBuf>, InputError> {
        let at = |name: &str| plain(&self.path, name);
        // In a directory of this machine's store no file comes before the others.
        let is_store = HOST_SYSTEMS.iter().any(|it| Path::new(it.directory) == self.path);
        if entry_exists(&at(CA)) && !is_store {
            return Ok(vec![at(CA)]);
        }
        let layout = ROOTS.iter().find(|(root, beside)| at(root).exists() && at(beside).exists());
        if let Some((root, beside)) = layout {
            let (used, beside) = (at(root), at(beside));
            notes.push(format!(
                "using {}, the root of {}",
                quote::path(&used),
                quote::path(&beside.with_extension("crt"))
            ));
            return Ok(vec![used]);
        }
        let Members { mut found, locked, mut left_out, others, authorities } =
            self.read_members(passwords)?;
        if authorities > MAX_AUTHORITIES {
            return Err(self.too_many(authorities));
        }
        // The user is prompted for a password only if no other file contains a CA.
        if found.is_empty() {
            found = locked;
        } else {
            left_out.extend(locked.into_iter().map(|(_, shown)| shown));
        }
        if found.is_empty() {
            return Err(self.no_authority(&others));
        }
        notes.push(self.list_used(&found));
        if !left_out.is_empty() {
            let directory = quote::path(&self.path);
            notes.push(format!("not used from {directory}: {}", first_few(&left_out)));
        }
        Ok(found.into_iter().map(|(path, _)| path).collect())
    }

    fn read_members(&self, passwords: &Passwords<'_>) -> Result<Members, InputError> {
        let (mut members, mut known) = (Members::default(), BTreeSet::new());
        for path in &self.members {
            let shown = |what: &str| format!("{} ({what})", quote::path(path));
            match read_member(path, self.option, passwords)? {
                MemberContents::Authorities(mut all) => {
                    all.retain(|certificate| known.insert(certificate.der.to_vec()));
                    if !all.is_empty() {
                        members.found.push((path.clone(), shown(&list_subjects(&all))));
                    }
                }
                MemberContents::Locked => {
                    let shown = shown(&pkcs12::Pkcs12Error::Locked.to_string());
                    members.locked.push((path.clone(), shown));
                }
                MemberContents::Leaves(all) => {
                    let shown = shown(&format!("no CA: {}", list_subjects(&all)));
                    members.others.push(shown.clone());
                    members.left_out.push(shown);
                }
                MemberContents::Other(why) => members.others.push(shown(&why)),
            }
        }
        members.authorities = known.len();
        Ok(members)
    }

    fn list_used(&self, files: &[(PathBuf, String)]) -> String {
        let directory = quote::path(&self.path);
        if let [(path, _)] = files {
            let path = quote::path(path);
            return format!(
                "using {path}: {directory} has no {CA}, and this is its only file of CAs"
            );
        }
        let files = files.iter().map(|(_, shown)| shown.as_str()).collect::<Vec<_>>().join(", ");
        format!("using all CAs in {directory}, which has no {CA}: {files}")
    }

    fn no_authority(&self, others: &[String]) -> InputError {
        let others =
            if others.is_empty() { String::new() } else { format!(": {}", first_few(others)) };
        let cause = format!("it has no {CA} and no other file of CAs{others}");
        InputErrorKind::NotFound.because(self.cannot("use", cause).advise(format!(
            "put the CA's certificate into it as {CA}, or name its file: `{} FILE`",
            self.option
        )))
    }

    fn too_many(&self, count: usize) -> InputError {
        let cause = format!(
            "it has no {CA}, and its files contain {count} CAs: more than {MAX_AUTHORITIES} are a store \
             of public root certificates"
        );
        InputErrorKind::NotFound.because(
            self.cannot("use all CAs in", cause)
                .advise(format!("name the file of each CA to trust: `{} FILE`", self.option)),
        )
    }

    fn cannot(&self, action: &'static str, cause: String) -> Diagnostic {
        Label::new(&self.path, Origin::Option(self.option)).cannot(action).because(cause)
    }

    /// Returns the PEM files that contain exactly one certificate.
    pub(crate) fn single_certificates(&self) -> Vec<(PathBuf, Certificate)> {
        let mut files = self.members.clone();
        files.extend(PAIRS.iter().map(|(certificate, _)| plain(&self.path, certificate)));
        let read = files.into_iter().filter_map(|path| {
            let source = read_source(&path, self.option).ok()?;
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
    let is_servers = PAIRS.iter().any(|(certificate, key)| {
        name == *key || name == *certificate && entry_exists(&path.with_file_name(key))
    });
    let is_hidden = name.as_bytes().starts_with(b".");
    ending.is_some_and(is_known) && !is_servers && !is_hidden && !path.is_dir()
}

fn read_source(
    path: &Path,
    option: &'static str,
) -> Result<CertificateSource, file::FileReadError> {
    let mut budget = file::FILE_LIMIT;
    let bytes = file::read(path, &mut budget)?;
    let label = Label::new(path, Origin::Option(option));
    Ok(CertificateSource { label, kind: SourceKind::Member, bytes })
}

fn read_member(
    path: &Path,
    option: &'static str,
    passwords: &Passwords<'_>,
) -> Result<MemberContents, InputError> {
    let source = match read_source(path, option) {
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
    let (authorities, others): (Vec<_>, Vec<_>) = found.into_iter().partition(|it| it.is_ca);
    Ok(match (authorities.is_empty(), others.is_empty()) {
        (true, true) => MemberContents::Other("it is empty".to_owned()),
        (true, false) => MemberContents::Leaves(others),
        _ => MemberContents::Authorities(authorities),
    })
}
