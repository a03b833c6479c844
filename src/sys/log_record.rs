//! A message as one JSON object per line, for `--log json` and the file of `--audit`.

use std::fmt::Write as _;
use std::time::{SystemTime, UNIX_EPOCH};

use time::OffsetDateTime;

use crate::sys::diagnostic::Diagnostic;
use crate::sys::quote;

/// A completed action.
#[derive(Debug)]
pub struct Event {
    /// Its name for programs, such as `ca-trusted`.
    pub id: &'static str,
    /// Its text.
    pub message: String,
    /// Further members of the JSON object.
    pub fields: Vec<(&'static str, String)>,
}

impl Event {
    /// Creates an event without further members.
    pub fn new(id: &'static str, message: impl Into<String>) -> Self {
        Self { id, message: message.into(), fields: Vec::new() }
    }

    /// Returns the event as JSON.
    pub(crate) fn json(&self, program: &str) -> String {
        object(&["info", program, self.id, &self.message], &self.fields)
    }
}

/// Returns an error or a warning as JSON. Its event is named after the action that failed.
pub(crate) fn diagnostic_json(level: &str, program: &str, diagnostic: &Diagnostic) -> String {
    let event = match diagnostic.action {
        "" => "notice".to_owned(),
        action => format!("cannot-{}", action.replace(' ', "-")),
    };
    let fix = (!diagnostic.fixes.is_empty()).then(|| ("fix", diagnostic.fix()));
    object(&[level, program, &event, &diagnostic.to_string()], fix.as_slice())
}

/// Returns a line with the current time, `known`, and the further members.
fn object(known: &[&str; 4], members: &[(&'static str, String)]) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let now = OffsetDateTime::from_unix_timestamp(now.cast_signed());
    let mut out = "{\"time\":\"".to_owned();
    out += &timestamp(now.unwrap_or(OffsetDateTime::UNIX_EPOCH));
    out.push('"');
    let known = ["level", "program", "event", "message"].into_iter().zip(known.iter().copied());
    for (name, value) in known.chain(members.iter().map(|(name, value)| (*name, value.as_str()))) {
        let _ = write!(out, ",\"{name}\":");
        push_string(&mut out, value);
    }
    out.push_str("}\n");
    out
}

/// Returns date and time as in RFC 3339, in UTC.
pub(crate) fn timestamp(at: OffsetDateTime) -> String {
    let (hour, minute, second) = at.to_hms();
    let (year, month, day) = (at.year(), u8::from(at.month()), at.day());
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// Adds a JSON string (RFC 8259, section 7).
fn push_string(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c => push_visible(out, c),
        }
    }
    out.push('"');
}

/// Adds a character; an invisible one as a JSON escape, in two halves if it is longer than 16 bits.
pub(crate) fn push_visible(out: &mut String, c: char) {
    if quote::is_hidden(c) {
        for half in c.encode_utf16(&mut [0; 2]) {
            let _ = write!(out, "\\u{half:04x}");
        }
    } else {
        out.push(c);
    }
}
