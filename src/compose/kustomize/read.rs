//! The manifests: a kustomization as it is rendered, files, or stdin; without what an earlier component put into
//! them.

use std::collections::BTreeMap;
use std::io::{self, Read as _};
use std::path::Path;

use crate::compose::cli::Kustomize;
use crate::compose::kustomize::component::Chosen;
use crate::compose::kustomize::error::Error;
use crate::compose::kustomize::kustomization::Kustomization;
use crate::compose::kustomize::manifest::{self, Manifests, Workload};
use crate::compose::kustomize::write::{KUSTOMIZATION, Standing};
use crate::compose::project::Setting;
use crate::compose::setup::overlay::DIRECTORY;
use crate::sys::file;
use crate::sys::quote;

/// What containers' variables were that a component sets: those that were not set are not in it.
pub type Before = BTreeMap<String, BTreeMap<String, String>>;

/// The line of a component that tells it.
const MARK: &str = "# Before: ";

/// The manifests that were named.
pub struct Read {
    /// What they come to.
    pub manifests: Manifests,
    /// What they are called in messages.
    pub from: String,
    /// The kustomization that they come from.
    pub kustomization: Option<Kustomization>,
}

/// Reads what was named; `standing` is what stands of an earlier component.
///
/// # Errors
/// When it cannot be read, or nothing in it starts pods.
pub fn read(asked: &Kustomize, standing: &Standing) -> Result<Read, Error> {
    let (mut manifests, from) = if let Some(directory) = &asked.kustomization {
        (render(directory)?, printed(directory))
    } else {
        let names = asked.files.iter().map(|path| quote::path(path).to_string());
        let from = names.collect::<Vec<_>>().join(", ");
        (read_from(&files(asked)?, &from)?, from)
    };
    if manifests.workloads.is_empty() {
        return Err(Error::NoWorkload { from, others: manifests.others });
    }
    let kustomization = asked.kustomization.as_deref();
    let kustomization = kustomization.and_then(|it| Kustomization::read(it, &asked.out));
    if kustomization.as_ref().is_some_and(|it| it.has_component) {
        manifests.without_leftovers();
    }
    take_back(&mut manifests.workloads, &before(standing));
    Ok(Read { manifests, from, kustomization })
}

/// What a kustomization comes to.
///
/// # Errors
/// When it cannot be rendered, or read.
pub fn render(directory: &Path) -> Result<Manifests, Error> {
    let rendered = crate::compose::kustomize::render::kustomize(directory, &[]);
    let failed = |failure| Error::Render { directory: directory.to_path_buf(), failure };
    read_from(&rendered.map_err(failed)?, &printed(directory))
}

fn read_from(text: &[u8], from: &str) -> Result<Manifests, Error> {
    manifest::read(text).map_err(|flaw| Error::Manifests { from: from.to_owned(), flaw })
}

/// What a rendered kustomization is called in messages.
fn printed(directory: &Path) -> String {
    format!("what `kubectl kustomize {}` prints", quote::shell(directory))
}

/// All files, one document after the other.
fn files(asked: &Kustomize) -> Result<Vec<u8>, Error> {
    let (mut all, mut budget) = (Vec::new(), file::TOTAL_LIMIT);
    for path in &asked.files {
        if path == Path::new("-") {
            let most = manifest::MOST as u64 + 1;
            io::stdin().lock().take(most).read_to_end(&mut all).map_err(Error::Stdin)?;
        } else {
            let read = file::read(path, &mut budget);
            all.extend(read.map_err(|problem| Error::Unreadable { path: path.clone(), problem })?);
        }
        all.extend(b"\n---\n");
    }
    Ok(all)
}

fn before(standing: &Standing) -> Before {
    let text = standing.texts.get(KUSTOMIZATION).map(|text| String::from_utf8_lossy(text));
    let line = text.as_ref().and_then(|text| text.lines().find_map(|it| it.strip_prefix(MARK)));
    // Who changed it has taken the variables into his own hands.
    line.and_then(|line| serde_json::from_str(line).ok()).unwrap_or_default()
}

/// The line that tells what [`read`] takes back; empty if there is nothing to tell.
pub fn told(before: &Before) -> String {
    let text = serde_json::to_string(before).unwrap_or_default();
    if before.is_empty() { String::new() } else { format!("{MARK}{text}\n") }
}

/// Gives the variables of what an earlier component was applied to the values that they had.
fn take_back(workloads: &mut [Workload], before: &Before) {
    for workload in workloads {
        let name = workload.to_string();
        for container in workload.containers.iter_mut().filter(|it| it.is_patched) {
            let before = before.get(&format!("{name}/{}", container.name));
            let is_ours = |setting: &Setting| matches!(setting, Setting::Value(value) if value.contains(DIRECTORY));
            let environment = &mut container.service.environment;
            environment.retain(|_, setting| !is_ours(setting));
            let before = before.into_iter().flatten();
            for (variable, value) in before {
                let value = Setting::Value(value.clone());
                environment.entry(variable.clone()).or_insert(value);
            }
        }
    }
}

impl Read {
    /// What the variables are now that the component is to set.
    pub fn before(chosen: &[(&Workload, Vec<Chosen>)]) -> Before {
        let mut before = Before::new();
        for (workload, chosen) in chosen {
            for chosen in chosen {
                let Some(container) = workload.containers.get(chosen.index) else { continue };
                for (variable, _) in &chosen.given.variables {
                    if let Some(Setting::Value(value)) =
                        container.service.environment.get(*variable)
                    {
                        let name = workload.part(container);
                        before
                            .entry(name)
                            .or_default()
                            .insert((*variable).to_owned(), value.clone());
                    }
                }
            }
        }
        before
    }
}
