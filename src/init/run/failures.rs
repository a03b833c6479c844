//! The errors of a run, and whether they prevent the start of the service.

use crate::sys::diagnostic::Diagnostic;
use crate::sys::output::Report;
use crate::trust::settings::OnError;

/// The errors of a run, in order.
pub(crate) struct Failures {
    on_error: OnError,
    all: Vec<Diagnostic>,
}

impl Failures {
    /// Creates an empty list.
    pub(crate) fn new(on_error: OnError) -> Self {
        Self { on_error, all: Vec::new() }
    }

    /// Adds an error.
    pub(crate) fn push(&mut self, failure: impl Into<Diagnostic>) {
        self.all.push(failure.into());
    }

    /// Returns all errors.
    pub(crate) fn all(&self) -> &[Diagnostic] {
        &self.all
    }

    /// Whether the service must not be started.
    pub(crate) fn prevent_start(&self) -> bool {
        self.on_error == OnError::Fail && !self.all.is_empty()
    }

    /// Prints all: as errors, with a fix that starts the service anyway, if they prevent the start; else as
    /// warnings.
    pub(crate) fn print(self, report: Report) {
        for failure in self.all {
            match self.on_error {
                OnError::Fail => report.error(&failure.advise(
                    "set TRUST_INIT_ON_ERROR=warn to start the service in spite of this error",
                )),
                OnError::Warn => report.warning(&failure),
            }
        }
    }
}
