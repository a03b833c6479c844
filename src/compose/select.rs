//! Selects the services that trust the custom CAs. All others are not changed.
//!
//! The first rule that applies decides: the user's options first, guesses from names last. The caller
//! supplies the Dockerfiles and the images' entrypoints, so that this module reads no files.

pub mod dockerfile;
pub(crate) mod option;
pub mod image_table;
pub mod image_class;
pub(crate) mod proxy_signs;
pub(crate) mod reason;
pub(crate) mod same_image;
pub(crate) mod data_volumes;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::compose::project::interpolate::MARK;
use crate::compose::project::{Build, Project, Service};
use crate::compose::select::dockerfile::BuiltImage;
use crate::compose::select::image_class::ImageClass;
use crate::compose::select::image_table::ImageKind;
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
        let has_browser = matches!(service_case.class(), Some(ImageClass::Browser(_)));
        Choice { name, service, outcome: reason.outcome(), reason, has_browser }
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
        let known = self.class();
        if let (None, Some(ImageClass::Left(kind, entry))) = (&service.build, known) {
            return SelectionReason::Image(kind, entry);
        }
        if let Some((kind, path)) = data_volumes::data_path(service) {
            return SelectionReason::Volume(kind, path);
        }
        if let (Some(_), Some(ImageClass::Left(_, entry))) = (&service.build, known) {
            return SelectionReason::BuiltOn(entry);
        }
        if let Some(program) = proxy_signs::started_proxy(&self.command_line()) {
            return SelectionReason::Starts(program);
        }
        let is_known = known.is_some() || self.kind_image().is_some_and(image_class::is_client);
        if let (false, Some((program, path))) = (is_known, proxy_signs::configured_proxy(service)) {
            return SelectionReason::Configured(program, path);
        }
        match known {
            _ if service.build.is_some() => self.named().unwrap_or(SelectionReason::Built),
            Some(ImageClass::BackEnd(entry)) => SelectionReason::BackEnd(entry),
            Some(ImageClass::Browser(entry)) => SelectionReason::Browser(entry),
            _ => self.named().unwrap_or(SelectionReason::Unknown(options.unknown)),
        }
    }

    /// Returns the name that identifies the kind of the image: with `build:` that of the base, because `image:` is
    /// only the tag of the result. `None` if a variable decides it.
    fn kind_image(&self) -> Option<&str> {
        let image = match (&self.service.build, &self.built_image) {
            (Some(_), built_image) => built_image.as_ref().map(|image| image.base.as_str()),
            (None, _) => self.service.image.as_deref(),
        };
        image.filter(|image| image_class::is_named(image))
    }

    /// Looks up the image, or the base of the build.
    fn class(&self) -> Option<ImageClass> {
        image_class::classify_image(self.kind_image()?)
    }

    /// Returns the reason that the service's name gives, if it has one: for an unknown image the name of a proxy,
    /// and for an image without a name every kind.
    fn named(&self) -> Option<SelectionReason<'a>> {
        if self.kind_image().is_none() {
            return self.kind_by_name().map(SelectionReason::Named);
        }
        let is_proxy = self.class().is_none() && proxy_signs::named_proxy(self.name).is_some();
        is_proxy.then_some(SelectionReason::Named(ImageKind::Proxy))
    }

    /// Returns the kind that the service's name or the name of its image suggests.
    fn kind_by_name(&self) -> Option<ImageKind> {
        let image = self.service.image.as_deref();
        image_class::classify_name(self.name).or_else(|| image.and_then(image_class::classify_name))
    }

    /// Whether the entrypoint contains trust-init; another init process may precede it.
    fn starts_trust_init(&self) -> bool {
        let of_build = || self.built_image.as_ref()?.entrypoint.clone();
        let words = self.service.entrypoint.clone().or_else(of_build);
        let words = words.or_else(|| self.image_command()).unwrap_or_default();
        let files = words.iter().map(|word| Path::new(word).file_name());
        files.flatten().any(|name| name == "trust-init")
    }

    /// Returns the entrypoint and command of the container, as far as they are known: each part set by the
    /// compose file or the Dockerfile disables what it replaces in the image.
    fn command_line(&self) -> Vec<String> {
        let Service { entrypoint, command, .. } = self.service;
        let of_service = [entrypoint.as_deref(), command.as_deref()];
        let of_build = self.built_image.as_ref();
        let of_build = of_build.map(|it| [it.entrypoint.as_deref(), it.command.as_deref()]);
        let set = [Some(of_service), of_build].into_iter().flatten();
        let mut set = set.map(|words| words.map(Option::unwrap_or_default).concat());
        let known = set.find(|words| !words.is_empty());
        known.or_else(|| self.image_command()).unwrap_or_default()
    }

    /// Returns the entrypoint and command that the engine knows of the image, or of the base of the build.
    fn image_command(&self) -> Option<Vec<String>> {
        let image = match &self.built_image {
            Some(built_image) => built_image.base.clone(),
            None => self.project.image_of(self.name, self.service)?,
        };
        // The engine cannot find an image by an incomplete name.
        if image.contains(MARK) { None } else { (self.evidence.entrypoint)(&image) }
    }
}
