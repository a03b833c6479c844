//! Writes and reads COMPOSE_FILE as a line of `.env`, in Compose's grammar.
//!
//! Tested with Compose 2.26: the last assignment wins; single quotes quote every character; within double
//! quotes a backslash quotes a quote, a dollar and a backslash.

/// The variable that lists the compose files.
const NAME: &str = "COMPOSE_FILE";

/// Returns the line that assigns `value`; `None` if the value contains control characters.
pub fn assignment(value: &str) -> Option<String> {
    if value.contains(char::is_control) {
        return None;
    }
    let is_plain = |c: char| c.is_alphanumeric() || "_-./:;,@%+\\".contains(c);
    let quoted = if value.chars().all(is_plain) {
        value.to_owned()
    } else if value.contains('\'') {
        let escape = |c: char| if "\\\"$".contains(c) { vec!['\\', c] } else { vec![c] };
        format!("\"{}\"", value.chars().flat_map(escape).collect::<String>())
    } else {
        format!("'{value}'")
    };
    Some(format!("{NAME}={quoted}"))
}

/// Returns the value that a line of ours assigns.
pub fn value(line: &str) -> Option<String> {
    let quoted = line.strip_prefix(NAME)?.strip_prefix('=')?;
    let within = |quote: char| quoted.strip_prefix(quote)?.strip_suffix(quote);
    if let Some(value) = within('\'') {
        return Some(value.to_owned());
    }
    let Some(escaped) = within('"') else { return Some(quoted.to_owned()) };
    let mut is_escaped = false;
    let kept = escaped.chars().filter(|&c| {
        is_escaped = c == '\\' && !is_escaped;
        !is_escaped
    });
    Some(kept.collect())
}

/// Whether `line` assigns a value to it.
pub fn is_assigned(line: &[u8]) -> bool {
    let line = String::from_utf8_lossy(line);
    let line = line.trim_start();
    let line = line.strip_prefix("export").map_or(line, str::trim_start);
    let rest = line.strip_prefix(NAME).map(str::trim_start);
    rest.is_some_and(|rest| rest.starts_with(['=', ':']))
}
