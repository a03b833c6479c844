//! What a set-up does for Java: the same as trust-init in the container, as far as it can be known from
//! here, and nothing by a guess.

use crate::compose::images::jvm::ContainerFs;
use crate::compose::images::{RootsOrigin, ServiceEnvironment};
use crate::compose::select::{Choice, Reason};
use crate::compose::setup::Warn;
use crate::compose::setup::overlay::{DIRECTORY, Jvm};
use crate::sys::output;
use crate::sys::quote;
use crate::trust::bundle::Pem;
use crate::trust::keystore::{self, ExtendedStore};
use crate::trust::variables::java::{JAVA_TOOL_OPTIONS, Warning, open};

/// Why a JVM that is there is not told.
const GUESSED: &str =
    "not in Java, as the image is not known by its name (--service NAME=trust tells it)";
const UNREAD: &str = "not in Java, as what JAVA_TOOL_OPTIONS says is not known yet";

/// What becomes of a service's JVM.
pub struct Outcome {
    /// The line on it, before the services.
    pub line: String,
    /// What it is told.
    pub jvm: Option<Jvm>,
}

/// Looks for the JVM of a service that does not trust `custom` yet, the custom CAs that Java can read. `roots`
/// are those of its bundle.
pub fn java(
    Choice { service, reason, .. }: &Choice<'_>,
    inward: &ContainerFs<'_>,
    environment: &ServiceEnvironment,
    custom: &[Pem<'_>],
    (roots, basis): (&[Pem<'_>], &RootsOrigin),
    warn: Warn<'_>,
) -> Option<Outcome> {
    let found = inward.store(environment.all())?;
    let left = |line: &str| Some(Outcome { line: line.to_owned(), jvm: None });
    if matches!(reason, Reason::Unknown(_)) {
        return left(GUESSED);
    }
    if environment.is_unknown(JAVA_TOOL_OPTIONS) || service.has_unread_environment {
        return left(UNREAD);
    }
    let words: Vec<_> = inward.words().into_iter().map(Into::into).collect();
    let options = open(environment.all(), &words, |path| path.starts_with(DIRECTORY));
    let options = options.map_err(|warning| warn(&warning)).ok()?.to_owned();
    let (roots, whose) = if let RootsOrigin::Asked(_) = basis {
        (roots.iter().map(Pem::borrow).collect(), basis.to_string())
    } else {
        let path = found.path.clone();
        let whose = format!("of {}", quote::path(&path));
        let roots = found.certificates();
        (roots.map_err(|error| warn(&Warning::Unreadable { path, error })).ok()?, whose)
    };
    let store = ExtendedStore::new(custom, roots)?;
    let line = format!("in Java with {} {whose}", output::count(store.roots.len(), "root"));
    let store = keystore::write(&store.certificates());
    Some(Outcome { line, jvm: Some(Jvm { store, options }) })
}
