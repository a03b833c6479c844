//! The inputs of publishing: everything that a run has found.

use crate::init::run::java::JvmConfiguration;
use crate::init::system_store::InstallResult;
use crate::trust::bundle::{Bundle, Pem};
use crate::trust::root_stores::RootSource;
use crate::trust::trust_anchors::Anchors;

/// The inputs of publishing.
pub(crate) struct PublishInputs<'a> {
    /// The source of the public roots.
    pub source: &'a RootSource,
    /// The public roots as certificates.
    pub anchors: &'a Anchors<'a>,
    /// The custom CAs.
    pub custom: &'a [Pem<'a>],
    /// Both, without duplicates.
    pub bundle: Bundle<'a>,
    /// The JVM that does not trust the custom CAs yet.
    pub jvm: Option<JvmConfiguration<'a>>,
    /// The changes to the image's own store.
    pub installed: InstallResult,
}

impl PublishInputs<'_> {
    /// Returns the JVM that needs an option which names its key store: none is installed where it finds it
    /// itself.
    pub(crate) fn named_jvm(&self) -> Option<&JvmConfiguration<'_>> {
        self.jvm.as_ref().filter(|_| self.installed.java.is_none())
    }
}
