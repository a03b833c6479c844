//! Legacy: findings from the text of the refusals of `setup` that are not a Diagnostic yet. To be deleted with
//! the last of them: `Finding::failed` takes a Diagnostic.

use std::fmt::Display;

use crate::sys::finding::{Finding, Severity};

/// Legacy: a refusal as a finding.
pub fn finding(id: &'static str, words: &impl Display) -> Finding {
    // The user did not pass these options to this command.
    let unasked = |words: String, option| words.replace(&format!(" (from {option})"), "");
    let words =
        ["--custom-ca", "--extra-ca", "--domain"].into_iter().fold(words.to_string(), unasked);
    let (message, fix) = words.split_once("\nfix: ").unwrap_or((&words, ""));
    let (thing, cause) = parts(message).unwrap_or(("setup", message));
    Finding::new(id, Severity::Error, thing, cause).with_fix(command(fix))
}

/// The subject, in backticks, and the cause.
fn parts(message: &str) -> Option<(&str, &str)> {
    let (verb, rest) = message.strip_prefix("cannot ")?.split_once('`')?;
    let (name, behind) = rest.split_once('`').filter(|_| !verb.contains(':'))?;
    let (_, cause) = behind.split_once(": ")?;
    let from = message.len() - rest.len() - 1;
    Some((message.get(from..from + name.len() + 2)?, cause))
}

/// The command that a fix ends with; otherwise the fix itself.
fn command(fix: &str) -> &str {
    let command = fix.strip_suffix('`').and_then(|fix| Some(fix.rsplit_once(": `")?.1));
    command.filter(|command| !command.starts_with('-') && !command.contains('`')).unwrap_or(fix)
}
