//! One type for all errors and warnings of the three programs.
//!
//! The code that detects the fault creates it, and only [`crate::sys::output`] turns it into text. No code
//! parses a rendered message.

use std::fmt::{self, Debug, Display};

/// An error or a warning: `cannot ACTION SUBJECT (ORIGIN): CAUSE`, then each fix.
#[derive(Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// The verb: `read`. Empty where nothing failed and `cause` is a sentence of its own.
    pub action: &'static str,
    /// The verb's object, as it is printed: a quoted path, a service.
    pub subject: String,
    /// The source of the subject's name: `from --ca`. Empty for a default.
    pub origin: String,
    /// The cause, without a final full stop.
    pub cause: String,
    /// The fixes, the best first.
    pub fixes: Vec<Fix>,
    /// Whether the command line itself is wrong; such an error has its own exit code.
    pub is_usage: bool,
}

/// A way to resolve the cause.
#[derive(Clone, PartialEq, Eq)]
pub enum Fix {
    /// A command that works when it is pasted unchanged.
    Command(String),
    /// One imperative sentence.
    Advice(String),
}

impl Diagnostic {
    /// Creates the error of an `action` that failed on `subject`.
    pub fn cannot(action: &'static str, subject: impl Display) -> Self {
        Self { action, subject: subject.to_string(), ..Self::statement("") }
    }

    /// Creates a message that is a complete sentence: no action failed.
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

    /// Sets the source of the subject's name.
    #[must_use]
    pub fn named(self, origin: impl Display) -> Self {
        Self { origin: origin.to_string(), ..self }
    }

    /// Sets the cause.
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

    /// Marks this as an error of the command line.
    #[must_use]
    pub fn usage(self) -> Self {
        Self { is_usage: true, ..self }
    }

    /// Returns all fixes, one per line; empty if there are none.
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
        for (prefix, text, suffix) in [(" ", subject, ""), (" (", origin, ")"), (": ", cause, "")] {
            if !text.is_empty() {
                [prefix, text, suffix].into_iter().try_for_each(|part| f.write_str(part))?;
            }
        }
        Ok(())
    }
}

/// The same text: a derived Debug would add the formatting code of every field to trust-init.
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

/// Implements the conversion by value for a type that implements the one by reference, for `?` and `into()`.
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
