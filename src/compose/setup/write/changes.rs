//! The changes that a run made, or would make, and the files that it kept.

use std::fmt::{self, Display};

use crate::sys::diagnostic::Diagnostic;

/// The changes of a run. Its Display has a line for each.
#[derive(Debug, Default)]
pub struct Changes {
    /// Warnings about files that were kept, with the reason.
    pub kept: Vec<Diagnostic>,
    done: Vec<(Action, String)>,
    is_dry: bool,
}

/// A kind of change.
#[derive(Clone, Copy, Debug)]
pub enum Action {
    Create,
    Update,
    Remove,
}

impl Changes {
    /// Whether the run changes nothing.
    pub fn is_nothing(&self) -> bool {
        self.done.is_empty()
    }

    /// Whether this is a dry run.
    pub(crate) fn is_dry(&self) -> bool {
        self.is_dry
    }

    pub(crate) fn add(&mut self, action: Action, what: impl Display) {
        self.done.push((action, what.to_string()));
    }

    /// Returns the same changes, of a dry run.
    pub(crate) fn into_dry_run(self) -> Self {
        Self { is_dry: true, ..self }
    }
}

impl Display for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.done.iter().try_for_each(|(action, what)| {
            let (done, planned) = match action {
                Action::Create => ("created", "would create"),
                Action::Update => ("updated", "would update"),
                Action::Remove => ("removed", "would remove"),
            };
            writeln!(f, "{} {what}", if self.is_dry { planned } else { done })
        })
    }
}
