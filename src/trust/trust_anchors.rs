//! Reads bundles whose certificates are not linted: the image's roots, a mounted bundle, the file that a
//! variable names.
//!
//! They are read at every start, so this is fast: only the structure of each certificate is checked, and its
//! text is borrowed if it is canonical.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use rustls_pki_types::CertificateDer;

use crate::sys::diagnostic::{Diagnostic, owned_into_diagnostic};
use crate::sys::quote;
use crate::trust::bundle::Pem;
use crate::trust::der::{self, Outline};
use crate::trust::pem::{self, PemBlock, PemError, PemKind};
use crate::trust::root_stores::RootSource;
use crate::trust::{certificate, openssl_trusted};

/// The certificates of a bundle, without lints.
#[derive(Clone, Debug, Default)]
pub struct Anchors<'a> {
    /// The certificates, in order.
    pub certificates: Vec<Pem<'a>>,
    /// Whether every client can read the file as it is.
    pub tidy: bool,
    /// The broken blocks: their lines and faults.
    broken: Vec<(usize, &'static str)>,
}

impl From<&[CertificateDer<'static>]> for Anchors<'_> {
    fn from(certificates: &[CertificateDer<'static>]) -> Self {
        let certificates = certificates.iter().map(|der| Pem::encode(der)).collect();
        Self { certificates, tidy: true, broken: Vec::new() }
    }
}

impl<'a> From<Vec<Pem<'a>>> for Anchors<'a> {
    fn from(certificates: Vec<Pem<'a>>) -> Self {
        Self { certificates, tidy: true, broken: Vec::new() }
    }
}

impl Anchors<'_> {
    /// Returns the first broken block: its line and fault.
    pub fn flaw(&self) -> Option<(usize, &'static str)> {
        self.broken.first().copied()
    }

    /// Returns the same, copied if it borrows from the text.
    pub fn into_owned(self) -> Anchors<'static> {
        let certificates = self.certificates.into_iter().map(Pem::into_owned).collect();
        Anchors { certificates, ..self }
    }
}

/// The number of broken blocks that a warning lists: a file may contain a hundred thousand.
const NAMED: usize = 3;

/// The public roots, and the warnings about them.
#[derive(Debug)]
pub struct PublicRoots<'a> {
    /// The roots.
    pub anchors: Anchors<'a>,
    /// Broken blocks, or a missing file of roots.
    pub warnings: Vec<RootWarning>,
}

/// A warning about the image's own roots.
#[derive(Debug)]
pub enum RootWarning {
    /// Blocks in a file or a directory that are left out, because they would break the bundle for some
    /// clients or are not roots: the places and faults of the first few, and the number of the others.
    LeftOut { path: PathBuf, first: Vec<String>, more: usize },
    /// The image has no roots.
    None,
}

owned_into_diagnostic!(RootWarning);

impl From<&RootWarning> for Diagnostic {
    fn from(warning: &RootWarning) -> Self {
        match warning {
            RootWarning::LeftOut { path, first, more } => {
                let mut text = format!(
                    "left out of the image's roots: {} {}",
                    quote::path(path),
                    first.join("; ")
                );
                if *more > 0 {
                    let _ = write!(text, "; and {more} more");
                }
                Self::statement(text)
                    .advise("create it again in the image (`update-ca-certificates --fresh`)")
            }
            RootWarning::None => Self::statement(
                "the image has no root certificates: programs that use the bundle will not trust \
                 public servers, even if they bring root certificates of their own",
            )
            .advise("install ca-certificates in the image, or set TRUST_INIT_ROOTS=mozilla"),
        }
    }
}

/// Reads the public roots to merge.
pub fn roots(source: &RootSource) -> PublicRoots<'_> {
    let mut warnings = Vec::new();
    let anchors = match source {
        RootSource::File { path, bytes } => {
            let anchors = anchors(bytes);
            let faults = anchors.broken.iter();
            warnings
                .extend(left_out(path, faults.map(|(line, what)| format!("line {line}: {what}"))));
            anchors
        }
        RootSource::Directory { path, contents } => {
            // Packages put the certificates of servers there too (Debian's ssl-cert).
            let is_leaf =
                |der: &&CertificateDer<'_>| certificate::is_server_certificate(der, false);
            let (leaves, roots): (Vec<_>, Vec<_>) = contents.certificates.iter().partition(is_leaf);
            let broken =
                contents.broken.iter().map(|(path, what)| format!("{}: {what}", quote::path(path)));
            let leaves = leaves.iter().map(|_| "a server's certificate".to_owned());
            warnings.extend(left_out(path, broken.chain(leaves)));
            roots.into_iter().map(|der| Pem::encode(der)).collect::<Vec<_>>().into()
        }
        RootSource::Mozilla(certificates) => certificates.as_slice().into(),
        RootSource::Unwanted | RootSource::Nowhere => Anchors::default(),
    };
    if anchors.certificates.is_empty() && !matches!(source, RootSource::Unwanted) {
        warnings.push(RootWarning::None);
    }
    PublicRoots { anchors, warnings }
}

/// Returns the warning about `faults` in the file or directory at `path`; `None` without faults.
fn left_out(path: &Path, mut faults: impl Iterator<Item = String>) -> Option<RootWarning> {
    let first: Vec<_> = faults.by_ref().take(NAMED).collect();
    let more = faults.count();
    (!first.is_empty()).then(|| RootWarning::LeftOut { path: path.into(), first, more })
}

/// Reads an image's roots, an existing bundle, or a file that a variable names. A block with the structure
/// of a certificate counts as one.
pub fn anchors(text: &[u8]) -> Anchors<'_> {
    let mut anchors = Anchors { tidy: true, ..Anchors::default() };
    let mut lines = pem::Lines::new(text);
    let mut buffer = Vec::new();
    for block in pem::blocks(text) {
        match block.and_then(|block| anchor(&block, &mut buffer)) {
            Ok(Some((certificate, is_tidy))) => {
                anchors.tidy &= is_tidy;
                anchors.certificates.push(certificate);
            }
            Ok(None) => {}
            Err(PemError { at, what }) => {
                anchors.tidy = false;
                anchors.broken.push((lines.line_number(at), what));
            }
        }
    }
    anchors
}

fn anchor<'a>(
    block: &PemBlock<'a>,
    buffer: &mut Vec<u8>,
) -> Result<Option<(Pem<'a>, bool)>, PemError> {
    let is_plain = match block.kind() {
        Some(PemKind::Certificate) => true,
        Some(PemKind::Trusted) => false,
        Some(PemKind::Pkcs7) | None => return Ok(None),
    };
    let decoded = block.decode(buffer)?;
    match (is_plain, der::outline(decoded.der)) {
        (true, Outline::Certificate) => Ok(Some((block.pem(&decoded), decoded.is_tidy))),
        (false, Outline::Certificate | Outline::CertificateAndMore) => {
            let what = "the certificate is not trusted for servers";
            let der =
                openssl_trusted::for_servers(decoded.der).ok_or(PemError { at: block.at, what })?;
            Ok(Some((Pem::encode(der), false)))
        }
        _ => Err(PemError { at: block.at, what: "the block is not a certificate" }),
    }
}

/// Returns the subject of a root, as DER.
pub fn subject_der(root: &Pem<'_>) -> Option<Vec<u8>> {
    let mut buffer = Vec::new();
    let block = pem::blocks(root.text()).next()?.ok()?;
    certificate::subject_der(block.decode(&mut buffer).ok()?.der)
}
