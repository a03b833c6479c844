//! Parses the certificates of custom sources and applies the [`lints`].
//!
//! The contents of a file decide what it is, not its name. Custom CAs are parsed completely and linted. The
//! image's roots are not linted (a few of Debian's have expired): [`trust_anchors`] checks only their
//! structure.

use crate::sys::diagnostic::{Diagnostic, owned_into_diagnostic};
use crate::trust::certificate::lints;
use crate::trust::certificate::strict_der;
use crate::trust::der;
use crate::trust::openssl_trusted;
use crate::trust::pem;
use crate::trust::pkcs7;
use crate::trust::same_name;
use crate::trust::trust_anchors;

use std::collections::BTreeSet;

use crate::sys::quote;
use crate::trust::bundle::Pem;
use crate::trust::certificate::Certificate;
use crate::trust::certificate::lints::LintHit;
use crate::trust::der::Outline;
use crate::trust::file_error::CertificateFileError;
use crate::trust::fingerprint::Fingerprint;
use crate::trust::pem::{PemBlock, PemError, PemKind};
use crate::trust::same_name::SameName;
use crate::trust::source::{CertificateSource, Label, SourceKind};
use crate::trust::source::{Named, Origin};
use crate::trust::time::Time;

/// The result of inspecting the custom sources.
#[derive(Debug, Default)]
pub struct Inspection {
    /// The certificates that are kept, in the order of the sources, including duplicates.
    pub certificates: Vec<Certificate>,
    /// Faults that prevent the start.
    pub errors: Vec<InspectionError>,
    /// Faults that do not.
    pub warnings: Vec<InspectionWarning>,
}

/// A source that cannot be used, or a certificate in it.
#[derive(Debug)]
pub enum InspectionError {
    /// The whole source.
    Unusable { label: Label, problem: CertificateFileError },
    /// One certificate in it.
    Refused(LintHit),
    /// A directory without a CA.
    NoCa { label: Label },
    /// A certificate whose fingerprint is not listed.
    Unlisted { label: Label, subject: String, fingerprint: Fingerprint },
}

/// A certificate or file that was kept or left out in spite of a fault.
#[derive(Debug)]
pub enum InspectionWarning {
    /// A certificate that some clients reject.
    Kept(LintHit),
    /// A file of the default directory that cannot be used, or a key or the like in a named directory.
    LeftOut(InspectionError),
    /// A certificate that is not a CA, in a directory or beside a CA.
    NoCa { label: Label, subject: String, is_self_issued: bool },
    /// CAs of which OpenSSL finds only the first.
    SameName(SameName),
}

impl From<&InspectionError> for Diagnostic {
    fn from(error: &InspectionError) -> Self {
        match error {
            InspectionError::Unusable { label, problem } => {
                label.cannot("use").because(problem).advise(problem.fix())
            }
            InspectionError::Refused(judged) => judged.into(),
            InspectionError::NoCa { label } => label
                .cannot("use")
                .because("its files (.crt, .pem, .cer, .der, .p7b) contain no CA")
                .advise("put the CA's certificate there, or name the file itself"),
            InspectionError::Unlisted { label, subject, fingerprint } => {
                let subject = quote::word(subject);
                Self::cannot("trust", format_args!("{subject} in {label}"))
                    .because(format_args!(
                        "--ca-sha256 does not list its fingerprint, {fingerprint}"
                    ))
                    .advise("remove it from there, or add its fingerprint if it is yours")
            }
        }
    }
}

impl From<&InspectionWarning> for Diagnostic {
    fn from(warning: &InspectionWarning) -> Self {
        match warning {
            InspectionWarning::Kept(judged) => judged.into(),
            InspectionWarning::LeftOut(InspectionError::Unusable {
                label,
                problem: CertificateFileError::PrivateKey { .. },
            }) => Self::statement(format!("left out: {label} contains a private key"))
                .advise("do not mount private keys into a container that only needs certificates"),
            InspectionWarning::LeftOut(error) => {
                let error = Self::from(error);
                Self { fixes: error.fixes.clone(), ..Self::statement(format!("left out: {error}")) }
            }
            InspectionWarning::NoCa { label, subject, is_self_issued } => {
                let subject = quote::word(subject);
                let fix = if *is_self_issued {
                    "to trust it anyway, name the file"
                } else {
                    "mount only the CAs to avoid this warning"
                };
                Self::statement(format!("left out: {subject} in {label} is not a CA")).advise(fix)
            }
            InspectionWarning::SameName(found) => found.into(),
        }
    }
}

owned_into_diagnostic!(InspectionError);
owned_into_diagnostic!(InspectionWarning);

/// Reads every custom source.
pub fn inspect(sources: &[CertificateSource]) -> Inspection {
    let mut inspection = Inspection::default();
    for source in sources {
        match certificates(source) {
            Ok(found) => {
                let is_named = source.kind == SourceKind::Named;
                let has_ca = found.iter().any(|certificate| certificate.is_ca);
                for certificate in found {
                    if certificate.is_ca || is_named && !is_chain_leaf(&certificate, has_ca) {
                        inspection.certificates.push(certificate);
                    } else {
                        let Certificate { label, subject, is_self_issued, .. } = certificate;
                        inspection.warnings.push(InspectionWarning::NoCa {
                            label,
                            subject,
                            is_self_issued,
                        });
                    }
                }
            }
            Err(problem) => {
                let label = source.label.clone();
                let is_stray = problem.is_by_product() && !holds_ca(source);
                let error = InspectionError::Unusable { label, problem };
                match source.kind {
                    SourceKind::Member if is_stray => {
                        inspection.warnings.push(InspectionWarning::LeftOut(error));
                    }
                    SourceKind::Named | SourceKind::Member => inspection.errors.push(error),
                    SourceKind::Default => {
                        inspection.warnings.push(InspectionWarning::LeftOut(error));
                    }
                }
            }
        }
    }
    inspection
}

/// Whether `certificate` is the server's in a file that also contains its CAs (`has_ca`), and is left out.
/// Its intermediates are kept: they add no trust to their root's, and some servers do not send them.
pub(crate) fn is_chain_leaf(certificate: &Certificate, has_ca: bool) -> bool {
    has_ca && !certificate.is_ca && !certificate.is_self_issued
}

/// Applies the lints: moves certificates that no client accepts to the errors, and adds a warning for each
/// other fault.
pub fn apply_lints(inspection: &mut Inspection, now: Time, roots: &[Pem<'_>]) {
    let Inspection { certificates, errors, warnings } = inspection;
    let mut known = BTreeSet::new();
    if certificates.iter().any(|certificate| !certificate.is_self_issued) {
        known.extend(certificates.iter().map(Certificate::subject_der));
        known.extend(roots.iter().filter_map(trust_anchors::subject_der));
    }
    certificates.retain(|certificate| {
        let mut keep = true;
        for lint in lints::matching(certificate, now, &known) {
            let judged = LintHit::new(certificate, lint);
            keep &= lint.keep;
            if lint.keep {
                warnings.push(InspectionWarning::Kept(judged));
            } else {
                errors.push(InspectionError::Refused(judged));
            }
        }
        keep
    });
    warnings.extend(same_name::find(certificates.iter(), now).map(InspectionWarning::SameName));
}

/// Returns why some JVM, or another reader, cannot read the certificate `der`.
#[cfg(feature = "doctor")]
pub fn java_flaw(der: &[u8]) -> Option<&'static str> {
    strict_der::check(der).unwrap_or_else(Some)
}

/// Returns the certificates for a key store: a JVM rejects the whole store for one that it cannot read.
pub fn for_java(certificates: &[Certificate]) -> impl Iterator<Item = Pem<'_>> {
    let readable = certificates.iter().filter(|certificate| certificate.java_flaw.is_none());
    readable.map(|certificate| certificate.pem.borrow())
}

/// Parses the certificates in one source.
///
/// # Errors
/// When it contains a block that is broken or not a certificate.
pub fn certificates(source: &CertificateSource) -> Result<Vec<Certificate>, CertificateFileError> {
    let bytes = source.bytes.as_slice();
    let line = |at| pem::line_number(bytes, at);
    let broken = |PemError { at, what }| CertificateFileError::Broken { line: line(at), what };
    let read = |der: &[u8]| read_certificate(der, source, &|| 0);
    // A private key is reported before all other faults, also in text that is broken elsewhere.
    if let Some(line) = pem::private_key(bytes) {
        return Err(CertificateFileError::PrivateKey { line });
    }
    let blocks = pem::blocks(bytes).collect::<Result<Vec<_>, PemError>>().map_err(broken)?;
    if blocks.is_empty() {
        return match der::outline(bytes) {
            Outline::Certificate => Ok(vec![read(bytes)?]),
            Outline::CertificateAndMore => Err(CertificateFileError::NoCertificate { line: 0 }),
            Outline::SignedData => pkcs7(bytes, read),
            Outline::Pkcs12 => Err(CertificateFileError::Pkcs12),
            Outline::PrivateKey => Err(CertificateFileError::PrivateKey { line: 0 }),
            Outline::Other => Err(CertificateFileError::of(bytes)),
        };
    }
    let mut found = Vec::new();
    let mut buffer = Vec::new();
    for block in &blocks {
        let Some(kind) = block.kind() else {
            let label = block.label.to_owned();
            return Err(CertificateFileError::OtherBlock { line: line(block.at), label });
        };
        found.extend(certificates_in_block(source, block, kind, &mut buffer)?);
    }
    Ok(found)
}

/// Parses the certificates in one block of a source.
pub(crate) fn certificates_in_block(
    source: &CertificateSource,
    block: &PemBlock<'_>,
    kind: PemKind,
    buffer: &mut Vec<u8>,
) -> Result<Vec<Certificate>, CertificateFileError> {
    let line = |at| pem::line_number(&source.bytes, at);
    let broken = |PemError { at, what }| CertificateFileError::Broken { line: line(at), what };
    // The line is counted only for an error, because counting reads the file from its first byte.
    let read = |der: &[u8]| read_certificate(der, source, &|| line(block.at));
    let der = block.decode(buffer).map_err(broken)?.der;
    match kind {
        PemKind::Certificate if der::outline(der) != Outline::SignedData => Ok(vec![read(der)?]),
        PemKind::Trusted => {
            let problem = || CertificateFileError::NotForServers { line: line(block.at) };
            Ok(vec![read(openssl_trusted::for_servers(der).ok_or_else(problem)?)?])
        }
        PemKind::Certificate | PemKind::Pkcs7 => pkcs7(der, read),
    }
}

/// Parses one certificate, and checks that every reader can read it.
pub(crate) fn read_certificate(
    der: &[u8],
    source: &CertificateSource,
    line: &dyn Fn() -> usize,
) -> Result<Certificate, CertificateFileError> {
    let mut certificate = Certificate::read(der, &source.label)
        .ok_or_else(|| CertificateFileError::NoCertificate { line: line() })?;
    let checked = strict_der::check(der);
    certificate.java_flaw =
        checked.map_err(|what| CertificateFileError::Unreadable { line: line(), what })?;
    Ok(certificate)
}

fn pkcs7(
    der: &[u8],
    read: impl Fn(&[u8]) -> Result<Certificate, CertificateFileError>,
) -> Result<Vec<Certificate>, CertificateFileError> {
    let found = pkcs7::certificates(der).filter(|found| !found.is_empty());
    found.ok_or(CertificateFileError::EmptyPkcs7)?.into_iter().map(read).collect()
}

/// Whether a file that cannot be used contains a CA.
fn holds_ca(source: &CertificateSource) -> bool {
    let mut buffer = Vec::new();
    pem::blocks(&source.bytes).filter_map(Result::ok).any(|block| {
        let der = block.decode(&mut buffer).map(|decoded| decoded.der).unwrap_or_default();
        Certificate::read(der, &source.label).is_some_and(|certificate| certificate.is_ca)
    })
}

impl Inspection {
    /// Adds an error for each of `directories` that contains neither a CA nor a file with an error.
    pub fn require_ca(&mut self, directories: Vec<Label>) {
        for label in directories {
            let is_below = |other: &Label| match (other.path(), label.path()) {
                (Some(path), Some(directory)) => path.starts_with(directory),
                _ => false,
            };
            let has_error = self.errors.iter().any(
                |error| matches!(error, InspectionError::Unusable { label, .. } if is_below(label)),
            );
            if !has_error && !self.certificates.iter().any(|found| is_below(&found.label)) {
                self.errors.push(InspectionError::NoCa { label });
            }
        }
    }

    /// Moves the certificates whose fingerprints are not among `listed` to the errors. An empty list allows
    /// all.
    pub fn refuse_unlisted(&mut self, listed: &[Fingerprint]) {
        if listed.is_empty() {
            return;
        }
        let Self { certificates, errors, .. } = self;
        certificates.retain(|certificate| {
            let fingerprint = certificate.fingerprint();
            let is_listed = listed.contains(&fingerprint);
            if !is_listed {
                let (label, subject) = (certificate.label.clone(), certificate.subject.clone());
                errors.push(InspectionError::Unlisted { label, subject, fingerprint });
            }
            is_listed
        });
    }

    /// Removes certificates of the default directory that are already among `roots`.
    pub fn remove_known(&mut self, roots: &[Pem<'_>]) {
        let is_default = |certificate: &Certificate| {
            matches!(&certificate.label, Label::Path(Named { origin: Origin::Default, .. }))
        };
        // A set of the few certificates is smaller than one of all roots.
        let (mut found, mut known) = (BTreeSet::new(), BTreeSet::new());
        let default = self.certificates.iter().filter(|certificate| is_default(certificate));
        found.extend(default.map(|certificate| certificate.pem.text()));
        known.extend(roots.iter().map(Pem::text).filter(|root| found.contains(root)));
        if !known.is_empty() {
            self.certificates.retain(|certificate| {
                !is_default(certificate) || !known.contains(certificate.pem.text())
            });
        }
    }
}
