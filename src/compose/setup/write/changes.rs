//! What a run did, or would do, and what it kept and why.

use std::fmt::{self, Display};

use crate::sys::diagnostic::Diagnostic;

/// What a run did, or would do. Its Display has a line for each thing that is done.
#[derive(Debug, Default)]
pub struct Changes {
    /// What still exists, and why: warnings.
    pub kept: Vec<Diagnostic>,
    done: Vec<(Action, String)>,
    is_dry: bool,
}

/// What is done to a file.
#[derive(Clone, Copy, Debug)]
pub enum Action {
    Create,
    Update,
    Remove,
}

impl Changes {
    /// Whether nothing is done.
    pub fn is_nothing(&self) -> bool {
        self.done.is_empty()
    }

    /// Whether the run writes nothing.
    pub(crate) fn is_dry(&self) -> bool {
        self.is_dry
    }

    pub(crate) fn add(&mut self, action: Action, what: impl Display) {
        self.done.push((action, what.to_string()));
    }

    /// The same of a run that writes nothing.
    pub(crate) fn only_intended(self) -> Self {
        Self { is_dry: true, ..self }
    }
}

impl Display for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.done.iter().try_for_each(|(action, what)| {
            let (done, intended) = match action {
                Action::Create => ("created", "would create"),
                Action::Update => ("updated", "would update"),
                Action::Remove => ("removed", "would remove"),
            };
            writeln!(f, "{} {what}", if self.is_dry { intended } else { done })
        })
    }
}
