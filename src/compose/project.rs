//! A Compose project as far as trust depends on it: what `read` finds and the other stages decide on.
//!
//! The values are those that Compose would use, with `$$` already one `$`. What is not known, because
//! a variable of the file has no value here, is marked and never guessed; where a field has no mark
//! for that (`user`, `profiles`, a word of `entrypoint` or `command`) the value is the text as written.

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
    /// Its name, which Compose gives to the images it builds.
    pub name: Option<String>,
    /// Its services, those of inactive profiles too, by name.
    pub services: BTreeMap<String, Service>,
    /// How it was read.
    pub reading: Reading,
    /// What its parts are called.
    pub unit: Unit,
}

/// What the parts of a project are called where it comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unit {
    /// By Compose.
    #[default]
    Service,
    /// By Kubernetes.
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

/// One part of a project, as messages call it.
#[derive(Clone, Copy, Debug)]
pub struct ProjectPart<'a> {
    /// What it is.
    pub unit: Unit,
    /// Its name.
    pub name: &'a str,
}

impl Display for ProjectPart<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.unit, quote::word(self.name))
    }
}

impl Project {
    /// The part of this name.
    pub fn part<'a>(&self, name: &'a str) -> ProjectPart<'a> {
        ProjectPart { unit: self.unit, name }
    }

    /// The name of a service's image; for one that is built without a name, the one that Compose gives
    /// it (<https://docs.docker.com/reference/compose-file/build/#using-build-and-image>).
    pub fn image_of(&self, name: &str, service: &Service) -> Option<String> {
        let given = || Some(format!("{}-{name}", service.build.as_ref().and(self.name.as_ref())?));
        service.image.clone().or_else(given)
    }
}

/// How a project was read, from the best way to the last resort.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reading {
    /// As Compose sees it.
    #[default]
    Complete,
    /// By Compose without the values of variables, which this program fills in as far as they are known.
    WithoutVariables,
    /// By this program, because there is no docker command.
    Offline,
}

/// One service.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Service {
    /// Its image, as the file names it; `None` also where a variable without a value names it.
    pub image: Option<String>,
    /// Whether a variable without a value decides the tag or digest: `image` then shows what kind of
    /// program it is (with the variable's default as the tag, or none), and is not to be inspected.
    pub has_unknown_tag: bool,
    /// How its image is built.
    pub build: Option<Build>,
    /// Its own entrypoint, in words; `None` where the image's counts.
    pub entrypoint: Option<Vec<String>>,
    /// Its own command, in words.
    pub command: Option<Vec<String>>,
    /// Its environment.
    pub environment: BTreeMap<String, Setting>,
    /// Whether `environment` may be incomplete: an `env_file:` was not read.
    pub has_unread_environment: bool,
    /// What is mounted.
    pub mounts: Vec<Mount>,
    /// Who it runs as, where the file says so.
    pub user: Option<String>,
    /// The profiles it belongs to; none: always there.
    pub profiles: Vec<String>,
    /// The services it depends on, also through `links`.
    pub depends_on: BTreeSet<String>,
    /// What else of it names another service.
    pub ties: Vec<Tie>,
    /// Capabilities taken away from it.
    pub cap_drop: Vec<String>,
    /// Capabilities given to it.
    pub cap_add: Vec<String>,
    /// `x-trust-init: {role: …}`.
    pub role: Option<Role>,
}

/// What a person asks for a service, in a file or on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Role {
    Trust,
    Leave,
}

impl Role {
    /// `trust` or `leave`.
    pub fn parse(word: &str) -> Option<Self> {
        Self::from_str(word, false).ok()
    }
}

impl Service {
    /// The mount that `path` of the container is in, the innermost of several.
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
    /// This one.
    Value(String),
    /// None: the name takes its value from the shell and has none there. Docker then takes the
    /// variable away from the image's environment, too.
    Unset,
    /// Not known here.
    Unknown,
}

/// How an image is built.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Build {
    /// The directory with the sources; `None` if it is not on this machine, or not known.
    pub context: Option<PathBuf>,
    /// The file with the instructions, relative to the context.
    pub dockerfile: Option<String>,
    /// The instructions themselves, where the compose file holds them.
    pub inline: Option<String>,
    /// The stage that is built.
    pub target: Option<String>,
    /// Values for its arguments; `None` where it is not known.
    pub args: BTreeMap<String, Option<String>>,
}

/// Something mounted into a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// What it is.
    pub kind: MountKind,
    /// Where it is in the container, without a trailing slash; empty where that is not known.
    pub target: String,
    /// Whether the service can write to it.
    pub read_only: bool,
}

impl Mount {
    /// Whether it contains `path` of the container; false where its target is not known.
    pub fn is_above(&self, path: &str) -> bool {
        !self.target.is_empty() && without_links(path).starts_with(without_links(&self.target))
    }

    /// The path on this machine that is mounted at `path` of the container, if there is one.
    pub fn source_of(&self, path: &Path) -> Option<PathBuf> {
        let MountKind::Bind(source) = &self.kind else { return None };
        let path = without_links(path);
        let below = path.strip_prefix(without_links(&self.target)).unwrap_or(Path::new(""));
        // Nothing to join must not become a slash at the end.
        Some(if below.as_os_str().is_empty() { source.clone() } else { source.join(below) })
    }
}

/// Links in the root file systems of most images (Debian, Ubuntu, Alpine, Fedora), and the directories that they
/// name: a mount at either path is at both
/// (<https://refspecs.linuxfoundation.org/FHS_3.0/fhs/ch05s13.html>).
const LINKS: [(&str, &str); 2] = [("/var/run", "/run"), ("/var/lock", "/run/lock")];

/// A path of a container with those links resolved.
pub fn without_links(path: impl AsRef<Path>) -> PathBuf {
    let path = path.as_ref();
    let resolve = |(link, directory): &(&str, &str)| {
        path.strip_prefix(link).ok().map(|below| Path::new(directory).join(below))
    };
    LINKS.iter().find_map(resolve).unwrap_or_else(|| path.to_path_buf())
}

/// What is mounted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MountKind {
    /// A file or directory of the host.
    Bind(PathBuf),
    /// A volume of the engine, named or not.
    Volume(Option<String>),
    /// A file system in memory.
    Tmpfs,
    /// A file that Compose puts there: `secrets:`, `configs:`.
    File,
    /// Something else, or something that a variable without a value decides.
    Unknown,
}

/// Something by which a service cannot be without another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tie {
    /// The key that says so: `links`, `network_mode`, `volumes_from`, `pid`, `ipc`.
    pub key: &'static str,
    /// The other service.
    pub service: String,
}
