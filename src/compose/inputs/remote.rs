//! `--custom-ca https://HOST:PORT`: takes the CA that a server sends, if its fingerprint is confirmed.
//!
//! trust-doctor makes the connection: this program opens none. It cannot verify who answered, so the CA is
//! trusted only with `--ca-sha256`, or if the user types `yes`. It is written to a file, which later runs name.

use std::ffi::OsString;
use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::compose::docker::command::{CommandError, run_program};
use crate::compose::inputs::files::CUSTOM_CA;
use crate::sys::diagnostic::Diagnostic;
use crate::sys::dir::Directory;
use crate::sys::finding::{Answer, Finding};
use crate::sys::output::{self, Report};
use crate::sys::quote::{self, shell};
use crate::trust::certificate::Certificate;
use crate::trust::certificate::extensions::is_signed_by;
use crate::trust::fingerprint::Fingerprint;
use crate::trust::inspection;
use crate::trust::source::{CertificateSource, Label, Origin, SourceKind};

/// The option for the expected fingerprint.
const CA_SHA256: &str = "--ca-sha256";

/// The program that makes the connection, beside this one.
const DOCTOR: &str = "trust-doctor";

/// Time limit for trust-doctor, which itself waits ten seconds for each step of a connection.
const TIMEOUT: Duration = Duration::from_mins(1);

/// Whether a value of `--custom-ca` is the address of a server.
pub(crate) fn is_address(path: &Path) -> bool {
    path.to_str().is_some_and(|text| text.starts_with("https://"))
}

/// Fetches the CA of the server at `address`, and returns the file that it is written to.
///
/// # Errors
/// When the server does not send a CA, its fingerprint is not confirmed, or the file cannot be written.
pub(crate) fn fetch(
    address: &Path,
    listed: &[Fingerprint],
    report: Report,
) -> Result<PathBuf, Diagnostic> {
    let address = address.to_string_lossy();
    let chain = sent_chain(&address)?;
    let found = top_ca(&chain, listed).ok_or_else(|| {
        let leaf = chain.first().map(|leaf| quote::word(&leaf.subject).to_string());
        let issuer = chain.last().map(|last| quote::word(&last.issuer).to_string());
        let cause = format!("the server sends no CA, only {}", leaf.unwrap_or_default());
        cannot(&address).because(cause).advise(format!(
            "ask its operator for the certificate of its issuer, {}, and name that file",
            issuer.unwrap_or_default()
        ))
    })?;
    confirm(&address, found, listed, report)?;
    let path = PathBuf::from(file_name(&address));
    write(&path, found)?;
    report.remark(&format!("the CA of {address} is in {}", quote::path(&path)));
    Ok(path)
}

/// Returns the name of the file for the CA of a server: `llm.lan-ca.crt`.
fn file_name(address: &str) -> String {
    let host = address.trim_start_matches("https://");
    let host = host.split(['/', '?', '#']).next().unwrap_or_default();
    let host = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, _)) => address,
        None => host.split(':').next().unwrap_or_default(),
    };
    let is_plain = |c: char| c.is_ascii_alphanumeric() || ".-".contains(c);
    let host = host.replace(|c| !is_plain(c), "-");
    format!("{}-ca.crt", host.trim_matches(['.', '-']))
}

fn cannot(address: &str) -> Diagnostic {
    Diagnostic::cannot("take the CA of", quote::word(address))
        .named(format_args!("from {CUSTOM_CA}"))
}

/// Returns the certificates that the server sends, its own first.
fn sent_chain(address: &str) -> Result<Vec<Certificate>, Diagnostic> {
    let beside = std::env::current_exe().map(|path| path.with_file_name(DOCTOR)).ok();
    let program = beside.filter(|path| path.is_file()).unwrap_or_else(|| DOCTOR.into());
    let pid = std::process::id().to_string();
    let words = ["--pid", &pid, "--json", "--connect", address].map(OsString::from);
    let (answer, error) =
        run_program(&program.to_string_lossy(), &words, TIMEOUT).map_err(|error| match error {
            CommandError::NotInstalled => {
                let host = address.trim_start_matches("https://").trim_end_matches('/');
                let host = if host.contains(':') { host.to_owned() } else { format!("{host}:443") };
                cannot(address)
                    .because("trust-doctor is not installed beside trust-compose")
                    .advise(format!(
                        "name a file with what it sends: `openssl s_client -showcerts -connect {} \
                         </dev/null >chain.pem`",
                        shell(&host)
                    ))
            }
            error => cannot(address).because(error).advise("check that the server answers"),
        })?;
    let parsed: Option<Answer<'_>> = serde_json::from_slice(&answer).ok();
    let findings = parsed.as_ref().map_or(&[][..], |answer| &answer.findings);
    let of_server = findings.iter().find(|found| !found.chain.is_empty());
    let Some(Finding { chain, .. }) = of_server else {
        let last = findings.last().map(|found| found.cause.clone());
        let cause = last.or(error).unwrap_or_else(|| "trust-doctor gave no answer".to_owned());
        return Err(cannot(address).because(cause).advise("check the address and the server"));
    };
    let sent = chain.iter().filter(|link| link.sent);
    let bytes = sent.flat_map(|link| link.pem.bytes()).collect();
    let label = Label::new(address, Origin::Option(CUSTOM_CA));
    let source = CertificateSource { label: label.clone(), kind: SourceKind::Named, bytes };
    inspection::certificates(&source)
        .map_err(|problem| inspection::InspectionError::Unusable { label, problem }.into())
}

/// Returns the CA with a listed fingerprint, else the last issuer that was sent; a self-signed server
/// certificate is its own.
fn top_ca<'a>(chain: &'a [Certificate], listed: &[Fingerprint]) -> Option<&'a Certificate> {
    let may_be_trusted = |found: &&Certificate| found.is_ca || found.is_self_issued;
    let is_listed = |found: &&Certificate| listed.contains(&found.fingerprint());
    if let Some(found) = chain.iter().filter(may_be_trusted).find(is_listed) {
        return Some(found);
    }
    let mut top = chain.first()?;
    for _ in chain {
        let above = chain.iter().find(|above| above.der != top.der && is_signed_by(top, above));
        top = above.filter(|_| !top.is_self_issued).unwrap_or(top);
    }
    Some(top).filter(may_be_trusted)
}

/// Compares the fingerprint with the listed ones, or asks the user at the terminal.
fn confirm(
    address: &str,
    found: &Certificate,
    listed: &[Fingerprint],
    report: Report,
) -> Result<(), Diagnostic> {
    let subject = quote::word(&found.subject);
    let shown = format!("{subject} (SHA-256 {})", found.fingerprint());
    let check = "compare the fingerprint with the one that its operator publishes";
    if listed.contains(&found.fingerprint()) {
        return Ok(());
    }
    if !listed.is_empty() {
        let cause = format!("it sends {shown}, which is not that of {CA_SHA256}");
        return Err(cannot(address)
            .because(cause)
            .advise(format!("{check}: another machine may have answered")));
    }
    if io::stdin().is_terminal() {
        report.remark(&format!("{address} sends {shown}; {check}"));
        report.remark(&"to trust it, type yes:");
        let mut answer = String::new();
        let read = io::stdin().read_line(&mut answer);
        if read.is_ok() && answer.trim() == "yes" {
            return Ok(());
        }
        return Err(cannot(address)
            .because("it was not confirmed")
            .advise(format!("{check} first")));
    }
    Err(cannot(address)
        .because(format_args!("it sends {shown}, and nothing confirms that this is the right CA"))
        .advise(format!("{check}, and add it: `{CA_SHA256} FINGERPRINT`")))
}

/// Writes the CA; an existing file with other contents is kept.
fn write(path: &Path, found: &Certificate) -> Result<(), Diagnostic> {
    let cannot = |cause: String| {
        let failed = Diagnostic::cannot("write", quote::path(path)).because(cause);
        failed.advise("move that file away, or run this in another directory")
    };
    let disk = |error: io::Error| cannot(output::cause(&error));
    let name = path.to_str().unwrap_or_default();
    let contents = [found.pem.text()];
    let directory = Directory::open(Path::new(".")).map_err(disk)?;
    match directory.existing_file(name, &contents).map_err(disk)? {
        Some(existing) if existing.is_same => Ok(()),
        Some(_) => Err(cannot("it exists, with different contents".to_owned())),
        None => directory.replace(name, &contents).map_err(disk),
    }
}
