//! The image's own roots: the one well-known file of its distribution.

use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rustls_pki_types::CertificateDer;

use crate::sys::file::{self, FileError};
use crate::trust::der;
use crate::trust::source::{Label, SourceError};
use crate::trust::source::{Origin, Roots};

/// Where each distribution keeps all of its roots in one file, in the order they are looked for:
/// path, who keeps it there, and where that is written.
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
        "openSUSE, SLES (where the one above links to)",
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

/// Where roots lie as one file each; the last resort, read by rustls-native-certs.
const ROOT_DIRECTORIES: &[&str] = &["/etc/ssl/certs", "/etc/pki/tls/certs"];

/// Public roots, as found.
#[derive(Debug)]
pub enum RootSource {
    /// The distribution's file and its contents.
    File { path: PathBuf, bytes: Vec<u8> },
    /// A directory and the certificates in it.
    Directory { path: PathBuf, certificates: Vec<CertificateDer<'static>> },
    /// Mozilla's, from this program.
    Mozilla(Vec<CertificateDer<'static>>),
    /// The user wants none.
    Unwanted,
    /// The image has none.
    Nowhere,
}

/// Mozilla's roots as build.rs packed them, one behind the other.
const MOZILLA: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/mozilla"));

fn mozilla() -> Vec<CertificateDer<'static>> {
    let unpacked = miniz_oxide::inflate::decompress_to_vec(MOZILLA).unwrap_or_default();
    let (mut rest, mut roots) = (unpacked.as_slice(), Vec::new());
    while let Some((_, _, behind)) = der::value(rest) {
        let (root, _) = rest.split_at(rest.len() - behind.len());
        roots.push(root.to_vec().into());
        rest = behind;
    }
    roots
}

/// Finds the roots to merge.
///
/// # Errors
/// When the image has a root file that cannot be read: to go on without would take away public
/// trust in silence.
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
            Err(FileError::Missing) => {}
            Err(problem) => {
                return Err(SourceError { label: Label::new(path, Origin::Default), problem });
            }
        }
    }
    for path in ROOT_DIRECTORIES.iter().map(Path::new) {
        let certificates = read_directory(path);
        if !certificates.is_empty() {
            return Ok(RootSource::Directory { path: path.into(), certificates });
        }
    }
    Ok(RootSource::Nowhere)
}

/// Whether the image's programs read `path` as all of its roots: then its file says the same.
pub fn is_root_directory(path: &Path) -> bool {
    ROOT_DIRECTORIES.iter().any(|known| Path::new(known) == path)
}

/// The certificates that lie in a directory as files of PEM, each file once: most directories hold every
/// file under its own name and, as a link, under its hashed one (openssl-rehash(1)). What is no such file,
/// or too large, is passed over.
pub fn read_directory(path: &Path) -> Vec<CertificateDer<'static>> {
    let (mut found, mut seen) = (Vec::new(), BTreeSet::new());
    let mut budget = file::TOTAL_LIMIT;
    for path in path.read_dir().into_iter().flatten().flatten().map(|entry| entry.path()) {
        let Ok(entry) = path.metadata() else { continue };
        let is_sane = entry.is_file() && (1..=file::FILE_LIMIT.min(budget)).contains(&entry.len());
        if !is_sane || !seen.insert((entry.dev(), entry.ino())) {
            continue;
        }
        budget -= entry.len();
        found.extend(rustls_native_certs::load_certs_from_paths(Some(&path), None).certs);
    }
    found.sort_unstable_by(|a: &CertificateDer<'_>, b| a.as_ref().cmp(b.as_ref()));
    found.dedup();
    found
}
