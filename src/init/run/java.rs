//! What a run does for Java, whose programs read no certificate file that a variable names: a key store
//! of its own, with what the JVM trusts already.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::init::cli::Invocation;
use crate::init::publish;
use crate::init::system_store::Record;
use crate::sys::diagnostic::Diagnostic;
use crate::sys::environment::Environment;
use crate::sys::file::Problem;
use crate::sys::output;
use crate::sys::quote;
use crate::sys::root::Here;
use crate::trust::bundle::{self, Pem};
use crate::trust::jvm::{self, Store};
use crate::trust::keystore;
use crate::trust::settings::Java;
use crate::trust::source::Roots;
use crate::trust::variables::java::{Warning, open};

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
        bundle::bundle(&[self.custom, &self.roots]).certificates
    }

    /// The line on it.
    pub fn line(&self, path: &Path) -> String {
        let (roots, path) = (output::count(self.roots.len(), "root"), quote::path(path));
        format!("trusting the same in Java, with {roots} of {}, by {path}", self.whose)
    }
}

/// Looks for a JVM that does not trust `custom` yet, the custom CAs that Java can read.
///
/// # Errors
/// When there is one, and it cannot be told: that is no reason not to start the service.
pub fn find<'a>(
    Invocation { settings, task }: &Invocation,
    environment: &Environment,
    custom: &'a [Pem<'a>],
    roots: &'a [Pem<'_>],
    record: &Record,
) -> Result<Option<Jvm<'a>>, Diagnostic> {
    let program = task.program().unwrap_or_default();
    if settings.java == Java::Off {
        return Ok(None);
    }
    let found = jvm::store(&Here, environment, program.first(), |path| record.has(path));
    if found.is_none() && settings.java == Java::Auto {
        return Ok(None);
    }
    let options = open(environment, program, publish::is_ours)?.to_owned();
    let security = found.as_ref().and_then(|found| Some(found.path.parent()?.to_path_buf()));
    let (roots, whose) = match found {
        Some(Store { path, bytes }) if settings.roots == Roots::System => {
            (read(&path, bytes)?, quote::path(&path).to_string())
        }
        // Roots that were asked for are those of every program.
        _ => (roots.iter().map(Pem::borrow).collect(), "the bundle".to_owned()),
    };
    if bundle::set(&roots).is_superset(&bundle::set(custom)) {
        return Ok(None);
    }
    Ok(Some(Jvm { custom, roots, whose, options, security }))
}

fn read(path: &Path, bytes: Result<Vec<u8>, Problem>) -> Result<Vec<Pem<'static>>, Warning> {
    let bytes = bytes.map_err(|problem| problem.to_string());
    let roots =
        bytes.and_then(|bytes| keystore::read(&bytes).map_err(|problem| problem.to_string()));
    roots.map_err(|cause| Warning::Unreadable { path: path.to_path_buf(), cause })
}
