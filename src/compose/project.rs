//! A Compose project, reduced to the parts that decide about trust.
//!
//! The values are those that Compose would use, with `$$` already one `$`. A value that depends on a variable
//! without a value is marked as unknown and never guessed. Fields without such a mark (`user`, `profiles`,
//! words of `entrypoint` or `command`) then contain the text as written.

pub(crate) mod paths;
pub mod interpolate;
pub mod env_file;
pub(crate) mod dotenv;
pub mod files;
pub mod read;
pub mod complete;
pub mod offline;
pub mod error;
pub mod parse;
pub(crate) mod image_name;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Display};
use std::path::{Path, PathBuf};

use clap::ValueEnum;

use crate::sys::quote;

/// A project.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Project {
    /// The project's name, which prefixes the images that Compose builds.
    pub name: Option<String>,
    /// The services by name, including those of inactive profiles.
    pub services: BTreeMap<String, Service>,
    /// How the project was read.
    pub reading: Reading,
    /// What messages call its parts.
    pub unit: Unit,
}

/// The term for the parts of a project.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unit {
    /// The term of Compose.
    #[default]
    Service,
    /// The term of Kubernetes.
    Container,
}

impl Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Service => "service",
            Self::Container => "container",
        })
    }
}

/// One part of a project, for messages.
#[derive(Clone, Copy, Debug)]
pub struct ProjectPart<'a> {
    /// The term for the part.
    pub unit: Unit,
    /// The part's name.
    pub name: &'a str,
}

impl Display for ProjectPart<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.unit, quote::word(self.name))
    }
}

impl Project {
    /// Returns the part of this name.
    pub fn part<'a>(&self, name: &'a str) -> ProjectPart<'a> {
        ProjectPart { unit: self.unit, name }
    }

    /// Returns the innermost mount of `service` that contains `path`, also one of a service whose volumes it
    /// shares by `volumes_from`.
    pub fn mount_of<'a>(&'a self, service: &'a Service, path: &Path) -> Option<&'a Mount> {
        let (mut waiting, mut seen) = (vec![service], BTreeSet::new());
        while let Some(service) = waiting.pop() {
            if let Some(mount) = service.mount_of(path) {
                return Some(mount);
            }
            let shared = service.ties.iter().filter(|tie| tie.key == "volumes_from");
            let shared = shared.filter(|tie| seen.insert(tie.service.as_str()));
            waiting.extend(shared.filter_map(|tie| self.services.get(&tie.service)));
        }
        None
    }

    /// Returns the name of a service's image; without `image:`, the default name of a build
    /// (<https://docs.docker.com/reference/compose-file/build/#using-build-and-image>).
    pub fn image_of(&self, name: &str, service: &Service) -> Option<String> {
        let given = || Some(format!("{}-{name}", service.build.as_ref().and(self.name.as_ref())?));
        service.image.clone().or_else(given)
    }
}

/// How a project was read, in order of preference.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reading {
    /// By Compose.
    #[default]
    Complete,
    /// By Compose without interpolation; this program substitutes the known variables.
    WithoutVariables,
    /// By this program, because docker or its compose plugin is not installed.
    Offline,
}

/// One service.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Service {
    /// The image's name; `None` also if a variable without a value decides it.
    pub image: Option<String>,
    /// Whether a variable without a value decides the tag or digest: `image` then has the variable's default
    /// as the tag, or none, and identifies the kind of image but must not be inspected.
    pub has_unknown_tag: bool,
    /// How the image is built.
    pub build: Option<Build>,
    /// The entrypoint, in words; `None` if the image's applies.
    pub entrypoint: Option<Vec<String>>,
    /// The command, in words, if the file sets one.
    pub command: Option<Vec<String>>,
    /// The environment.
    pub environment: BTreeMap<String, Setting>,
    /// Whether an `env_file:` was not read, so that `environment` may be incomplete.
    pub has_unread_environment: bool,
    /// The mounts.
    pub mounts: Vec<Mount>,
    /// `user:`, if set.
    pub user: Option<String>,
    /// The service's profiles; without any it is always active.
    pub profiles: Vec<String>,
    /// The services that it depends on, by `depends_on` or [`Tie`].
    pub depends_on: BTreeSet<String>,
    /// Other keys that name another service.
    pub ties: Vec<Tie>,
    /// Whether it shares volumes of a container outside of the project (`volumes_from: [container:NAME]`).
    pub has_foreign_volumes: bool,
    /// Capabilities that are dropped.
    pub cap_drop: Vec<String>,
    /// Capabilities that are added.
    pub cap_add: Vec<String>,
    /// `x-trust-init: {role: …}`.
    pub role: Option<Role>,
}

/// What the user requests for a service, in a file or on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Role {
    Trust,
    Leave,
}

impl Role {
    /// Parses `trust` or `leave`.
    pub fn parse(word: &str) -> Option<Self> {
        Self::from_str(word, false).ok()
    }
}

impl Service {
    /// Returns the innermost mount that contains `path` of the container.
    pub fn mount_of(&self, path: &Path) -> Option<&Mount> {
        let path = without_links(path);
        let targets = self.mounts.iter().map(|mount| (mount, without_links(&mount.target)));
        let above = targets.filter(|(_, target)| path.starts_with(target));
        let innermost = above.max_by_key(|(_, target)| target.components().count());
        innermost.map(|(mount, _)| mount)
    }
}

/// The value of a variable in a service's environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Setting {
    /// The value.
    Value(String),
    /// The name takes its value from the shell, which has none. Docker then also removes the variable of the
    /// image's environment.
    Unset,
    /// The value is unknown.
    Unknown,
}

/// How an image is built.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Build {
    /// The build context; `None` if it is not on this machine, or unknown.
    pub context: Option<PathBuf>,
    /// The Dockerfile, relative to the context.
    pub dockerfile: Option<String>,
    /// The contents of an inline Dockerfile.
    pub inline: Option<String>,
    /// The target stage.
    pub target: Option<String>,
    /// The build arguments; `None` for an unknown value.
    pub args: BTreeMap<String, Option<String>>,
}

/// A mount of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// What is mounted.
    pub kind: MountKind,
    /// The path in the container, without a trailing slash; empty if unknown.
    pub target: String,
    /// Whether the mount is read-only.
    pub read_only: bool,
}

impl Mount {
    /// Whether it contains `path` of the container; false if its target is unknown.
    pub fn is_above(&self, path: &str) -> bool {
        !self.target.is_empty() && without_links(path).starts_with(without_links(&self.target))
    }

    /// Returns the path on this machine that is mounted at `path` of the container; `None` for other kinds.
    pub fn source_of(&self, path: &Path) -> Option<PathBuf> {
        let (MountKind::Bind(source) | MountKind::File(Some(source))) = &self.kind else {
            return None;
        };
        let path = without_links(path);
        let below = path.strip_prefix(without_links(&self.target)).unwrap_or(Path::new(""));
        // Joining an empty path would append a slash.
        Some(if below.as_os_str().is_empty() { source.clone() } else { source.join(below) })
    }
}

/// Links in the root file systems of most images (Debian, Ubuntu, Alpine, Fedora), and the directories that
/// they name: a mount at either path is at both
/// (<https://refspecs.linuxfoundation.org/FHS_3.0/fhs/ch05s13.html>).
const LINKS: [(&str, &str); 2] = [("/var/run", "/run"), ("/var/lock", "/run/lock")];

/// Resolves those links in a path of a container.
pub fn without_links(path: impl AsRef<Path>) -> PathBuf {
    let path = path.as_ref();
    let resolve = |(link, directory): &(&str, &str)| {
        path.strip_prefix(link).ok().map(|below| Path::new(directory).join(below))
    };
    LINKS.iter().find_map(resolve).unwrap_or_else(|| path.to_path_buf())
}

/// The kinds of mounts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MountKind {
    /// A file or directory of the host.
    Bind(PathBuf),
    /// A volume of the engine, named or not.
    Volume(Option<String>),
    /// A tmpfs.
    Tmpfs,
    /// A file of `secrets:` or `configs:`, and its path on this machine if it has one.
    File(Option<PathBuf>),
    /// Another kind, or one that a variable without a value decides.
    Unknown,
}

/// A key that makes a service depend on another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tie {
    /// The key: `links`, `network_mode`, `volumes_from`, `pid` or `ipc`.
    pub key: &'static str,
    /// The other service.
    pub service: String,
}
