//! What was found: a sign, the thing, the cause, and what mends it.

use serde::Serialize;

/// How much it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Sign {
    /// As it should be.
    Ok,
    /// It works, and somebody will be surprised one day.
    Warning,
    /// It does not work.
    Error,
}

/// One line of the answer, and under it the mend.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    /// How much it matters.
    pub sign: Sign,
    /// What it is about.
    pub thing: String,
    /// What is the case, and why.
    pub cause: String,
    /// What mends it: a command, or one imperative sentence.
    pub fix: Option<String>,
}

impl Finding {
    /// Something that is as it should be.
    pub fn ok(thing: &(impl ToString + ?Sized), cause: impl Into<String>) -> Self {
        Self { sign: Sign::Ok, thing: thing.to_string(), cause: cause.into(), fix: None }
    }

    /// Something that will surprise.
    pub fn warning(
        thing: &(impl ToString + ?Sized),
        cause: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        let fix = Some(fix.into());
        Self { sign: Sign::Warning, thing: thing.to_string(), cause: cause.into(), fix }
    }

    /// Something that does not work.
    pub fn error(
        thing: &(impl ToString + ?Sized),
        cause: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self { sign: Sign::Error, ..Self::warning(thing, cause, fix) }
    }
}
