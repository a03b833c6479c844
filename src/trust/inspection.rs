//! Bytes become certificates, or words that say why not.
//!
//! The only place that parses certificates. What a file is, its contents say and not its name.
//! Custom CAs are read whole and judged by the table in [`lints`]; the image's roots are not ours
//! to judge (a few of Debian's have expired), so of them only the shape is proved.

use crate::sys::diagnostic::{Diagnostic, owned_into_diagnostic};
use crate::trust::certificate::lints;
use crate::trust::certificate::strict_der;
use crate::trust::der;
use crate::trust::openssl_trusted;
use crate::trust::pem;
use crate::trust::pkcs7;
use crate::trust::trust_anchors;

use std::collections::BTreeSet;

use crate::sys::quote;
use crate::trust::bundle::Pem;
use crate::trust::certificate::Certificate;
use crate::trust::certificate::lints::LintHit;
use crate::trust::der::Outline;
use crate::trust::file_error::Problem;
use crate::trust::pem::{Block, Flaw, Kind};
use crate::trust::source::{Label, Source, SourceKind};
use crate::trust::source::{Named, Origin};
use crate::trust::time::Time;

/// The result of inspecting the custom sources.
#[derive(Debug, Default)]
pub struct Inspection {
    /// What is kept, in the order of the sources, doubles included.
    pub certificates: Vec<Certificate>,
    /// What is wrong enough to stop.
    pub errors: Vec<Error>,
    /// What is not.
    pub warnings: Vec<Warning>,
}

/// A source that cannot be used, or a certificate in it.
#[derive(Debug)]
pub enum Error {
    /// The source as a whole.
    Unusable { label: Label, problem: Problem },
    /// One certificate in it.
    Refused(LintHit),
    /// A directory without a single CA.
    NoAuthority { label: Label },
}

/// Something that was kept or left out, and may surprise the user.
#[derive(Debug)]
pub enum Warning {
    /// Kept, but some clients will refuse it.
    Kept(LintHit),
    /// A file of the default directory that cannot be used, or one of a directory that holds
    /// nothing but a key.
    LeftOut(Error),
    /// A certificate in a directory that is no CA.
    NoAuthority { label: Label, subject: String },
}

impl From<&Error> for Diagnostic {
    fn from(error: &Error) -> Self {
        match error {
            Error::Unusable { label, problem } => {
                label.cannot("use").because(problem).advise(problem.fix())
            }
            Error::Refused(judged) => judged.into(),
            Error::NoAuthority { label } => label
                .cannot("use")
                .because("no CA is in its files (.crt, .pem, .cer, .der, .p7b)")
                .advise("put the CA's certificate there, or name the file itself"),
        }
    }
}

impl From<&Warning> for Diagnostic {
    fn from(warning: &Warning) -> Self {
        match warning {
            Warning::Kept(judged) => judged.into(),
            Warning::LeftOut(Error::Unusable { label, problem: Problem::PrivateKey { .. } }) => {
                Self::statement(format!("left out: {label} holds a private key"))
                    .advise("do not mount keys into a container that only needs to trust")
            }
            Warning::LeftOut(error) => {
                let error = Self::from(error);
                Self { fixes: error.fixes.clone(), ..Self::statement(format!("left out: {error}")) }
            }
            Warning::NoAuthority { label, subject } => {
                Self::statement(format!("left out: {} in {label} is no CA", quote::word(subject)))
                    .advise("to trust it anyway, name the file")
            }
        }
    }
}

owned_into_diagnostic!(Error);
owned_into_diagnostic!(Warning);
/// Reads every custom source.
pub fn inspect(sources: &[Source]) -> Inspection {
    let mut inspection = Inspection::default();
    for source in sources {
        match certificates(source) {
            Ok(certificates) => {
                for certificate in certificates {
                    if certificate.is_ca || source.kind == SourceKind::Named {
                        inspection.certificates.push(certificate);
                    } else {
                        let Certificate { label, subject, .. } = certificate;
                        inspection.warnings.push(Warning::NoAuthority { label, subject });
                    }
                }
            }
            Err(problem) => {
                let label = source.label.clone();
                let is_stray = problem.is_by_product() && !holds_authority(source);
                let error = Error::Unusable { label, problem };
                match source.kind {
                    SourceKind::Member if is_stray => {
                        inspection.warnings.push(Warning::LeftOut(error));
                    }
                    SourceKind::Named | SourceKind::Member => inspection.errors.push(error),
                    SourceKind::Default => inspection.warnings.push(Warning::LeftOut(error)),
                }
            }
        }
    }
    inspection
}

/// Judges what was kept, moves out what no client can use, and says what some will refuse.
pub fn judge(inspection: &mut Inspection, now: Time, roots: &[Pem<'_>]) {
    let Inspection { certificates, errors, warnings } = inspection;
    let mut known = BTreeSet::new();
    if certificates.iter().any(|certificate| !certificate.is_self_issued) {
        known.extend(certificates.iter().map(Certificate::name));
        known.extend(roots.iter().filter_map(trust_anchors::name));
    }
    certificates.retain(|certificate| {
        let mut keep = true;
        for lint in lints::findings(certificate, now, &known) {
            let judged = LintHit::new(certificate, lint);
            keep &= lint.keep;
            if lint.keep {
                warnings.push(Warning::Kept(judged));
            } else {
                errors.push(Error::Refused(judged));
            }
        }
        keep
    });
}

/// Why some JVM cannot read the certificate `der`, or any reader.
#[cfg(feature = "doctor")]
pub fn java_flaw(der: &[u8]) -> Option<&'static str> {
    strict_der::check(der).unwrap_or_else(Some)
}

/// Those of `certificates` that belong in a key store: a JVM refuses all of it for one that it cannot
/// read.
pub fn for_java(certificates: &[Certificate]) -> impl Iterator<Item = Pem<'_>> {
    let readable = certificates.iter().filter(|certificate| certificate.java_flaw.is_none());
    readable.map(|certificate| certificate.pem.borrow())
}

/// The certificates in one source.
///
/// # Errors
/// When it holds anything else, or something that is broken.
pub fn certificates(source: &Source) -> Result<Vec<Certificate>, Problem> {
    let bytes = source.bytes.as_slice();
    let line = |at| pem::line(bytes, at);
    let broken = |Flaw { at, what }| Problem::Broken { line: line(at), what };
    let read = |der: &[u8]| read(der, source, &|| 0);
    // A key outweighs every other complaint, and is found even where the text is broken.
    if let Some(line) = pem::private_key(bytes) {
        return Err(Problem::PrivateKey { line });
    }
    let blocks = pem::blocks(bytes).collect::<Result<Vec<_>, Flaw>>().map_err(broken)?;
    if blocks.is_empty() {
        return match der::outline(bytes) {
            Outline::Certificate => Ok(vec![read(bytes)?]),
            Outline::CertificateAndMore => Err(Problem::NoCertificate { line: 0 }),
            Outline::SignedData => pkcs7(bytes, read),
            Outline::Pkcs12 => Err(Problem::Pkcs12),
            Outline::PrivateKey => Err(Problem::PrivateKey { line: 0 }),
            Outline::Other => Err(Problem::of(bytes)),
        };
    }
    let mut found = Vec::new();
    let mut buffer = Vec::new();
    for block in &blocks {
        let Some(kind) = block.kind() else {
            let label = block.label.to_owned();
            return Err(Problem::OtherBlock { line: line(block.at), label });
        };
        found.extend(in_block(source, block, kind, &mut buffer)?);
    }
    Ok(found)
}

/// The certificates in one block of a source.
pub(crate) fn in_block(
    source: &Source,
    block: &Block<'_>,
    kind: Kind,
    buffer: &mut Vec<u8>,
) -> Result<Vec<Certificate>, Problem> {
    let line = |at| pem::line(&source.bytes, at);
    let broken = |Flaw { at, what }| Problem::Broken { line: line(at), what };
    // Counted only where something is wrong: from the file's first byte, it takes its time.
    let read = |der: &[u8]| read(der, source, &|| line(block.at));
    let der = block.decode(buffer).map_err(broken)?.der;
    match kind {
        Kind::Certificate if der::outline(der) != Outline::SignedData => Ok(vec![read(der)?]),
        Kind::Trusted => {
            let problem = || Problem::NotForServers { line: line(block.at) };
            Ok(vec![read(openssl_trusted::for_servers(der).ok_or_else(problem)?)?])
        }
        Kind::Certificate | Kind::Pkcs7 => pkcs7(der, read),
    }
}

/// One certificate, which every reader can read.
pub(crate) fn read(
    der: &[u8],
    source: &Source,
    line: &dyn Fn() -> usize,
) -> Result<Certificate, Problem> {
    let mut certificate = Certificate::read(der, &source.label)
        .ok_or_else(|| Problem::NoCertificate { line: line() })?;
    let checked = strict_der::check(der);
    certificate.java_flaw = checked.map_err(|what| Problem::Unreadable { line: line(), what })?;
    Ok(certificate)
}

fn pkcs7(
    der: &[u8],
    read: impl Fn(&[u8]) -> Result<Certificate, Problem>,
) -> Result<Vec<Certificate>, Problem> {
    let found = pkcs7::certificates(der).filter(|found| !found.is_empty());
    found.ok_or(Problem::EmptyPkcs7)?.into_iter().map(read).collect()
}

/// Whether there is a CA in a file that cannot be used.
fn holds_authority(source: &Source) -> bool {
    let mut buffer = Vec::new();
    pem::blocks(&source.bytes).filter_map(Result::ok).any(|block| {
        let der = block.decode(&mut buffer).map(|decoded| decoded.der).unwrap_or_default();
        Certificate::read(der, &source.label).is_some_and(|certificate| certificate.is_ca)
    })
}

impl Inspection {
    /// Asks that each of `directories` has given at least one CA, or said why not.
    pub fn require_authority(&mut self, directories: Vec<Label>) {
        for label in directories {
            let is_below = |other: &Label| match (other.path(), label.path()) {
                (Some(path), Some(directory)) => path.starts_with(directory),
                _ => false,
            };
            let has_spoken = self
                .errors
                .iter()
                .any(|error| matches!(error, Error::Unusable { label, .. } if is_below(label)));
            if !has_spoken && !self.certificates.iter().any(|found| is_below(&found.label)) {
                self.errors.push(Error::NoAuthority { label });
            }
        }
    }

    /// Leaves out what merely lay in the default directory and is among `roots` already.
    pub fn leave_out_known(&mut self, roots: &[Pem<'_>]) {
        let is_default = |certificate: &Certificate| {
            matches!(&certificate.label, Label::Path(Named { origin: Origin::Default, .. }))
        };
        // A set of these few, and not of all the roots.
        let (mut lying, mut known) = (BTreeSet::new(), BTreeSet::new());
        let default = self.certificates.iter().filter(|certificate| is_default(certificate));
        lying.extend(default.map(|certificate| certificate.pem.text()));
        known.extend(roots.iter().map(Pem::text).filter(|root| lying.contains(root)));
        if !known.is_empty() {
            self.certificates.retain(|certificate| {
                !is_default(certificate) || !known.contains(certificate.pem.text())
            });
        }
    }
}
