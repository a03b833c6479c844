//! Finds the root certificates of an image, in the well-known file of its distribution.

use std::collections::BTreeSet;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rustls_pki_types::CertificateDer;

use crate::sys::file::{self, FileReadError};
use crate::trust::der::{self, Outline};
use crate::trust::source::{Label, SourceError};
use crate::trust::source::{Origin, Roots};

/// The files in which distributions keep all root certificates, in search order: path, distributions, source.
pub const ROOT_FILES: &[(&str, &str, &str)] = &[
    (
        "/etc/ssl/certs/ca-certificates.crt",
        "Debian, Ubuntu, Alpine, Arch, Gentoo, distroless",
        "https://manpages.debian.org/update-ca-certificates.8",
    ),
    (
        "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
        "Fedora, RHEL, CentOS, Rocky, Alma, Amazon Linux",
        "https://manpages.debian.org/update-ca-trust.8",
    ),
    (
        "/etc/pki/tls/certs/ca-bundle.crt",
        "older RHEL and CentOS, UBI micro",
        "https://docs.fedoraproject.org/en-US/quick-docs/using-shared-system-certificates/",
    ),
    ("/etc/ssl/ca-bundle.pem", "openSUSE, SLES", "https://github.com/openSUSE/ca-certificates"),
    (
        "/var/lib/ca-certificates/ca-bundle.pem",
        "openSUSE, SLES (the target of the link above)",
        "https://github.com/openSUSE/ca-certificates",
    ),
    (
        "/etc/ssl/certs/ca-bundle.crt",
        "NixOS, Nix-built images",
        "https://github.com/NixOS/nixpkgs/blob/master/nixos/modules/security/ca.nix",
    ),
    (
        "/etc/ssl/cert.pem",
        "Alpine, Void, minimal images built by hand",
        "https://go.dev/src/crypto/x509/root_linux.go",
    ),
];

/// Directories with one file per root; the last resort, read by rustls-native-certs.
const ROOT_DIRECTORIES: &[&str] = &["/etc/ssl/certs", "/etc/pki/tls/certs"];

/// The public root certificates before they are parsed.
#[derive(Debug)]
pub enum RootSource {
    /// The distribution's file and its contents.
    File { path: PathBuf, bytes: Vec<u8> },
    /// A directory and its contents.
    Directory { path: PathBuf, contents: RootDirectory },
    /// Mozilla's, which this program contains.
    Mozilla(Vec<CertificateDer<'static>>),
    /// None, because the user chose so.
    Unwanted,
    /// None, because the image has none.
    Nowhere,
}

/// The files with hashed names in a directory of root certificates.
#[derive(Debug, Default)]
pub struct RootDirectory {
    /// Their certificates.
    pub certificates: Vec<CertificateDer<'static>>,
    /// The files with other blocks, and what is wrong with the first one.
    pub broken: Vec<(PathBuf, &'static str)>,
}

/// Mozilla's roots, concatenated and compressed by build.rs.
const MOZILLA: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/mozilla"));

fn mozilla() -> Vec<CertificateDer<'static>> {
    let unpacked = miniz_oxide::inflate::decompress_to_vec(MOZILLA).unwrap_or_default();
    let (mut rest, mut roots) = (unpacked.as_slice(), Vec::new());
    while let Some((_, _, remaining)) = der::value(rest) {
        let (root, _) = rest.split_at(rest.len() - remaining.len());
        roots.push(root.to_vec().into());
        rest = remaining;
    }
    roots
}

/// Finds the roots to merge.
///
/// # Errors
/// When the image has a root file that cannot be read: continuing would silently remove the trust in public
/// servers.
pub fn find_roots(choice: Roots) -> Result<RootSource, SourceError> {
    match choice {
        Roots::None => return Ok(RootSource::Unwanted),
        Roots::Mozilla => {
            return Ok(RootSource::Mozilla(mozilla()));
        }
        Roots::System => {}
    }
    for (path, ..) in ROOT_FILES {
        let path = Path::new(path);
        match file::read(path, &mut file::TOTAL_LIMIT.clone()) {
            Ok(bytes) => return Ok(RootSource::File { path: path.into(), bytes }),
            Err(FileReadError::Missing) => {}
            Err(problem) => {
                return Err(SourceError { label: Label::new(path, Origin::Default), problem });
            }
        }
    }
    for path in ROOT_DIRECTORIES.iter().map(Path::new) {
        let contents = read_directory(path);
        if !contents.certificates.is_empty() {
            return Ok(RootSource::Directory { path: path.into(), contents });
        }
    }
    Ok(RootSource::Nowhere)
}

/// Whether `path` is the file of all roots of some distribution.
pub fn is_root_file(path: &Path) -> bool {
    ROOT_FILES.iter().any(|(known, ..)| Path::new(known) == path)
}

/// Whether the image's programs read `path` as a directory of all roots, which the root file contains as
/// well.
pub fn is_root_directory(path: &Path) -> bool {
    ROOT_DIRECTORIES.iter().any(|known| Path::new(known) == path)
}

/// OpenSSL's default file of root certificates, by distribution: `cert.pem` in its OPENSSLDIR
/// (<https://docs.openssl.org/3.0/man3/X509_get_default_cert_file/>).
const OPENSSL_FILES: &[&str] = &[
    "/usr/lib/ssl/cert.pem",
    "/etc/ssl/cert.pem",
    "/etc/pki/tls/cert.pem",
    "/usr/local/ssl/cert.pem",
];

/// Whether the image's OpenSSL reads a default file of root certificates, also if SSL_CERT_DIR is set. True
/// without OpenSSL, because Go reads the file of the distribution.
pub fn has_default_file() -> bool {
    let mut files = OPENSSL_FILES.iter().map(Path::new);
    let has_openssl = || Path::new("/usr/lib/ssl").is_dir();
    files.any(Path::is_file) || !has_openssl()
}

/// Reads the certificates that OpenSSL finds in a directory: in files whose names are the hash of a subject
/// and a number (openssl-rehash(1)). A root that is renamed is no longer trusted. Files that are too large
/// are skipped.
pub fn read_directory(path: &Path) -> RootDirectory {
    let (mut found, mut seen) = (RootDirectory::default(), BTreeSet::new());
    let mut budget = file::TOTAL_LIMIT;
    for path in path.read_dir().into_iter().flatten().flatten().map(|entry| entry.path()) {
        if !path.file_name().is_some_and(|name| is_hashed_name(name.as_bytes())) {
            continue;
        }
        let Ok(entry) = path.metadata() else { continue };
        let is_sane = entry.is_file() && (1..=file::FILE_LIMIT.min(budget)).contains(&entry.len());
        if !is_sane || !seen.insert((entry.dev(), entry.ino())) {
            continue;
        }
        budget -= entry.len();
        let read = rustls_native_certs::load_certs_from_paths(Some(&path), None);
        let (whole, others): (Vec<_>, Vec<_>) =
            read.certs.into_iter().partition(|der| der::outline(der) == Outline::Certificate);
        found.certificates.extend(whole);
        if !others.is_empty() || !read.errors.is_empty() {
            found.broken.push((path, "a block is not a certificate"));
        }
    }
    found.certificates.sort_unstable_by(|a: &CertificateDer<'_>, b| a.as_ref().cmp(b.as_ref()));
    found.certificates.dedup();
    found.broken.sort_unstable();
    found
}

/// Whether OpenSSL reads a file of this name in a directory: `%08lx.%d` (X509_LOOKUP_hash_dir(3)).
fn is_hashed_name(name: &[u8]) -> bool {
    let is_hex = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    let Some((hash, [b'.', number @ ..])) = name.split_at_checked(8) else { return false };
    hash.iter().all(is_hex) && !number.is_empty() && number.iter().all(u8::is_ascii_digit)
}
