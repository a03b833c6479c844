//! The checks of a process and its image: the files that its variables name, and other settings that decide
//! about trust. They read files and run no program, and each has a limit.

pub(crate) mod custom_cas;
pub(crate) mod java;
pub(crate) mod exposed_keys;
pub(crate) mod python;
pub(crate) mod variables;
pub mod verification;

use crate::doctor::anchor_file::AnchorFile;
use crate::doctor::cli::{Cli, Mounted};
use crate::doctor::process::TargetProcess;
use crate::sys::file::FileReadError;
use crate::sys::finding::service_fix::ServiceCommand;
use crate::sys::finding::{Finding, Severity};
use crate::sys::program::CAPABILITIES;
use crate::sys::quote;
use crate::trust::fingerprint::Fingerprint;

/// Returns the files of trust anchors that programs in the container read, that of most programs first, and
/// all findings.
pub fn run(process: &TargetProcess, cli: &Cli) -> (Vec<AnchorFile>, Vec<Finding>) {
    let (files, mut findings) = variables::anchor_files(process, &cli.configured);
    findings.extend(variables::seen_by_exec(process, &cli.configured));
    findings.extend(cli.mounted.iter().filter_map(|mount| stale_mount(process, mount)));
    let custom = custom_cas::find(process);
    findings.extend(custom_cas::unused(&custom, &files));
    findings.extend(java::check(process, &custom));
    findings.extend(python::check(process));
    findings.extend(file_capabilities(process));
    findings.extend(verification::check(&process.environment));
    findings.extend(exposed_keys::check(process));
    (files, findings)
}

/// Checks that a mounted file is still that of the host: a bind mount keeps the file from the container's
/// start, whatever is renamed to its path later (<https://docs.docker.com/engine/storage/bind-mounts/>). A
/// file that cannot be read is reported where a variable names it.
fn stale_mount(process: &TargetProcess, Mounted { path, digest }: &Mounted) -> Option<Finding> {
    let (id, severity, cause, command) = match process.read(path) {
        Ok(bytes) if Fingerprint::of([bytes.as_slice()]).to_string() != *digest => {
            let cause = "the container still has the file from before it was replaced on the host";
            ("mount-stale", Severity::Warning, cause, ServiceCommand::Restart)
        }
        Err(FileReadError::Missing) => {
            let cause = "it should be mounted, and does not exist";
            ("mount-missing", Severity::Error, cause, ServiceCommand::Recreate)
        }
        _ => return None,
    };
    Some(Finding::new(id, severity, &quote::path(path), cause).with_service_fix(None, command))
}

/// Checks the program for file capabilities: with them it starts in secure mode, in which OpenSSL and
/// Node.js read no variable (secure_getenv(3)). Root gains nothing by them (capabilities(7)).
fn file_capabilities(process: &TargetProcess) -> Option<Finding> {
    let program = process.program()?;
    let is_secure = !process.uid.is_root() && process.has_attribute(CAPABILITIES);
    is_secure.then(|| {
        let cause =
            "has file capabilities, so OpenSSL and Node.js in it ignore the trust variables";
        // Docker opens all ports to all users since 20.10 (<https://github.com/moby/moby/pull/41030>).
        let fix = format!(
            "remove them in the Dockerfile: `RUN setcap -r {}` (ports below 1024 are free to every uid in a container), or set \
             TRUST_INIT_INSTALL_STORE=1",
            quote::shell(&program)
        );
        Finding::warning("file-capabilities", &quote::path(&program), cause, fix)
    })
}
