//! What a kustomization comes to.

use std::path::Path;

use super::{ANSWER, Failure, run};

/// Renders the kustomization in `directory`: by `kubectl`, or by `kustomize` where that is what is there.
///
/// # Errors
/// When it cannot be rendered, or neither of the two is there.
pub fn kustomize(directory: &Path) -> Result<Vec<u8>, Failure> {
    let rendered = |program: &str, word: &str| match run(
        program,
        &[word.into(), "--".into(), directory.into()],
        ANSWER,
    )? {
        (told, None) => Ok(told),
        (_, Some(said)) => Err(Failure::Said(said)),
    };
    match rendered("kubectl", "kustomize") {
        Err(Failure::Missing) => rendered("kustomize", "build"),
        told => told,
    }
}
