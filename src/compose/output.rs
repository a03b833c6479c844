//! What a task of trust-compose hands back to `run`: text for stdout and an exit code; and the words that
//! several tasks share.

use std::fmt::Write as _;

use crate::compose::inputs::Inputs;
use crate::sys::diagnostic::Diagnostic;
use crate::sys::exit_code;
use crate::sys::output::Report;
use crate::sys::quote;

/// The result of a task.
#[derive(Debug, Default)]
pub struct CommandOutput {
    /// For stdout.
    pub text: String,
    /// The exit code.
    pub code: u8,
}

/// Callback for warnings.
pub(crate) type WarningSink<'a> = &'a dyn Fn(Diagnostic);

impl From<String> for CommandOutput {
    /// Text of a task that succeeded.
    fn from(text: String) -> Self {
        Self { text, code: 0 }
    }
}

/// Prints the text that was asked for, and returns the exit code.
pub(crate) fn answer(report: Report, text: &str) -> u8 {
    match report.answer(text) {
        Ok(()) => 0,
        Err(_) => exit_code::TROUBLE,
    }
}

/// The result of `--check`: each line of `drift` is out of step, and `fix` brings it back.
pub(crate) fn check_result(drift: &[String], fix: &str) -> CommandOutput {
    if drift.is_empty() {
        return "in step\n".to_owned().into();
    }
    let mut text = String::new();
    for line in drift {
        let _ = writeln!(text, "out of step: {line}");
    }
    let _ = writeln!(text, "fix: {fix}");
    CommandOutput { text, code: exit_code::TROUBLE }
}

/// One line for each CA that is to be trusted.
pub(crate) fn trusting(inputs: &Inputs) -> String {
    let mut text = String::new();
    for ca in &inputs.custom {
        let _ = writeln!(
            text,
            "trusting {} until {} (SHA-256 {})",
            quote::word(&ca.subject),
            ca.not_after,
            ca.fingerprint()
        );
    }
    text
}
