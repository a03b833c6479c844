//! The contents of the services' images: root certificates, variables, and the files that variables name.
//! No program of an image is run.

pub(crate) mod jvm;
pub(crate) mod mounted_roots;

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt::{self, Display};
use std::path::{Path, PathBuf};

use crate::compose::docker::{self, CommandError, Image, ImageEntry, ImageReader};
use crate::compose::images::mounted_roots::mounted_roots;
use crate::compose::layout::DIRECTORY;
use crate::compose::project::{Project, Service, Setting, without_links};
use crate::sys::diagnostic::Diagnostic;
use crate::sys::environment::Environment;
use crate::sys::file;
use crate::trust::root_stores::{ROOT_FILES, RootSource};
use crate::trust::source::Roots;
use crate::trust::trust_anchors::Anchors;
use crate::trust::variables::PinTarget;

/// The environment of a service, as far as it is known.
pub struct ServiceEnvironment(Environment);

impl ServiceEnvironment {
    /// Marks a variable with an unknown value. Neither a variable nor a path can contain a NUL.
    const UNKNOWN: &str = "\0";

    /// Returns all variables. [`Images::pinned_file`] recognizes an unknown value.
    pub fn all(&self) -> &Environment {
        &self.0
    }

    /// Returns the variables with known values.
    pub fn known(&self) -> Environment {
        let known = self.0.pairs().filter(|(_, value)| *value != Self::UNKNOWN);
        known.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    /// Whether a variable is set to an unknown value.
    pub fn is_unknown(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|value| value == Self::UNKNOWN)
    }
}

/// The origin of a bundle's root certificates, as requested by `--roots`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum RootsChoice {
    /// The service's own image.
    #[default]
    Image,
    /// Mozilla's list.
    Mozilla,
    /// This machine's trust store.
    Host,
}

/// The origin of the root certificates in a service's bundle, with the reason.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RootsOrigin {
    /// The service's own image.
    Image,
    /// A file that the service mounts in place of its image's.
    Mount,
    /// The origin that `--roots` requests.
    Asked(RootsChoice),
    /// Mozilla's list, because the image is not on this machine.
    NoImage,
    /// Mozilla's list, because the image has no root certificates.
    NoRoots,
    /// Mozilla's list, because the engine did not answer.
    NoEngine,
}

impl Display for RootsOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Image => "from its own image",
            Self::Mount => "from the file that it mounts",
            Self::Asked(RootsChoice::Host) => "from this machine (--roots host)",
            Self::Asked(_) => "from Mozilla (--roots mozilla)",
            Self::NoImage => "from Mozilla, because its image is not on this machine yet",
            Self::NoRoots => "from Mozilla, because its image has none",
            Self::NoEngine => "from Mozilla, because the Docker engine did not answer",
        })
    }
}

/// The images of a project that are on this machine.
#[derive(Default)]
pub struct Images {
    known: BTreeMap<String, Image>,
    /// Why the engine did not list them.
    pub engine_error: Option<CommandError>,
    readers: RefCell<BTreeMap<String, Option<ImageReader>>>,
    files: RefCell<BTreeMap<(String, String, bool), Option<ImageEntry>>>,
}

/// The sets of root certificates, and the set of each service.
#[derive(Default)]
pub struct RootSets<'a> {
    /// The distinct sets.
    pub sources: Vec<RootSource>,
    /// For each service the index of its set, and its origin.
    pub services: BTreeMap<&'a str, (usize, RootsOrigin)>,
}

impl RootSets<'_> {
    /// Adds a set, and returns its index.
    fn add(&mut self, source: RootSource) -> usize {
        self.sources.push(source);
        self.sources.len() - 1
    }
}

/// Returns the name by which the engine can find a service's image.
fn image_name(project: &Project, service: &str) -> Option<String> {
    let found = project.services.get(service).filter(|found| !found.has_unknown_tag)?;
    project.image_of(service, found)
}

impl Images {
    /// Inspects all images of `project`.
    pub fn inspect(project: &Project) -> Self {
        let names: Vec<_> =
            project.services.keys().filter_map(|service| image_name(project, service)).collect();
        let mut distinct: Vec<_> = names.iter().map(String::as_str).collect();
        distinct.sort_unstable();
        distinct.dedup();
        match docker::images(&distinct) {
            Ok(known) => {
                let known = known.into_iter().map(|(name, image)| (name.to_owned(), image));
                Self { known: known.collect(), ..Self::default() }
            }
            Err(failure) => Self { engine_error: Some(failure), ..Self::default() },
        }
    }

    /// Returns the image of a service, if it is on this machine.
    pub fn image(&self, project: &Project, service: &str) -> Option<&Image> {
        self.known.get(&image_name(project, service)?)
    }

    /// Returns the image of this name, if it is on this machine.
    pub fn by_name(&self, name: &str) -> Option<&Image> {
        self.known.get(name)
    }

    /// Finds the root certificates for each of `services`.
    ///
    /// # Errors
    /// When `choice` is this machine's store, and it cannot be read; or when a service mounts a volume over its
    /// root certificates.
    pub fn root_sets<'a>(
        &self,
        project: &Project,
        services: impl Iterator<Item = &'a str>,
        choice: RootsChoice,
    ) -> Result<RootSets<'a>, Diagnostic> {
        let mut root_sets = RootSets::default();
        // Services with the same image share one set.
        let mut found: BTreeMap<Option<&str>, (usize, RootsOrigin)> = BTreeMap::new();
        let mut fallback = None;
        for service in services {
            let mounted = match choice {
                RootsChoice::Image => mounted_roots(project, service)?,
                RootsChoice::Mozilla | RootsChoice::Host => None,
            };
            if let Some((path, bytes)) = mounted {
                let set = root_sets.add(RootSource::File { path, bytes });
                root_sets.services.insert(service, (set, RootsOrigin::Mount));
                continue;
            }
            let image = self.image(project, service).filter(|_| choice == RootsChoice::Image);
            let id = image.map(|image| image.id.as_str());
            if let Some(known) = found.get(&id) {
                root_sets.services.insert(service, known.clone());
                continue;
            }
            let roots = image.and_then(|image| self.roots(image));
            let origin = match (choice, image) {
                (RootsChoice::Image, Some(_)) if roots.is_some() => RootsOrigin::Image,
                (RootsChoice::Image, Some(_)) => RootsOrigin::NoRoots,
                (RootsChoice::Image, None) if self.engine_error.is_some() => RootsOrigin::NoEngine,
                (RootsChoice::Image, None) => RootsOrigin::NoImage,
                (asked, _) => RootsOrigin::Asked(asked),
            };
            let set = match (roots, fallback) {
                (Some((path, bytes)), _) => root_sets.add(RootSource::File { path, bytes }),
                (None, Some(set)) => set,
                (None, None) => {
                    let wanted =
                        if choice == RootsChoice::Host { Roots::System } else { Roots::Mozilla };
                    *fallback.insert(root_sets.add(crate::trust::root_stores::find_roots(wanted)?))
                }
            };
            found.insert(id, (set, origin.clone()));
            root_sets.services.insert(service, (set, origin));
        }
        Ok(root_sets)
    }

    /// Returns the first file of an image that contains root certificates, with its path.
    fn roots(&self, image: &Image) -> Option<(PathBuf, Vec<u8>)> {
        let found = |path: &str| {
            let Some(ImageEntry::File(bytes)) = self.read_entry(image, path, true) else {
                return None;
            };
            let has_any = !crate::trust::trust_anchors::anchors(&bytes).certificates.is_empty();
            has_any.then(|| (PathBuf::from(path), bytes))
        };
        ROOT_FILES.iter().find_map(|(path, ..)| found(path))
    }

    /// Returns the image's /etc/passwd (passwd(5)).
    pub fn passwd(&self, image: &Image) -> Option<String> {
        match self.read_entry(image, "/etc/passwd", true)? {
            ImageEntry::File(bytes) => Some(String::from_utf8_lossy(&bytes).into_owned()),
            _ => None,
        }
    }

    /// Reads a path in an image, once per path; `None` if the engine does not answer.
    fn read_entry(&self, image: &Image, path: &str, follows: bool) -> Option<ImageEntry> {
        let key = (image.id.clone(), path.to_owned(), follows);
        if let Some(known) = self.files.borrow().get(&key) {
            return known.clone();
        }
        let mut readers = self.readers.borrow_mut();
        let reader =
            readers.entry(image.id.clone()).or_insert_with(|| ImageReader::open(&image.id).ok());
        let found = reader.as_ref().and_then(|reader| reader.read_entry(path, follows).ok());
        self.files.borrow_mut().insert(key, found.clone());
        found
    }

    /// Returns the environment of a service: its own variables override its image's.
    pub fn environment(
        &self,
        project: &Project,
        name: &str,
        service: &Service,
    ) -> ServiceEnvironment {
        let image = self.image(project, name).map(|image| image.environment.clone());
        let mut all = image.unwrap_or_default();
        for (name, value) in &service.environment {
            match value {
                Setting::Value(value) => all.insert(name.clone(), value.clone()),
                Setting::Unset => all.remove(name),
                Setting::Unknown => {
                    all.insert(name.clone(), ServiceEnvironment::UNKNOWN.to_owned())
                }
            };
        }
        let all = all.into_iter().map(|(name, value)| (OsString::from(name), value.into()));
        ServiceEnvironment(all.collect())
    }

    /// Reads the file that a variable of a service names, from the service's mounts or its image. `roots` are
    /// the root certificates in the service's bundle.
    pub fn pinned_file<'a>(
        &self,
        project: &Project,
        name: &str,
        service: &Service,
        value: &OsStr,
        roots: &'a Anchors<'a>,
    ) -> PinTarget<'a> {
        let path = Path::new(value);
        let standard =
            |is_directory| PinTarget::Anchors { anchors: Cow::Borrowed(roots), is_directory };
        if value == ServiceEnvironment::UNKNOWN {
            return PinTarget::Unknown;
        }
        if without_links(path).starts_with(DIRECTORY) {
            return PinTarget::Ours;
        }
        if let Some(mount) = project.mount_of(service, path) {
            let Some(there) = mount.source_of(path) else { return PinTarget::Unknown };
            return match file::read(&there, &mut file::FILE_LIMIT.clone()) {
                Ok(bytes) => certificates(&bytes),
                Err(file::FileReadError::Directory { .. }) => PinTarget::Unknown,
                Err(problem) => PinTarget::Unusable(problem.to_string()),
            };
        }
        if crate::trust::root_stores::is_root_file(path) {
            return standard(false);
        }
        if crate::trust::root_stores::is_root_directory(path) {
            return standard(true);
        }
        let (Some(image), Some(path)) = (self.image(project, name), path.to_str()) else {
            return PinTarget::Unknown;
        };
        match self.read_entry(image, path, true) {
            _ if service.has_foreign_volumes => PinTarget::Unknown,
            Some(ImageEntry::File(bytes)) => certificates(&bytes),
            Some(ImageEntry::Missing) => {
                PinTarget::Unusable("its image has no such file".to_owned())
            }
            _ => PinTarget::Unknown,
        }
    }
}

fn certificates<'a>(bytes: &[u8]) -> PinTarget<'a> {
    match crate::trust::trust_anchors::anchors(bytes) {
        anchors if anchors.certificates.is_empty() => {
            PinTarget::Unusable("it contains no certificate".to_owned())
        }
        anchors => {
            PinTarget::Anchors { anchors: Cow::Owned(anchors.into_owned()), is_directory: false }
        }
    }
}
