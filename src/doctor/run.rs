//! trust-doctor: what the process trusts (`checks`), and which servers it can verify (`diagnosis`).
//!
//! It starts no program, sends no data over a connection, and writes only the file of `--save-chain`.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::RootCertStore;

use crate::doctor::anchor_file::AnchorFile;
use crate::doctor::checks;
use crate::doctor::cli::Cli;
use crate::doctor::diagnosis::context::Context;
use crate::doctor::diagnosis::diagnose;
use crate::doctor::endpoint::Endpoint;
use crate::doctor::handshake::call;
use crate::doctor::process::TargetProcess;
use crate::sys::diagnostic::Diagnostic;
use crate::sys::exit_code;
use crate::sys::file;
use crate::sys::finding::service_fix::ServiceCommand;
use crate::sys::finding::{self, Finding, Severity, save_chain};
use crate::sys::output::{self, Report};
use crate::sys::parallel::parallel_map;
use crate::sys::quote;
use crate::trust::certificate::Certificate;
use crate::trust::time::Time;

/// The number of servers that are called at the same time.
const CALLS: usize = 16;

/// Inspects the process and calls the servers, and returns the exit code.
pub fn run(cli: &Cli, report: Report) -> u8 {
    hide_from(cli.pid);
    inspect(cli, report).unwrap_or_else(|diagnostic| {
        report.error(&diagnostic);
        exit_code::USAGE
    })
}

fn inspect(cli: &Cli, report: Report) -> Result<u8, Diagnostic> {
    let named = cli.connect.iter().map(|url| Endpoint::parse(url));
    let mut endpoints = named.collect::<Result<Vec<_>, _>>()?;
    let process = match TargetProcess::open(cli.pid) {
        Ok(process) => Some(process),
        // The servers can be called with the anchors of --ca.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => None,
        Err(error) => return Err(cannot_inspect(cli.pid, &error)),
    };
    if let (Some(process), true) = (&process, cli.connect.is_empty()) {
        let values = process.environment.pairs().filter_map(|(_, value)| value.to_str());
        endpoints.extend(values.flat_map(Endpoint::all_in));
    }
    let mut known = BTreeSet::new();
    endpoints.retain(|endpoint| known.insert(endpoint.clone()));
    let candidates = candidates(cli)?;
    let (files, mut findings) = match &process {
        Some(process) => checks::run(process, cli),
        None => (
            vec![AnchorFile { path: None, readers: String::new(), anchors: candidates.clone() }],
            vec![access_denied(cli.pid)],
        ),
    };
    let context =
        Context { files: &files, candidates: &candidates, now: Time::now(), days: cli.days };
    findings.extend(call_all(&endpoints, &context, cli));
    if finding::report::print(report, &findings, cli.json).is_err() {
        return Ok(exit_code::USAGE);
    }
    if let Some(path) = &cli.save_chain {
        save_chain::save(path, &findings)?;
    }
    Ok(match finding::code(&findings, cli.strict) {
        0 if process.is_none() && endpoints.is_empty() => exit_code::USAGE,
        code => code,
    })
}

/// Hides this process from the inspected one, which may run as the same user: only root can then write to its
/// output, or trace it and answer in its place (proc(5), prctl(2), `PR_SET_DUMPABLE`).
fn hide_from(inspected: u32) {
    // A process that inspects itself must stay readable.
    if inspected != std::process::id() {
        // If the kernel refuses, the report is only not protected.
        let _ = nix::sys::prctl::set_dumpable(false);
    }
}

fn cannot_inspect(pid: u32, error: &io::Error) -> Diagnostic {
    let failed = Diagnostic::cannot("inspect", format_args!("process {pid}"));
    if error.kind() == io::ErrorKind::NotFound {
        return failed.because("there is no such process").advise("correct --pid");
    }
    failed
        .because(output::cause(error))
        .advise("run this as the uid of that process, or with the capability SYS_PTRACE")
}

/// The finding about a process of another user, or with capabilities (ptrace(2), "Ptrace access mode
/// checking").
fn access_denied(pid: u32) -> Finding {
    let cause = "its variables and files cannot be read: it has more rights than trust-doctor";
    Finding::new("unseen", Severity::Warning, &format!("process {pid}"), cause)
        .with_service_fix(None, ServiceCommand::PrivilegedDoctor)
}

/// Reads the certificates of `--ca`.
fn candidates(cli: &Cli) -> Result<Vec<Certificate>, Diagnostic> {
    let mut candidates = Vec::new();
    for path in &cli.ca {
        let bytes = file::read(path, &mut file::FILE_LIMIT.clone()).map_err(|problem| {
            let cannot = Diagnostic::cannot("read", quote::path(path)).named("from --ca");
            cannot.because(problem).advise("correct the name")
        })?;
        candidates.extend(AnchorFile::parse(path, &bytes).anchors);
    }
    for given in &cli.ca_contents {
        let (name, pem) = given.split_once('=').unwrap_or_default();
        candidates.extend(AnchorFile::parse(Path::new(name), pem.as_bytes()).anchors);
    }
    Ok(candidates)
}

/// Performs a handshake with each server and the first file of anchors, and returns the findings.
fn call_all(endpoints: &[Endpoint], context: &Context<'_>, cli: &Cli) -> Vec<Finding> {
    let first = context.files.first();
    let roots = first.map_or_else(|| Arc::new(RootCertStore::empty()), AnchorFile::roots);
    let timeout = Duration::from_secs(cli.timeout);
    let results =
        parallel_map(endpoints, CALLS, !cli.json, |endpoint| call(endpoint, &roots, timeout));
    let pairs = endpoints.iter().zip(&results);
    pairs.flat_map(|(endpoint, result)| diagnose(endpoint, result, context)).collect()
}
