//! Parses a project from a YAML tree.
//!
//! The tree comes from `docker compose config`, with or without `--no-interpolate`, or from the files. Only
//! the first is normalized, so this module accepts every form of each key.

pub(crate) mod field;
pub(crate) mod mount;
pub(crate) mod shell_words;

use std::path::{Path, PathBuf};

use serde_yaml::{Mapping, Value};

use crate::compose::project::error::{Locate, ProjectError, YamlPath};
use crate::compose::project::interpolate::{self, Interpolation};
use crate::compose::project::parse::field::{Field, IfUnknown, scalar, untagged};
use crate::compose::project::parse::mount::SharedFiles;
use crate::compose::project::paths::{clean_path, resolve_from};
use crate::compose::project::{Build, Project, Reading, Role, Service, Setting, Tie};
use crate::sys::quote;
use crate::trust::variables::TABLE;

/// The key of a service that another program provides: it has no container, so it is not part of the project
/// (<https://docs.docker.com/reference/compose-file/services/#provider>).
const PROVIDER: &str = "provider";

/// The default Dockerfile (docs.docker.com/reference/compose-file/build/#dockerfile).
const DOCKERFILE: &str = "Dockerfile";

/// Prefixes of remote build contexts (loader/paths.go of compose-go).
const REMOTE: [&str; 6] = ["https://", "http://", "git://", "ssh://", "github.com/", "git@"];

/// Parses the project in `tree`. Relative paths begin at `base`; `locate` finds the line of an error.
///
/// # Errors
/// When a part has an invalid form, `x-trust-init` contains no role, or, without Compose, a variable without
/// a value decides about trust.
pub fn project(
    tree: &Value,
    reading: Reading,
    base: &Path,
    locate: Locate<'_>,
) -> Result<Project, ProjectError> {
    let mapping = |value, path: YamlPath| {
        let form = || path.wrong_form(field::kind(value), "a mapping", locate);
        untagged(value).as_mapping().ok_or_else(form)
    };
    let tree = mapping(tree, YamlPath::default())?;
    let mut project = Project { reading, ..Project::default() };
    project.name = match tree.get("name").and_then(scalar).map(|name| interpolate::read(&name)) {
        Some(Interpolation::Known(name)) => Some(name),
        _ => None,
    };
    let services = tree.get("services").map(untagged).filter(|value| !value.is_null());
    let Some(services) = services else { return Ok(project) };
    let files = &mount::shared_files(tree, reading, base);
    for (name, value) in mapping(services, YamlPath { service: None, key: Some("services") })? {
        let name = scalar(name).unwrap_or_default();
        let value = mapping(value, YamlPath { service: Some(name.clone()), key: None })?;
        if value.get(PROVIDER).is_some_and(|provider| !provider.is_null()) {
            continue;
        }
        let service = ServiceReader { value, reading, base, locate, service: &name, files };
        let service = service.service()?;
        project.services.insert(name, service);
    }
    Ok(project)
}

/// Whether this is a trust variable, or one to which clients fall back.
fn decides_trust(name: &str) -> bool {
    TABLE.iter().any(|row| row.name == name || row.falls_back_to.contains(&name))
}

struct ServiceReader<'a> {
    value: &'a Mapping,
    reading: Reading,
    base: &'a Path,
    locate: Locate<'a>,
    service: &'a str,
    files: &'a SharedFiles,
}

impl<'a> ServiceReader<'a> {
    fn service(&self) -> Result<Service, ProjectError> {
        let mut service = Service {
            build: self.build()?,
            entrypoint: self.command_words("entrypoint", IfUnknown::RefuseOrRaw)?,
            // No decision depends on a single word of it.
            command: self.command_words("command", IfUnknown::Raw)?,
            mounts: mount::mounts(|key| self.field(key), self.base, self.files)?,
            user: self.field("user").text(IfUnknown::Raw)?,
            profiles: self.field("profiles").texts(IfUnknown::RefuseOrRaw)?,
            cap_drop: self.field("cap_drop").texts(IfUnknown::Raw)?,
            cap_add: self.field("cap_add").texts(IfUnknown::Raw)?,
            role: self.role()?,
            ..Service::default()
        };
        self.image(&mut service)?;
        self.environment(&mut service)?;
        self.ties(&mut service)?;
        Ok(service)
    }

    fn field(&self, key: &'static str) -> Field<'a> {
        let value = self.value.get(key).map_or(&Value::Null, untagged);
        Field { reading: self.reading, locate: self.locate, service: self.service, key, value }
    }

    fn image(&self, service: &mut Service) -> Result<(), ProjectError> {
        let field = self.field("image");
        let known = field.text(IfUnknown::Refuse);
        if let Ok(Some(image)) = &known {
            service.image = Some(image.clone()).filter(|image| !image.is_empty());
        }
        if service.image.is_none() {
            // The name without the tag identifies the kind of image.
            service.image =
                scalar(field.value).as_deref().and_then(interpolate::without_unknown_tag);
            service.has_unknown_tag = service.image.is_some();
        }
        if service.has_unknown_tag { Ok(()) } else { known.map(|_| ()) }
    }

    /// Returns a command in words.
    fn command_words(
        &self,
        key: &'static str,
        if_unknown: IfUnknown,
    ) -> Result<Option<Vec<String>>, ProjectError> {
        let field = self.field(key);
        match field.value {
            Value::Null => Ok(None),
            Value::Sequence(_) => field.texts(if_unknown).map(Some),
            _ => Ok(field.text(if_unknown)?.map(|text| shell_words::split(&text))),
        }
    }

    fn environment(&self, service: &mut Service) -> Result<(), ProjectError> {
        let field = self.field("environment");
        for (name, text) in field.pairs()? {
            let setting = match text {
                None => Setting::Unset,
                Some(text) => {
                    let decides = decides_trust(&name);
                    let if_unknown = if decides { IfUnknown::Refuse } else { IfUnknown::Omit };
                    field.resolve(&text, if_unknown)?.map_or(Setting::Unknown, Setting::Value)
                }
            };
            service.environment.insert(name, setting);
        }
        let env_file = self.field("env_file");
        service.has_unread_environment =
            self.reading != Reading::Complete && !env_file.list()?.is_empty();
        Ok(())
    }

    fn build(&self) -> Result<Option<Build>, ProjectError> {
        let field = self.field("build");
        let Value::Mapping(mapping) = field.value else {
            return match field.value {
                Value::Null => Ok(None),
                _ => Ok(Some(Build {
                    context: self.build_context(field.text(IfUnknown::Omit)?),
                    dockerfile: Some(DOCKERFILE.to_owned()),
                    ..Build::default()
                })),
            };
        };
        let part = |key| field.part(mapping.get(key).unwrap_or(&Value::Null));
        let context = part("context");
        let mut build = Build {
            context: match context.value {
                Value::Null => Some(clean_path(self.base)),
                _ => self.build_context(context.text(IfUnknown::Omit)?),
            },
            dockerfile: part("dockerfile").text(IfUnknown::Raw)?,
            inline: part("dockerfile_inline").text(IfUnknown::Raw)?,
            target: part("target").text(IfUnknown::Raw)?,
            ..Build::default()
        };
        if build.inline.is_none() {
            build.dockerfile.get_or_insert_with(|| DOCKERFILE.to_owned());
        }
        let args = part("args");
        for (name, text) in args.pairs()? {
            build
                .args
                .insert(name, text.map_or(Ok(None), |text| args.resolve(&text, IfUnknown::Omit))?);
        }
        Ok(Some(build))
    }

    fn build_context(&self, context: Option<String>) -> Option<PathBuf> {
        let context = context?;
        let is_remote = REMOTE.iter().any(|start| context.starts_with(start));
        if is_remote { None } else { resolve_from(self.base, &context) }
    }

    fn ties(&self, service: &mut Service) -> Result<(), ProjectError> {
        let mut ties = Vec::new();
        for link in self.field("links").texts(IfUnknown::Raw)? {
            let name = link.split(':').next().unwrap_or_default().to_owned();
            ties.push(Tie { key: "links", service: name });
        }
        for key in ["network_mode", "pid", "ipc"] {
            let mode = self.field(key).text(IfUnknown::Raw)?.unwrap_or_default();
            if let Some(name) = mode.strip_prefix("service:") {
                ties.push(Tie { key, service: name.to_owned() });
            }
        }
        for from in self.field("volumes_from").texts(IfUnknown::Raw)? {
            if from.starts_with("container:") {
                service.has_foreign_volumes = true;
            } else {
                let name = from.split(':').next().unwrap_or_default().to_owned();
                ties.push(Tie { key: "volumes_from", service: name });
            }
        }
        service.depends_on = self.field("depends_on").names()?.into_iter().collect();
        service.depends_on.extend(ties.iter().map(|tie| tie.service.clone()));
        service.ties = ties;
        Ok(())
    }

    fn role(&self) -> Result<Option<Role>, ProjectError> {
        let field = self.field("x-trust-init");
        let refusal = |says: &str| {
            field.path().error((self.locate)(&field.path(), None).as_ref(), |error| {
                let error = error.because(format_args!("it contains {}", quote::word(says)));
                error.advise("write `role: trust` or `role: leave`")
            })
        };
        let mut role = None;
        for (key, value) in field.mapping()?.into_iter().flatten() {
            let key = scalar(key).unwrap_or_default();
            if key != "role" {
                return Err(refusal(&format!("{key}:")));
            }
            let value = field.part(value).text(IfUnknown::RefuseOrRaw)?.unwrap_or_default();
            let known = Role::parse(&value);
            role = Some(known.ok_or_else(|| refusal(&format!("role: {value}")))?);
        }
        Ok(role)
    }
}
