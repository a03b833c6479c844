//! The image's own store, for programs that look nowhere else whatever a variable says: those that use
//! GnuTLS, Erlang before 27, and others that docs/compatibility.md names.
//!
//! The custom CAs go into every file and directory of it that there is, and out again at the first start
//! that does not have them. First all of that is decided and it is made sure that it may be done; then
//! what an earlier run added is taken out, what is to be added is written down (`record`), and only then
//! is it added, each file by a rename. So whatever a killed run leaves, the next one finds in the record.

pub(crate) mod ledger;
pub(crate) mod precheck;

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use nix::sys::stat::Mode;

use crate::init::publish::location::DefaultDirectory;
pub(crate) use crate::init::system_store::ledger::Record;
use crate::init::system_store::ledger::{RECORD_DIRECTORY, RECORD_PATH, position, record_line};
use crate::init::system_store::precheck::{
    access_failure, check_changeable, failure, no_store, resolve_links,
};
use crate::sys::diagnostic::Diagnostic;
use crate::sys::dir::Directory;
use crate::sys::dir::replace::{NewFileMode, RegularFile};
use crate::sys::file;
use crate::trust::bundle::Pem;
use crate::trust::jvm::JSSECACERTS;
use crate::trust::root_stores::ROOT_FILES;
use crate::trust::subject_hash;

/// Where each distribution's programs look for a CA that is a file of its own, by OpenSSL's hashed name,
/// and where p11-kit takes in whatever lies there: path, who has it, and where that is written. Its
/// files are those of [`ROOT_FILES`].
pub(crate) const ROOT_DIRECTORIES: &[(&str, &str, &str)] = &[
    (
        "/etc/ssl/certs",
        "Debian, Ubuntu, Alpine, Arch; a link on Fedora, RHEL, openSUSE, SLES",
        "https://docs.openssl.org/3.0/man3/SSL_CTX_load_verify_locations/",
    ),
    (
        "/etc/pki/ca-trust/extracted/pem/directory-hash",
        "Fedora, RHEL",
        "https://src.fedoraproject.org/rpms/ca-certificates/blob/rawhide/f/update-ca-trust",
    ),
    (
        "/etc/pki/ca-trust/source/anchors",
        "p11-kit (GnuTLS) on Fedora, RHEL",
        "https://manpages.debian.org/update-ca-trust.8",
    ),
    (
        "/var/lib/ca-certificates/pem",
        "openSUSE, SLES",
        "https://github.com/openSUSE/ca-certificates",
    ),
    (
        "/etc/pki/trust/anchors",
        "p11-kit (GnuTLS) on openSUSE, SLES",
        "https://github.com/openSUSE/ca-certificates",
    ),
];

/// What is to be in the store.
#[derive(Debug)]
pub(crate) struct InstallOptions<'a> {
    /// The custom CAs.
    pub certificates: &'a [Pem<'a>],
    /// The directory where a JVM finds a key store by itself, and what that is to be.
    pub java: Option<(&'a Path, Vec<u8>)>,
    /// Whether a service may be at work here that an earlier run started.
    pub is_beside: bool,
    /// Whether to decide only.
    pub dry: bool,
}

/// What became of the store.
#[derive(Debug, Default)]
pub(crate) struct InstallResult {
    /// Files that have the custom CAs.
    pub files: Vec<PathBuf>,
    /// Files that have them no longer.
    pub cleared: Vec<PathBuf>,
    /// The key store that a JVM finds by itself, if it is in its place.
    pub java: Option<PathBuf>,
    /// Whether it is another run's, and was left as it is.
    pub is_of_another_run: bool,
}

/// One file of the store, as it is and as it is to be.
struct StoreFile {
    path: PathBuf,
    found: Option<RegularFile>,
    wanted: Vec<u8>,
    is_java: bool,
}

/// What is to be in the store, and the record of it.
#[derive(Default)]
struct StorePlan {
    items: Vec<StoreFile>,
    record: Record,
}

/// Puts what `options` say into the store, and takes out what else `record` says is there.
///
/// # Errors
/// When there is no store, or a part of it may not or cannot be changed. Then nothing of ours is added.
pub(crate) fn install(
    options: &InstallOptions<'_>,
    record: &Record,
) -> Result<InstallResult, Diagnostic> {
    let mut plan = StorePlan::new(options, record)?;
    let mut installed = InstallResult::default();
    if plan.is_done(record) {
        if plan.items.is_empty() && !options.dry {
            // Left by a run that was killed before it did anything else.
            let _ = write_record(record);
        }
    } else if options.is_beside && !record.text().is_empty() {
        return Ok(InstallResult { is_of_another_run: true, ..installed });
    } else {
        for line in record.lines() {
            check_changeable(line.path)?;
            installed.cleared.push(line.path.to_path_buf());
        }
        plan.items.iter().try_for_each(|item| check_changeable(&item.path))?;
        check_changeable(Path::new(RECORD_PATH))?;
        if !options.dry {
            plan = change(options)?;
        }
    }
    for item in plan.items {
        if item.is_java {
            installed.java = Some(item.path);
        } else {
            installed.files.push(item.path);
        }
    }
    Ok(installed)
}

/// Changes the store under its lock.
fn change(options: &InstallOptions<'_>) -> Result<StorePlan, Diagnostic> {
    let home = Path::new(RECORD_DIRECTORY);
    let directory = DefaultDirectory::open(home, false)
        .and_then(DefaultDirectory::create)
        .map_err(|refusal| failure(home, &refusal, refusal.fix()))?;
    let _lock = directory.lock();
    let record = Record::read()?;
    let plan = StorePlan::new(options, &record)?;
    remove_recorded(&record)?;
    if let Err(error) = plan.apply() {
        remove_recorded(&plan.record)?;
        write_record(&Record::default())?;
        return Err(error);
    }
    Ok(plan)
}

/// Takes out what `record` says was put in.
fn remove_recorded(record: &Record) -> Result<(), Diagnostic> {
    for line in record.lines() {
        let found = read_entry(line.path)?;
        let wanted = match &found {
            Some(found) if !line.is_created || !record.has_created(line.path, &found.bytes) => {
                Some(record.without_added(line.path, &found.bytes))
            }
            _ => None,
        };
        replace_contents(line.path, found.as_ref(), wanted.as_deref())?;
    }
    Ok(())
}

/// Writes the record; an empty one is none.
fn write_record(record: &Record) -> Result<(), Diagnostic> {
    let text = Some(record.text()).filter(|text| !text.is_empty());
    replace_contents(Path::new(RECORD_PATH), None, text)?;
    if let (None, Ok((directory, name))) = (text, open_parent(Path::new(RECORD_DIRECTORY))) {
        let _ = directory.remove_empty(name);
    }
    Ok(())
}

/// Puts `wanted` in the place of what was `found` at `path`, and removes what a run that was killed had
/// begun to write.
fn replace_contents(
    path: &Path,
    found: Option<&RegularFile>,
    wanted: Option<&[u8]>,
) -> Result<(), Diagnostic> {
    let replace = || {
        let (directory, name) = open_parent(path)?;
        directory.unstage(name)?;
        let Some(bytes) = wanted else { return directory.unlink(name) };
        if found.is_some_and(|found| found.bytes == bytes) {
            return Ok(());
        }
        directory.stage(name, found.map_or(NewFileMode::Public, NewFileMode::Like), bytes)?;
        directory.install_staged(name, &directory, name)
    };
    match replace() {
        Err(error) if wanted.is_none() && error.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done.map_err(|error| access_failure(path, &error)),
    }
}

/// The directory of `path`, and its name there.
fn open_parent(path: &Path) -> io::Result<(Directory, &OsStr)> {
    let (directory, name) = (path.parent().unwrap_or(path), path.file_name().unwrap_or_default());
    Ok((Directory::open(directory)?, name))
}

impl StorePlan {
    fn new(options: &InstallOptions<'_>, record: &Record) -> Result<Self, Diagnostic> {
        let mut plan = Self::default();
        let (mut lines, mut added, mut is_anywhere) = (Vec::new(), Vec::new(), false);
        let mut seen = BTreeSet::new();
        for (path, ..) in ROOT_FILES {
            let Some(path) = resolve_links(Path::new(path))?.filter(|path| path.is_file()) else {
                continue;
            };
            is_anywhere = true;
            if plan.items.iter().any(|item| item.path == path) {
                continue;
            }
            let Some(found) = read_entry(&path)? else { continue };
            let before = record.without_added(&path, &found.bytes);
            let mut wanted = before.clone();
            if wanted.last().is_some_and(|last| *last != b'\n') {
                wanted.push(b'\n');
            }
            let mut is_changed = false;
            for certificate in options.certificates {
                if position(&before, certificate.text()).is_none() {
                    is_changed = true;
                    wanted.extend(certificate.text());
                    if seen.insert(certificate.text()) {
                        added.push(certificate.borrow());
                    }
                }
            }
            if is_changed {
                lines.extend(record_line(false, &before, &path));
                plan.items.push(StoreFile { path, found: Some(found), wanted, is_java: false });
            }
        }
        if !is_anywhere && !options.certificates.is_empty() {
            return Err(no_store());
        }
        let bundles = plan.items.len();
        plan.add_hashed_files(options.certificates, record)?;
        if let Some((directory, bytes)) = &options.java
            && let Ok(Some(item)) = plan_java_store(directory, bytes, record)
        {
            plan.items.push(item);
        }
        for item in plan.items.iter().skip(bundles) {
            lines.extend(record_line(true, &item.wanted, &item.path));
        }
        plan.record = Record::of(&lines, &added);
        Ok(plan)
    }

    /// Writes down what is to be done, and does it.
    fn apply(&self) -> Result<(), Diagnostic> {
        write_record(&self.record)?;
        // The largest files last: what a full disk does not take is then in none.
        for item in self.items.iter().rev() {
            // What was found at first may have been taken out since.
            replace_contents(&item.path, read_entry(&item.path)?.as_ref(), Some(&item.wanted))?;
        }
        Ok(())
    }

    fn is_done(&self, record: &Record) -> bool {
        let is_done =
            |item: &StoreFile| item.found.as_ref().is_some_and(|found| found.bytes == item.wanted);
        self.record.text() == record.text() && self.items.iter().all(is_done)
    }

    /// For each certificate and directory a file of our own, unless there is one that OpenSSL finds. It
    /// is a file and no link, and its name ends as no certificate's: so a tool that creates such links again
    /// (`openssl rehash`) makes none to it, in place of one to a file that stays.
    fn add_hashed_files(
        &mut self,
        certificates: &[Pem<'_>],
        record: &Record,
    ) -> Result<(), Diagnostic> {
        for (directory, ..) in ROOT_DIRECTORIES {
            let directory = resolve_links(Path::new(directory))?.filter(|path| path.is_dir());
            let Some(directory) = directory else { continue };
            for certificate in certificates {
                let Some(hash) = subject_hash::subject_hash(certificate) else { continue };
                // Of those with the same subject each has the next number that is free.
                for number in 0.. {
                    let path = directory.join(format!("{hash:08x}.{number}"));
                    if let Some(item) = self.items.iter().find(|item| item.path == path) {
                        if item.wanted == certificate.text() {
                            break;
                        }
                        continue;
                    }
                    let found = read_entry(&path)?;
                    if found.as_ref().is_none_or(|found| record.has_created(&path, &found.bytes)) {
                        let wanted = certificate.text().to_vec();
                        self.items.push(StoreFile { path, found, wanted, is_java: false });
                        break;
                    }
                    if contains_certificate(&path, certificate) {
                        break;
                    }
                }
            }
        }
        Ok(())
    }
}

/// The key store that a JVM finds by itself; `None` where there is one of the user's own.
fn plan_java_store(
    directory: &Path,
    bytes: &[u8],
    record: &Record,
) -> Result<Option<StoreFile>, Diagnostic> {
    let Some(directory) = resolve_links(directory)? else { return Ok(None) };
    let path = directory.join(JSSECACERTS);
    let found = read_entry(&path)?;
    match &found {
        Some(found) if !record.has_created(&path, &found.bytes) => return Ok(None),
        Some(found) if found.bytes == bytes => {}
        // The record has a line for each file.
        _ if path.as_os_str().as_bytes().contains(&b'\n') => return Ok(None),
        _ => check_changeable(&path)?,
    }
    Ok(Some(StoreFile { path, found, wanted: bytes.to_vec(), is_java: true }))
}

/// Whether `certificate` is in the file at `path`, or behind it.
fn contains_certificate(path: &Path, certificate: &Pem<'_>) -> bool {
    let bytes = file::read(path, &mut file::FILE_LIMIT.clone()).unwrap_or_default();
    crate::trust::trust_anchors::anchors(&bytes).certificates.contains(certificate)
}

/// What exists at `path`. Anything but a file has no bytes.
fn read_entry(path: &Path) -> Result<Option<RegularFile>, Diagnostic> {
    let found = match path.symlink_metadata() {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(access_failure(path, &error)),
    };
    let mut bytes = Vec::new();
    if found.is_file() {
        let read = file::read(path, &mut file::FILE_LIMIT.clone());
        bytes = read.map_err(|problem| failure(path, &problem, "make it readable"))?;
    }
    let mode = Mode::from_bits_truncate(found.mode() & 0o7777);
    Ok(Some(RegularFile { bytes, uid: found.uid(), gid: found.gid(), mode }))
}
