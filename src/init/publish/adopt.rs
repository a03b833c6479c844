//! When a file that was mounted is used as it is: somebody has prepared it, and nothing need be written.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::init::publish::location::is_given;
use crate::init::publish::{Order, Warning};
use crate::sys::dir;
use crate::sys::file;
use crate::sys::output;
use crate::trust::bundle;
use crate::trust::keystore;
use crate::trust::source::Roots;
use crate::trust::trust_anchors::Anchors;
use crate::trust::variables::File;

/// What becomes of a file that may have been mounted.
pub enum Adoption {
    /// It serves, at this path.
    Yes(PathBuf),
    /// It does not, and somebody may wonder why.
    No(Option<Warning>),
}

/// Whether a file that was mounted at `path` serves as it is: every client can read it, and it holds
/// every certificate that ours would. More than that is accepted only where the roots were not
/// chosen: it is then what whoever mounted it wanted.
pub fn adopt<'a>(
    path: PathBuf,
    kind: &File,
    wanted: impl Fn() -> BTreeSet<&'a [u8]>,
    order: &Order<'_>,
) -> Adoption {
    if !is_given(&path) {
        return Adoption::No(None);
    }
    let no =
        |because: String| Adoption::No(Some(Warning::NotAdopted { path: path.clone(), because }));
    let bytes = match file::read(&path, &mut file::FILE_LIMIT.clone()) {
        Ok(bytes) => bytes,
        Err(file::Problem::Missing) => return Adoption::No(None),
        Err(problem) => return no(problem.to_string()),
    };
    let anchors = if *kind == File::TrustStore {
        match keystore::read(&bytes) {
            Ok(certificates) => Anchors::from(certificates),
            Err(problem) => return no(problem.to_string()),
        }
    } else {
        crate::trust::trust_anchors::anchors(&bytes)
    };
    let (held, wanted) = (bundle::set(&anchors.certificates), wanted());
    let missing = wanted.difference(&held).count();
    if missing > 0 {
        return no(format!("it lacks {}", output::count(missing, "certificate")));
    }
    if !anchors.tidy {
        return no("some clients cannot read it as it is".into());
    }
    if order.roots != Roots::System && held.len() > wanted.len() {
        return no("it holds roots that --roots leaves out".into());
    }
    Adoption::Yes(path)
}

/// Whether the file at `path` holds exactly `pieces`.
pub fn is_exactly(path: &Path, pieces: &[&[u8]]) -> bool {
    std::fs::File::open(path).is_ok_and(|file| dir::holds(file, pieces).unwrap_or_default())
}
