//! Finds and reads the files of custom CAs: those that the user named, or those in the default directory.
//!
//! It does not parse or write files. A named directory means the certificate files in it; the default
//! directory is read as `update-ca-certificates` reads it.

use crate::sys::file;
use crate::trust::source::{
    CUSTOM_CA, CertificateSource, DEFAULT_DIRECTORY, Label, SourceError, SourceKind,
};

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::DirEntry;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use base64_simd::STANDARD;

#[cfg(target_os = "linux")]
use crate::sys::file::FileReadError;
use crate::trust::settings::Settings;
use crate::trust::source::{Named, Origin};

/// The extensions of certificate files in a directory that the user named.
const EXTENSIONS: [&str; 5] = ["crt", "pem", "cer", "der", "p7b"];

/// The limit for the files, and for the folders, in a directory: far more than any host has CAs.
const MOST: usize = 10_000;

/// The files that may contain custom CAs.
#[derive(Debug, Default)]
pub(crate) struct Discovery {
    /// The files in the order of the options; those of a directory by name.
    pub sources: Vec<CertificateSource>,
    /// Files that the user named and that cannot be read.
    pub errors: Vec<SourceError>,
    /// Files of the default directory that cannot be read.
    pub warnings: Vec<SourceError>,
    /// Directories that the user named: each must contain a CA.
    pub directories: Vec<Label>,
}

/// Finds and reads the files of custom CAs.
pub(crate) fn custom_cas(settings: &Settings) -> Discovery {
    let mut discovery = Discovery::default();
    let mut budget = file::TOTAL_LIMIT;
    if let Some(named) = &settings.custom {
        for Named { path, origin } in named {
            if path.is_dir() {
                let label = Label::new(path, *origin);
                match certificate_files(path) {
                    Ok(files) => {
                        for file in files {
                            discovery.read_file(file, *origin, SourceKind::Member, &mut budget);
                        }
                        discovery.directories.push(label);
                    }
                    Err(problem) => discovery.errors.push(SourceError { label, problem }),
                }
            } else {
                discovery.read_file(path.clone(), *origin, SourceKind::Named, &mut budget);
            }
        }
    } else {
        for file in discovery.find_in_default_directory(Path::new(DEFAULT_DIRECTORY)) {
            let is_named = file == Path::new(CUSTOM_CA);
            let kind = if is_named { SourceKind::Named } else { SourceKind::Default };
            discovery.read_file(file, Origin::Default, kind, &mut budget);
        }
    }
    if let Some(pem) = &settings.pem {
        let label = Label::Variable("TRUST_INIT_CA_PEM");
        discovery.sources.push(CertificateSource {
            label,
            kind: SourceKind::Named,
            bytes: decode_pem_variable(pem),
        });
    }
    discovery
}

impl Discovery {
    fn read_file(&mut self, path: PathBuf, origin: Origin, kind: SourceKind, budget: &mut u64) {
        let read = file::read(&path, budget);
        let label = Label::new(path, origin);
        match read {
            Ok(bytes) => self.sources.push(CertificateSource { label, kind, bytes }),
            Err(problem) if kind == SourceKind::Default => {
                self.warnings.push(SourceError { label, problem });
            }
            Err(problem) => self.errors.push(SourceError { label, problem }),
        }
    }

    /// Finds every `.crt` below the default directory, including subfolders and links, as
    /// `update-ca-certificates` does (`find -L DIR -type f -name '*.crt' | sort`). Each folder is read once,
    /// so circular links are harmless, and at most [`MOST`] of them, because a link to `/` would include the
    /// whole system. A folder at the path of [`CUSTOM_CA`] is included: Docker creates one if the file is
    /// missing.
    fn find_in_default_directory(&mut self, directory: &Path) -> Vec<PathBuf> {
        let (mut found, mut seen) = (Vec::new(), BTreeSet::new());
        let mut waiting = vec![directory.to_path_buf()];
        while let Some(folder) = waiting.pop() {
            let entries = folder.metadata().and_then(|it| {
                let is_new = seen.insert((it.dev(), it.ino()));
                if is_new { file::entries(&folder) } else { Ok(Vec::new()) }
            });
            // The file of the overlay may be readable although its folder is not.
            let custom = Path::new(CUSTOM_CA);
            if entries.is_err() && custom.parent() == Some(&folder) && custom.is_file() {
                found.push(custom.to_path_buf());
            }
            for entry in self.entries_or_warning(&folder, entries) {
                let (path, is_folder) = (entry.path(), is_folder(&entry));
                let is_certificate = path.extension() == Some(OsStr::new("crt"));
                if is_certificate && (!is_folder || path == Path::new(CUSTOM_CA)) {
                    found.push(path);
                } else if is_folder {
                    waiting.push(path);
                }
            }
            if found.len().max(seen.len()) > MOST {
                let label = Label::new(directory, Origin::Default);
                self.errors
                    .push(SourceError { label, problem: FileReadError::TooMany { limit: MOST } });
                return Vec::new();
            }
        }
        found.sort_unstable();
        found
    }

    /// Returns the entries of a folder, or adds a warning if it cannot be read: it may contain a CA.
    fn entries_or_warning(
        &mut self,
        folder: &Path,
        read: io::Result<Vec<DirEntry>>,
    ) -> Vec<DirEntry> {
        read.unwrap_or_else(|error| {
            let problem = file::FileReadError::new(folder, error);
            if !matches!(problem, FileReadError::Missing) {
                self.warnings
                    .push(SourceError { label: Label::new(folder, Origin::Default), problem });
            }
            Vec::new()
        })
    }
}

/// Returns the certificate files directly in a named directory, sorted. In a Kubernetes volume these are
/// links through `..data`, which is skipped as a hidden entry.
fn certificate_files(directory: &Path) -> Result<Vec<PathBuf>, FileReadError> {
    let entries =
        file::entries(directory).map_err(|error| file::FileReadError::new(directory, error))?;
    if entries.is_empty() {
        return Err(FileReadError::Directory { is_empty: true });
    }
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.path();
        let is_hidden = path.file_name().is_some_and(|name| name.as_bytes().starts_with(b"."));
        let extension = path.extension().unwrap_or_default();
        let is_certificate = EXTENSIONS.iter().any(|known| extension.eq_ignore_ascii_case(known));
        if is_certificate && !is_hidden && !is_folder(&entry) {
            files.push(path);
        }
    }
    if files.len() > MOST {
        return Err(FileReadError::TooMany { limit: MOST });
    }
    files.sort_unstable_by(|one, other| one.as_os_str().cmp(other.as_os_str()));
    Ok(files)
}

/// Whether `entry` is a folder or a link to one. Only a link needs another system call.
fn is_folder(entry: &DirEntry) -> bool {
    match entry.file_type() {
        Ok(kind) if !kind.is_symlink() => kind.is_dir(),
        _ => entry.path().is_dir(),
    }
}

/// Decodes the value of TRUST_INIT_CA_PEM: PEM with line breaks, PEM with the two characters `\n` for each
/// line break (from .env files and web forms), or base64 of the whole text (from Kubernetes).
fn decode_pem_variable(value: &OsStr) -> Vec<u8> {
    let value = value.as_bytes().trim_ascii();
    if !value.windows(10).any(|window| window == b"-----BEGIN") {
        let plain: Vec<u8> =
            value.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
        if let Ok(decoded) = STANDARD.decode_to_vec(&plain) {
            return decoded;
        }
    }
    let mut text = Vec::with_capacity(value.len());
    let mut rest = value;
    while let Some((&first, after)) = rest.split_first() {
        let line_end = after.strip_prefix(b"n").filter(|_| first == b'\\');
        text.push(if line_end.is_some() { b'\n' } else { first });
        rest = line_end.unwrap_or(after);
    }
    text
}
