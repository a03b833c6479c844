//! Adopts a file that was prepared and mounted at the path of a published file, so that no file is written.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::init::publish::files::PublishOptions;
use crate::init::publish::location::is_irreplaceable;
use crate::sys::diagnostic::Diagnostic;
use crate::sys::dir;
use crate::sys::file;
use crate::sys::output;
use crate::sys::quote;
use crate::trust::bundle;
use crate::trust::keystore;
use crate::trust::source::Roots;
use crate::trust::trust_anchors::Anchors;
use crate::trust::variables::TrustFile;

/// Whether a file that may be mounted is used.
pub(crate) enum Adoption {
    /// It is used, at this path.
    Yes(PathBuf),
    /// It is not used; with a warning if a file is mounted there.
    No(Option<Diagnostic>),
}

/// Checks whether a file that was mounted at `path` can be used: every client can read it, and it contains
/// all `wanted` certificates. Further certificates are accepted only if the user did not choose other roots.
pub(crate) fn adopt<'a>(
    path: PathBuf,
    kind: &TrustFile,
    wanted: impl Fn() -> BTreeSet<&'a [u8]>,
    options: &PublishOptions<'_>,
) -> Adoption {
    if !is_irreplaceable(&path) {
        return Adoption::No(None);
    }
    let no = |cause: String| {
        let path = quote::path(&path);
        Adoption::No(Some(
            Diagnostic::statement(format!(
                "the bundle mounted at {path} is not used: {cause}; the service gets a new one"
            ))
            .advise(
                "prepare the mounted bundle again (`trust-compose setup` does): health checks and \
                 `exec` still read it",
            ),
        ))
    };
    let bytes = match file::read(&path, &mut file::FILE_LIMIT.clone()) {
        Ok(bytes) => bytes,
        Err(file::FileReadError::Missing) => return Adoption::No(None),
        Err(problem) => return no(problem.to_string()),
    };
    let anchors = if *kind == TrustFile::TrustStore {
        match keystore::read(&bytes) {
            Ok(certificates) => Anchors::from(certificates),
            Err(problem) => return no(problem.to_string()),
        }
    } else {
        crate::trust::trust_anchors::anchors(&bytes)
    };
    let (held, wanted) = (bundle::certificate_set(&anchors.certificates), wanted());
    let missing = wanted.difference(&held).count();
    if missing > 0 {
        return no(format!("it lacks {}", output::count(missing, "certificate")));
    }
    if !anchors.tidy {
        return no("some clients cannot read it as it is".to_owned());
    }
    if options.roots != Roots::System && held.len() > wanted.len() {
        return no("it contains root certificates that --roots excludes".to_owned());
    }
    Adoption::Yes(path)
}

/// Whether the file at `path` contains exactly `pieces`.
pub(crate) fn contains_exactly(path: &Path, pieces: &[&[u8]]) -> bool {
    std::fs::File::open(path)
        .is_ok_and(|file| dir::contains_exactly(file, pieces).unwrap_or_default())
}
