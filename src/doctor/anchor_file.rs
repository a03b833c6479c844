//! A file of trust anchors as a program in the container reads it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::RootCertStore;

use crate::sys::quote;
use crate::trust::certificate::Certificate;
use crate::trust::source::{CertificateSource, Label, Named, Origin, SourceKind};
use crate::trust::trust_anchors::anchors;

/// The trust anchors in one file.
#[derive(Debug)]
pub struct AnchorFile {
    /// The file; `None` for the files of `--ca` together.
    pub path: Option<PathBuf>,
    /// The variables that name it.
    pub readers: String,
    /// The certificates in it.
    pub anchors: Vec<Certificate>,
}

impl AnchorFile {
    /// Parses the anchors in `bytes`, the contents of the file at `path`.
    pub fn parse(path: &Path, bytes: &[u8]) -> Self {
        let label = label(path);
        let all = anchors(bytes).certificates;
        let read = |der: Vec<u8>| Certificate::read(&der, &label);
        let anchors = all.iter().filter_map(|pem| read(pem.decode()?)).collect();
        Self { path: Some(path.to_path_buf()), readers: String::new(), anchors }
    }

    /// Returns its name for messages.
    pub fn name(&self) -> String {
        let path = self.path.as_deref().map(|path| quote::path(path).to_string());
        path.unwrap_or_else(|| "the files of --ca".to_owned())
    }

    /// Returns the anchors that rustls can use.
    pub fn roots(&self) -> Arc<RootCertStore> {
        roots(&self.anchors)
    }
}

/// Returns those of `anchors` that rustls can use.
pub(crate) fn roots<'a>(anchors: impl IntoIterator<Item = &'a Certificate>) -> Arc<RootCertStore> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(anchors.into_iter().map(|anchor| anchor.der.clone()));
    Arc::new(roots)
}

/// Wraps the contents of the file at `path` as a source of certificates.
pub(crate) fn source(path: &Path, bytes: &[u8]) -> CertificateSource {
    CertificateSource { label: label(path), kind: SourceKind::Named, bytes: bytes.to_vec() }
}

/// Returns the label of certificates from the file at `path`.
pub(crate) fn label(path: &Path) -> Label {
    Label::Path(Named { path: path.to_path_buf(), origin: Origin::Default })
}
