//! What went wrong in a run, and the one place that decides what this means for the service.

use crate::sys::diagnostic::Diagnostic;
use crate::sys::output::Report;
use crate::trust::settings::OnError;

/// What went wrong, in order.
pub(crate) struct Failures {
    on_error: OnError,
    all: Vec<Diagnostic>,
}

impl Failures {
    /// None yet.
    pub(crate) fn new(on_error: OnError) -> Self {
        Self { on_error, all: Vec::new() }
    }

    /// Adds one.
    pub(crate) fn push(&mut self, failure: impl Into<Diagnostic>) {
        self.all.push(failure.into());
    }

    /// Whether the service must not be started.
    pub(crate) fn prevent_start(&self) -> bool {
        self.on_error == OnError::Fail && !self.all.is_empty()
    }

    /// Prints all: as errors, with how to start the service anyway, if it is not started for them.
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
