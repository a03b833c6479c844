//! The contents of the services' images: root certificates, variables, and the files that those name.
//! Nothing of an image is run.

pub(crate) mod jvm;

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt::{self, Display};
use std::path::{Path, PathBuf};

use crate::compose::docker::{self, Failure, Image, ImageEntry, ImageReader};
use crate::compose::layout::DIRECTORY;
use crate::compose::project::{Project, Service, Setting, without_links};
use crate::sys::environment::Environment;
use crate::sys::file;
use crate::trust::root_stores::{ROOT_FILES, RootSource};
use crate::trust::source::Roots;
use crate::trust::trust_anchors::Anchors;
use crate::trust::variables::PinTarget;

/// The environment that a service starts with, as far as it is known.
pub struct ServiceEnvironment(Environment);

impl ServiceEnvironment {
    /// The value of a variable that is not known. Neither a variable nor a path can contain a NUL.
    const UNKNOWN: &str = "\0";

    /// All variables. [`Images::named`] says of the value of an unknown one that it is unknown.
    pub fn all(&self) -> &Environment {
        &self.0
    }

    /// Those whose value is known.
    pub fn known(&self) -> Environment {
        let known = self.0.pairs().filter(|(_, value)| *value != Self::UNKNOWN);
        known.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    /// Whether a variable is set to something that is not known.
    pub fn is_unknown(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|value| value == Self::UNKNOWN)
    }
}

/// Whose public roots a bundle holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum RootsChoice {
    /// Those of the service's own image.
    #[default]
    Image,
    /// Mozilla's.
    Mozilla,
    /// This machine's.
    Host,
}

/// Whose roots a service's bundle contains, and why.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RootsOrigin {
    /// Those of its image.
    Image,
    /// What `--roots` says.
    Asked(RootsChoice),
    /// Mozilla's, because its image is not on this machine.
    NotHere,
    /// Mozilla's, because its image has none.
    NoRoots,
    /// Mozilla's, because the engine could not be asked.
    NoEngine,
}

impl Display for RootsOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Image => "of its own image",
            Self::Asked(RootsChoice::Host) => "of this machine (--roots host)",
            Self::Asked(_) => "of Mozilla's (--roots mozilla)",
            Self::NotHere => "of Mozilla's, because its image is not on this machine yet",
            Self::NoRoots => "of Mozilla's, because its image has none",
            Self::NoEngine => "of Mozilla's, because no engine could be asked about its image",
        })
    }
}

/// The images of a project, as far as this machine has them.
#[derive(Default)]
pub struct Images {
    known: BTreeMap<String, Image>,
    /// Why nothing is known of them.
    pub trouble: Option<Failure>,
    looks: RefCell<BTreeMap<String, Option<ImageReader>>>,
    files: RefCell<BTreeMap<(String, String, bool), Option<ImageEntry>>>,
}

/// The sets of public roots, and which service uses which.
#[derive(Default)]
pub struct RootSets<'a> {
    /// The sets.
    pub sources: Vec<RootSource>,
    /// For each service, which set, and why.
    pub services: BTreeMap<&'a str, (usize, RootsOrigin)>,
}

impl RootSets<'_> {
    /// Adds a set, and returns which one it is.
    fn add(&mut self, source: RootSource) -> usize {
        self.sources.push(source);
        self.sources.len() - 1
    }
}

/// The name under which the engine may know a service's image.
fn name(project: &Project, service: &str) -> Option<String> {
    let found = project.services.get(service).filter(|found| !found.has_unknown_tag)?;
    project.image_of(service, found)
}

impl Images {
    /// Asks the engine for all images of `project`.
    pub fn of(project: &Project) -> Self {
        let names: Vec<_> =
            project.services.keys().filter_map(|service| name(project, service)).collect();
        let mut distinct: Vec<_> = names.iter().map(String::as_str).collect();
        distinct.sort_unstable();
        distinct.dedup();
        match docker::images(&distinct) {
            Ok(known) => {
                let known = known.into_iter().map(|(name, image)| (name.to_owned(), image));
                Self { known: known.collect(), ..Self::default() }
            }
            Err(failure) => Self { trouble: Some(failure), ..Self::default() },
        }
    }

    /// The image of a service, if it is here.
    pub fn image(&self, project: &Project, service: &str) -> Option<&Image> {
        self.known.get(&name(project, service)?)
    }

    /// The image of that name, if it is here.
    pub fn called(&self, name: &str) -> Option<&Image> {
        self.known.get(name)
    }

    /// Finds the roots for each of `services`.
    ///
    /// # Errors
    /// When this machine's own roots are wanted and cannot be read.
    pub fn root_sets<'a>(
        &self,
        project: &Project,
        services: impl Iterator<Item = &'a str>,
        choice: RootsChoice,
    ) -> Result<RootSets<'a>, crate::trust::source::SourceError> {
        let mut grounds = RootSets::default();
        // Services of one image use the same roots, which are looked for once.
        let mut found: BTreeMap<Option<&str>, (usize, RootsOrigin)> = BTreeMap::new();
        let mut fallback = None;
        for service in services {
            let image = self.image(project, service).filter(|_| choice == RootsChoice::Image);
            let id = image.map(|image| image.id.as_str());
            if let Some(ground) = found.get(&id) {
                grounds.services.insert(service, ground.clone());
                continue;
            }
            let roots = image.and_then(|image| self.roots(image));
            let basis = match (choice, image) {
                (RootsChoice::Image, Some(_)) if roots.is_some() => RootsOrigin::Image,
                (RootsChoice::Image, Some(_)) => RootsOrigin::NoRoots,
                (RootsChoice::Image, None) if self.trouble.is_some() => RootsOrigin::NoEngine,
                (RootsChoice::Image, None) => RootsOrigin::NotHere,
                (asked, _) => RootsOrigin::Asked(asked),
            };
            let set = match (roots, fallback) {
                (Some((path, bytes)), _) => grounds.add(RootSource::File { path, bytes }),
                (None, Some(set)) => set,
                (None, None) => {
                    let wanted =
                        if choice == RootsChoice::Host { Roots::System } else { Roots::Mozilla };
                    *fallback.insert(grounds.add(crate::trust::root_stores::find_roots(wanted)?))
                }
            };
            found.insert(id, (set, basis.clone()));
            grounds.services.insert(service, (set, basis));
        }
        Ok(grounds)
    }

    /// The one file of an image that holds all its roots.
    fn roots(&self, image: &Image) -> Option<(PathBuf, Vec<u8>)> {
        let found = |path: &str| {
            let Some(ImageEntry::File(bytes)) = self.at(image, path, true) else { return None };
            let has_any = !crate::trust::trust_anchors::anchors(&bytes).certificates.is_empty();
            has_any.then(|| (PathBuf::from(path), bytes))
        };
        ROOT_FILES.iter().find_map(|(path, ..)| found(path))
    }

    /// The table of an image's users (passwd(5)).
    pub fn passwd(&self, image: &Image) -> Option<String> {
        match self.at(image, "/etc/passwd", true)? {
            ImageEntry::File(bytes) => Some(String::from_utf8_lossy(&bytes).into_owned()),
            _ => None,
        }
    }

    /// What is at a path in an image, each asked for once; `None` if the engine does not say.
    fn at(&self, image: &Image, path: &str, follows: bool) -> Option<ImageEntry> {
        let key = (image.id.clone(), path.to_owned(), follows);
        if let Some(known) = self.files.borrow().get(&key) {
            return known.clone();
        }
        let mut looks = self.looks.borrow_mut();
        let look =
            looks.entry(image.id.clone()).or_insert_with(|| ImageReader::open(&image.id).ok());
        let found = look.as_ref().and_then(|look| look.at(path, follows).ok());
        self.files.borrow_mut().insert(key, found.clone());
        found
    }

    /// The environment that a service starts with: its image's, and on top of it its own.
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

    /// What is in the file that a variable of a service names: in its mounts, else in its image.
    /// `roots` are those that its bundle holds in place of its image's.
    pub fn named<'a>(
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
        if let Some(mount) = service.mount_of(path) {
            let Some(there) = mount.source_of(path) else { return PinTarget::Unknown };
            return match file::read(&there, &mut file::FILE_LIMIT.clone()) {
                Ok(bytes) => certificates(&bytes),
                Err(file::FileReadError::Directory { .. }) => PinTarget::Unknown,
                Err(problem) => PinTarget::Unusable(problem.to_string()),
            };
        }
        if ROOT_FILES.iter().any(|(known, ..)| Path::new(known) == path) {
            return standard(false);
        }
        if crate::trust::root_stores::is_root_directory(path) {
            return standard(true);
        }
        let (Some(image), Some(path)) = (self.image(project, name), path.to_str()) else {
            return PinTarget::Unknown;
        };
        match self.at(image, path, true) {
            Some(ImageEntry::File(bytes)) => certificates(&bytes),
            Some(ImageEntry::Missing) => {
                PinTarget::Unusable("there is no such file in its image".to_owned())
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
