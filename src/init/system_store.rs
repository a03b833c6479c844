//! The image's own store, for programs that ignore variables: GnuTLS, Erlang before 27, and others
//! (docs/compatibility.md). The custom CAs are added to all of its files and directories, and removed by a
//! start without them. All changes are planned and checked first. Then the changes of an earlier run are
//! undone, the new ones are recorded (`ledger`), and each file is replaced by a rename: the record covers
//! also the changes of a killed run.

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
    access_failure, check_access, failure, no_store, resolve,
};
use crate::sys::diagnostic::Diagnostic;
use crate::sys::dir::Directory;
use crate::sys::dir::replace::{NewFileMode, RegularFile};
use crate::sys::file;
use crate::trust::bundle::Pem;
use crate::trust::jvm::JSSECACERTS;
use crate::trust::root_stores::ROOT_FILES;
use crate::trust::subject_hash;

/// The directories of CA files with OpenSSL's hashed names, and those that p11-kit reads completely: path,
/// distributions, source. The files of the store are [`ROOT_FILES`].
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

/// The new contents of the store.
#[derive(Debug)]
pub(crate) struct InstallOptions<'a> {
    /// The custom CAs.
    pub certificates: &'a [Pem<'a>],
    /// The directory in which a JVM finds a key store without an option, and its new contents.
    pub java: Option<(&'a Path, Vec<u8>)>,
    /// Whether a service of an earlier run may be running.
    pub is_beside: bool,
    /// Whether to plan only, without writing.
    pub dry: bool,
}

/// The changes to the store.
#[derive(Debug, Default)]
pub(crate) struct InstallResult {
    /// Files that contain the custom CAs.
    pub files: Vec<PathBuf>,
    /// Files that they were removed from.
    pub cleared: Vec<PathBuf>,
    /// The installed key store that a JVM finds without an option.
    pub java: Option<PathBuf>,
    /// Whether the store is unchanged, because a service of another run may use it.
    pub is_of_another_run: bool,
}

/// A file of the store, with its current and its new contents.
struct StoreFile {
    path: PathBuf,
    found: Option<RegularFile>,
    wanted: Vec<u8>,
    is_java: bool,
}

/// The planned files of the store, and the record of the changes.
#[derive(Default)]
struct StorePlan {
    items: Vec<StoreFile>,
    record: Record,
}

/// Installs the contents of `options`, and undoes the other changes in `record`.
///
/// # Errors
/// When the image has no store, or a part of it cannot be changed. No certificate is added then.
pub(crate) fn install(
    options: &InstallOptions<'_>,
    record: &Record,
) -> Result<InstallResult, Diagnostic> {
    let mut plan = StorePlan::new(options, record)?;
    let mut installed = InstallResult::default();
    if plan.is_done(record) {
        if plan.items.is_empty() && !options.dry {
            // A run that was killed before its first change may have left a file.
            let _ = write_record(record);
        }
    } else if options.is_beside && !record.text().is_empty() {
        return Ok(InstallResult { is_of_another_run: true, ..installed });
    } else {
        for line in record.lines() {
            check_access(line.path)?;
            installed.cleared.push(line.path.to_path_buf());
        }
        plan.items.iter().try_for_each(|item| check_access(&item.path))?;
        check_access(Path::new(RECORD_PATH))?;
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

/// Undoes the changes in `record`.
fn remove_recorded(record: &Record) -> Result<(), Diagnostic> {
    for line in record.lines() {
        let found = read_entry(line.path)?;
        let wanted = match &found {
            Some(found) if !line.is_created || !record.has_created(line.path, &found.bytes) => {
                Some(record.without_added(line.path, &found.bytes))
            }
            _ => None,
        };
        replace(line.path, found.as_ref(), wanted.as_deref())?;
    }
    Ok(())
}

/// Writes the record, or removes the file of an empty one.
fn write_record(record: &Record) -> Result<(), Diagnostic> {
    let text = Some(record.text()).filter(|text| !text.is_empty());
    replace(Path::new(RECORD_PATH), None, text)?;
    if let (None, Ok((directory, name))) = (text, open_parent(Path::new(RECORD_DIRECTORY))) {
        let _ = directory.remove_empty(name);
    }
    Ok(())
}

/// Replaces the file `old` at `path` by `new`, or removes it. Removes also the staged file of a killed run.
fn replace(path: &Path, old: Option<&RegularFile>, new: Option<&[u8]>) -> Result<(), Diagnostic> {
    let write = || {
        let (directory, name) = open_parent(path)?;
        directory.unstage(name)?;
        let Some(bytes) = new else { return directory.unlink(name) };
        if old.is_some_and(|old| old.bytes == bytes) {
            return Ok(());
        }
        directory.stage(name, old.map_or(NewFileMode::Public, NewFileMode::Like), bytes)?;
        directory.install_staged(name, &directory, name)
    };
    match write() {
        Err(error) if new.is_none() && error.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done.map_err(|error| access_failure(path, &error)),
    }
}

/// Opens the directory of `path`, and returns the name in it.
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
            let path = resolve(Path::new(path))?.filter(|path| path.is_file());
            let Some(path) = path else { continue };
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
        plan.add_hashed(options.certificates, record)?;
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

    /// Writes the record, then the files.
    fn apply(&self) -> Result<(), Diagnostic> {
        write_record(&self.record)?;
        // The largest files last: if the disk is full, they stay unchanged.
        for item in self.items.iter().rev() {
            // The current file may differ from the planned one, since the earlier changes were undone.
            replace(&item.path, read_entry(&item.path)?.as_ref(), Some(&item.wanted))?;
        }
        Ok(())
    }

    fn is_done(&self, record: &Record) -> bool {
        let is_done =
            |item: &StoreFile| item.found.as_ref().is_some_and(|found| found.bytes == item.wanted);
        self.record.text() == record.text() && self.items.iter().all(is_done)
    }

    /// Adds a file with a hashed name for each certificate and directory, unless OpenSSL finds it already. It
    /// is no link and has no extension, so that `openssl rehash` does not replace a link by one to this file.
    fn add_hashed(&mut self, certificates: &[Pem<'_>], record: &Record) -> Result<(), Diagnostic> {
        for (directory, ..) in ROOT_DIRECTORIES {
            let directory = resolve(Path::new(directory))?.filter(|path| path.is_dir());
            let Some(directory) = directory else { continue };
            for certificate in certificates {
                let Some(hash) = subject_hash::subject_hash(certificate) else { continue };
                // Certificates with the same subject get consecutive numbers.
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

/// Plans the key store that a JVM finds without an option; `None` if the image has its own.
fn plan_java_store(
    directory: &Path,
    bytes: &[u8],
    record: &Record,
) -> Result<Option<StoreFile>, Diagnostic> {
    let Some(directory) = resolve(directory)? else { return Ok(None) };
    let path = directory.join(JSSECACERTS);
    let found = read_entry(&path)?;
    match &found {
        Some(found) if !record.has_created(&path, &found.bytes) => return Ok(None),
        Some(found) if found.bytes == bytes => {}
        // The record, with one line per file, cannot contain such a path.
        _ if path.as_os_str().as_bytes().contains(&b'\n') => return Ok(None),
        _ => check_access(&path)?,
    }
    Ok(Some(StoreFile { path, found, wanted: bytes.to_vec(), is_java: true }))
}

/// Whether the file at `path`, or the target of that link, contains `certificate`.
fn contains_certificate(path: &Path, certificate: &Pem<'_>) -> bool {
    let bytes = file::read(path, &mut file::FILE_LIMIT.clone()).unwrap_or_default();
    crate::trust::trust_anchors::anchors(&bytes).certificates.contains(certificate)
}

/// Reads the entry at `path`. Entries other than files have no contents.
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
