//! `certs`: a private CA and the server certificates that it issues, in one directory.
//!
//! A run reads the options (`options`, `server_name`) and the existing files (`existing`), plans what to
//! issue (`plan`), issues it in memory (`issue`), writes all files at once (`crate::sys::dir::transaction`)
//! and describes the result (`report`).

pub(crate) mod directory;
pub(crate) mod existing;
pub(crate) mod host_stores;
pub(crate) mod issue;
pub(crate) mod key;
pub(crate) mod options;
pub(crate) mod plan;
pub(crate) mod report;
pub(crate) mod server_name;
pub(crate) mod validity;

use std::io;

use crate::compose::certs::existing::ExistingCerts;
pub(crate) use crate::compose::certs::options::{
    CA, CA_KEY, CertsOptions, DEFAULT_DAYS, SERVER, SERVER_KEY,
};
use crate::compose::certs::options::{FILES, IGNORE};
use crate::sys::diagnostic::Diagnostic;
use crate::sys::dir::Directory;
use crate::sys::output::{self, Report};
use crate::sys::quote;
use crate::trust::time::Time;

/// Issues the certificates that are missing or due, and returns a description.
///
/// # Errors
/// When the options or the existing files do not allow it, or a file cannot be written: nothing has changed
/// then.
pub(crate) fn run(options: &CertsOptions, now: Time, report: Report) -> Result<String, Diagnostic> {
    let names = options.names()?;
    plan::check_options(options, &names)?;
    for warning in directory::warnings(options) {
        report.warning(&warning);
    }
    let directory = directory::open_directory(&options.out, options.owners)?;
    let _lock = directory.as_ref().map(Directory::lock_in_time).transpose()?;
    if let Some(directory) = &directory {
        if options.dry_run && directory.is_unfinished() {
            return Ok(report::would_finish(options));
        }
        if directory
            .finish(&FILES, options.owners)
            .map_err(|error| cannot_write(options, &error))?
        {
            report.remark(&report::finished(options));
        }
    }
    let existing = ExistingCerts::read(options, directory.is_some())?;
    let plan = plan::plan_certs(options, names, &existing, now)?;
    for warning in plan::warnings(options, &plan, &existing, now) {
        report.warning(&warning);
    }
    if plan.is_empty() {
        return Ok(report::nothing_to_do(options, &plan, &existing));
    }
    if options.dry_run {
        return Ok(report::dry_run(options, &plan, &existing));
    }
    let set = issue::issue(options, plan, existing, now)?;
    write(options, directory, &set, report)?;
    Ok(report::issued(options, &set))
}

/// Writes the files into their directory, which is created if it is missing.
fn write(
    options: &CertsOptions,
    directory: Option<Directory>,
    set: &issue::IssuedCerts,
    report: Report,
) -> Result<(), Diagnostic> {
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
    directory.replace_together(&files, &FILES, options.owners).map_err(failed)
}

fn cannot_write(options: &CertsOptions, error: &io::Error) -> Diagnostic {
    Diagnostic::cannot("write into", quote::path(&options.out.path))
        .because(output::cause(error))
        .advise("make it writable, or name another directory with --out")
}
