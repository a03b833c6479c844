//! Substitutes variables, reads `env_file:`, and sets names without a value from the shell.
//!
//! `offline` uses it, and `read` if Compose cannot read the complete project, for example because an
//! `env_file:` is missing.

use std::path::Path;

use serde_yaml::{Mapping, Value};

use crate::compose::project::env_file;
use crate::compose::project::interpolate::{self, Lookup};
use crate::compose::project::offline::merge;

/// Completes `tree`, the output of `docker compose config --no-interpolate`, with the values of variables and
/// the `env_file:` files that exist.
pub fn complete(tree: &mut Value, base: &Path, lookup: Lookup<'_>) {
    replace_texts(tree, &|text| {
        // Compose prints both `${V}/x` and `./${V}/x` as `/base/${V}/x`, and they differ if V is absolute.
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

/// Sets the variables of each service from its `env_file:` and the shell.
pub(crate) fn fill_services(tree: &mut Mapping, base: &Path, lookup: Lookup<'_>) {
    for service in merge::services_mut(tree) {
        env_file::apply_env_files(service, base, lookup);
        take_from_shell(service, lookup);
    }
}

/// Replaces every text value, but no key, as Compose does before it merges files.
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

/// Sets names without a value from the shell. A build argument that the shell does not set is removed.
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
