//! What a project's files leave open is filled in: variables, files of variables, names without a value.
//!
//! For `offline`, and for a project that Compose cannot read whole, because an `env_file:` is missing.

use std::path::Path;

use serde_yaml::{Mapping, Value};

use crate::compose::project::env_file;
use crate::compose::project::interpolate::{self, Lookup};
use crate::compose::project::offline::merge;

/// Fills what is known into `tree`, which `docker compose config --no-interpolate` printed: the values of
/// variables, and the `env_file:` files that exist.
pub fn complete(tree: &mut Value, base: &Path, lookup: Lookup<'_>) {
    replace_texts(tree, &|text| {
        // Compose wrote `${V}/x` and `./${V}/x` both as `/base/${V}/x`, and they differ if V is absolute.
        let is_ambiguous = text.starts_with('/')
            && text
                .find("/$")
                .and_then(|slash| text.get(slash + 1..))
                .is_some_and(|rest| interpolate::interpolate(rest, lookup).starts_with(['/', '~']));
        if is_ambiguous { text.to_owned() } else { interpolate::interpolate(text, lookup) }
    });
    if let Some(tree) = tree.as_mapping_mut() {
        fill_services(tree, base, lookup);
    }
}

/// Gives each service what its files of variables and the shell hold.
pub(crate) fn fill_services(tree: &mut Mapping, base: &Path, lookup: Lookup<'_>) {
    for service in merge::services_mut(tree) {
        env_file::apply_env_files(service, base, lookup);
        take_from_shell(service, lookup);
    }
}

/// As Compose interpolates: every value, no key, and before anything is merged.
pub(crate) fn replace_texts(value: &mut Value, replace: &dyn Fn(&str) -> String) {
    match value {
        Value::String(text) => *text = replace(text),
        Value::Sequence(values) => {
            for value in values {
                replace_texts(value, replace);
            }
        }
        Value::Mapping(values) => {
            for value in values.values_mut() {
                replace_texts(value, replace);
            }
        }
        _ => {}
    }
}

/// Names without a value take that of the shell. An argument of a build that has none there is as if it
/// were not written.
fn take_from_shell(service: &mut Mapping, lookup: Lookup<'_>) {
    let take = |pairs: Option<&mut Value>| {
        let Some(pairs) = pairs.and_then(merge::pairs_mut) else { return };
        for (name, value) in pairs.iter_mut().filter(|(_, value)| value.is_null()) {
            if let Some(found) = name.as_str().and_then(lookup) {
                *value = interpolate::escape(&found).into();
            }
        }
    };
    take(service.get_mut("environment"));
    if let Some(build) = service.get_mut("build").and_then(Value::as_mapping_mut) {
        take(build.get_mut("args"));
        if let Some(args) = build.get_mut("args").and_then(merge::pairs_mut) {
            args.retain(|_, value| !value.is_null());
        }
    }
}
