//! What a run has decided to trust, before it is written anywhere.

use crate::init::run::java::JvmConfiguration;
use crate::init::system_store::InstallResult;
use crate::trust::bundle::{Bundle, Pem};
use crate::trust::root_stores::RootSource;
use crate::trust::trust_anchors::Anchors;

/// Everything that decides what is published.
pub(crate) struct PublishInputs<'a> {
    /// The public roots as they were found,
    pub source: &'a RootSource,
    /// and as certificates.
    pub anchors: &'a Anchors<'a>,
    /// The custom CAs.
    pub custom: &'a [Pem<'a>],
    /// Both, each certificate once.
    pub bundle: Bundle<'a>,
    /// The JVM that does not trust the custom CAs yet.
    pub jvm: Option<JvmConfiguration<'a>>,
    /// What was put into the image's own store.
    pub installed: InstallResult,
}

impl PublishInputs<'_> {
    /// The JVM whose key store has to be named to it: it does not find one by itself.
    pub(crate) fn named_jvm(&self) -> Option<&JvmConfiguration<'_>> {
        self.jvm.as_ref().filter(|_| self.installed.java.is_none())
    }
}
