//! Renderings before anything is written, in a directory of their own that nobody else can look into: the workloads
//! with the component, and a kustomization without its own patches. What else is in the manifests, secrets say, stays
//! in memory.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use serde_yaml::Value;

use crate::compose::docker::Failure;
use crate::compose::kustomize::component::Component;
use crate::compose::kustomize::error::Error;
use crate::compose::kustomize::kustomization::Kustomization;
use crate::compose::kustomize::manifest::{self, Manifests, Workload};
use crate::compose::kustomize::write::KUSTOMIZATION;
use crate::compose::setup::overlay::mapping;
use crate::sys::dir::replace::Look;
use crate::sys::dir::{Directory, OWN};

/// What the manifests are called there, and the component's directory.
const MANIFESTS: &str = "manifests.yaml";
const COMPONENT: &str = "component";

/// What is put into the directory.
struct Attempt<'a> {
    kustomization: String,
    manifests: Option<String>,
    component: Option<&'a Component>,
    /// Options of the rendering.
    options: &'a [&'a str],
}

/// What kustomize makes of `workloads` with `component`; `None` where there is no kustomize.
///
/// # Errors
/// When it refuses, or there is no place for the try.
pub fn trial(workloads: &[Value], component: &Component) -> Result<Option<Manifests>, Error> {
    // JSON has all strings in quotes: kustomize would read `2001-01-01` as a time.
    let texts = workloads.iter().map(serde_json::to_string).collect::<Result<Vec<_>, _>>();
    let manifests = texts.map_err(|error| Error::Tried(Failure::Said(error.to_string())))?;
    attempt(&Attempt {
        kustomization: format!("resources: [{MANIFESTS}]\ncomponents: [{COMPONENT}]\n"),
        manifests: Some(manifests.join("\n---\n")),
        component: Some(component),
        options: &[],
    })
}

/// The workloads of a kustomization as its component sees them, without that and without the patches that are applied
/// after it. None where that is what it is rendered to, or where it cannot be rendered without them: then the
/// component is made for what is known.
pub fn unpatched(kustomization: &Kustomization) -> Vec<Workload> {
    let rendered = Some(kustomization).filter(|it| it.is_changed_later()).and_then(|it| {
        let text = elsewhere(&it.directory, &it.parts)?;
        // Its own files are not below the directory of the attempt.
        let options = &["--load-restrictor", "LoadRestrictionsNone"];
        let (manifests, component) = (None, None);
        attempt(&Attempt { kustomization: text, manifests, component, options }).ok()?
    });
    rendered.map(|manifests| manifests.workloads).unwrap_or_default()
}

/// A kustomization of the resources and components that one in `directory` names, to be put into an attempt's.
/// kustomize takes directories by relative paths only.
fn elsewhere(directory: &Path, [resources, components]: &[Vec<String>; 2]) -> Option<String> {
    let above = std::env::temp_dir().canonicalize().ok()?;
    // Its first component is the root, which counts for the attempt's own directory.
    let up: PathBuf = above.components().map(|_| "..").collect();
    let path = |name: &String| match directory.join(name).canonicalize() {
        Ok(path) => up.join(path.strip_prefix("/").unwrap_or(&path)).to_str().map(Value::from),
        // The address of another repository.
        Err(_) => Some(name.as_str().into()),
    };
    let list = |names: &[String]| names.iter().map(path).collect::<Option<Vec<_>>>();
    let tree =
        mapping([("resources", list(resources)?.into()), ("components", list(components)?.into())]);
    serde_yaml::to_string(&tree).ok()
}

/// Renders what is put into a directory for that, and takes it away again.
fn attempt(attempt: &Attempt<'_>) -> Result<Option<Manifests>, Error> {
    let above = std::env::temp_dir();
    // Process ids repeat between containers that share the directory.
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let name = format!("{OWN}{}-{}", std::process::id(), now.as_nanos());
    let place = above.join(&name);
    let failed = |error| Error::disk("use", &place)(error);
    let directory = above.canonicalize().and_then(|it| Directory::open(&it)).map_err(failed)?;
    let own = directory.make_private(OsStr::new(&name)).map_err(|error| {
        // It may have been made, and not be open.
        let _ = directory.remove_empty(OsStr::new(&name));
        failed(error)
    })?;
    let tried =
        fill(&own, attempt).map_err(failed).and_then(|()| render(own.path(), attempt.options));
    clear(&directory, &own, attempt.component).map_err(failed)?;
    tried
}

fn fill(own: &Directory, attempt: &Attempt<'_>) -> io::Result<()> {
    let put = |directory: &Directory, name: &str, bytes: &[u8]| {
        directory.stage(OsStr::new(name), Look::Umask, bytes)?;
        directory.put(OsStr::new(name), directory, OsStr::new(name))
    };
    if let Some(manifests) = &attempt.manifests {
        put(own, MANIFESTS, manifests.as_bytes())?;
    }
    put(own, KUSTOMIZATION, attempt.kustomization.as_bytes())?;
    let Some(component) = attempt.component else { return Ok(()) };
    let below = own.make_private(OsStr::new(COMPONENT))?;
    put(&below, KUSTOMIZATION, component.text.as_bytes())?;
    component.files.iter().try_for_each(|(name, bytes)| put(&below, name, bytes))
}

fn render(directory: &Path, options: &[&str]) -> Result<Option<Manifests>, Error> {
    let text = match crate::compose::kustomize::render::kustomize(directory, options) {
        Ok(text) => text,
        Err(Failure::Missing) => return Ok(None),
        Err(failure) => return Err(Error::Tried(failure)),
    };
    let from = "what kustomize makes of it with the component".to_owned();
    manifest::read(&text).map(Some).map_err(|flaw| Error::Manifests { from, flaw })
}

/// Takes away what was put there, and what was begun.
fn clear(above: &Directory, own: &Directory, component: Option<&Component>) -> io::Result<()> {
    let remove = |directory: &Directory, name: &str| {
        directory.unlink(OsStr::new(name))?;
        directory.unstage(OsStr::new(name))
    };
    if let (Some(component), Ok(below)) = (component, own.open_in(OsStr::new(COMPONENT))) {
        let names = component.files.keys().map(String::as_str).chain([KUSTOMIZATION]);
        names.into_iter().try_for_each(|name| remove(&below, name))?;
        own.remove_empty(OsStr::new(COMPONENT))?;
    }
    [MANIFESTS, KUSTOMIZATION].into_iter().try_for_each(|name| remove(own, name))?;
    let name = own.path().file_name().unwrap_or_default().to_owned();
    if above.remove_empty(&name)? {
        return Ok(());
    }
    Err(io::Error::other("something else was put into it"))
}
