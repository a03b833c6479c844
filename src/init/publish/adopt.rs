//! When a file that was mounted is used as it is: it was prepared, and nothing need be written.

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

/// What becomes of a file that may have been mounted.
pub(crate) enum Adoption {
    /// It serves, at this path.
    Yes(PathBuf),
    /// It does not, with the reason if something is mounted there.
    No(Option<Diagnostic>),
}

/// Whether a file that was mounted at `path` serves as it is: every client can read it, and it holds
/// every certificate that ours would. More than that is accepted only where the roots were not
/// chosen: it is then what was wanted.
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
                "the bundle mounted at {path} is not used: {cause}; the service gets one of its own"
            ))
            .advise(
                "prepare the mounted bundle again (`trust-compose setup` does): health checks and \
                 `exec` still read it",
            ),
        ))
    };
    let bytes = match file::read(&path, &mut file::FILE_LIMIT.clone()) {
        Ok(bytes) => bytes,
        Err(file::FileError::Missing) => return Adoption::No(None),
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
        return no("it holds roots that --roots leaves out".to_owned());
    }
    Adoption::Yes(path)
}

/// Whether the file at `path` holds exactly `pieces`.
pub(crate) fn contains_exactly(path: &Path, pieces: &[&[u8]]) -> bool {
    std::fs::File::open(path)
        .is_ok_and(|file| dir::contains_exactly(file, pieces).unwrap_or_default())
}
