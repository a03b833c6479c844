//! Configures runtimes that read the bundle from settings of their own.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::init::publish::memfd::is_memory;
use crate::init::publish::{PublishOptions, is_ours, publish_settings};
use crate::sys::diagnostic::Diagnostic;
use crate::sys::environment::Environment;
use crate::sys::log_record::Event;
use crate::sys::output::Report;
use crate::sys::quote;
use crate::trust::variables::runtimes::{Runtime, RuntimeWarning};

/// A runtime whose settings name the bundle.
pub(crate) struct ConfiguredRuntime {
    /// The runtime.
    pub runtime: Runtime,
    /// The value of its variable.
    pub value: OsString,
    path: PathBuf,
}

impl ConfiguredRuntime {
    /// Returns the event that it is configured.
    pub(crate) fn event(&self) -> Event {
        let path = quote::path(&self.path);
        let message = format!("trusting the same in {}, through {path}", self.runtime);
        Event::new("runtime-configured", message)
    }
}

/// Publishes settings that name `bundle` for each of `runtimes`. For a runtime that cannot be configured it
/// prints a warning, and the service starts without.
///
/// # Errors
/// When the settings cannot be published.
pub(crate) fn configure(
    runtimes: &[Runtime],
    environment: &Environment,
    bundle: &Path,
    options: &PublishOptions<'_>,
    report: Report,
) -> Result<Vec<ConfiguredRuntime>, Diagnostic> {
    let (mut open, mut files) = (Vec::new(), Vec::new());
    for runtime in runtimes {
        let before = runtime.own_value(environment, bundle, is_ours, Path::exists);
        match before.and_then(|before| Ok((before, runtime.file(bundle)?))) {
            Ok((before, file)) => {
                open.push((*runtime, before, file.as_ref().map(|(file, _)| file.clone())));
                files.extend(file.filter(|file| !files.contains(file)));
            }
            Err(warning) => report.warning(&warning.into()),
        }
    }
    let published = publish_settings(&files, options)?;
    let mut configured = Vec::new();
    for (runtime, before, file) in open {
        let path = file.and_then(|file| published.path(&file)).unwrap_or(bundle);
        if runtime == Runtime::Php && is_memory(path) {
            report.warning(&RuntimeWarning::Memory(runtime).into());
            continue;
        }
        let value = runtime.value(before, path);
        configured.push(ConfiguredRuntime { runtime, value, path: path.to_path_buf() });
    }
    Ok(configured)
}
