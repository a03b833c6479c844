//! Which services get the custom CAs, and which stay as they are.
//!
//! The first rule that applies decides, from what a person said to what a name suggests. Nothing is
//! looked up here: what a Dockerfile says and what an image starts is handed in.

pub mod dockerfile;
pub(crate) mod option;
pub mod image_table;
pub(crate) mod reason;
pub(crate) mod same_image;
pub(crate) mod data_volumes;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::compose::project::interpolate::MARK;
use crate::compose::project::{Build, Project, Service};
use crate::compose::select::dockerfile::Recipe;
use crate::compose::select::image_table::ImageClass;
use crate::compose::select::option::no_service;
pub use crate::compose::select::reason::{Choice, Outcome, SelectionReason, format_table, table};
use crate::sys::diagnostic::Diagnostic;
use crate::sys::quote;

/// What the command line says about services.
#[derive(Clone, Debug, Default)]
pub struct SelectionOptions {
    /// `--service NAME=trust|leave`.
    pub services: BTreeMap<String, Outcome>,
    /// `--unknown`: what becomes of a service of whose image nothing is known.
    pub unknown: Outcome,
    /// Services that serve a certificate, with the option that names them: `--caddy`, `--tls`.
    pub proxies: BTreeMap<String, &'static str>,
    /// `--without`.
    pub without: BTreeSet<String>,
}

/// What is known beyond the project.
#[derive(Clone, Copy)]
pub struct Evidence<'e> {
    /// The instructions of a build, where they can be read.
    pub dockerfile: &'e dyn Fn(&Build) -> Option<String>,
    /// The entrypoint of an image, where the engine knows the image.
    pub entrypoint: &'e dyn Fn(&str) -> Option<Vec<String>>,
}

/// Decides about every service of `project`, in the order of their names.
///
/// # Errors
/// When `wishes` name a service that is not there, or contradict themselves.
pub fn select<'a>(
    project: &'a Project,
    wishes: &SelectionOptions,
    evidence: Evidence,
) -> Result<Vec<Choice<'a>>, Diagnostic> {
    wishes.check_names(project)?;
    let chosen = project.services.iter().map(|(name, service)| {
        let recipe = service.build.as_ref().and_then(|build| read_dockerfile(build, evidence));
        let case = ServiceCase { project, wishes, evidence, name, service, recipe };
        let reason = case.reason();
        Choice { name, service, outcome: reason.outcome(), reason }
    });
    let mut choices: Vec<_> = chosen.collect();
    let known = same_image::ImageChoices::new(project, &choices);
    for choice in choices.iter_mut().filter(|choice| choice.reason.is_weak()) {
        if let Some(reason) = known.stronger_reason(project, choice) {
            *choice = Choice { outcome: reason.outcome(), reason, ..*choice };
        }
    }
    Ok(choices)
}

impl SelectionOptions {
    /// That they fit the project and each other.
    fn check_names(&self, project: &Project) -> Result<(), Diagnostic> {
        let services = self.services.keys().map(|name| (name, "--service"));
        let proxies = self.proxies.iter().map(|(name, option)| (name, *option));
        let without = self.without.iter().map(|name| (name, "--without"));
        for (name, option) in services.chain(proxies).chain(without) {
            if !project.services.contains_key(name) {
                return Err(no_service(project, name, option));
            }
        }
        let is_trusted = |name: &&String| self.services.get(*name) == Some(&Outcome::Trust);
        let Some(name) = self.without.iter().find(is_trusted) else { return Ok(()) };
        let subject = format!("the service {}", quote::word(name));
        let error = Diagnostic::cannot("trust", subject).named("from --service");
        Err(error.because("--without switches it off").advise("give one of the two options"))
    }
}

/// What a build makes, as far as its instructions are known.
fn read_dockerfile(build: &Build, evidence: Evidence) -> Option<Recipe> {
    let text = build.inline.clone().or_else(|| (evidence.dockerfile)(build))?;
    dockerfile::recipe(&text, build)
}

/// One service, and everything that speaks for or against it.
struct ServiceCase<'a, 'w> {
    project: &'a Project,
    wishes: &'w SelectionOptions,
    evidence: Evidence<'w>,
    name: &'a str,
    service: &'a Service,
    recipe: Option<Recipe>,
}

impl<'a> ServiceCase<'a, '_> {
    /// The first that applies.
    fn reason(&self) -> SelectionReason<'a> {
        let Self { wishes, name, service, .. } = self;
        if let Some(outcome) = wishes.services.get(*name) {
            return SelectionReason::Asked(*outcome);
        }
        if wishes.without.contains(*name) {
            return SelectionReason::Without;
        }
        if let Some(role) = service.role {
            return SelectionReason::Role(role.into());
        }
        if let Some(option) = wishes.proxies.get(*name) {
            return SelectionReason::Proxy(option);
        }
        if self.starts_trust_init() {
            return SelectionReason::Entrypoint;
        }
        // Where there is a `build:`, the image's name is only what the result is called.
        let image = service.image.as_deref().filter(|_| service.build.is_none());
        let known = image.and_then(image_table::classify_image);
        if let Some(ImageClass::Left(kind, entry)) = known {
            return SelectionReason::Image(kind, entry);
        }
        if let Some(path) = data_volumes::data_path(service) {
            return SelectionReason::Volume(path);
        }
        if service.build.is_some() {
            return self.reason_of_build();
        }
        match known {
            Some(ImageClass::BackEnd(entry)) => SelectionReason::BackEnd(entry),
            _ if image.is_some_and(image_table::is_named) => {
                SelectionReason::Unknown(wishes.unknown)
            }
            _ => self
                .kind_by_name()
                .map_or(SelectionReason::Unknown(wishes.unknown), SelectionReason::Named),
        }
    }

    fn reason_of_build(&self) -> SelectionReason<'a> {
        let base = self.recipe.as_ref().map(|recipe| recipe.base.as_str());
        let base = base.filter(|base| image_table::is_named(base));
        if let Some(ImageClass::Left(_, entry)) = base.and_then(image_table::classify_image) {
            return SelectionReason::BuiltOn(entry);
        }
        match self.kind_by_name() {
            Some(kind) if base.is_none() => SelectionReason::Named(kind),
            _ => SelectionReason::Built,
        }
    }

    /// What the service is by its own name, or by that of the image it makes.
    fn kind_by_name(&self) -> Option<image_table::ImageKind> {
        let image = self.service.image.as_deref();
        image_table::classify_name(self.name).or_else(|| image.and_then(image_table::classify_name))
    }

    /// Whether trust-init is in what starts first; an init process may come before it.
    fn starts_trust_init(&self) -> bool {
        let of_image = || {
            let image = match &self.recipe {
                Some(Recipe { entrypoint: Some(words), .. }) => return Some(words.clone()),
                Some(Recipe { base, .. }) => base.clone(),
                None => self.project.image_of(self.name, self.service)?,
            };
            // No engine knows an image by half a name.
            if image.contains(MARK) { None } else { (self.evidence.entrypoint)(&image) }
        };
        let words = self.service.entrypoint.clone().or_else(of_image).unwrap_or_default();
        let files = words.iter().map(|word| Path::new(word).file_name());
        files.flatten().any(|name| name == "trust-init")
    }
}
