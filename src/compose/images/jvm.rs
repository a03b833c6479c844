//! The JVM of a service's image, and the trust store that it brings. Each question starts a program, so
//! few are asked: a directory's contents never are.

use std::path::{Path, PathBuf};

use crate::compose::docker::{Image, ImageEntry};
use crate::compose::images::Images;
use crate::compose::project::Service;
use crate::compose::project::paths::clean;
use crate::sys::environment::Environment;
use crate::sys::file;
use crate::trust::jvm::STORES;

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

/// A JVM's own trust store.
#[derive(Debug)]
pub struct Store {
    /// Where it is in the container.
    pub path: PathBuf,
    /// What is in it; `None` if that cannot be seen from here.
    pub bytes: Option<Vec<u8>>,
}

/// A container of this image, with the mounts of this service.
pub struct ContainerFs<'a> {
    /// What is known of images.
    pub images: &'a Images,
    /// Its image.
    pub image: &'a Image,
    /// The service.
    pub service: &'a Service,
}

impl ContainerFs<'_> {
    /// The words that it starts with.
    pub fn words(&self) -> Vec<String> {
        let Service { entrypoint, command, .. } = self.service;
        // An entrypoint takes the image's command away.
        let of_image = || entrypoint.is_none().then(|| self.image.command.clone());
        let command = command.clone().or_else(of_image).unwrap_or_default();
        let mut words = entrypoint.clone().unwrap_or_else(|| self.image.entrypoint.clone());
        words.extend(command);
        words
    }

    /// The trust store of the JVM that programs there would use, if one is found: the one that
    /// `environment` names, the one that is started, the one that PATH has, or one of those where images
    /// have them.
    pub fn store(&self, environment: &Environment) -> Option<Store> {
        let home = environment.get("JAVA_HOME").filter(|home| !home.is_empty()).map(Path::new);
        if let Some(store) = home.and_then(|home| self.store_of(home)) {
            return Some(store);
        }
        let words = self.words();
        let started = words.iter().map(PathBuf::from).filter(|word| word.is_absolute());
        let started = started.filter(|word| word.ends_with("java"));
        let path = environment.get("PATH").unwrap_or(PATH.as_ref());
        // No image has a JVM among what is for root alone.
        let bins = std::env::split_paths(path).filter(|bin| !bin.ends_with("sbin"));
        let called = bins.map(|bin| bin.join("java"));
        let lying = HOMES.iter().map(|home| Path::new(home).join("bin/java"));
        started.chain(called).chain(lying).find_map(|program| {
            let (program, Some(ImageEntry::File(_))) = self.behind(program) else { return None };
            self.store_of(program.parent()?.parent()?)
        })
    }

    /// Whether something is at `path`, as far as that can be seen from here.
    pub fn has(&self, path: &Path) -> bool {
        !matches!(self.behind(path.to_path_buf()).1, Some(ImageEntry::Missing))
    }

    fn store_of(&self, home: &Path) -> Option<Store> {
        STORES.iter().map(|store| home.join(store)).find_map(|path| {
            let bytes = match self.behind(path.clone()).1 {
                Some(ImageEntry::File(bytes)) => Some(bytes),
                Some(_) => return None,
                None => None,
            };
            Some(Store { path, bytes })
        })
    }

    /// What is at a path, and where that is behind its links; `None` if it cannot be seen from here.
    fn behind(&self, mut path: PathBuf) -> (PathBuf, Option<ImageEntry>) {
        for _ in 0..LINKS {
            match self.at(&path) {
                Some(ImageEntry::Link(target)) => {
                    path = clean(&path.parent().unwrap_or(&path).join(target));
                }
                found => return (path, found),
            }
        }
        (path, Some(ImageEntry::Other))
    }

    /// What a mount hides is not there: it has the path, or the image does.
    fn at(&self, path: &Path) -> Option<ImageEntry> {
        let Some(mount) = self.service.mount_of(path) else {
            return self.images.at(self.image, path.to_str()?, false);
        };
        match file::read(&mount.source_of(path)?, &mut file::FILE_LIMIT.clone()) {
            Ok(bytes) => Some(ImageEntry::File(bytes)),
            Err(file::Problem::Missing) => Some(ImageEntry::Missing),
            Err(_) => None,
        }
    }
}
