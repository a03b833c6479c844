//! A try before anything is written: what kustomize makes of the workloads with the component, in a directory of
//! its own that nobody else can look into. What else is in the manifests, secrets say, stays in memory.

use std::ffi::OsStr;
use std::io;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_yaml::Value;

use super::component::Component;
use super::error::Error;
use super::manifest::{self, Manifests};
use super::write::KUSTOMIZATION;
use crate::disk::beside::Look;
use crate::disk::{Directory, OWN};
use crate::engine::{self, Failure};

/// What the manifests are called there, and the component's directory.
const MANIFESTS: &str = "manifests.yaml";
const COMPONENT: &str = "component";

/// What kustomize makes of `workloads` with `component`; `None` where there is no kustomize.
///
/// # Errors
/// When it refuses, or there is no place for the try.
pub fn trial(workloads: &[Value], component: &Component) -> Result<Option<Manifests>, Error> {
    let texts = workloads.iter().map(serde_yaml::to_string).collect::<Result<Vec<_>, _>>();
    let manifests = texts.map_err(|error| Error::Tried(Failure::Said(error.to_string())))?;
    let manifests = manifests.join("---\n");

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
    let tried = fill(&own, manifests.as_bytes(), component)
        .map_err(failed)
        .and_then(|()| render(own.path()));
    clear(&directory, &own, component).map_err(failed)?;
    tried
}

fn fill(own: &Directory, manifests: &[u8], component: &Component) -> io::Result<()> {
    let put = |directory: &Directory, name: &str, bytes: &[u8]| {
        directory.stage(OsStr::new(name), Look::Umask, bytes)?;
        directory.put(OsStr::new(name), directory, OsStr::new(name))
    };
    let kustomization = format!("resources: [{MANIFESTS}]\ncomponents: [{COMPONENT}]\n");
    put(own, MANIFESTS, manifests)?;
    put(own, KUSTOMIZATION, kustomization.as_bytes())?;
    let below = own.make_private(OsStr::new(COMPONENT))?;
    put(&below, KUSTOMIZATION, component.text.as_bytes())?;
    component.files.iter().try_for_each(|(name, bytes)| put(&below, name, bytes))
}

fn render(directory: &Path) -> Result<Option<Manifests>, Error> {
    let text = match engine::kustomize(directory) {
        Ok(text) => text,
        Err(Failure::Missing) => return Ok(None),
        Err(failure) => return Err(Error::Tried(failure)),
    };
    let from = "what kustomize makes of it with the component".to_owned();
    manifest::read(&text).map(Some).map_err(|flaw| Error::Manifests { from, flaw })
}

/// Takes away what was put there, and what was begun.
fn clear(above: &Directory, own: &Directory, component: &Component) -> io::Result<()> {
    let remove = |directory: &Directory, name: &str| {
        directory.unlink(OsStr::new(name))?;
        directory.unstage(OsStr::new(name))
    };
    if let Ok(below) = own.open_in(OsStr::new(COMPONENT)) {
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
