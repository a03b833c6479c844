//! A service's image and mounts as a file system, in which `trust::jvm` searches for a JVM. Each query starts
//! a program, so there are few, and directories are never listed.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};

use crate::compose::docker::{Image, ImageEntry};
use crate::compose::images::Images;
use crate::compose::project::Service;
use crate::compose::project::paths::clean_path;
use crate::sys::environment::Environment;
use crate::sys::file::{self, FileReadError};
use crate::sys::root::FileSystem;
use crate::trust::jvm::{self, JvmTrustStore};

/// Directories of JVMs that PATH may not contain: Eclipse Temurin, Debian, Alpine, Fedora.
const JVM_DIRECTORIES: [&str; 5] = [
    "/opt/java/openjdk",         // https://hub.docker.com/_/eclipse-temurin
    "/usr/lib/jvm/default-java", // https://packages.debian.org/trixie/default-jre-headless
    "/usr/lib/jvm/default-jvm", // https://pkgs.alpinelinux.org/package/edge/main/x86_64/java-common
    "/usr/lib/jvm/java",        // https://docs.fedoraproject.org/en-US/packaging-guidelines/Java/
    "/usr/lib/jvm/jre",
];

/// The PATH of a container whose image sets none
/// (<https://docs.docker.com/reference/cli/docker/container/run/#env>), without the directories for root.
const DEFAULT_PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// Number of symbolic links that are followed in a row.
const MAX_LINKS: usize = 8;

/// The files in a container of this image, with the mounts of this service.
pub(crate) struct ContainerFs<'a> {
    /// Reads the files of images.
    pub images: &'a Images,
    /// The service's image.
    pub image: &'a Image,
    /// The service.
    pub service: &'a Service,
}

impl FileSystem for ContainerFs<'_> {
    /// Returns an empty path: the files of an image are not on this machine.
    fn local_path(&self, _: &Path) -> impl AsRef<Path> {
        Path::new("")
    }

    fn canonical_path(&self, path: &Path) -> Option<PathBuf> {
        let (real, entry) = self.follow(path);
        matches!(entry, Some(ImageEntry::File(_))).then_some(real)
    }

    /// Denies every Python, because its packages cannot be listed.
    fn is_file(&self, path: &Path) -> bool {
        !path.ends_with("python3") && self.canonical_path(path).is_some()
    }

    fn is_directory(&self, _: &Path) -> bool {
        false
    }

    fn is_link(&self, path: &Path) -> bool {
        matches!(self.entry(path), Some(ImageEntry::Link(_)))
    }

    /// Returns only those of [`JVM_DIRECTORIES`] that contain a JVM: to list a directory, the engine would
    /// send its whole contents.
    fn names(&self, directory: &Path) -> io::Result<Vec<OsString>> {
        let homes =
            JVM_DIRECTORIES.iter().map(Path::new).filter(|home| home.parent() == Some(directory));
        let homes = homes.filter(|home| self.is_file(&home.join("bin/java")));
        Ok(homes.filter_map(Path::file_name).map(OsStr::to_owned).collect())
    }

    fn contents(&self, path: &Path) -> Option<Result<Vec<u8>, FileReadError>> {
        match self.follow(path).1 {
            Some(ImageEntry::File(bytes)) => Some(Ok(bytes)),
            Some(_) => None,
            None => {
                Some(Err(FileReadError::System(io::Error::other("it cannot be read from here"))))
            }
        }
    }
}

impl ContainerFs<'_> {
    /// Returns the container's entrypoint and command.
    pub(crate) fn command_line(&self) -> Vec<String> {
        let Service { entrypoint, command, .. } = self.service;
        // The service's entrypoint disables the image's command.
        let of_image = || entrypoint.is_none().then(|| self.image.command.clone());
        let command = command.clone().or_else(of_image).unwrap_or_default();
        let mut words = entrypoint.clone().unwrap_or_else(|| self.image.entrypoint.clone());
        words.extend(command);
        words
    }

    /// Returns the trust store of the container's JVM, if it has one.
    pub(crate) fn trust_store(&self, environment: &Environment) -> Option<JvmTrustStore> {
        let mut words = self.command_line().into_iter().map(OsString::from);
        let is_java = |word: &OsString| {
            let path = Path::new(word);
            path.is_absolute() && path.ends_with("java")
        };
        let started = words.find(is_java);
        let path = environment.get("PATH").unwrap_or(DEFAULT_PATH.as_ref());
        // No image has a JVM in a directory for root, and each query starts a program.
        let bins = std::env::split_paths(path).filter(|bin| !bin.ends_with("sbin"));
        let path = std::env::join_paths(bins).unwrap_or_default();
        let home = environment.get("JAVA_HOME").map(|home| ("JAVA_HOME".into(), home.to_owned()));
        let asked = home.into_iter().chain([("PATH".into(), path)]).collect();
        jvm::find_trust_store(self, &asked, started.as_ref(), |_| false)
    }

    /// Whether `path` exists, or cannot be read.
    pub(crate) fn exists(&self, path: &Path) -> bool {
        !matches!(self.follow(path).1, Some(ImageEntry::Missing))
    }

    /// Follows symbolic links from `path`, and returns the final path with its entry; `None` if it cannot be
    /// read.
    fn follow(&self, path: &Path) -> (PathBuf, Option<ImageEntry>) {
        let mut path = path.to_path_buf();
        for _ in 0..MAX_LINKS {
            match self.entry(&path) {
                Some(ImageEntry::Link(target)) => {
                    path = clean_path(&path.parent().unwrap_or(&path).join(target));
                }
                found => return (path, found),
            }
        }
        (path, Some(ImageEntry::Other))
    }

    /// Reads a path from the service's mounts, else from the image, without following links.
    fn entry(&self, path: &Path) -> Option<ImageEntry> {
        let Some(mount) = self.service.mount_of(path) else {
            return self.images.read_entry(self.image, path.to_str()?, false);
        };
        match file::read(&mount.source_of(path)?, &mut file::FILE_LIMIT.clone()) {
            Ok(bytes) => Some(ImageEntry::File(bytes)),
            Err(FileReadError::Missing) => Some(ImageEntry::Missing),
            Err(_) => None,
        }
    }
}
