//! The result of a subcommand of trust-compose (text for stdout and an exit code), and texts that several
//! subcommands share.

use std::fmt::{Display, Write as _};

use crate::compose::inputs::Inputs;
use crate::compose::select::{self, Choice, Outcome, SelectionReason};
use crate::sys::diagnostic::Diagnostic;
use crate::sys::exit_code;
use crate::sys::output;
use crate::sys::quote;
use crate::sys::styled::{Styled, Tone};
use crate::trust::time::Time;

/// The result of a subcommand.
#[derive(Debug, Default)]
pub struct CommandOutput {
    /// The text for stdout.
    pub text: Styled,
    /// The exit code.
    pub code: u8,
}

/// Callback for warnings.
pub(crate) type WarningSink<'a> = &'a dyn Fn(Diagnostic);

impl CommandOutput {
    /// Returns an exit code, without text.
    pub(crate) fn code(code: u8) -> Self {
        Self { text: Styled::default(), code }
    }
}

impl<T: Into<Styled>> From<T> for CommandOutput {
    /// Returns the text of a subcommand that succeeded.
    fn from(text: T) -> Self {
        Self { text: text.into(), code: 0 }
    }
}

/// Returns the result of `--check`: the lines of `drift`, and their `fix`.
pub(crate) fn check_result(drift: &[String], fix: &str) -> CommandOutput {
    let mut text = Styled::default();
    if drift.is_empty() {
        text.push(Tone::Good, "in step");
        text.push(Tone::Plain, "\n");
        return text.into();
    }
    for line in drift {
        text.push(Tone::Bad, "out of step");
        let _ = writeln!(text, ": {line}");
    }
    for line in fix.lines() {
        let _ = writeln!(text, "fix: {line}");
    }
    CommandOutput { text, code: exit_code::TROUBLE }
}

/// Returns the outcome of a run: how many of `choices`, each a `noun`, trust which CA, and why.
pub(crate) fn outcome(
    inputs: &Inputs,
    (noun, choices): (&str, &[Choice<'_>]),
    is_dry: bool,
    describe: impl Fn(&SelectionReason<'_>) -> String,
) -> Styled {
    let mut text = Styled::default();
    let trusting = choices.iter().filter(|choice| choice.outcome == Outcome::Trust).count();
    let verb = match (is_dry, trusting) {
        (true, _) => "would trust",
        (false, 0 | 1) => "trusts",
        (false, _) => "trust",
    };
    let of_all = format!("{trusting} of {}", output::count(choices.len(), noun));
    let subject = if trusting == 0 { format!("no {noun}") } else { of_all };
    let has_expired = inputs.custom.iter().any(|ca| ca.not_after < Time::now());
    let tone = if trusting > 0 && !has_expired { Tone::Good } else { Tone::Warning };
    text.push(tone, format!("{subject} {verb}:"));
    text.push(Tone::Plain, "\n");
    for ca in &inputs.custom {
        let (name, until) = (quote::word(&ca.subject), ca.not_after);
        let _ = writeln!(text, "  {name} until {until} (SHA-256 {})", ca.fingerprint());
    }
    let _ = writeln!(text);
    select::write_table(&mut text, &noun.to_uppercase(), choices, describe);
    let _ = writeln!(text);
    text
}

/// Writes a remark below the outcome.
pub(crate) fn write_remark(text: &mut Styled, remark: impl Display) {
    text.push(Tone::Remark, "info");
    let _ = writeln!(text, ": {remark}");
}
