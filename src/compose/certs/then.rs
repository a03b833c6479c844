//! Runs the command of `certs --then` after a renewal: a server reads its certificate only when it starts.

use std::process::Command;

use crate::sys::diagnostic::Diagnostic;
use crate::sys::output;
use crate::sys::quote;
use crate::sys::signals::with_stops;

/// Runs `command` in a shell, with the output and the environment of this program.
///
/// # Errors
/// When it cannot be started, or fails.
pub(crate) fn run(command: &str) -> Result<(), Diagnostic> {
    let failed = |cause: String| {
        Diagnostic::cannot("run", quote::word(command)).named("from --then").because(cause).advise(
            "run it now: the certificate has been renewed, so the next run does not repeat it",
        )
    };
    let status = with_stops(|| Command::new("/bin/sh").args(["-c", command]).status());
    match status.map_err(|error| failed(output::cause(&error)))? {
        status if status.success() => Ok(()),
        status => Err(failed(status.to_string())),
    }
}
