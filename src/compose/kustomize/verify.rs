//! Checks that the rendered manifests have the intended changes and no others: kustomize does not report a
//! patch without a target, and creates a container if a patch names one that does not exist.

use std::collections::BTreeMap;
use std::path::Path;

use serde_yaml::Value;

use crate::compose::kustomize::component::{ComponentSpec, SelectedContainer};
use crate::compose::kustomize::manifest::{Manifests, Workload};
use crate::compose::kustomize::names::is_our_name;
use crate::compose::kustomize::pod::{self, PodContainer};
use crate::compose::layout::DIRECTORY;
use crate::compose::project::without_links;
use crate::sys::quote;

/// Returns the differences from the intended result, as sentences. `before` are the workloads without the
/// component or with an earlier one, from which `spec` selects.
pub(crate) fn differences(
    before: &[Workload],
    after: &Manifests,
    spec: &ComponentSpec<'_>,
) -> Vec<String> {
    let mut differences = Vec::new();
    let mut found: BTreeMap<_, &Workload> = BTreeMap::new();
    for workload in &after.workloads {
        found.insert(workload.id(), workload);
    }
    for workload in before {
        let Some(after) = found.remove(&workload.id()) else {
            differences.push(format!("{workload} is missing"));
            continue;
        };
        let chosen = spec.workloads.iter().find(|(other, _)| other.id() == workload.id());
        let chosen = chosen.map_or(&[][..], |(_, chosen)| chosen);
        compare(workload, after, chosen, &mut differences);
    }
    differences.extend(found.values().map(|workload| format!("unexpected workload {workload}")));
    differences
}

fn compare(
    before: &Workload,
    after: &Workload,
    chosen: &[SelectedContainer],
    differences: &mut Vec<String>,
) {
    let order = |workload: &Workload| -> Vec<_> {
        workload.containers.iter().map(|it| (it.list, it.name.clone())).collect()
    };
    let (mut were, mut are) = (order(before), order(after));
    let is_same = were == are;
    were.sort();
    are.sort();
    if !is_same && were == are {
        differences.push(format!("the containers of {before} are in another order"));
    }
    let own = |workload: &Workload| -> Vec<Value> {
        let is_ours = |volume: &Value| pod::text(volume, "name").is_some_and(|it| is_our_name(&it));
        workload.volumes.iter().filter(|volume| !is_ours(volume)).cloned().collect()
    };
    if !before.containers.iter().any(|it| it.is_patched) && own(before) != own(after) {
        differences.push(format!("the volumes of {before} have changed"));
    }
    let mut found: Vec<_> = after.containers.iter().collect();
    for (index, container) in before.containers.iter().enumerate() {
        let name = before.container_name(container);
        let Some(position) = found.iter().position(|it| it.is_same(container)) else {
            differences.push(format!("container {name} is missing"));
            continue;
        };
        let chosen = chosen.iter().find(|chosen| chosen.index == index);
        let other = found.remove(position);
        let Some(chosen) = chosen else {
            // The patch of an earlier component may be gone.
            if other.raw != container.raw && !container.is_patched {
                differences.push(format!("container {name} has changed"));
            }
            continue;
        };
        if !has_injection(&other.raw, chosen) {
            differences.push(format!("container {name} is missing its mount or variables"));
        } else if !has_volume(after, &other.raw) {
            differences.push(format!("{before} is missing its volume"));
        } else {
            let changed = changed_settings(container, other, chosen).into_iter();
            differences
                .extend(changed.map(|what| format!("the {what} of container {name} have changed")));
            differences.extend(hiding_mount(&other.raw).map(|path| {
                let path = quote::word(&path);
                format!("container {name} mounts {path} after {DIRECTORY}, and hides it")
            }));
        }
    }
    differences.extend(found.iter().map(|it| {
        let is_twice = before.containers.iter().any(|other| other.is_same(it));
        let what = if is_twice { "duplicate" } else { "unexpected" };
        format!("{what} container {}", before.container_name(it))
    }));
}

/// Whether a container has the mount, and each variable exactly once.
fn has_injection(raw: &Value, chosen: &SelectedContainer) -> bool {
    let environment = pod::list(raw, "env").unwrap_or_default();
    let is_set = |(name, value): &(&str, String)| {
        let mut entries =
            environment.iter().filter(|it| pod::text(it, "name").as_deref() == Some(name));
        let entry = entries.next();
        let is_value = entry.is_some_and(|entry| {
            pod::text(entry, "value").as_ref() == Some(value) && entry.get("valueFrom").is_none()
        });
        is_value && entries.next().is_none()
    };
    mounted_volume(raw).is_some() && chosen.given.variables.iter().all(is_set)
}

/// Returns which of a container's own settings have changed; none if an earlier component was applied to it.
fn changed_settings(
    before: &PodContainer,
    after: &PodContainer,
    chosen: &SelectedContainer,
) -> Vec<&'static str> {
    let mut changed = Vec::new();
    if before.is_patched {
        return changed;
    }
    let is_given = |name: &str| chosen.given.variables.iter().any(|(given, _)| *given == name);
    let variables = |container: &PodContainer| -> BTreeMap<String, Value> {
        let all = pod::list(&container.raw, "env").unwrap_or_default().iter();
        let all = all.filter_map(|entry| Some((pod::text(entry, "name")?, entry.clone())));
        all.filter(|(name, _)| !is_given(name)).collect()
    };
    if variables(before) != variables(after) {
        changed.push("variables");
    }
    let mounts = |container: &PodContainer| -> Vec<Value> {
        let all = pod::list(&container.raw, "volumeMounts").unwrap_or_default().iter();
        all.filter(|mount| !pod::is_ours(mount)).cloned().collect()
    };
    if mounts(before) != mounts(after) {
        changed.push("mounts");
    }
    changed
}

/// Returns the path of a mount that hides the component's. Runtimes sort mounts by the number of elements in
/// the path, and keep the order of equal ones (containerd: `withMounts` in
/// <https://github.com/containerd/containerd/blob/v2.1.0/internal/cri/opts/spec_linux_opts.go>).
fn hiding_mount(raw: &Value) -> Option<String> {
    let mounts = pod::list(raw, "volumeMounts").unwrap_or_default().iter();
    let paths: Vec<_> = mounts.filter_map(|mount| pod::text(mount, "mountPath")).collect();
    let parts = |path: &str| Path::new(path).components().count();
    let ours = paths.iter().position(|path| path == DIRECTORY)?;
    let later = paths.iter().enumerate().filter(|(index, path)| {
        let order = (parts(path), *index).cmp(&(parts(DIRECTORY), ours));
        order.is_gt() && Path::new(DIRECTORY).starts_with(without_links(path))
    });
    later.map(|(_, path)| path.clone()).next()
}

/// Returns the volume that a container mounts at [`DIRECTORY`].
fn mounted_volume(raw: &Value) -> Option<String> {
    let mounts = pod::list(raw, "volumeMounts").unwrap_or_default();
    let is_ours = |mount: &&Value| pod::text(mount, "mountPath").as_deref() == Some(DIRECTORY);
    pod::text(mounts.iter().find(is_ours)?, "name")
}

fn has_volume(workload: &Workload, raw: &Value) -> bool {
    let name = mounted_volume(raw);
    let mut volumes = workload.volumes.iter().filter(|volume| pod::text(volume, "name") == name);
    let is_ours =
        |volume: &Value| volume.get("configMap").is_some() || volume.get("projected").is_some();
    volumes.next().is_some_and(is_ours) && volumes.next().is_none()
}
