//! The CAs that are trusted: whether they are there, what they are, and who will refuse them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::compose::certs::key::Key;
use crate::compose::certs::{CA, CA_KEY};
use crate::compose::cli::Shape;
use crate::compose::doctor::files::{Look, refused};
use crate::compose::inputs::{
    self, Error, ErrorKind, InputOptions, Inputs, ServerFault, replace_ca_command,
};
use crate::compose::project::files::directory_of;
use crate::compose::{passwords, setup};
use crate::sys::file;
use crate::sys::finding::{Finding, Sign};
use crate::sys::output;
use crate::sys::quote;
use crate::trust::certificate::Certificate;
use crate::trust::certificate::extensions::Details;
use crate::trust::certificate::lints::{self, Finding as Flaw, Lint, LintHit};
use crate::trust::certificate::strict_gap::StrictGap;

/// What the files of the CA came to.
pub struct Seen {
    /// What could be used of them.
    pub inputs: Option<Inputs>,
    /// Why not all of it.
    pub error: Option<Error>,
    /// The directories that keys may be in.
    pub directories: Vec<PathBuf>,
}

/// Reads what `shape` names.
pub fn see(look: &Look<'_>, shape: &Shape) -> Seen {
    let given = setup::given(shape);
    let mut directories = BTreeSet::new();
    for path in given.custom_ca.iter().chain(&given.extra) {
        directories.insert(if path.is_dir() {
            path.clone()
        } else {
            directory_of(path).to_owned()
        });
    }
    let read = |given: &InputOptions| inputs::read(given, look.now, &passwords::terminal);
    // Where the file `ca.crt` was named, the server's files may be beside it. Whatever else is wrong in
    // that directory was not handed over.
    let file = given.custom_ca.as_deref().filter(|path| path.ends_with(CA));
    let beside = file.map(|file| InputOptions {
        custom_ca: Some(directory_of(file).to_owned()),
        ..given.clone()
    });
    if let Some(Ok(inputs)) = beside.as_ref().map(read) {
        return Seen { inputs: Some(inputs), error: None, directories: vec(directories) };
    }
    match read(&given) {
        Ok(inputs) => Seen { inputs: Some(inputs), error: None, directories: vec(directories) },
        Err(error) => {
            let usual = given.custom_ca.iter().map(|path| path.join(CA)).find(|path| path.exists());
            let custom_ca = usual.or(given.custom_ca);
            let less = InputOptions { custom_ca, domain: None, serves: false, ..given };
            let inputs = read(&less).ok();
            Seen { inputs, error: Some(error), directories: vec(directories) }
        }
    }
}

fn vec(directories: BTreeSet<PathBuf>) -> Vec<PathBuf> {
    directories.into_iter().collect()
}

/// What is to be said of them; `setup` is the command that hands them out.
pub fn findings(look: &Look<'_>, seen: &Seen, setup: &str, findings: &mut Vec<Finding>) {
    findings.extend(seen.error.as_ref().map(unusable));
    let custom = seen.inputs.as_ref().map(|inputs| inputs.custom.as_slice()).unwrap_or_default();
    let known = custom.iter().map(Certificate::name).collect();
    for certificate in custom {
        let path = certificate.label.path().unwrap_or(Path::new(CA));
        let thing = quote::path(path);
        let directory = own(certificate, path);
        let remake =
            directory.map(|directory| format!("{}\n{setup}", replace_ca_command(directory)));
        let before = findings.len();
        for lint in lints::findings(certificate, look.now, &known) {
            let mend = remake.clone().unwrap_or_else(|| ask(lint));
            findings.push(flaw(certificate, lint, &thing, mend));
        }
        let subject = quote::word(&certificate.subject);
        let until = certificate.not_after;
        let days = until.days_from(look.now);
        if (1..look.days).contains(&days) {
            let cause = format!("{subject} expires on {until}, {}", within(days));
            let mend = remake
                .unwrap_or_else(|| "ask whoever issued it for the one that follows it".to_owned());
            findings.push(Finding::warning("ca-expires-soon", &thing, cause, mend));
        }
        if findings.len() == before {
            let cause = format!("{subject} until {until}, which every client can trust");
            findings.push(Finding::ok("ca", &thing, cause));
        }
    }
}

/// Days that are left, in words.
pub fn within(days: i64) -> String {
    format!("in {}", output::count(usize::try_from(days).unwrap_or_default(), "day"))
}

/// The directory of a CA whose key is at hand, proved to be its own.
fn own<'a>(certificate: &Certificate, path: &'a Path) -> Option<&'a Path> {
    let directory = path.ends_with(CA).then(|| directory_of(path))?;
    let key = file::read(&directory.join(CA_KEY), &mut file::FILE_LIMIT.clone()).ok()?;
    let fits = Key::read(&key).is_ok_and(|key| key.fits(&Details::of(certificate)));
    fits.then_some(directory)
}

/// What mends somebody else's CA.
fn ask(lint: &Lint) -> String {
    match lint.finding {
        Flaw::NotYetValid | Flaw::WithoutItsRoot | Flaw::ServerCertificate => lint.fix.to_owned(),
        _ => format!("ask whoever issued it: {}", lint.fix),
    }
}

/// A row of the table as a finding: what no client accepts is an error.
fn flaw(
    certificate: &Certificate,
    lint: &'static Lint,
    thing: &impl ToString,
    mend: String,
) -> Finding {
    let (id, sign) = match lint.finding {
        // Where there is one, nothing is kept.
        Flaw::ServerCertificate => ("ca-is-server-certificate", Sign::Error),
        Flaw::SelfSignedLeaf => ("ca-is-self-signed-leaf", Sign::Warning),
        Flaw::Expired => ("ca-expired", Sign::Error),
        Flaw::NotYetValid => ("ca-not-yet-valid", Sign::Error),
        Flaw::WithoutItsRoot => ("ca-without-its-root", Sign::Warning),
        Flaw::NotStrict => ("ca-not-strict", Sign::Warning),
        Flaw::Old => ("ca-version-1", Sign::Warning),
        Flaw::NegativeSerial => ("ca-negative-serial", Sign::Warning),
        Flaw::ShortKey => ("ca-short-key", Sign::Warning),
        Flaw::MayNotSign => ("ca-may-not-sign", Sign::Error),
        Flaw::OtherPurpose => ("ca-other-purpose", Sign::Warning),
        Flaw::UnknownCritical => ("ca-unknown-critical", Sign::Warning),
        Flaw::RareKey => ("ca-rare-key", Sign::Warning),
        Flaw::NotForJava => ("ca-not-for-java", Sign::Warning),
    };
    let LintHit { subject, detail, .. } = LintHit::new(certificate, lint);
    let Lint { says, who, .. } = lint;
    let mut cause = format!("{} {says}{detail}: {who}", quote::word(&subject));
    if lint.finding == Flaw::NotStrict && certificate.strict_gaps.contains(&StrictGap::NoKeyUsage) {
        // In the words of OpenSSL's crypto/x509/x509_txt.c, which people search for.
        cause += " (\"CA cert does not include key usage extension\")";
    }
    Finding { sign, ..Finding::ok(id, thing, cause) }.with_fix(mend)
}

/// Why the files cannot be used.
pub fn unusable(error: &Error) -> Finding {
    let id = match &error.kind {
        ErrorKind::Missing => {
            let found = refused::finding("certificate-missing", Sign::Error, error);
            return found.with_fix("put it back there, or set up again with another file");
        }
        ErrorKind::NoCa(judged) => return stranger(judged),
        ErrorKind::Unreadable => "certificate-unreadable",
        ErrorKind::HoldsKey => "ca-holds-key",
        ErrorKind::Unusable => "ca-unusable",
        ErrorKind::NotFound => "ca-missing",
        ErrorKind::ServerIncomplete => "server-incomplete",
        ErrorKind::Options => "setup-refused",
        ErrorKind::Server(fault) => match fault {
            ServerFault::Unusable => "server-unusable",
            ServerFault::Key => "server-key-unusable",
            ServerFault::KeyMismatch => "server-key-mismatch",
            ServerFault::ChainOrder => "server-chain-order",
            ServerFault::NotBelowCa => "server-not-below-ca",
            ServerFault::Expired => "server-expired",
            ServerFault::NotYetValid => "server-not-yet-valid",
            ServerFault::NameMissing => "server-name-missing",
        },
    };
    refused::finding(id, Sign::Error, error)
}

/// A certificate that no client can use as a CA.
fn stranger(judged: &LintHit) -> Finding {
    let LintHit { place, subject, detail, lint } = judged;
    // The path alone, which holds no backtick.
    let thing: String = place.split_inclusive('`').take(2).collect();
    let Lint { says, who, fix, .. } = lint;
    let cause = format!("{} {says}{detail}: {who}", quote::word(subject));
    Finding::error("ca-is-server-certificate", &thing, cause, *fix)
}
