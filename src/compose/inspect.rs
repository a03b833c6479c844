//! `inspect`: prints the contents of certificate files, as text or JSON.
//!
//! Each certificate is checked against `crate::trust::certificate::lints`, as a CA to trust; the text judges a
//! server's certificate as one (`server`).

mod server;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use serde::Serialize;

use crate::compose::cli::Inspect;
use crate::compose::inputs::meant;
use crate::compose::passwords::{self, Passwords};
use crate::sys::diagnostic::Diagnostic;
use crate::sys::exit_code;
use crate::sys::file;
use crate::sys::output::{self, Report};
use crate::sys::quote;
use crate::trust::certificate::Certificate;
use crate::trust::certificate::extensions::{Details, is_signed_by};
use crate::trust::certificate::lints::{self, LintHit, LintKind};
use crate::trust::certificate_file::{self, CertificateFile};
use crate::trust::inspection;
use crate::trust::pkcs12;
use crate::trust::same_name::{self, SameName};
use crate::trust::source::{CertificateSource, HostFileError, Label, Named, Origin, SourceKind};
use crate::trust::time::Time;

/// The output of `--json` (docs/inspect.md). Fields are added, never renamed or removed.
#[derive(Serialize)]
struct InspectJson {
    format: u8,
    files: Vec<FileEntry>,
}

#[derive(Serialize)]
struct FileEntry {
    path: String,
    certificates: Vec<CertificateEntry>,
    others: Vec<OtherEntry>,
    problem: Option<FileError>,
}

#[derive(Serialize)]
struct CertificateEntry {
    subject: String,
    issuer: String,
    is_self_issued: bool,
    is_ca: bool,
    serial: String,
    sha256: String,
    not_before: String,
    not_after: String,
    key: String,
    key_usage: Vec<String>,
    extended_key_usage: Vec<String>,
    names: Vec<String>,
    is_constrained: bool,
    /// The first FILE that contains the CA that issued it.
    issuer_in: Option<String>,
    findings: Vec<LintEntry>,
    /// The lines of the text about a server's certificate, each with its key.
    #[serde(skip)]
    as_server: Vec<(&'static str, String)>,
}

#[derive(Serialize)]
struct LintEntry {
    finding: &'static str,
    says: String,
    who: &'static str,
    fix: String,
    kept: bool,
}

/// What is known from all files.
struct AllFiles<'a> {
    /// The names of the CAs.
    known: BTreeSet<Vec<u8>>,
    /// The CAs.
    authorities: Vec<&'a Certificate>,
    /// The CAs that OpenSSL cannot distinguish.
    same_names: Vec<SameName>,
}

#[derive(Serialize)]
struct OtherEntry {
    line: usize,
    label: String,
    is_private_key: bool,
}

#[derive(Serialize)]
struct FileError {
    message: String,
    fix: String,
}

/// Prints the contents of the files, and returns the exit code.
pub(crate) fn inspect(options: &Inspect, report: Report) -> u8 {
    let passwords =
        Passwords::new(options.p12_password_file.as_deref(), &passwords::prompt_at_terminal);
    let read: Vec<_> =
        options.files.iter().map(|path| (path, read_file(path, &passwords))).collect();
    let found = read.iter().filter_map(|(_, found)| found.as_ref().ok());
    let found = found.flat_map(|found| &found.certificates);
    let authorities: Vec<_> = found.filter(|found| found.is_ca).collect();
    let all = AllFiles {
        known: authorities.iter().map(|found| found.subject_der()).collect(),
        same_names: same_name::find(authorities.iter().copied(), Time::now()).collect(),
        authorities,
    };
    let mut output = InspectJson { format: 1, files: Vec::new() };
    let mut code = 0;
    for (path, found) in &read {
        let mut file = FileEntry {
            path: path.display().to_string(),
            certificates: Vec::new(),
            others: Vec::new(),
            problem: None,
        };
        match found {
            Ok(contents) => file.fill(contents, &all),
            Err(error) => {
                code = exit_code::TROUBLE;
                report.error(error);
                file.problem = Some(FileError { message: error.to_string(), fix: error.fix() });
            }
        }
        output.files.push(file);
    }
    let text = if options.json {
        output::json(&output)
    } else {
        output.files.iter().map(file_text).collect()
    };
    report.answer(&text).map_or(exit_code::TROUBLE, |()| code)
}

fn read_file(path: &Path, passwords: &Passwords<'_>) -> Result<CertificateFile, Diagnostic> {
    let label = Label::Path(Named { path: path.to_owned(), origin: Origin::Option("FILE") });
    let mut budget = file::TOTAL_LIMIT;
    let bytes = file::read(path, &mut budget)
        .map_err(|problem| HostFileError { label: label.clone(), problem })?;
    let source = CertificateSource { label: label.clone(), kind: SourceKind::Named, bytes };
    if pkcs12::is_archive(&source.bytes) {
        return Ok(passwords.open(&source)?.into());
    }
    Ok(certificate_file::parse(&source)
        .map_err(|problem| inspection::InspectionError::Unusable { label, problem })?)
}

impl FileEntry {
    fn fill(&mut self, contents: &CertificateFile, all: &AllFiles<'_>) {
        self.certificates =
            contents.certificates.iter().map(|found| CertificateEntry::new(found, all)).collect();
        let others = contents.others.iter().map(|other| OtherEntry {
            line: other.line,
            label: other.label.clone(),
            is_private_key: other.is_key,
        });
        self.others = others.collect();
    }
}

impl CertificateEntry {
    fn new(certificate: &Certificate, all: &AllFiles<'_>) -> Self {
        let details = Details::of(certificate);
        let sha256 = certificate.fingerprint().to_string();
        let is_server = !certificate.is_ca && !certificate.is_self_issued;
        let hits = lints::matching(certificate, Time::now(), &all.known);
        let mut findings: Vec<_> = hits
            .into_iter()
            .map(|lint| LintEntry {
                finding: lint_name(lint.kind),
                says: format!("{}{}", lint.statement, LintHit::new(certificate, lint).detail),
                who: lint.consequence,
                fix: match lint.kind {
                    LintKind::ServerCertificate => meant::instead_of_leaf(certificate),
                    _ => lint.fix.to_owned(),
                },
                kept: lint.keep,
            })
            .collect();
        let same_names = all.same_names.iter().filter(|found| found.sha256.to_string() == sha256);
        findings.extend(same_names.map(|found| LintEntry {
            finding: "same-name",
            says: found.statement(),
            who: SameName::CONSEQUENCE,
            fix: SameName::FIX.to_owned(),
            kept: true,
        }));
        let issuer = all.issuer_of(certificate);
        let as_server = if is_server {
            server::lines(certificate, &details, issuer, Time::now())
        } else {
            Vec::new()
        };
        let issuer_in = issuer.and_then(|found| found.label.path());
        Self {
            subject: certificate.subject.clone(),
            issuer: certificate.issuer.clone(),
            is_self_issued: certificate.is_self_issued,
            is_ca: certificate.is_ca,
            serial: details.serial,
            sha256,
            not_before: certificate.not_before.moment(),
            not_after: certificate.not_after.moment(),
            key: details.key.to_string(),
            key_usage: details.key_usage,
            extended_key_usage: details.extended_key_usage,
            names: details.names.iter().map(ToString::to_string).collect(),
            is_constrained: details.constraints.is_some(),
            issuer_in: issuer_in.map(|path| path.display().to_string()),
            findings,
            as_server,
        }
    }
}

impl<'a> AllFiles<'a> {
    /// Returns the CA that issued `certificate`, itself only if it is a root.
    fn issuer_of(&self, certificate: &Certificate) -> Option<&'a Certificate> {
        self.authorities.iter().copied().find(|found| is_signed_by(certificate, found))
    }
}

/// Returns the name of a lint in JSON, which never changes.
fn lint_name(kind: LintKind) -> &'static str {
    match kind {
        LintKind::ServerCertificate => "server-certificate",
        LintKind::SelfSignedLeaf => "self-signed-leaf",
        LintKind::Expired => "expired",
        LintKind::NotYetValid => "not-yet-valid",
        LintKind::WithoutItsRoot => "without-its-root",
        LintKind::NotStrict => "not-strict",
        LintKind::Old => "old",
        LintKind::NegativeSerial => "negative-serial",
        LintKind::ShortKey => "short-key",
        LintKind::MayNotSign => "may-not-sign",
        LintKind::OtherPurpose => "other-purpose",
        LintKind::UnknownCritical => "unknown-critical",
        LintKind::RareKey => "rare-key",
        LintKind::NotForJava => "not-for-java",
    }
}

fn file_text(file: &FileEntry) -> String {
    let mut text = String::new();
    if file.problem.is_some() {
        return text;
    }
    let _ = writeln!(text, "{}", quote::word(&file.path));
    for entry in &file.certificates {
        let kind = if entry.is_ca { "CA" } else { "certificate, not a CA" };
        let _ = writeln!(text, "  {} ({kind})", quote::word(&entry.subject));
        let mut line = |key: &str, value: &str| {
            if !value.is_empty() {
                let _ = writeln!(text, "    {key:<10}  {value}");
            }
        };
        let issuer = quote::word(&entry.issuer).to_string();
        line("issuer", if entry.is_self_issued { "itself" } else { &issuer });
        line("SHA-256", &entry.sha256);
        line("serial", &entry.serial);
        line("valid", &format!("{} to {}", entry.not_before, entry.not_after));
        line("key", &entry.key);
        line("key usage", &entry.key_usage.join(", "));
        line("for", &entry.extended_key_usage.join(", "));
        let names: Vec<_> = entry.names.iter().map(quoted_if_needed).collect();
        line("names", &names.join(", "));
        if entry.is_constrained {
            line("signs", "for some names only (name constraints)");
        }
        for (key, text) in &entry.as_server {
            line(key, text);
        }
        if !entry.as_server.is_empty() {
            continue;
        }
        for LintEntry { says, who, fix, .. } in &entry.findings {
            line("verdict", &format!("{says}: {who}"));
            line("  fix", fix);
        }
        if entry.findings.is_empty() {
            line("verdict", "good: every client can trust it");
        }
    }
    for other in &file.others {
        let shown = if other.is_private_key { "a private key, not shown: " } else { "" };
        let label = quote::word(&other.label);
        let _ = match other.line {
            0 => writeln!(text, "  {shown}{label}"),
            line => writeln!(text, "  {shown}{label} at line {line}"),
        };
    }
    text
}

/// Quotes a name only if it contains characters that must not be printed.
fn quoted_if_needed(name: &String) -> String {
    let quoted = quote::word(name).to_string();
    if quoted == format!("`{name}`") { name.clone() } else { quoted }
}
