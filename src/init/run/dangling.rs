//! Variables that name a file of ours which is not there: a container configured for a mount that is gone.

use std::ffi::OsString;
use std::fmt::{self, Display};
use std::path::{Path, PathBuf};

use crate::init::publish;
use crate::sys::environment::Environment;
use crate::sys::output;
use crate::sys::quote;
use crate::trust::variables;
use crate::trust::variables::java::JAVA_TOOL_OPTIONS;
use crate::trust::variables::split;

/// The trust variables, other than those `set` by us just now, that name a file of ours which is
/// not there: whoever reads them would fail on every connection.
pub fn dangling(environment: &Environment, set: &[(&'static str, OsString)]) -> Vec<Dangling> {
    let is_there =
        |path: &Path| path.metadata().is_ok_and(|found| found.is_file() && found.len() > 0);
    let mut dangling: Vec<Dangling> = Vec::new();
    for (name, value) in variables::trust_variables(environment) {
        let path = split(value).map_or_else(|| value.into(), |(_, path)| path);
        if set.iter().any(|(other, _)| *other == name)
            || !publish::is_ours(&path)
            || is_there(&path)
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

/// Variables that name a file of ours which is not there.
pub struct Dangling {
    /// Their names.
    pub names: Vec<&'static str>,
    path: PathBuf,
}

output::error_of_words!(Dangling);

impl Display for Dangling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.names.join(", ");
        let is_store = self.names == [JAVA_TOOL_OPTIONS];
        let (what, end) =
            if is_store { ("key store", "take it out of") } else { ("bundle", "unset") };
        write!(
            f,
            "cannot leave {} in {names}: no {what} is there, and every TLS connection would fail\n\
             fix: mount the {what} and the custom CA again, or {end} {names}",
            quote::path(&self.path)
        )
    }
}
