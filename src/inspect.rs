//! Bytes become certificates, or words that say why not.
//!
//! The only place that parses certificates. What a file is, its contents say and not its name.
//! Custom CAs are read whole and judged by the table in [`verdict`]; the image's roots are not ours
//! to judge (a few of Debian's have expired), so of them only the shape is proved.

pub mod certificate;
mod der;
mod pem;
mod pkcs7;
mod trusted;
pub mod verdict;

use std::fmt::{self, Display};
use std::path::PathBuf;

use rustls_pki_types::CertificateDer;

use self::certificate::{Certificate, Time};
use self::der::Outline;
use self::pem::{Block, Flaw};
use self::verdict::Judged;
use crate::cli::{Named, Origin};
use crate::discover::{Label, RootSource, Source, Standing};
use crate::report;

/// What the custom sources came to.
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
    Refused(Judged),
    /// A directory without a single CA.
    NoAuthority { label: Label },
}

/// Why a file cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// It holds a private key, at this line (0: the whole file is one).
    PrivateKey { line: usize },
    /// It is a PKCS#12 archive.
    Pkcs12,
    /// It holds a block of another kind.
    OtherBlock { line: usize, label: String },
    /// It holds a certificate that OpenSSL's note says is not trusted for servers.
    NotForServers { line: usize },
    /// A block cannot be decoded.
    Broken(Flaw),
    /// A block or the whole file decodes to something else.
    NoCertificate { line: usize },
    /// A PKCS#7 structure without certificates, or one that cannot be read.
    EmptyPkcs7,
    /// It is a web page.
    Page,
    /// It is text of two bytes a character.
    Utf16,
    /// It has no bytes, or only white space.
    Empty,
    /// There is no certificate in it.
    Nothing,
}

/// Something that was kept or left out, and will surprise somebody.
#[derive(Debug)]
pub enum Warning {
    /// Kept, but somebody will refuse it.
    Kept(Judged),
    /// A file of the default directory that cannot be used, or one of a directory that holds
    /// nothing but a key.
    LeftOut(Error),
    /// A certificate in a directory that is no CA.
    NoAuthority { label: Label, subject: String },
}

impl std::error::Error for Error {}

impl Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unusable { label, problem } => write!(f, "cannot use {label}: {problem}"),
            Self::Refused(judged) => write!(f, "{judged}"),
            Self::NoAuthority { label } => write!(
                f,
                "cannot use {label}: no CA is in its files (.crt, .pem, .cer, .der, .p7b)\n\
                 fix: put the CA's certificate there, or name the file itself"
            ),
        }
    }
}

impl Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PrivateKey { line: 0 } => f.write_str("it is a private key")?,
            Self::PrivateKey { line } => write!(f, "a private key begins at line {line}")?,
            Self::Pkcs12 => f.write_str("it is a PKCS#12 archive, which is made to hold keys")?,
            Self::OtherBlock { line, label } => {
                write!(f, "line {line} begins a {}, which is no certificate", report::word(label))?;
            }
            Self::NotForServers { line } => write!(
                f,
                "the TRUSTED CERTIFICATE at line {line} is not trusted for servers, or rejected \
                 for something"
            )?,
            Self::Broken(Flaw { line, what }) => write!(f, "line {line}: {what}")?,
            Self::NoCertificate { line: 0 } => {
                f.write_str("its bytes are not, or not only, a certificate")?;
            }
            Self::NoCertificate { line } => {
                write!(f, "the block at line {line} is not, or not only, a certificate")?;
            }
            Self::EmptyPkcs7 => f.write_str("no certificate can be read from its PKCS#7")?,
            Self::Page => f.write_str("it is a web page, perhaps one that asks for a login")?,
            Self::Utf16 => f.write_str("it is text in UTF-16")?,
            Self::Empty => f.write_str("it is empty")?,
            Self::Nothing => f.write_str("there is no certificate in it")?,
        }
        write!(f, "\nfix: {}", self.fix())
    }
}

impl Problem {
    fn fix(&self) -> &'static str {
        match self {
            Self::PrivateKey { .. } => {
                "keep keys out of containers that only need to trust, and mount a file with the \
                 CA's certificate alone (`openssl x509 -in FILE -out ca.crt` writes one)"
            }
            Self::Pkcs12 => {
                "run `trust-compose setup` with it on the host, or take the certificates out: \
                 `openssl pkcs12 -in FILE -nokeys -out ca.crt`"
            }
            Self::OtherBlock { .. } => "mount a file with nothing but certificates in it",
            Self::NotForServers { .. } => {
                "ask for the plain certificate, or name another CA if it is right"
            }
            Self::Broken(_) => "copy the file again, whole, from where it came",
            Self::NoCertificate { .. } | Self::EmptyPkcs7 | Self::Nothing => {
                "see what is in it with `openssl asn1parse -in FILE`, and name the CA's certificate"
            }
            Self::Page => "download the certificate again, signed in",
            Self::Utf16 => "convert it: `iconv -f UTF-16 -t UTF-8 FILE > ca.crt`",
            Self::Empty => "write the CA's certificate into it",
        }
    }
}

impl Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kept(judged) => write!(f, "{judged}"),
            Self::LeftOut(error) => write!(f, "left out: {error}"),
            Self::NoAuthority { label, subject } => write!(
                f,
                "left out: {} in {label} is no CA\nfix: to trust it all the same, name the file",
                report::word(subject)
            ),
        }
    }
}

/// Reads every custom source.
pub fn inspect(sources: &[Source]) -> Inspection {
    let mut inspection = Inspection::default();
    for source in sources {
        match certificates(source) {
            Ok(certificates) => {
                for certificate in certificates {
                    if certificate.is_ca || source.standing == Standing::Named {
                        inspection.certificates.push(certificate);
                    } else {
                        let Certificate { label, subject, .. } = certificate;
                        inspection.warnings.push(Warning::NoAuthority { label, subject });
                    }
                }
            }
            Err(problem) => {
                let is_key = matches!(problem, Problem::PrivateKey { .. });
                let error = Error::Unusable { label: source.label.clone(), problem };
                match source.standing {
                    Standing::Named => inspection.errors.push(error),
                    Standing::Member if !is_key || holds_authority(source) => {
                        inspection.errors.push(error);
                    }
                    Standing::Member | Standing::Default => {
                        inspection.warnings.push(Warning::LeftOut(error));
                    }
                }
            }
        }
    }
    inspection
}

/// Judges what was kept, moves out what no client can use, and says what some will refuse.
pub fn judge(inspection: &mut Inspection, now: Time, roots: &[CertificateDer<'static>]) {
    let certificates = std::mem::take(&mut inspection.certificates);
    for certificate in &certificates {
        let mut keep = true;
        for verdict in verdict::findings(certificate, now, &certificates, roots) {
            let judged = Judged::new(certificate, verdict);
            keep &= verdict.keep;
            if verdict.keep {
                inspection.warnings.push(Warning::Kept(judged));
            } else {
                inspection.errors.push(Error::Refused(judged));
            }
        }
        if keep {
            inspection.certificates.push(certificate.clone());
        }
    }
}

/// The certificates in one source.
fn certificates(source: &Source) -> Result<Vec<Certificate>, Problem> {
    let bytes = source.bytes.as_slice();
    let read = |der: &[u8], line| {
        Certificate::read(der, &source.label).ok_or(Problem::NoCertificate { line })
    };
    let blocks = pem::blocks(bytes).collect::<Result<Vec<_>, Flaw>>();
    // A key outweighs every other complaint, and is found even where the text is broken.
    if let Some(line) = private_key(bytes) {
        return Err(Problem::PrivateKey { line });
    }
    let blocks = blocks.map_err(Problem::Broken)?;
    if blocks.is_empty() {
        return match der::outline(bytes) {
            Outline::Certificate => Ok(vec![read(bytes, 0)?]),
            Outline::CertificateAndMore => Err(Problem::NoCertificate { line: 0 }),
            Outline::SignedData => pkcs7(bytes, |der| read(der, 0)),
            Outline::Pkcs12 => Err(Problem::Pkcs12),
            Outline::PrivateKey => Err(Problem::PrivateKey { line: 0 }),
            Outline::Other => Err(unknown(bytes)),
        };
    }
    let mut found = Vec::new();
    let mut scratch = Vec::new();
    for block in &blocks {
        let line = block.line;
        let Some(kind) = kind(block) else {
            return Err(Problem::OtherBlock { line, label: block.label.to_owned() });
        };
        let (der, _) = block.decode(&mut scratch).map_err(Problem::Broken)?;
        match kind {
            Kind::Certificate => found.push(read(&der, line)?),
            Kind::Trusted => {
                let der = trusted::for_servers(&der).ok_or(Problem::NotForServers { line })?;
                found.push(read(der, line)?);
            }
            Kind::Pkcs7 => found.extend(pkcs7(&der, |der| read(der, line))?),
        }
    }
    Ok(found)
}

fn pkcs7(
    der: &[u8],
    read: impl Fn(&[u8]) -> Result<Certificate, Problem>,
) -> Result<Vec<Certificate>, Problem> {
    let found = pkcs7::certificates(der).filter(|found| !found.is_empty());
    found.ok_or(Problem::EmptyPkcs7)?.iter().map(|der| read(der)).collect()
}

enum Kind {
    Certificate,
    Trusted,
    Pkcs7,
}

/// The labels that OpenSSL reads (crypto/pem/pem_lib.c, `check_pem`) and those of RFC 7468.
fn kind(block: &Block<'_>) -> Option<Kind> {
    match block.label {
        "CERTIFICATE" | "X509 CERTIFICATE" => Some(Kind::Certificate),
        "TRUSTED CERTIFICATE" => Some(Kind::Trusted),
        "PKCS7" | "PKCS #7 SIGNED DATA" | "CMS" => Some(Kind::Pkcs7),
        _ => None,
    }
}

/// The line of the first marker that begins a private key, of whatever kind.
fn private_key(text: &[u8]) -> Option<usize> {
    let markers: [&[u8]; 2] = [b"PRIVATE KEY-----", b"PRIVATE KEY BLOCK-----"];
    let at = markers.iter().filter_map(|marker| memchr::memmem::find(text, marker)).min()?;
    Some(memchr::memchr_iter(b'\n', text.get(..at)?).count() + 1)
}

/// Whether there is a CA in a file that cannot be used.
fn holds_authority(source: &Source) -> bool {
    let mut scratch = Vec::new();
    pem::blocks(&source.bytes).filter_map(Result::ok).any(|block| {
        let der = block.decode(&mut scratch).map(|(der, _)| der).unwrap_or_default();
        Certificate::read(&der, &source.label).is_some_and(|certificate| certificate.is_ca)
    })
}

/// What a file without any certificate is, as far as its owner would recognise it.
fn unknown(bytes: &[u8]) -> Problem {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii();
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        Problem::Utf16
    } else if text.is_empty() {
        Problem::Empty
    } else if text.starts_with(b"<") {
        Problem::Page
    } else {
        Problem::Nothing
    }
}

impl Inspection {
    /// Asks that each of `directories` has given at least one CA, or said why not.
    pub fn require_authority(&mut self, directories: Vec<Label>) {
        for label in directories {
            let is_below = |other: &Label| match (other.path(), label.path()) {
                (Some(path), Some(directory)) => path.starts_with(directory),
                _ => false,
            };
            let has_spoken = self.errors.iter().any(
                |error| matches!(error, Error::Unusable { label, .. } if is_below(label)),
            );
            if !has_spoken && !self.certificates.iter().any(|found| is_below(&found.label)) {
                self.errors.push(Error::NoAuthority { label });
            }
        }
    }

    /// Leaves out what merely lay in the default directory and is among `roots` already.
    pub fn leave_out_known(&mut self, roots: &[CertificateDer<'static>]) {
        self.certificates.retain(|certificate| {
            let is_default = matches!(&certificate.label, Label::Path(Named { origin: Origin::Default, .. }));
            !is_default || !roots.contains(&certificate.der)
        });
    }
}

/// The certificates of a bundle that is not ours to judge.
#[derive(Debug, Default)]
pub struct Anchors {
    /// The certificates, in order.
    pub certificates: Vec<CertificateDer<'static>>,
    /// Whether every client can read the file as it is.
    pub tidy: bool,
    broken: Vec<Flaw>,
}

/// The public roots, and what is wrong with them.
#[derive(Debug)]
pub struct PublicRoots {
    /// The roots, in order.
    pub certificates: Vec<CertificateDer<'static>>,
    /// What was left out, or that there are none.
    pub warnings: Vec<RootWarning>,
}

/// Something about the image's own roots.
#[derive(Debug)]
pub enum RootWarning {
    /// A block that no client could read, and that would have broken the bundle for some.
    Broken { path: PathBuf, line: usize, what: &'static str },
    /// The image has no roots.
    None,
}

impl Display for RootWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Broken { path, line, what } => write!(
                f,
                "left out of the image's roots: {} line {line}: {what}\n\
                 fix: make that file anew in the image (`update-ca-certificates --fresh`)",
                report::path(path)
            ),
            Self::None => f.write_str(
                "the image has no roots, so public servers are trusted by no program that reads \
                 the bundle, not even by those that bring roots of their own\n\
                 fix: install ca-certificates in the image, or set TRUST_INIT_ROOTS=mozilla",
            ),
        }
    }
}

/// Reads the public roots to merge.
pub fn roots(source: &RootSource) -> PublicRoots {
    let mut warnings = Vec::new();
    let certificates = match source {
        RootSource::File { path, bytes } => {
            let anchors = anchors(bytes);
            let broken = anchors.broken.into_iter();
            warnings.extend(broken.map(|Flaw { line, what }| {
                RootWarning::Broken { path: path.clone(), line, what }
            }));
            anchors.certificates
        }
        RootSource::Directory { certificates, .. } | RootSource::Mozilla(certificates) => {
            certificates.clone()
        }
        RootSource::Unwanted => return PublicRoots { certificates: Vec::new(), warnings },
        RootSource::Nowhere => Vec::new(),
    };
    if certificates.is_empty() {
        warnings.push(RootWarning::None);
    }
    PublicRoots { certificates, warnings }
}

/// Reads an image's roots, a bundle that stands, or a file that a variable names: what is shaped
/// like a certificate is one.
pub fn anchors(text: &[u8]) -> Anchors {
    let mut anchors = Anchors { tidy: true, ..Anchors::default() };
    let mut scratch = Vec::new();
    for block in pem::blocks(text) {
        match block.and_then(|block| anchor(&block, &mut scratch)) {
            Ok(Some((certificate, tidy))) => {
                anchors.tidy &= tidy;
                anchors.certificates.push(certificate);
            }
            Ok(None) => {}
            Err(flaw) => {
                anchors.tidy = false;
                anchors.broken.push(flaw);
            }
        }
    }
    anchors
}

fn anchor(
    block: &Block<'_>,
    scratch: &mut Vec<u8>,
) -> Result<Option<(CertificateDer<'static>, bool)>, Flaw> {
    let Some(Kind::Certificate | Kind::Trusted) = kind(block) else { return Ok(None) };
    let is_plain = block.label == "CERTIFICATE";
    let (der, tidy) = block.decode(scratch)?;
    let no = Flaw { line: block.line, what: "the block is no certificate that vouches for servers" };
    match der::outline(&der) {
        Outline::Certificate => Ok(Some((CertificateDer::from(der), tidy && is_plain))),
        Outline::CertificateAndMore if !is_plain => {
            let certificate = trusted::for_servers(&der).ok_or(no)?;
            Ok(Some((CertificateDer::from(certificate.to_vec()), false)))
        }
        _ => Err(no),
    }
}
