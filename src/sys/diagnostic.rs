//! The one shape of everything that goes wrong, or will surprise, in the three programs.
//!
//! Made where the fault is seen, carried as fields, and turned into text by [`crate::sys::output`] alone:
//! nothing reads a rendered message back.

use std::fmt::{self, Debug, Display};

/// What could not be done, why, and what to do: `cannot ACTION SUBJECT (ORIGIN): CAUSE`, then each fix.
#[derive(Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// The verb: `read`. Empty where nothing failed and `cause` is a sentence of its own.
    pub action: &'static str,
    /// What the verb applies to, as it is shown: a quoted path, a service.
    pub subject: String,
    /// Where the subject's name came from: `from --ca`. Empty for a default.
    pub origin: String,
    /// Why, without a final full stop.
    pub cause: String,
    /// What to do, the best first.
    pub fixes: Vec<Fix>,
    /// Whether the command line itself is wrong, which has an exit code of its own.
    pub is_usage: bool,
}

/// One way out.
#[derive(Clone, PartialEq, Eq)]
pub enum Fix {
    /// A command that can be pasted as it is, and works.
    Command(String),
    /// One imperative sentence.
    Advice(String),
}

impl Diagnostic {
    /// Something that could not be done to `subject`.
    pub fn cannot(action: &'static str, subject: impl Display) -> Self {
        Self { action, subject: subject.to_string(), ..Self::statement("") }
    }

    /// A sentence of its own, where nothing was attempted.
    pub fn statement(cause: impl Into<String>) -> Self {
        Self {
            action: "",
            subject: String::new(),
            origin: String::new(),
            cause: cause.into(),
            fixes: Vec::new(),
            is_usage: false,
        }
    }

    /// Names where the subject's name came from.
    #[must_use]
    pub fn named(self, origin: impl Display) -> Self {
        Self { origin: origin.to_string(), ..self }
    }

    /// Gives the cause.
    #[must_use]
    pub fn because(self, cause: impl Display) -> Self {
        Self { cause: cause.to_string(), ..self }
    }

    /// Adds an imperative sentence.
    #[must_use]
    pub fn advise(mut self, sentence: impl Into<String>) -> Self {
        self.fixes.push(Fix::Advice(sentence.into()));
        self
    }

    /// Adds a command to paste.
    #[must_use]
    pub fn run(mut self, command: impl Into<String>) -> Self {
        self.fixes.push(Fix::Command(command.into()));
        self
    }

    /// Marks the command line as what is wrong.
    #[must_use]
    pub fn usage(self) -> Self {
        Self { is_usage: true, ..self }
    }

    /// All fixes, one per line; empty where there is none.
    pub fn fix(&self) -> String {
        self.fixes.iter().map(Fix::to_string).collect::<Vec<_>>().join("\n")
    }
}

/// The headline, without the fixes.
impl Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { action, subject, origin, cause, .. } = self;
        if action.is_empty() {
            return f.write_str(cause);
        }
        f.write_str("cannot ")?;
        f.write_str(action)?;
        for (before, text, behind) in [(" ", subject, ""), (" (", origin, ")"), (": ", cause, "")] {
            if !text.is_empty() {
                [before, text, behind].into_iter().try_for_each(|part| f.write_str(part))?;
            }
        }
        Ok(())
    }
}

/// The same text: a derived Debug would bring the formatting of every field into trust-init.
impl Debug for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Display::fmt(self, f)
    }
}

impl std::error::Error for Diagnostic {}

impl Display for Fix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Command(text) | Self::Advice(text)) = self;
        f.write_str(text)
    }
}

/// Lets `?` and `into()` take a type by value that makes its diagnostic by reference.
macro_rules! owned_into_diagnostic {
    ($type:ty) => {
        impl From<$type> for $crate::sys::diagnostic::Diagnostic {
            fn from(error: $type) -> Self {
                Self::from(&error)
            }
        }
    };
}
pub(crate) use owned_into_diagnostic;
