//! Renders a kustomization.

use std::ffi::OsString;
use std::path::Path;

use crate::compose::docker::command::{ANSWER, Failure, output_of};

/// Renders the kustomization in `directory` with these options: by `kubectl`, else by `kustomize`.
///
/// # Errors
/// When it cannot be rendered, or neither of the two is there.
pub fn kustomize(directory: &Path, options: &[&str]) -> Result<Vec<u8>, Failure> {
    let rendered = |program: &str, word: &str| {
        let mut words: Vec<OsString> = vec![word.into()];
        words.extend(options.iter().map(OsString::from));
        words.extend(["--".into(), directory.into()]);
        output_of(program, &words, ANSWER)
    };
    match rendered("kubectl", "kustomize") {
        Err(Failure::Missing) => rendered("kustomize", "build"),
        rendered => rendered,
    }
}
