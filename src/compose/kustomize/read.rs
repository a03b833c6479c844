//! Reads the manifests from a rendered kustomization, from files or from stdin, and removes what an earlier
//! component added.

use std::collections::BTreeMap;
use std::io::{self, Read as _};
use std::path::Path;

use crate::compose::cli::Kustomize;
use crate::compose::docker::CommandError;
use crate::compose::kustomize::component::SelectedContainer;
use crate::compose::kustomize::kustomization::Kustomization;
use crate::compose::kustomize::manifest::{self, Manifests, Workload};
use crate::compose::kustomize::names::KUSTOMIZATION;
use crate::compose::kustomize::render::run_kustomize;
use crate::compose::kustomize::write::ExistingComponent;
use crate::compose::layout::DIRECTORY;
use crate::compose::project::Setting;
use crate::sys::diagnostic::Diagnostic;
use crate::sys::file;
use crate::sys::output;
use crate::sys::quote;

/// The values that variables had before a component set them, by container.
pub(crate) type PreviousValues = BTreeMap<String, BTreeMap<String, String>>;

/// The prefix of the line in kustomization.yaml that records them.
const PREVIOUS_MARK: &str = "# Before: ";

/// The manifests of a run.
pub(crate) struct ManifestInput {
    /// The parsed manifests.
    pub manifests: Manifests,
    /// Their name in messages.
    pub from: String,
    /// The kustomization that was rendered, with `-k`.
    pub kustomization: Option<Kustomization>,
}

/// Reads the manifests that `args` name; `existing` is an earlier component.
///
/// # Errors
/// When they cannot be read, or contain no workload.
pub(crate) fn read(
    args: &Kustomize,
    existing: &ExistingComponent,
) -> Result<ManifestInput, Diagnostic> {
    let (mut manifests, from) = if let Some(directory) = &args.kustomization {
        (render(directory)?, rendered_name(directory))
    } else {
        let names = args.files.iter().map(|path| quote::path(path).to_string());
        let from = names.collect::<Vec<_>>().join(", ");
        (manifest::read(&read_files(args)?, &from)?, from)
    };
    if manifests.workloads.is_empty() {
        return Err(no_workload(&from, &manifests.others));
    }
    let kustomization = args.kustomization.as_deref();
    let kustomization = kustomization.and_then(|it| Kustomization::read(it, &args.out));
    if kustomization.as_ref().is_some_and(|it| it.has_component) {
        manifests.remove_leftovers();
    }
    restore_variables(&mut manifests.workloads, &read_previous_values(existing));
    Ok(ManifestInput { manifests, from, kustomization })
}

fn no_workload(from: &str, others: &[String]) -> Diagnostic {
    let others: Vec<_> = others.iter().map(|name| quote::word(name).to_string()).collect();
    let but = match others.as_slice() {
        [] => String::new(),
        others => format!(" but {}, whose kind kustomize cannot patch", others.join(", ")),
    };
    Diagnostic::cannot("find", format_args!("a workload in {from}{but}"))
        .advise("pass all manifests that are applied to the cluster")
}

/// Renders a kustomization and parses the result.
///
/// # Errors
/// When it cannot be rendered or parsed.
pub(crate) fn render(directory: &Path) -> Result<Manifests, Diagnostic> {
    let text = run_kustomize(directory, &[]).map_err(|failure| {
        let failed = Diagnostic::cannot("render", quote::path(directory));
        if let CommandError::NotInstalled = failure {
            return failed
                .because("neither kubectl nor kustomize is installed")
                .advise("install one of them, or render it elsewhere and pass it with `-f -`");
        }
        let command = quote::shell(directory);
        failed
            .because(failure)
            .advise(format!("correct it until `kubectl kustomize {command}` prints it"))
    })?;
    manifest::read(&text, &rendered_name(directory))
}

/// Returns the name of a rendered kustomization in messages.
fn rendered_name(directory: &Path) -> String {
    format!("what `kubectl kustomize {}` prints", quote::shell(directory))
}

/// Reads all files into one text.
fn read_files(args: &Kustomize) -> Result<Vec<u8>, Diagnostic> {
    let (mut all, mut budget) = (Vec::new(), file::TOTAL_LIMIT);
    for path in &args.files {
        if path == Path::new("-") {
            let most = manifest::MAX_MANIFESTS as u64 + 1;
            io::stdin().lock().take(most).read_to_end(&mut all).map_err(|error| {
                let failed = Diagnostic::cannot("read", "stdin").named("from -f -");
                failed.because(output::cause(&error)).advise("pipe manifests into it")
            })?;
        } else {
            let read = file::read(path, &mut budget);
            all.extend(read.map_err(|problem| {
                let failed = Diagnostic::cannot("read", quote::path(path)).named("from -f");
                failed.because(problem).advise("name a file of manifests")
            })?);
        }
        all.extend(b"\n---\n");
    }
    Ok(all)
}

fn read_previous_values(existing: &ExistingComponent) -> PreviousValues {
    let text = existing.texts.get(KUSTOMIZATION).map(|text| String::from_utf8_lossy(text));
    let line =
        text.as_ref().and_then(|text| text.lines().find_map(|it| it.strip_prefix(PREVIOUS_MARK)));
    // If the user edited the line, the present values apply.
    line.and_then(|line| serde_json::from_str(line).ok()).unwrap_or_default()
}

/// Returns the line from which [`read`] restores the values; empty without values.
pub(crate) fn previous_values_line(before: &PreviousValues) -> String {
    let text = serde_json::to_string(before).unwrap_or_default();
    if before.is_empty() { String::new() } else { format!("{PREVIOUS_MARK}{text}\n") }
}

/// Restores the values of variables that an earlier component set.
fn restore_variables(workloads: &mut [Workload], before: &PreviousValues) {
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

impl ManifestInput {
    /// Returns the present values of the variables that the component will set.
    pub(crate) fn previous_values(
        chosen: &[(&Workload, Vec<SelectedContainer>)],
    ) -> PreviousValues {
        let mut before = PreviousValues::new();
        for (workload, chosen) in chosen {
            for chosen in chosen {
                let Some(container) = workload.containers.get(chosen.index) else { continue };
                for (variable, _) in &chosen.given.variables {
                    if let Some(Setting::Value(value)) =
                        container.service.environment.get(*variable)
                    {
                        let name = workload.container_name(container);
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
