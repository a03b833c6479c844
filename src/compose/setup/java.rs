//! Configures the JVM of a service like trust-init does in the container, except where an unknown image or
//! variable would require a guess.

use crate::compose::images::jvm::ContainerFs;
use crate::compose::images::{RootsOrigin, ServiceEnvironment};
use crate::compose::injection::JvmConfig;
use crate::compose::layout::DIRECTORY;
use crate::compose::output::WarningSink;
use crate::compose::select::{Choice, SelectionReason};
use crate::sys::output;
use crate::sys::quote;
use crate::trust::bundle::Pem;
use crate::trust::keystore::ExtendedStore;
use crate::trust::variables::java::{JAVA_TOOL_OPTIONS, JavaWarning, own_options};

/// The reasons for which a JVM in the image is not configured.
const UNKNOWN_IMAGE: &str =
    "Java not configured: unknown image (override with --service NAME=trust)";
const UNKNOWN_OPTIONS: &str = "Java not configured: JAVA_TOOL_OPTIONS is not known yet";

/// The result for a service's JVM.
pub(crate) struct JavaOutcome {
    /// The remark for the user, without the services.
    pub line: String,
    /// The JVM's configuration; `None` if it is not changed.
    pub jvm: Option<JvmConfig>,
}

/// A service with an image, and the certificates that it trusts.
pub(crate) struct JavaService<'a> {
    /// The service, with the reason for its selection.
    pub choice: &'a Choice<'a>,
    /// The files in its container.
    pub container_fs: &'a ContainerFs<'a>,
    /// Its variables.
    pub environment: &'a ServiceEnvironment,
    /// The custom CAs that Java can read.
    pub custom: &'a [Pem<'a>],
    /// The roots of its bundle.
    pub roots: &'a [Pem<'a>],
    /// Their origin.
    pub roots_origin: &'a RootsOrigin,
}

impl JavaService<'_> {
    /// Configures the JVM; `None` if none is found, or it trusts the custom CAs already.
    pub(crate) fn outcome(&self, warn: WarningSink<'_>) -> Option<JavaOutcome> {
        let Self { container_fs, environment, custom, .. } = *self;
        let found = container_fs.trust_store(environment.all())?;
        let unconfigured = |line: &str| Some(JavaOutcome { line: line.to_owned(), jvm: None });
        if matches!(self.choice.reason, SelectionReason::Unknown(_)) {
            return unconfigured(UNKNOWN_IMAGE);
        }
        if environment.is_unknown(JAVA_TOOL_OPTIONS) || self.choice.service.has_unread_environment {
            return unconfigured(UNKNOWN_OPTIONS);
        }
        let arguments: Vec<_> = container_fs.command_line().into_iter().map(Into::into).collect();
        let options =
            own_options(environment.all(), &arguments, |path| path.starts_with(DIRECTORY));
        let options = options.map_err(|warning| warn(warning.into())).ok()?.to_owned();
        let format = found.format();
        let (roots, origin) = if let RootsOrigin::Asked(_) = self.roots_origin {
            (self.roots.iter().map(Pem::borrow).collect(), self.roots_origin.to_string())
        } else {
            let path = found.path.clone();
            let origin = format!("of {}", quote::path(&path));
            let roots = found.certificates();
            (
                roots.map_err(|error| warn(JavaWarning::Unreadable { path, error }.into())).ok()?,
                origin,
            )
        };
        let store = ExtendedStore::new(format, custom, roots)?;
        let line = format!("in Java with {} {origin}", output::count(store.roots.len(), "root"));
        Some(JavaOutcome { line, jvm: Some(JvmConfig { store: store.encode(), format, options }) })
    }
}
