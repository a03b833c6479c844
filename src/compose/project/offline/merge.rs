//! Merges compose files by the rules of <https://docs.docker.com/reference/compose-file/merge/>, as Compose
//! 2.26 implements them.

use serde_yaml::{Mapping, Value};

use crate::compose::project::parse::mount;

/// Keys of a service whose lists are concatenated, without duplicates.
const APPENDED: [&str; 9] = [
    "tmpfs",
    "secrets",
    "configs",
    "env_file",
    "profiles",
    "cap_drop",
    "cap_add",
    "links",
    "volumes_from",
];
/// Keys of a service that an empty value in an override resets; for other keys it has no effect.
const EMPTIED: [&str; 2] = ["entrypoint", "command"];

/// Merges `document` into `tree`.
pub(crate) fn merge_document(tree: &mut Mapping, document: Value) {
    let Value::Mapping(document) = document else { return };
    for (key, value) in document {
        let is_services = key.as_str() == Some("services");
        match (tree.get_mut(&key), value) {
            (Some(_), Value::Null) => {}
            (Some(Value::Mapping(services)), Value::Mapping(others)) if is_services => {
                for (name, value) in others {
                    merge_service(services, name, value);
                }
            }
            (_, value) => _ = tree.insert(key, value),
        }
    }
    services_mut(tree).for_each(keep_last_volumes);
}

/// Returns the services that are mappings.
pub(crate) fn services_mut(tree: &mut Mapping) -> impl Iterator<Item = &mut Mapping> {
    let services = tree.get_mut("services").and_then(Value::as_mapping_mut);
    services.into_iter().flat_map(Mapping::values_mut).filter_map(Value::as_mapping_mut)
}

fn merge_service(services: &mut Mapping, name: Value, value: Value) {
    match (services.get_mut(&name), value) {
        (Some(_), Value::Null) => {}
        (Some(Value::Mapping(service)), Value::Mapping(other)) => {
            for (key, value) in other {
                merge_key(service, key, value);
            }
        }
        (_, value) => _ = services.insert(name, value),
    }
}

fn merge_key(service: &mut Mapping, key: Value, value: Value) {
    let name = key.as_str().unwrap_or_default();
    let Some(under) = service.get_mut(&key).filter(|under| !under.is_null()) else {
        service.insert(key, value);
        return;
    };
    match name {
        _ if value.is_null() && !EMPTIED.contains(&name) => {}
        "environment" => add_by_name(under, value, pairs_mut),
        "depends_on" => add_by_name(under, value, names_mut),
        "volumes" => append_elements(under, value, |_, _| true),
        "build" => merge_build(under, value),
        _ if APPENDED.contains(&name) => {
            append_elements(under, value, |list, value| !list.contains(value));
        }
        _ => *under = value,
    }
}

fn add_by_name(
    under: &mut Value,
    mut over: Value,
    entries_mut: fn(&mut Value) -> Option<&mut Mapping>,
) {
    match (entries_mut(under), entries_mut(&mut over)) {
        (Some(under), Some(over)) => under.extend(std::mem::take(over)),
        _ => *under = over,
    }
}

fn append_elements(under: &mut Value, over: Value, is_kept: impl Fn(&[Value], &Value) -> bool) {
    let list = |value| match value {
        Value::Sequence(values) => values,
        value => vec![value],
    };
    let mut values = list(std::mem::take(under));
    for value in list(over) {
        if is_kept(&values, &value) {
            values.push(value);
        }
    }
    *under = Value::Sequence(values);
}

/// Merges two builds; a build can be written as its context alone.
fn merge_build(under: &mut Value, over: Value) {
    let long = |value| match value {
        Value::Mapping(long) => long,
        context => Mapping::from_iter([("context".into(), context)]),
    };
    let mut build = long(std::mem::take(under));
    for (key, value) in long(over) {
        match build.get_mut(&key) {
            Some(_) if value.is_null() => {}
            Some(args) if key.as_str() == Some("args") => add_by_name(args, value, pairs_mut),
            _ => _ = build.insert(key, value),
        }
    }
    *under = Value::Mapping(build);
}

/// Returns a mapping, into which it first converts a list of `NAME=VALUE`.
pub(crate) fn pairs_mut(value: &mut Value) -> Option<&mut Mapping> {
    entries_mut(value, |text| match text.split_once('=') {
        Some((name, value)) => (name, value.into()),
        None => (text, Value::Null),
    })
}

/// Returns a mapping, into which it first converts a list of names.
fn names_mut(value: &mut Value) -> Option<&mut Mapping> {
    entries_mut(value, |text| (text, Value::Null))
}

fn entries_mut(value: &mut Value, split: fn(&str) -> (&str, Value)) -> Option<&mut Mapping> {
    if let Value::Sequence(list) = value {
        let mut mapping = Mapping::new();
        for element in list {
            let (name, value) = split(element.as_str()?);
            mapping.insert(name.into(), value);
        }
        *value = Value::Mapping(mapping);
    }
    value.as_mapping_mut()
}

/// Keeps the last of several volumes with the same target, at the position of the first. As in Compose,
/// targets are compared as written, and again in the long form.
fn keep_last_volumes(service: &mut Mapping) {
    let Some(Value::Sequence(volumes)) = service.get_mut("volumes") else { return };
    let written = keep_last(std::mem::take(volumes).into_iter());
    *volumes = keep_last(written.into_iter().map(mount::to_long_form));
}

fn keep_last(volumes: impl Iterator<Item = Value>) -> Vec<Value> {
    let mut kept: Vec<(Option<String>, Value)> = Vec::new();
    for volume in volumes {
        let target = mount::written_target(&volume);
        match kept.iter_mut().find(|(known, _)| target.is_some() && *known == target) {
            Some((_, earlier)) => *earlier = volume,
            None => kept.push((target, volume)),
        }
    }
    kept.into_iter().map(|(_, volume)| volume).collect()
}
