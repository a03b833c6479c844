//! Builds the patch of a workload: the user's entries first, by name only, then those of the component.
//!
//! kustomize moves the entries that a strategic merge patch names before all others, in the patch's order. So
//! the user's entries keep their indices, which JSON patches use, and the component's mount comes last: a
//! mount at `/var/run`, which is `/run`, would hide an earlier one.

use std::collections::BTreeSet;

use serde_yaml::{Mapping, Value};

use crate::compose::injection::Injection;
use crate::compose::kustomize::kustomization::Naming;
use crate::compose::kustomize::manifest::Workload;
use crate::compose::kustomize::names::{KEYS, is_our_name};
use crate::compose::kustomize::pod::{self, CONTAINER_LISTS, PodContainer};
use crate::compose::layout::DIRECTORY;
use crate::compose::project::Mount;
use crate::compose::yaml::{mapping, mapping_of};
use crate::trust::source::CUSTOM_CA;

/// Returns the patch of a pod's spec, with the patches `parts` of its containers, and `volumes`. `seen` is
/// the workload as the component sees it.
///
/// It names unselected containers too, or init containers would start in another order. A container that is
/// missing in `seen` comes from a later patch, so its name comes last.
pub(crate) fn pod_spec_patch(
    seen: &Workload,
    mut parts: Vec<(&PodContainer, Value)>,
    volumes: impl Iterator<Item = Value>,
) -> Mapping {
    let mut spec = Mapping::new();
    for key in CONTAINER_LISTS {
        if !parts.iter().any(|(container, _)| container.list == key) {
            continue;
        }
        let mut list = Vec::new();
        for container in seen.containers.iter().filter(|container| container.list == key) {
            let part = parts.iter().position(|(other, _)| other.is_same(container));
            let bare = || mapping([("name", container.name.as_str().into())]);
            list.push(part.map_or_else(bare, |part| parts.remove(part).1));
        }
        let later = parts.extract_if(.., |(container, _)| container.list == key);
        list.extend(later.map(|(_, part)| part));
        spec.insert(key.into(), list.into());
    }
    let own = seen.volumes.iter().filter_map(|volume| pod::text(volume, "name"));
    let own = own.filter(|name| !is_our_name(name));
    spec.insert("volumes".into(), keys_only("name", own).chain(volumes).collect::<Vec<_>>().into());
    spec
}

/// Returns the patch of a container. A variable that it overrides keeps its position.
pub(crate) fn container_patch(
    container: &PodContainer,
    seen: &Workload,
    given: &Injection,
    volume: &str,
) -> Value {
    let seen = seen.containers.iter().find(|other| other.is_same(container));
    let entries =
        |key: &str| seen.map_or(&[][..], |it| pod::list(&it.raw, key).unwrap_or_default());

    let is_own = |name: &String| seen.is_some_and(|it| it.service.environment.contains_key(name));
    let own = entries("env").iter().filter_map(|it| pod::text(it, "name")).filter(is_own);
    let mut variables: Vec<_> = keys_only("name", own).collect();
    for (name, value) in &given.variables {
        let entry = mapping([("name", (*name).into()), ("value", value.as_str().into())]);
        let is_it = |it: &&mut Value| it.get("name").and_then(Value::as_str) == Some(name);
        match variables.iter_mut().find(is_it) {
            Some(present) => *present = entry,
            None => variables.push(entry),
        }
    }

    let own = entries("volumeMounts").iter().filter(|mount| !pod::is_ours(mount));
    let mut mounts: Vec<_> =
        keys_only("mountPath", own.filter_map(|mount| pod::text(mount, "mountPath"))).collect();
    let mount = |path: &str| {
        mapping_of([("name", volume.into()), ("mountPath", path.into()), ("readOnly", true.into())])
    };
    mounts.push(mount(DIRECTORY).into());
    if can_mount_custom_ca(&container.service.mounts) {
        let mut file = mount(CUSTOM_CA);
        file.insert("subPath".into(), KEYS[1].into());
        mounts.push(file.into());
    }
    mapping([
        ("name", container.name.as_str().into()),
        ("env", variables.into()),
        ("volumeMounts", mounts.into()),
    ])
}

/// Returns list entries that contain only `key`. A duplicate is named once: kustomize keeps its last entry,
/// which for variables is also the one that Kubernetes uses.
fn keys_only(
    key: &'static str,
    names: impl Iterator<Item = String>,
) -> impl Iterator<Item = Value> {
    let mut known = BTreeSet::new();
    names
        .filter(move |name| known.insert(name.clone()))
        .map(move |name| mapping([(key, name.into())]))
}

/// Whether the container has no mount of its own at or above the path of the custom CA file: a file cannot be
/// mounted into a read-only mount.
fn can_mount_custom_ca(mounts: &[Mount]) -> bool {
    !mounts.iter().any(|mount| mount.is_above(CUSTOM_CA))
}

/// Returns the patch of a workload, with the patch `spec` of its pods.
///
/// # Errors
/// When YAML cannot express it.
pub(crate) fn workload_patch(
    workload: &Workload,
    spec: Mapping,
    namespace: Option<&str>,
    naming: &Naming,
) -> Result<Value, serde_yaml::Error> {
    let name = naming.original_name(&workload.name);
    let nest = |inner: Value, key: &&str| mapping([(*key, inner)]);
    let pod = mapping([("spec", spec.into())]);
    let body = workload.path.iter().rev().fold(pod, nest);
    let mut tree = mapping_of([
        ("apiVersion", workload.version.as_str().into()),
        ("kind", workload.kind.into()),
        ("metadata", mapping([("name", name.into())])),
    ]);
    if let Value::Mapping(body) = body {
        tree.extend(body);
    }
    let mut target = Mapping::new();
    if !workload.group.is_empty() {
        target.insert("group".into(), workload.group.into());
    }
    target.insert("kind".into(), workload.kind.into());
    // kustomize parses it as a regular expression, which must match the whole name.
    target.insert("name".into(), name.replace('.', "\\.").into());
    if let Some(namespace) = namespace {
        target.insert("namespace".into(), namespace.into());
    }
    Ok(mapping([("target", target.into()), ("patch", serde_yaml::to_string(&tree)?.into())]))
}
