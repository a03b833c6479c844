//! What kustomize makes of the component, compared with what was meant: it says nothing of a patch that hits
//! nothing, and makes a container of one that names none.

use std::collections::BTreeMap;

use serde_yaml::Value;

use super::component::{Chosen, Order};
use super::manifest::{Manifests, Workload};
use super::pod;
use crate::compose::overlay::DIRECTORY;

/// What differs, in words; nothing if all is as it was meant. `before` was read without the component, or with
/// what stood of it, and `order` chose of that.
pub fn troubles(before: &[Workload], after: &Manifests, order: &Order<'_>) -> Vec<String> {
    let mut troubles = Vec::new();
    let mut found: BTreeMap<_, &Workload> = BTreeMap::new();
    for workload in &after.workloads {
        found.insert(workload.id(), workload);
    }
    for workload in before {
        let Some(after) = found.remove(&workload.id()) else {
            troubles.push(format!("{workload} is gone"));
            continue;
        };
        let chosen = order.workloads.iter().find(|(other, _)| other.id() == workload.id());
        let chosen = chosen.map_or(&[][..], |(_, chosen)| chosen);
        compare(workload, after, chosen, &mut troubles);
    }
    troubles.extend(found.values().map(|workload| format!("{workload} came to be")));
    troubles
}

fn compare(before: &Workload, after: &Workload, chosen: &[Chosen], troubles: &mut Vec<String>) {
    let order = |workload: &Workload| -> Vec<_> {
        workload.containers.iter().map(|it| (it.list, it.name.clone())).collect()
    };
    let (mut were, mut are) = (order(before), order(after));
    let is_same = were == are;
    were.sort();
    are.sort();
    if !is_same && were == are {
        troubles.push(format!("the containers of {before} come in another order"));
    }
    let mut found: Vec<_> = after.containers.iter().collect();
    for (index, container) in before.containers.iter().enumerate() {
        let name = before.part(container);
        let is_it = |it: &&pod::Container| (it.list, &it.name) == (container.list, &container.name);
        let Some(position) = found.iter().position(is_it) else {
            troubles.push(format!("container {name} is gone"));
            continue;
        };
        let after_container = found.remove(position);
        match chosen.iter().find(|chosen| chosen.index == index) {
            Some(chosen) if !has(&after_container.raw, chosen) => {
                troubles.push(format!("container {name} does not get what it should"));
            }
            Some(_) if !has_volume(after, &after_container.raw) => {
                troubles.push(format!("{before} does not get its volume"));
            }
            // What an earlier component was applied to loses that.
            None if after_container.raw != container.raw && !container.is_patched => {
                troubles.push(format!("container {name} is changed"));
            }
            _ => {}
        }
    }
    let new = found.iter().map(|it| format!("container {} came to be", before.part(it)));
    troubles.extend(new);
}

/// Whether a container has all that it is given, and each variable once.
fn has(raw: &Value, chosen: &Chosen) -> bool {
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
    volume_of(raw).is_some() && chosen.given.variables.iter().all(is_set)
}

/// The volume that a container has in our place.
fn volume_of(raw: &Value) -> Option<String> {
    let mounts = pod::list(raw, "volumeMounts").unwrap_or_default();
    let is_ours = |mount: &&Value| pod::text(mount, "mountPath").as_deref() == Some(DIRECTORY);
    pod::text(mounts.iter().find(is_ours)?, "name")
}

fn has_volume(workload: &Workload, raw: &Value) -> bool {
    let name = volume_of(raw);
    let mut volumes = workload.volumes.iter().filter(|volume| pod::text(volume, "name") == name);
    let is_ours =
        |volume: &Value| volume.get("configMap").is_some() || volume.get("projected").is_some();
    volumes.next().is_some_and(is_ours) && volumes.next().is_none()
}
