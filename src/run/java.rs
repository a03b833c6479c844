//! What a run does for Java, whose programs read no certificate file that a variable names: a key store
//! of its own, with what the JVM trusts already.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::cli::{Java, Roots, Settings};
use crate::discover::file::Problem;
use crate::discover::files::Here;
use crate::discover::java::{self, Store};
use crate::environment::Environment;
use crate::environment::java::{Warning, open};
use crate::merge::{self, Pem};
use crate::publish;
use crate::report;
use crate::store::Record;
use crate::truststore;

/// A JVM that is to be told of the custom CAs.
#[derive(Debug)]
pub struct Jvm<'a> {
    /// The custom CAs that Java can read.
    pub custom: &'a [Pem<'a>],
    /// What it trusts.
    pub roots: Vec<Pem<'a>>,
    /// Whose they are.
    pub whose: String,
    /// What JAVA_TOOL_OPTIONS says besides.
    pub options: OsString,
    /// Where its own trust store lies.
    pub security: Option<PathBuf>,
}

impl Jvm<'_> {
    /// What its key store is to hold.
    pub fn certificates(&self) -> Vec<Pem<'_>> {
        merge::bundle(&[self.custom, &self.roots]).certificates
    }

    /// The line on it.
    pub fn line(&self, path: &Path) -> String {
        let (roots, path) = (report::count(self.roots.len(), "root"), report::path(path));
        format!("trusting the same in Java, with {roots} of {}, by {path}", self.whose)
    }
}

/// Looks for a JVM that does not trust `custom` yet, the custom CAs that Java can read.
///
/// # Errors
/// When there is one, and it cannot be told: that is no reason not to start the service.
pub fn find<'a>(
    settings: &Settings,
    environment: &Environment,
    custom: &'a [Pem<'a>],
    roots: &'a [Pem<'_>],
    record: &Record,
) -> Result<Option<Jvm<'a>>, Warning> {
    let program = settings.task.program().unwrap_or_default();
    if settings.java == Java::Off {
        return Ok(None);
    }
    let found = java::store(&Here, environment, program.first(), |path| record.has(path));
    if found.is_none() && settings.java == Java::Auto {
        return Ok(None);
    }
    let options = open(environment, program, publish::is_ours)?.to_owned();
    let security = found.as_ref().and_then(|found| Some(found.path.parent()?.to_path_buf()));
    let (roots, whose) = match found {
        Some(Store { path, bytes }) if settings.roots == Roots::System => {
            (read(&path, bytes)?, report::path(&path).to_string())
        }
        // Roots that were asked for are those of every program.
        _ => (roots.iter().map(Pem::borrow).collect(), "the bundle".to_owned()),
    };
    if merge::set(&roots).is_superset(&merge::set(custom)) {
        return Ok(None);
    }
    Ok(Some(Jvm { custom, roots, whose, options, security }))
}

fn read(path: &Path, bytes: Result<Vec<u8>, Problem>) -> Result<Vec<Pem<'static>>, Warning> {
    let bytes = bytes.map_err(|problem| problem.to_string());
    let roots =
        bytes.and_then(|bytes| truststore::read(&bytes).map_err(|problem| problem.to_string()));
    roots.map_err(|cause| Warning::Unreadable { path: path.to_path_buf(), cause })
}
