//! `certs`: a private CA and the server certificates that it issues, in one directory.
//!
//! A run reads the options (`options`, `server_name`) and the existing files (`existing`), plans what to
//! issue (`plan`), issues it in memory (`issue`), writes all files at once (`crate::sys::dir::transaction`),
//! describes the result (`report`), and runs the command of `--then` (`then`).

pub(crate) mod directory;
pub(crate) mod existing;
pub(crate) mod former;
pub(crate) mod host_stores;
pub(crate) mod issue;
pub(crate) mod issuer_name;
pub(crate) mod key;
pub(crate) mod next_steps;
pub(crate) mod options;
pub(crate) mod plan;
pub(crate) mod report;
pub(crate) mod server_name;
#[expect(clippy::disallowed_methods, reason = "starts the command of --then")]
pub(crate) mod then;
pub(crate) mod validity;
pub(crate) mod warnings;

use std::ffi::OsStr;
use std::io;

use crate::compose::certs::existing::ExistingCerts;
pub(crate) use crate::compose::certs::options::{
    CA, CA_KEY, CertsOptions, DEFAULT_DAYS, INTERMEDIATE, SERVER, SERVER_KEY,
};
use crate::compose::certs::options::{FILES, IGNORE};
use crate::compose::certs::validity::ca_ends;
use crate::sys::diagnostic::Diagnostic;
use crate::sys::dir::Directory;
use crate::sys::exit_code;
use crate::sys::output::{self, Report};
use crate::sys::quote;
use crate::trust::time::Time;

/// Issues the certificates that are missing or due, and runs the command of `--then` if it wrote any.
/// Returns a description and the exit code, with `--renew` another one if the CA ends.
///
/// # Errors
/// When the options or the existing files do not allow it, or a file cannot be written: nothing has changed
/// then. When the command fails.
pub(crate) fn run(
    options: &CertsOptions,
    now: Time,
    report: Report,
) -> Result<(String, u8), Diagnostic> {
    let result = issue_missing(options, now, report)?;
    let code = if result.ca_ends && options.renew { exit_code::CA_ENDS } else { 0 };
    match &options.then {
        Some(command) if result.has_written => {
            // Before the output of the command.
            report.result(&result.text.into()).map_err(|error| cannot_print(&error))?;
            then::run(command)?;
            Ok((String::new(), code))
        }
        _ => Ok((result.text, code)),
    }
}

/// The result of a run, before the command of `--then`.
#[derive(Debug, Default)]
struct CertsResult {
    text: String,
    has_written: bool,
    /// Whether the existing CA expires soon, or has expired.
    ca_ends: bool,
}

fn issue_missing(
    options: &CertsOptions,
    now: Time,
    report: Report,
) -> Result<CertsResult, Diagnostic> {
    let names = options.names()?;
    plan::check_options(options, &names)?;
    for warning in directory::warnings(options) {
        report.warning(&warning);
    }
    let directory = directory::open_directory(&options.out, options.owners)?;
    let _lock = directory.as_ref().map(Directory::lock_in_time).transpose()?;
    if let Some(directory) = &directory {
        if options.dry_run && directory.is_unfinished() {
            let text = report::would_finish(options);
            return Ok(CertsResult { text, ..CertsResult::default() });
        }
        if directory
            .finish(&FILES, options.owners)
            .map_err(|error| cannot_write(options, &error))?
        {
            report.remark(&report::finished(options));
        }
    }
    let existing = ExistingCerts::read(options, directory.is_some())?;
    let ca = existing.authority.as_ref().map(|ca| &ca.certificate);
    let ca_ends = ca.is_some_and(|ca| ca_ends(ca, now));
    let plan = match plan::plan_certs(options, names, &existing, now) {
        Err(error) if ca_ends && options.renew => {
            report.error(&error);
            return Ok(CertsResult { ca_ends, ..CertsResult::default() });
        }
        plan => plan?,
    };
    for warning in warnings::warnings(options, &plan, &existing, now) {
        report.warning(&warning);
    }
    if plan.is_empty() || options.dry_run {
        let describe = if plan.is_empty() { report::nothing_to_do } else { report::dry_run };
        let text = describe(options, &plan, &existing);
        return Ok(CertsResult { text, has_written: false, ca_ends });
    }
    let set = issue::issue(options, plan, existing, now)?;
    let former = write(options, directory, &set, now, report)?;
    let text = report::issued(options, &set, former.as_deref());
    Ok(CertsResult { text, has_written: true, ca_ends })
}

/// Writes the files into their directory, which is created if it is missing. Returns the name of the
/// directory with the CA that they replace.
fn write(
    options: &CertsOptions,
    directory: Option<Directory>,
    set: &issue::IssuedCerts,
    now: Time,
    report: Report,
) -> Result<Option<String>, Diagnostic> {
    let failed = |error| cannot_write(options, &error);
    let (directory, is_empty) = match directory {
        Some(directory) => {
            let is_empty = directory::is_empty(&options.out.path);
            (directory, is_empty)
        }
        None => (directory::create_directory(&options.out)?, true),
    };
    let mut files = set.files();
    if is_empty {
        directory.make_private().map_err(failed)?;
        files.insert(0, issue::gitignore());
    } else if set.ca_is_new && !options.path(IGNORE).exists() {
        report.warning(&report::key_not_ignored(options));
    }
    let former = if set.ca_is_new { former::keep(options, &directory, now) } else { Ok(None) };
    let former = former.map_err(failed)?;
    directory.replace_together(&files, &FILES, options.owners).map_err(failed)?;
    if set.ca_is_new && !set.authority.is_below_file() && options.path(INTERMEDIATE).exists() {
        // It is in the directory of the former CA.
        directory.unlink(OsStr::new(INTERMEDIATE)).map_err(failed)?;
    }
    Ok(former)
}

fn cannot_write(options: &CertsOptions, error: &io::Error) -> Diagnostic {
    Diagnostic::cannot("write into", quote::path(&options.out.path))
        .because(output::cause(error))
        .advise("make it writable, or name another directory with --out")
}

fn cannot_print(error: &io::Error) -> Diagnostic {
    Diagnostic::cannot("print", "the result").because(output::cause(error))
}
