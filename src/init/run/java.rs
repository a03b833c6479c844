//! Configures Java, whose programs read no certificate file that a variable names: they get a key store with
//! the custom CAs and the JVM's own roots.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::init::cli::Invocation;
use crate::init::publish;
use crate::init::system_store::Record;
use crate::sys::diagnostic::Diagnostic;
use crate::sys::environment::Environment;
use crate::sys::log_record::Event;
use crate::sys::output;
use crate::sys::quote;
use crate::sys::root::LocalFileSystem;
use crate::trust::bundle::Pem;
use crate::trust::jvm::{self, JvmTrustStore};
use crate::trust::keystore::ExtendedStore;
use crate::trust::settings::Java;
use crate::trust::source::Roots;
use crate::trust::variables::java::{JavaWarning, own_options};

/// A JVM that does not trust the custom CAs yet.
#[derive(Debug)]
pub(crate) struct JvmConfiguration<'a> {
    /// The contents of its new key store.
    pub store: ExtendedStore<'a>,
    /// The source of its own roots, for messages.
    pub roots_source: String,
    /// The value of JAVA_TOOL_OPTIONS without what trust-init added.
    pub options: OsString,
    /// The directory of its own trust store.
    pub security: Option<PathBuf>,
}

impl JvmConfiguration<'_> {
    /// Returns the info line about it.
    pub(crate) fn event(&self, path: &Path) -> Event {
        let (roots, path) = (output::count(self.store.roots.len(), "root"), quote::path(path));
        let source = &self.roots_source;
        let message =
            format!("trusting the same in Java, with {roots} of {source}, through {path}");
        Event::new("java-configured", message)
    }
}

/// Finds a JVM that does not trust `custom` yet, the custom CAs that Java can read.
///
/// # Errors
/// When a JVM cannot be configured. The caller prints it as a warning, and the service starts.
pub(crate) fn find_jvm<'a>(
    Invocation { settings, task }: &Invocation,
    environment: &Environment,
    custom: &'a [Pem<'a>],
    roots: &'a [Pem<'_>],
    record: &Record,
) -> Result<Option<JvmConfiguration<'a>>, Diagnostic> {
    let program = task.program().unwrap_or_default();
    if settings.java == Java::Off {
        return Ok(None);
    }
    let found = jvm::find_trust_store(&LocalFileSystem, environment, program.first(), |path| {
        record.has_created_target(path)
    });
    if found.is_none() && settings.java == Java::Auto {
        return Ok(None);
    }
    let options = own_options(environment, program, publish::is_ours)?.to_owned();
    let security = found.as_ref().and_then(|found| Some(found.path.parent()?.to_path_buf()));
    let format = found.as_ref().map(JvmTrustStore::format).unwrap_or_default();
    let (roots, roots_source) = match found {
        Some(store) if settings.roots == Roots::System => {
            let (path, shown) = (store.path.clone(), quote::path(&store.path).to_string());
            let roots = store.certificates();
            (roots.map_err(|error| JavaWarning::Unreadable { path, error })?, shown)
        }
        // Roots that the user chose apply to every program.
        _ => (roots.iter().map(Pem::borrow).collect(), "the bundle".to_owned()),
    };
    let store = ExtendedStore::new(format, custom, roots);
    Ok(store.map(|store| JvmConfiguration { store, roots_source, options, security }))
}
