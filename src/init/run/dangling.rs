//! Variables that name a file of ours which does not exist: a container configured for a mount that is gone.

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

/// The trust variables, other than those `set` by this run, that name a file of ours which does not
/// exist: their readers would fail on every connection.
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
    /// Takes the missing file out of `environment`.
    pub(crate) fn unset(&self, environment: &mut Environment) {
        for name in &self.names {
            let rest = environment.get(name).and_then(split_added).map(|(rest, _)| rest.to_owned());
            match rest {
                Some(rest) if !rest.is_empty() => environment.set(name, &rest),
                _ => environment.remove(name),
            }
        }
    }

    /// The failure to leave the variables as they are.
    pub(crate) fn diagnostic(&self) -> Diagnostic {
        let names = self.names.join(", ");
        let is_store = self.names == [JAVA_TOOL_OPTIONS];
        let (what, end) =
            if is_store { ("key store", "remove it from") } else { ("bundle", "unset") };
        Diagnostic::cannot("leave", format!("{} in {names}", quote::path(&self.path)))
            .because(format!("the {what} does not exist, and every TLS connection would fail"))
            .advise(format!("mount the {what} and the custom CA again, or {end} {names}"))
    }
}
