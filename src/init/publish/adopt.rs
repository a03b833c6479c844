//! Adopts a file that was prepared and mounted at the path of a published file, so that no file is written.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::init::ca_event::ca_event;
use crate::init::publish::files::PublishOptions;
use crate::init::publish::location::is_irreplaceable;
use crate::sys::diagnostic::Diagnostic;
use crate::sys::dir;
use crate::sys::file;
use crate::sys::log_record::Event;
use crate::sys::output;
use crate::sys::quote;
use crate::trust::bundle::{self, Pem};
use crate::trust::certificate::Certificate;
use crate::trust::keystore::{self, KeyStoreFormat};
use crate::trust::root_stores;
use crate::trust::source::{Label, Origin, Roots};
use crate::trust::trust_anchors::{self, Anchors};
use crate::trust::variables::TrustFile;

/// Whether a file that may be mounted is used.
pub(crate) enum Adoption {
    /// It is used, at this path, with an event for each certificate that is trusted through it alone.
    Yes { path: PathBuf, surplus: Vec<Event> },
    /// It is not used; with a warning if a file is mounted there.
    No(Option<Diagnostic>),
}

/// Checks whether a file that was mounted at `path` can be used: every client can read it, and it contains
/// all `wanted` certificates. Further certificates are accepted only if the user chose neither other roots nor the
/// CAs to trust.
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
    let anchors = if let TrustFile::TrustStore(format) = kind {
        match keystore::read(&bytes) {
            Ok(_) if KeyStoreFormat::detect(&bytes) != Some(*format) => {
                return no(format!("its format is not {}", format.name()));
            }
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
    if held.len() > wanted.len() {
        if options.roots != Roots::System {
            return no("it contains root certificates that --roots excludes".to_owned());
        }
        if options.is_listed {
            return no("it contains certificates that --ca-sha256 does not list".to_owned());
        }
    }
    let surplus = surplus(held.difference(&wanted).copied(), &path);
    Adoption::Yes { path, surplus }
}

/// The number of surplus certificates that are named.
const NAMED: usize = 20;

/// Returns the events for certificates in the bundle at `path` that are neither custom CAs nor roots of the image.
/// Mozilla's roots are counted only: they are in every bundle for an image without roots.
fn surplus<'a>(surplus: impl Iterator<Item = &'a [u8]>, path: &Path) -> Vec<Event> {
    let surplus: Vec<_> = surplus.collect();
    if surplus.is_empty() {
        return Vec::new();
    }
    let mozilla = root_stores::find_roots(Roots::Mozilla).ok();
    let mozilla = mozilla.as_ref().map(|source| trust_anchors::roots(source).anchors.certificates);
    let mozilla = bundle::certificate_set(mozilla.as_deref().unwrap_or_default());
    let label = Label::new(path, Origin::Default);
    let others: Vec<_> = surplus.iter().filter(|pem| !mozilla.contains(*pem)).collect();
    let read = |pem: &&&[u8]| Certificate::read(&Pem::from_canonical(pem).decode()?, &label);
    let mut events: Vec<_> =
        others.iter().take(NAMED).filter_map(read).map(|found| ca_event(&found, true)).collect();
    let unnamed = surplus.len() - events.len();
    if unnamed > 0 {
        let (count, path) = (output::count(unnamed, "more certificate"), quote::path(path));
        events.push(Event::new(
            "bundle-adopted",
            format!("trusting {count} in {path}, which is mounted"),
        ));
    }
    events
}

/// Whether the file at `path` contains exactly `pieces`.
pub(crate) fn contains_exactly(path: &Path, pieces: &[&[u8]]) -> bool {
    std::fs::File::open(path)
        .is_ok_and(|file| dir::contains_exactly(file, pieces).unwrap_or_default())
}
