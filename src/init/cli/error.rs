//! What is wrong with a command line or with the variables that are settings, in words.

use std::ffi::OsString;
use std::fmt::{self, Display};

use crate::init::cli::VARIABLES;
use crate::sys::quote;
use crate::trust::source::Origin;

/// A command line that cannot be understood.
#[derive(Debug)]
pub enum Error {
    /// No program and no task that does without one.
    NoProgram,
    /// Something lexopt refused.
    Usage(lexopt::Error),
    /// A value that is none of the words an option takes.
    Value { origin: Origin, value: OsString, allowed: String },
    /// A name that is no trust variable's.
    NoTrustVariable { origin: Origin, value: OsString },
    /// Two tasks in one call, or a program where none belongs.
    Together(&'static str, &'static str),
}

impl std::error::Error for Error {}

impl Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoProgram => f.write_str(
                "cannot start a service: no PROGRAM was given\n\
                 fix: name it after `--`, as in `trust-init -- python app.py`",
            ),
            Self::Usage(error) => {
                let words = error.to_string().replace(['\'', '"'], "`");
                write!(
                    f,
                    "cannot read the command line: {words}\n\
                     fix: see `trust-init --help`; options of PROGRAM go after its name"
                )
            }
            Self::Value { origin, value, allowed } => write!(
                f,
                "cannot use {} ({origin}): it is none of {allowed}\nfix: write one of {allowed}",
                quote::word(value),
            ),
            Self::NoTrustVariable { origin, value } => write!(
                f,
                "cannot use {} ({origin}): it is not a trust variable, so it is left alone in any case\n\
                 fix: name variables that `trust-init --list-variables` prints, with commas",
                quote::word(value),
            ),
            Self::Together(one, other) => {
                write!(f, "cannot combine {one} with {other}\nfix: give one of them")
            }
        }
    }
}

/// A setting that looks like a slip of the pen.
#[derive(Debug)]
pub struct UnknownVariable(pub OsString);

impl Display for UnknownVariable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} is set, but there is no such setting\nfix: unset it, or write one of {}",
            quote::word(&self.0),
            VARIABLES.join(", "),
        )
    }
}
