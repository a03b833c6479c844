//! Checks the CAs: whether their files exist, what they contain, and which clients refuse them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::compose::certs::key::PrivateKey;
use crate::compose::certs::{CA, CA_KEY, INTERMEDIATE};
use crate::compose::cli::Shape;
use crate::compose::doctor::files::context::CheckContext;
use crate::compose::inputs::files::first_certificate;
use crate::compose::inputs::{
    self, InputError, InputErrorKind, InputOptions, Inputs, ServerFault as Fault,
    replace_ca_command,
};
use crate::compose::project::files::directory_of;
use crate::compose::{decide, passwords};
use crate::sys::diagnostic::Fix;
use crate::sys::file;
use crate::sys::finding::{Finding, Severity};
use crate::sys::output;
use crate::sys::quote;
use crate::trust::certificate::Certificate;
use crate::trust::certificate::extensions::{Details, is_signed_by};
use crate::trust::certificate::lints::{self, Lint, LintHit, LintKind};
use crate::trust::certificate::strict_gap::StrictGap;

/// The contents of the CAs' files.
pub(crate) struct CaFiles {
    /// The usable files.
    pub inputs: Option<Inputs>,
    /// The error about the others.
    pub error: Option<InputError>,
    /// The directories that may contain keys.
    pub directories: BTreeSet<PathBuf>,
}

/// Reads the files that `shape` names.
pub(crate) fn read(context: &CheckContext<'_>, shape: &Shape) -> CaFiles {
    let options = decide::input_options(shape);
    let directory = |path: &PathBuf| {
        if path.is_dir() { path.clone() } else { directory_of(path).to_owned() }
    };
    let directories = options.custom_ca.iter().chain(&options.extra).map(directory).collect();
    let read =
        |options: &InputOptions| inputs::read(options, context.now, &passwords::prompt_at_terminal);
    // If the file `ca.crt` was named, the server's files may be in its directory. Other faults in that
    // directory do not matter.
    let file = options.custom_ca.as_deref().filter(|path| path.ends_with(CA));
    let from_directory = file.map(|file| InputOptions {
        custom_ca: Some(directory_of(file).to_owned()),
        ..options.clone()
    });
    if let Some(Ok(inputs)) = from_directory.as_ref().map(read) {
        return CaFiles { inputs: Some(inputs), error: None, directories };
    }
    match read(&options) {
        Ok(inputs) => CaFiles { inputs: Some(inputs), error: None, directories },
        Err(error) => {
            let usual =
                options.custom_ca.iter().map(|path| path.join(CA)).find(|path| path.exists());
            let custom_ca = usual.or(options.custom_ca);
            let without_server = InputOptions { custom_ca, domain: None, serves: false, ..options };
            CaFiles { inputs: read(&without_server).ok(), error: Some(error), directories }
        }
    }
}

/// Reports on the CAs; `setup` is the command that distributes them.
pub(crate) fn findings(
    context: &CheckContext<'_>,
    ca_files: &CaFiles,
    setup: &str,
    findings: &mut Vec<Finding>,
) {
    let custom = ca_files.inputs.iter().flat_map(|inputs| &inputs.custom);
    let subjects = custom.clone().map(Certificate::subject_der).collect();
    for certificate in custom {
        let path = certificate.label.path().unwrap_or(Path::new(CA));
        let subject = quote::path(path).to_string();
        let directory = own_directory(certificate, path);
        let recreate =
            directory.map(|directory| format!("{}\n{setup}", replace_ca_command(directory)));
        let before = findings.len();
        for lint in lints::matching(certificate, context.now, &subjects) {
            let fix = recreate.clone().unwrap_or_else(|| ask_issuer(lint));
            findings.push(lint_finding(certificate, lint, &subject, fix));
        }
        let name = quote::word(&certificate.subject);
        let until = certificate.not_after;
        let days = until.days_from(context.now);
        if (1..context.days).contains(&days) {
            let cause = format!("{name} expires on {until}, {}", in_days(days));
            let fix = recreate.unwrap_or_else(|| "ask its issuer for the next CA".to_owned());
            findings.push(Finding::warning("ca-expires-soon", &subject, cause, fix));
        }
        if findings.len() == before {
            let cause = format!("{name} until {until}, which every client can trust");
            findings.push(Finding::ok("ca", &subject, cause));
        }
    }
}

/// Returns `in N days`.
pub(crate) fn in_days(days: i64) -> String {
    format!("in {}", output::count(usize::try_from(days).unwrap_or_default(), "day"))
}

/// Returns the directory of a CA with its key, where `certs` can replace it.
fn own_directory<'a>(certificate: &Certificate, path: &'a Path) -> Option<&'a Path> {
    let directory = path.ends_with(CA).then(|| directory_of(path))?;
    let key = file::read(&directory.join(CA_KEY), &mut file::FILE_LIMIT.clone()).ok()?;
    let fits = PrivateKey::read(&key).is_ok_and(|key| can_sign(&key, certificate, directory));
    fits.then_some(directory)
}

/// Whether `key` signs for the CA in `directory`: it is the CA's, or that of the intermediate there.
pub(crate) fn can_sign(key: &PrivateKey, ca: &Certificate, directory: &Path) -> bool {
    let is_below =
        |below: &Certificate| is_signed_by(below, ca) && key.is_key_of(&Details::of(below));
    key.is_key_of(&Details::of(ca))
        || first_certificate(&directory.join(INTERMEDIATE)).as_ref().is_some_and(is_below)
}

/// Returns the fix for a CA whose key is not here.
fn ask_issuer(lint: &Lint) -> String {
    match lint.kind {
        LintKind::NotYetValid | LintKind::WithoutItsRoot | LintKind::ServerCertificate => {
            lint.fix.to_owned()
        }
        _ => format!("ask its issuer: {}", lint.fix),
    }
}

/// Converts a row of the lint table to a finding: a CA that no client accepts is an error.
fn lint_finding(
    certificate: &Certificate,
    lint: &'static Lint,
    subject: &str,
    fix: String,
) -> Finding {
    let (id, severity) = match lint.kind {
        // trust-init never keeps such a certificate.
        LintKind::ServerCertificate => ("ca-is-server-certificate", Severity::Error),
        LintKind::SelfSignedLeaf => ("ca-is-self-signed-leaf", Severity::Warning),
        LintKind::Expired => ("ca-expired", Severity::Error),
        LintKind::NotYetValid => ("ca-not-yet-valid", Severity::Error),
        LintKind::WithoutItsRoot => ("ca-without-its-root", Severity::Warning),
        LintKind::NotStrict => ("ca-not-strict", Severity::Warning),
        LintKind::Old => ("ca-version-1", Severity::Warning),
        LintKind::NegativeSerial => ("ca-negative-serial", Severity::Warning),
        LintKind::ShortKey => ("ca-short-key", Severity::Warning),
        LintKind::MayNotSign => ("ca-may-not-sign", Severity::Error),
        LintKind::OtherPurpose => ("ca-other-purpose", Severity::Warning),
        LintKind::UnknownCritical => ("ca-unknown-critical", Severity::Warning),
        LintKind::RareKey => ("ca-rare-key", Severity::Warning),
        LintKind::NotForJava => ("ca-not-for-java", Severity::Warning),
    };
    let LintHit { subject: name, detail, .. } = LintHit::new(certificate, lint);
    let Lint { statement, consequence, .. } = lint;
    let mut cause = format!("{} {statement}{detail}: {consequence}", quote::word(&name));
    if lint.kind == LintKind::NotStrict && certificate.strict_gaps.contains(&StrictGap::NoKeyUsage)
    {
        // OpenSSL's message (crypto/x509/x509_txt.c), for which people search.
        cause += " (\"CA cert does not include key usage extension\")";
    }
    Finding::new(id, severity, subject, cause).with_fix(fix)
}

/// Reports why the files cannot be used. `setup` is the command that gives a renewed certificate to the
/// proxy, if one serves it.
pub(crate) fn unusable(error: &InputError, setup: Option<&str>) -> Finding {
    let InputError { kind, diagnostic } = error;
    let id = match kind {
        InputErrorKind::Missing => {
            let finding = Finding::failed("certificate-missing", diagnostic, "setup");
            return finding.with_fix("restore it, or run setup with another file");
        }
        InputErrorKind::NoCa(hit) => return not_a_ca(hit),
        InputErrorKind::Unreadable => "certificate-unreadable",
        InputErrorKind::HoldsKey => "ca-holds-key",
        InputErrorKind::Unusable => "ca-unusable",
        InputErrorKind::NotFound => "ca-missing",
        InputErrorKind::ServerIncomplete => "server-incomplete",
        InputErrorKind::Options => "setup-refused",
        InputErrorKind::Server(fault) => {
            let finding = Finding::failed(fault_id(*fault), diagnostic, "setup");
            // A new certificate fixes these, if a command creates it.
            let is_renewed =
                matches!(fault, Fault::Expired | Fault::NameMissing | Fault::NotBelowCa)
                    && matches!(diagnostic.fixes.first(), Some(Fix::Command(_)));
            let setup = setup.filter(|_| is_renewed);
            return Finding { fix: finding.fix.map(|fix| with_setup(fix, setup)), ..finding };
        }
    };
    Finding::failed(id, diagnostic, "setup")
}

fn fault_id(fault: Fault) -> &'static str {
    match fault {
        Fault::Unusable => "server-unusable",
        Fault::Key => "server-key-unusable",
        Fault::KeyMismatch => "server-key-mismatch",
        Fault::ChainOrder => "server-chain-order",
        Fault::NotBelowCa => "server-not-below-ca",
        Fault::Expired => "server-expired",
        Fault::NotYetValid => "server-not-yet-valid",
        Fault::NameMissing => "server-name-missing",
    }
}

/// Reports a certificate that no client accepts as a CA.
fn not_a_ca(hit: &LintHit) -> Finding {
    let LintHit { label, subject, detail, lint } = hit;
    let path = quote::path(label.path().unwrap_or(Path::new(CA)));
    let Lint { statement, consequence, fix, .. } = lint;
    let cause = format!("{} {statement}{detail}: {consequence}", quote::word(subject));
    Finding::error("ca-is-server-certificate", &path, cause, *fix)
}

/// Returns the fix, followed by `setup`, which labels the proxy with the new certificate so that `up`
/// recreates it.
pub(crate) fn with_setup(fix: String, setup: Option<&str>) -> String {
    setup.into_iter().fold(fix, |fix, setup| format!("{fix}\n{setup}"))
}
