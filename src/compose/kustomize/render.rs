//! Runs kustomize, as a part of kubectl or as a separate program.

use std::ffi::OsString;
use std::path::Path;

use crate::compose::docker::command::{CommandError, ENGINE_TIMEOUT, output_of};

/// Renders the kustomization in `directory` with these options, by `kubectl` or else by `kustomize`.
///
/// # Errors
/// When it cannot be rendered, or neither of the two is installed.
pub(crate) fn run_kustomize(directory: &Path, options: &[&str]) -> Result<Vec<u8>, CommandError> {
    let rendered = |program: &str, subcommand: &str| {
        let mut arguments: Vec<OsString> = vec![subcommand.into()];
        arguments.extend(options.iter().map(OsString::from));
        arguments.extend(["--".into(), directory.into()]);
        output_of(program, &arguments, ENGINE_TIMEOUT)
    };
    match rendered("kubectl", "kustomize") {
        Err(CommandError::NotInstalled) => rendered("kustomize", "build"),
        rendered => rendered,
    }
}
