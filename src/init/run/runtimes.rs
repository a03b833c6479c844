//! What a run does for runtimes that want the bundle named in settings of their own.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::sys::quote;

use crate::init::publish::{self, Order};
use crate::sys::environment::Environment;
use crate::sys::output::Report;
use crate::trust::variables::runtimes::{Runtime, Warning};

/// A runtime that is told of the bundle.
pub struct Told {
    /// Which.
    pub runtime: Runtime,
    /// The value of its variable.
    pub value: OsString,
    path: PathBuf,
}

impl Told {
    /// The line on it.
    pub fn line(&self) -> String {
        format!("trusting the same in {}, by {}", self.runtime, quote::path(&self.path))
    }
}

/// Writes what each of `runtimes` needs to be told of `bundle`. What cannot be told is a warning: the
/// service starts, as it would without.
///
/// # Errors
/// When its settings cannot be published although the bundle could.
pub fn tell(
    runtimes: &[Runtime],
    environment: &Environment,
    bundle: &Path,
    order: &Order<'_>,
    report: Report,
) -> Result<Vec<Told>, publish::Error> {
    let (mut open, mut files) = (Vec::new(), Vec::new());
    for runtime in runtimes {
        let before = runtime.open(environment, bundle, publish::is_ours, Path::exists);
        match before.and_then(|before| Ok((before, runtime.file(bundle)?))) {
            Ok((before, file)) => {
                open.push((*runtime, before, file.as_ref().map(|(file, _)| file.clone())));
                files.extend(file.filter(|file| !files.contains(file)));
            }
            Err(warning) => report.warning_text(&warning),
        }
    }
    let published = publish::settings(&files, order)?;
    let mut all = Vec::new();
    for (runtime, before, file) in open {
        let path = file.and_then(|file| published.path(&file)).unwrap_or(bundle);
        if runtime == Runtime::Php && publish::is_memory(path) {
            report.warning_text(&Warning::Memory(runtime));
            continue;
        }
        let value = runtime.value(before, path);
        all.push(Told { runtime, value, path: path.to_path_buf() });
    }
    Ok(all)
}
