//! Trust variables that name a missing published file: the container is configured for a mount that is
//! missing.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::init::publish;
use crate::sys::diagnostic::Diagnostic;
use crate::sys::environment::Environment;
use crate::sys::quote;
use crate::trust::variables;
use crate::trust::variables::java::JAVA_TOOL_OPTIONS;
use crate::trust::variables::split_added;

/// Variables that name the same missing file.
pub(crate) struct Dangling {
    /// Their names.
    pub names: Vec<&'static str>,
    path: PathBuf,
}

/// Returns the trust variables that name a missing published file and are not `set` by this run: their
/// readers would fail on every connection.
pub(crate) fn dangling(
    environment: &Environment,
    set: &[(&'static str, OsString)],
) -> Vec<Dangling> {
    let exists =
        |path: &Path| path.metadata().is_ok_and(|found| found.is_file() && found.len() > 0);
    let mut dangling: Vec<Dangling> = Vec::new();
    for (name, value) in variables::trust_variables(environment) {
        let path = split_added(value).map_or_else(|| value.into(), |(_, path)| path);
        if set.iter().any(|(other, _)| *other == name) || !publish::is_ours(&path) || exists(&path)
        {
            continue;
        }
        match dangling.iter_mut().find(|other| other.path == path) {
            Some(other) => other.names.push(name),
            None => dangling.push(Dangling { names: vec![name], path }),
        }
    }
    dangling
}

impl Dangling {
    /// Removes the missing file from `environment`.
    pub(crate) fn unset(&self, environment: &mut Environment) {
        for name in &self.names {
            let rest = environment.get(name).and_then(split_added).map(|(rest, _)| rest.to_owned());
            match rest {
                Some(rest) if !rest.is_empty() => environment.set(name, &rest),
                _ => environment.remove(name),
            }
        }
    }

    /// Returns the error about the variables.
    pub(crate) fn diagnostic(&self) -> Diagnostic {
        let names = self.names.join(", ");
        let is_store = self.names == [JAVA_TOOL_OPTIONS];
        let (noun, action) =
            if is_store { ("key store", "remove it from") } else { ("bundle", "unset") };
        Diagnostic::cannot("keep", format!("{} in {names}", quote::path(&self.path)))
            .because(format!("the {noun} does not exist, and every TLS connection would fail"))
            .advise(format!("mount the {noun} and the custom CA again, or {action} {names}"))
    }
}
