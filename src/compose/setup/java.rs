//! What setup configures for Java: the same as trust-init in the container, as far as it can be known from
//! here, and nothing by a guess.

use crate::compose::images::jvm::ContainerFs;
use crate::compose::images::{RootsOrigin, ServiceEnvironment};
use crate::compose::injection::JvmConfig;
use crate::compose::layout::DIRECTORY;
use crate::compose::output::WarningSink;
use crate::compose::select::{Choice, SelectionReason};
use crate::sys::output;
use crate::sys::quote;
use crate::trust::bundle::Pem;
use crate::trust::keystore::{self, ExtendedStore};
use crate::trust::variables::java::{JAVA_TOOL_OPTIONS, JavaWarning, own_options};

/// Why a JVM in the image is not configured.
const GUESSED: &str = "Java not configured: unknown image (override with --service NAME=trust)";
const UNREAD: &str = "Java not configured: JAVA_TOOL_OPTIONS is not known yet";

/// What is done for a service's JVM.
pub(crate) struct Outcome {
    /// The line for the user, before the services.
    pub line: String,
    /// The JVM's configuration, unless it is left alone.
    pub jvm: Option<JvmConfig>,
}

/// A service with an image, and what it trusts.
pub(crate) struct JavaService<'a> {
    /// The service, and why it was chosen.
    pub choice: &'a Choice<'a>,
    /// The files that the service sees.
    pub inward: &'a ContainerFs<'a>,
    /// Its variables.
    pub environment: &'a ServiceEnvironment,
    /// The custom CAs that Java can read.
    pub custom: &'a [Pem<'a>],
    /// The roots of its bundle.
    pub roots: &'a [Pem<'a>],
    /// Where those come from.
    pub basis: &'a RootsOrigin,
}

impl JavaService<'_> {
    /// Finds the JVM, and decides; `None` where there is none, or it trusts the custom CAs already.
    pub(crate) fn outcome(&self, warn: WarningSink<'_>) -> Option<Outcome> {
        let Self { inward, environment, custom, .. } = *self;
        let found = inward.trust_store(environment.all())?;
        let unconfigured = |line: &str| Some(Outcome { line: line.to_owned(), jvm: None });
        if matches!(self.choice.reason, SelectionReason::Unknown(_)) {
            return unconfigured(GUESSED);
        }
        if environment.is_unknown(JAVA_TOOL_OPTIONS) || self.choice.service.has_unread_environment {
            return unconfigured(UNREAD);
        }
        let words: Vec<_> = inward.command_line().into_iter().map(Into::into).collect();
        let options = own_options(environment.all(), &words, |path| path.starts_with(DIRECTORY));
        let options = options.map_err(|warning| warn(warning.into())).ok()?.to_owned();
        let (roots, origin) = if let RootsOrigin::Asked(_) = self.basis {
            (self.roots.iter().map(Pem::borrow).collect(), self.basis.to_string())
        } else {
            let path = found.path.clone();
            let origin = format!("of {}", quote::path(&path));
            let roots = found.certificates();
            (
                roots.map_err(|error| warn(JavaWarning::Unreadable { path, error }.into())).ok()?,
                origin,
            )
        };
        let store = ExtendedStore::new(custom, roots)?;
        let line = format!("in Java with {} {origin}", output::count(store.roots.len(), "root"));
        let store = keystore::write(&store.certificates());
        Some(Outcome { line, jvm: Some(JvmConfig { store, options }) })
    }
}
