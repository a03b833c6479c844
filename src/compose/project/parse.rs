//! From Compose's model to ours: one tree, of which everything is taken that trust depends on.
//!
//! The tree is what `docker compose config` prints, with or without `--no-interpolate`, or what the
//! files themselves say. Only the first is in one form throughout, so each key is read in all the
//! forms that it has.

pub mod field;
pub mod mount;
pub mod shell_words;

use std::path::{Path, PathBuf};

use serde_yaml::{Mapping, Value};

use crate::compose::project::error::{Error, Thing};
use crate::compose::project::interpolate::{self, Text};
use crate::compose::project::parse::field::{Field, plain, scalar};
use crate::compose::project::{Build, Project, Reading, Service, Setting, Tie};
use crate::trust::variables::TABLE;

/// The file with the instructions that Compose takes where none is named
/// (docs.docker.com/reference/compose-file/build/#dockerfile).
const DOCKERFILE: &str = "Dockerfile";

/// How a build context begins that is not on this machine (loader/paths.go of compose-go).
const REMOTE: [&str; 6] = ["https://", "http://", "git://", "ssh://", "github.com/", "git@"];

/// The project that `tree` describes. Relative paths in it begin at `base`.
///
/// # Errors
/// When a part of it has a form that Compose does not know, `x-trust-init` says something else than a
/// role, or, where this program reads alone, a variable without a value decides what must be known.
pub fn project(tree: &Value, reading: Reading, base: &Path) -> Result<Project, Error> {
    let tree = mapping(tree, Thing::default())?;
    let mut project = Project { reading, ..Project::default() };
    project.name = match tree.get("name").and_then(scalar).map(|name| interpolate::read(&name)) {
        Some(Text::Known(name)) => Some(name),
        _ => None,
    };
    let services = tree.get("services").map(plain).filter(|value| !value.is_null());
    let Some(services) = services else { return Ok(project) };
    for (name, value) in mapping(services, Thing { service: None, key: Some("services") })? {
        let name = scalar(name).unwrap_or_default();
        let value = mapping(value, Thing { service: Some(name.clone()), key: None })?;
        let service = Reader { value, reading, base, service: &name }.service()?;
        project.services.insert(name, service);
    }
    Ok(project)
}

/// Whether the variable tells a client whom to trust, itself or where another one is not set.
fn decides_trust(name: &str) -> bool {
    TABLE.iter().any(|row| row.name == name || row.falls_back_to.contains(&name))
}

fn mapping(value: &Value, thing: Thing) -> Result<&Mapping, Error> {
    let form = || Error::Form { thing, place: None, is: field::form(value), wanted: "a mapping" };
    plain(value).as_mapping().ok_or_else(form)
}

struct Reader<'a> {
    value: &'a Mapping,
    reading: Reading,
    base: &'a Path,
    service: &'a str,
}

impl<'a> Reader<'a> {
    fn service(&self) -> Result<Service, Error> {
        let mut service = Service {
            build: self.build()?,
            entrypoint: self.entrypoint()?,
            command: self.command()?,
            mounts: mount::mounts(|key| self.field(key), self.base)?,
            user: self.field("user").written()?,
            profiles: self.field("profiles").needed_list()?,
            cap_drop: self.field("cap_drop").written_list()?,
            cap_add: self.field("cap_add").written_list()?,
            role: self.role()?,
            ..Service::default()
        };
        self.image(&mut service)?;
        self.environment(&mut service)?;
        self.ties(&mut service)?;
        Ok(service)
    }

    fn field(&self, key: &'static str) -> Field<'a> {
        let value = self.value.get(key).map_or(&Value::Null, plain);
        Field { reading: self.reading, service: self.service, key, value }
    }

    fn image(&self, service: &mut Service) -> Result<(), Error> {
        let field = self.field("image");
        let known = field.known();
        if let Ok(Some(image)) = &known {
            service.image = Some(image.clone()).filter(|image| !image.is_empty());
        }
        if service.image.is_none() {
            // What kind of program it is, its name tells without the tag.
            service.image = field.text()?.as_deref().and_then(interpolate::untagged);
            service.has_unknown_tag = service.image.is_some();
        }
        if service.has_unknown_tag { Ok(()) } else { known.map(|_| ()) }
    }

    fn entrypoint(&self) -> Result<Option<Vec<String>>, Error> {
        let field = self.field("entrypoint");
        match field.value {
            Value::Null => Ok(None),
            Value::Sequence(_) => field.needed_list().map(Some),
            _ => Ok(field.needed()?.map(|text| shell_words::split(&text))),
        }
    }

    /// Nothing is decided by a single word of it: what is not known in it stands as it is written.
    fn command(&self) -> Result<Option<Vec<String>>, Error> {
        let field = self.field("command");
        match field.value {
            Value::Null => Ok(None),
            Value::Sequence(_) => field.written_list().map(Some),
            _ => Ok(field.written()?.map(|text| shell_words::split(&text))),
        }
    }

    fn environment(&self, service: &mut Service) -> Result<(), Error> {
        let field = self.field("environment");
        for (name, text) in field.pairs()? {
            let setting = match text {
                None => Setting::Unset,
                Some(text) => {
                    let value = if decides_trust(&name) {
                        field.known_of(&text)?
                    } else {
                        field.if_known_of(&text)
                    };
                    value.map_or(Setting::Unknown, Setting::Value)
                }
            };
            service.environment.insert(name, setting);
        }
        let env_file = self.field("env_file");
        service.has_unread_environment =
            self.reading != Reading::Complete && !env_file.list()?.is_empty();
        Ok(())
    }

    fn build(&self) -> Result<Option<Build>, Error> {
        let field = self.field("build");
        let Value::Mapping(mapping) = field.value else {
            return match field.value {
                Value::Null => Ok(None),
                _ => Ok(Some(Build {
                    context: self.context(field.if_known()?),
                    dockerfile: Some(DOCKERFILE.to_owned()),
                    ..Build::default()
                })),
            };
        };
        let part = |key| field.with(mapping.get(key).unwrap_or(&Value::Null));
        let context = part("context");
        let mut build = Build {
            context: match context.value {
                Value::Null => Some(mount::clean(self.base)),
                _ => self.context(context.if_known()?),
            },
            dockerfile: part("dockerfile").written()?,
            inline: part("dockerfile_inline").written()?,
            target: part("target").written()?,
            ..Build::default()
        };
        if build.inline.is_none() {
            build.dockerfile.get_or_insert_with(|| DOCKERFILE.to_owned());
        }
        let args = part("args");
        for (name, text) in args.pairs()? {
            build.args.insert(name, text.and_then(|text| args.if_known_of(&text)));
        }
        Ok(Some(build))
    }

    fn context(&self, context: Option<String>) -> Option<PathBuf> {
        let context = context?;
        let is_remote = REMOTE.iter().any(|start| context.starts_with(start));
        if is_remote { None } else { mount::on(self.base, &context) }
    }

    fn ties(&self, service: &mut Service) -> Result<(), Error> {
        let mut ties = Vec::new();
        for link in self.field("links").written_list()? {
            let name = link.split(':').next().unwrap_or_default().to_owned();
            ties.push(Tie { key: "links", service: name });
        }
        for key in ["network_mode", "pid", "ipc"] {
            let mode = self.field(key).written()?.unwrap_or_default();
            if let Some(name) = mode.strip_prefix("service:") {
                ties.push(Tie { key, service: name.to_owned() });
            }
        }
        for from in self.field("volumes_from").written_list()? {
            if !from.starts_with("container:") {
                let name = from.split(':').next().unwrap_or_default().to_owned();
                ties.push(Tie { key: "volumes_from", service: name });
            }
        }
        service.depends_on = self.field("depends_on").names()?.into_iter().collect();
        service.depends_on.extend(ties.iter().map(|tie| tie.service.clone()));
        service.ties = ties;
        Ok(())
    }

    fn role(&self) -> Result<Option<String>, Error> {
        let field = self.field("x-trust-init");
        let refusal = |says: &str| Error::Extension {
            thing: field.thing(),
            place: None,
            says: says.to_owned(),
        };
        let mut role = None;
        for (key, value) in field.mapping()?.into_iter().flatten() {
            let key = scalar(key).unwrap_or_default();
            if key != "role" {
                return Err(refusal(&format!("{key}:")));
            }
            let value = field.with(value).needed()?.unwrap_or_default();
            if value != "trust" && value != "leave" {
                return Err(refusal(&format!("role: {value}")));
            }
            role = Some(value);
        }
        Ok(role)
    }
}
