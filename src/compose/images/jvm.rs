//! A service's image and mounts as files, for the search of `trust::jvm`. Each question starts a program, so
//! few are asked: a directory's contents never are.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};

use crate::compose::docker::{Image, ImageEntry};
use crate::compose::images::Images;
use crate::compose::project::Service;
use crate::compose::project::paths::clean;
use crate::sys::environment::Environment;
use crate::sys::file::{self, FileReadError};
use crate::sys::root::FileSystem;
use crate::trust::jvm::{self, JvmTrustStore};

/// Where images have a JVM that PATH does not name: Eclipse Temurin, Debian, Alpine, Fedora.
const HOMES: [&str; 5] = [
    "/opt/java/openjdk",         // https://hub.docker.com/_/eclipse-temurin
    "/usr/lib/jvm/default-java", // https://packages.debian.org/trixie/default-jre-headless
    "/usr/lib/jvm/default-jvm", // https://pkgs.alpinelinux.org/package/edge/main/x86_64/java-common
    "/usr/lib/jvm/java",        // https://docs.fedoraproject.org/en-US/packaging-guidelines/Java/
    "/usr/lib/jvm/jre",
];

/// The PATH of a container whose image says nothing
/// (<https://docs.docker.com/reference/cli/docker/container/run/#env>), but what is for root alone.
const PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// How many links in a row are followed.
const LINKS: usize = 8;

/// The files of a container of this image, with the mounts of this service.
pub(crate) struct ContainerFs<'a> {
    /// What is known of images.
    pub images: &'a Images,
    /// Its image.
    pub image: &'a Image,
    /// The service.
    pub service: &'a Service,
}

impl FileSystem for ContainerFs<'_> {
    /// Nowhere: the files of an image are not on this machine.
    fn local_path(&self, _: &Path) -> impl AsRef<Path> {
        Path::new("")
    }

    fn canonical_path(&self, path: &Path) -> Option<PathBuf> {
        let (real, entry) = self.follow(path);
        matches!(entry, Some(ImageEntry::File(_))).then_some(real)
    }

    /// A Python is not looked for: its packages cannot be listed.
    fn is_file(&self, path: &Path) -> bool {
        !path.ends_with("python3") && self.canonical_path(path).is_some()
    }

    fn is_directory(&self, _: &Path) -> bool {
        false
    }

    fn is_link(&self, path: &Path) -> bool {
        matches!(self.entry(path), Some(ImageEntry::Link(_)))
    }

    /// Only those of [`HOMES`] that have a JVM: the engine would send all that is below a directory.
    fn names(&self, directory: &Path) -> io::Result<Vec<OsString>> {
        let homes = HOMES.iter().map(Path::new).filter(|home| home.parent() == Some(directory));
        let homes = homes.filter(|home| self.is_file(&home.join("bin/java")));
        Ok(homes.filter_map(Path::file_name).map(OsStr::to_owned).collect())
    }

    fn contents(&self, path: &Path) -> Option<Result<Vec<u8>, FileReadError>> {
        match self.follow(path).1 {
            Some(ImageEntry::File(bytes)) => Some(Ok(bytes)),
            Some(_) => None,
            None => {
                Some(Err(FileReadError::System(io::Error::other("it cannot be seen from here"))))
            }
        }
    }
}

impl ContainerFs<'_> {
    /// The words that it starts with.
    pub(crate) fn words(&self) -> Vec<String> {
        let Service { entrypoint, command, .. } = self.service;
        // An entrypoint takes the image's command away.
        let of_image = || entrypoint.is_none().then(|| self.image.command.clone());
        let command = command.clone().or_else(of_image).unwrap_or_default();
        let mut words = entrypoint.clone().unwrap_or_else(|| self.image.entrypoint.clone());
        words.extend(command);
        words
    }

    /// The trust store of the JVM that programs there would use, if one is found.
    pub(crate) fn store(&self, environment: &Environment) -> Option<JvmTrustStore> {
        let mut words = self.words().into_iter().map(OsString::from);
        let is_java = |word: &OsString| {
            let path = Path::new(word);
            path.is_absolute() && path.ends_with("java")
        };
        let started = words.find(is_java);
        let path = environment.get("PATH").unwrap_or(PATH.as_ref());
        // Each question starts a program, and no image has a JVM among what is for root alone.
        let bins = std::env::split_paths(path).filter(|bin| !bin.ends_with("sbin"));
        let path = std::env::join_paths(bins).unwrap_or_default();
        let home = environment.get("JAVA_HOME").map(|home| ("JAVA_HOME".into(), home.to_owned()));
        let asked = home.into_iter().chain([("PATH".into(), path)]).collect();
        jvm::find_trust_store(self, &asked, started.as_ref(), |_| false)
    }

    /// Whether something is at `path`, as far as that can be seen from here.
    pub(crate) fn has(&self, path: &Path) -> bool {
        !matches!(self.follow(path).1, Some(ImageEntry::Missing))
    }

    /// What is at a path, and where that is behind its links; `None` if it cannot be seen from here.
    fn follow(&self, path: &Path) -> (PathBuf, Option<ImageEntry>) {
        let mut path = path.to_path_buf();
        for _ in 0..LINKS {
            match self.entry(&path) {
                Some(ImageEntry::Link(target)) => {
                    path = clean(&path.parent().unwrap_or(&path).join(target));
                }
                found => return (path, found),
            }
        }
        (path, Some(ImageEntry::Other))
    }

    /// What is at a path: in the service's mounts, else in the image.
    fn entry(&self, path: &Path) -> Option<ImageEntry> {
        let Some(mount) = self.service.mount_of(path) else {
            return self.images.at(self.image, path.to_str()?, false);
        };
        match file::read(&mount.source_of(path)?, &mut file::FILE_LIMIT.clone()) {
            Ok(bytes) => Some(ImageEntry::File(bytes)),
            Err(FileReadError::Missing) => Some(ImageEntry::Missing),
            Err(_) => None,
        }
    }
}
