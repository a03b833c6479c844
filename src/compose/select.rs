//! Selects the services that trust the custom CAs. All others are not changed.
//!
//! The first rule that applies decides: the user's options first, guesses from names last. The caller
//! supplies the Dockerfiles and the images' entrypoints, so that this module reads no files.

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
use crate::compose::select::dockerfile::BuiltImage;
use crate::compose::select::image_table::ImageClass;
use crate::compose::select::option::no_service;
pub use crate::compose::select::reason::{Choice, Outcome, SelectionReason, write_table};
use crate::sys::diagnostic::Diagnostic;
use crate::sys::quote;

/// The options that select services.
#[derive(Clone, Debug, Default)]
pub struct SelectionOptions {
    /// `--service NAME=trust|leave`, by name.
    pub services: BTreeMap<String, Outcome>,
    /// `--unknown`: the outcome for a service with an unknown image.
    pub unknown: Outcome,
    /// Services that serve a certificate, with the option that names them: `--caddy` or `--tls`.
    pub proxies: BTreeMap<String, &'static str>,
    /// `--without`: disabled services.
    pub without: BTreeSet<String>,
}

/// Sources beyond the compose files.
#[derive(Clone, Copy)]
pub struct Evidence<'e> {
    /// Reads the Dockerfile of a build; `None` if that is not possible.
    pub dockerfile: &'e dyn Fn(&Build) -> Option<String>,
    /// Returns the entrypoint and command of an image; `None` if the engine does not have the image.
    pub entrypoint: &'e dyn Fn(&str) -> Option<Vec<String>>,
}

/// Decides about every service of `project`, sorted by name.
///
/// # Errors
/// When the options name a service that does not exist, or contradict each other.
pub fn select<'a>(
    project: &'a Project,
    options: &SelectionOptions,
    evidence: Evidence,
) -> Result<Vec<Choice<'a>>, Diagnostic> {
    options.check_names(project)?;
    let chosen = project.services.iter().map(|(name, service)| {
        let built_image = service.build.as_ref().and_then(|build| read_dockerfile(build, evidence));
        let service_case = ServiceCase { project, options, evidence, name, service, built_image };
        let reason = service_case.reason();
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
    /// Checks that the named services exist, and that no disabled service is trusted.
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
        Err(error.because("--without disables it").advise("give one of the two options"))
    }
}

/// Returns the base and entrypoint of a build; `None` if its Dockerfile is unknown.
fn read_dockerfile(build: &Build, evidence: Evidence) -> Option<BuiltImage> {
    let text = build.inline.clone().or_else(|| (evidence.dockerfile)(build))?;
    dockerfile::parse_dockerfile(&text, build)
}

/// One service, with everything that decides about it.
struct ServiceCase<'a, 'o> {
    project: &'a Project,
    options: &'o SelectionOptions,
    evidence: Evidence<'o>,
    name: &'a str,
    service: &'a Service,
    built_image: Option<BuiltImage>,
}

impl<'a> ServiceCase<'a, '_> {
    /// Returns the first reason that applies.
    fn reason(&self) -> SelectionReason<'a> {
        let Self { options, name, service, .. } = self;
        if let Some(outcome) = options.services.get(*name) {
            return SelectionReason::Asked(*outcome);
        }
        if options.without.contains(*name) {
            return SelectionReason::Without;
        }
        if let Some(role) = service.role {
            return SelectionReason::Role(role.into());
        }
        if let Some(option) = options.proxies.get(*name) {
            return SelectionReason::Proxy(option);
        }
        if self.starts_trust_init() {
            return SelectionReason::Entrypoint;
        }
        // With `build:`, the image's name is only the tag of the result.
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
                SelectionReason::Unknown(options.unknown)
            }
            _ => self
                .kind_by_name()
                .map_or(SelectionReason::Unknown(options.unknown), SelectionReason::Named),
        }
    }

    fn reason_of_build(&self) -> SelectionReason<'a> {
        let base = self.built_image.as_ref().map(|built_image| built_image.base.as_str());
        let base = base.filter(|base| image_table::is_named(base));
        if let Some(ImageClass::Left(_, entry)) = base.and_then(image_table::classify_image) {
            return SelectionReason::BuiltOn(entry);
        }
        match self.kind_by_name() {
            Some(kind) if base.is_none() => SelectionReason::Named(kind),
            _ => SelectionReason::Built,
        }
    }

    /// Returns the kind that the service's name or the name of its image suggests.
    fn kind_by_name(&self) -> Option<image_table::ImageKind> {
        let image = self.service.image.as_deref();
        image_table::classify_name(self.name).or_else(|| image.and_then(image_table::classify_name))
    }

    /// Whether the entrypoint contains trust-init; another init process may precede it.
    fn starts_trust_init(&self) -> bool {
        let of_image = || {
            let image = match &self.built_image {
                Some(BuiltImage { entrypoint: Some(words), .. }) => return Some(words.clone()),
                Some(BuiltImage { base, .. }) => base.clone(),
                None => self.project.image_of(self.name, self.service)?,
            };
            // The engine cannot find an image by an incomplete name.
            if image.contains(MARK) { None } else { (self.evidence.entrypoint)(&image) }
        };
        let words = self.service.entrypoint.clone().or_else(of_image).unwrap_or_default();
        let files = words.iter().map(|word| Path::new(word).file_name());
        files.flatten().any(|name| name == "trust-init")
    }
}
