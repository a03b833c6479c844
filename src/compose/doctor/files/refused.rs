//! What another task would refuse is a finding here, in the same words: `cannot VERB THING (ORIGIN): CAUSE`,
//! and under it the mend.

use std::fmt::Display;

use crate::sys::finding::{Finding, Sign};

/// A refusal as a finding.
pub fn finding(id: &'static str, sign: Sign, words: &impl Display) -> Finding {
    // Nobody typed these options now.
    let unasked = |words: String, option| words.replace(&format!(" (from {option})"), "");
    let words =
        ["--custom-ca", "--extra-ca", "--domain"].into_iter().fold(words.to_string(), unasked);
    let (message, fix) = words.split_once("\nfix: ").unwrap_or((&words, ""));
    let (thing, cause) = parts(message).unwrap_or(("setup", message));
    Finding { sign, ..Finding::ok(id, thing, cause) }.with_fix(command(fix))
}

/// A warning about `thing` as a finding.
pub fn warning(id: &'static str, thing: &impl ToString, words: &str) -> Finding {
    let (message, fix) = words.split_once("\nfix: ").unwrap_or((words, ""));
    Finding::warning(id, thing, message, command(fix))
}

/// The thing, in the backticks that no name can hold, and the cause.
fn parts(message: &str) -> Option<(&str, &str)> {
    let (verb, rest) = message.strip_prefix("cannot ")?.split_once('`')?;
    let (name, behind) = rest.split_once('`').filter(|_| !verb.contains(':'))?;
    let (_, cause) = behind.split_once(": ")?;
    let from = message.len() - rest.len() - 1;
    Some((message.get(from..from + name.len() + 2)?, cause))
}

/// The command with which a mend ends; else the mend itself.
fn command(fix: &str) -> &str {
    let command = fix.strip_suffix('`').and_then(|fix| Some(fix.rsplit_once(": `")?.1));
    command.filter(|command| !command.starts_with('-') && !command.contains('`')).unwrap_or(fix)
}
