//! Text for stdout whose parts have a tone, which a terminal shows as a colour.

use std::fmt;

use crate::sys::quote;

/// What a part of the text means to its reader.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tone {
    /// Nothing in particular.
    #[default]
    Plain,
    /// As it should be.
    Good,
    /// A remark.
    Remark,
    /// It works, but not as expected.
    Warning,
    /// It does not work.
    Bad,
    /// Less important than the text around it.
    Faint,
}

impl Tone {
    /// The parameter of Select Graphic Rendition (ECMA-48, 8.3.117).
    pub(crate) fn sgr(self) -> Option<u8> {
        match self {
            Self::Plain => None,
            Self::Good => Some(32),
            Self::Remark => Some(36),
            Self::Warning => Some(33),
            Self::Bad => Some(31),
            Self::Faint => Some(2),
        }
    }

    /// `text` between the escapes of this tone.
    pub(crate) fn paint(self, text: &str) -> String {
        self.sgr().map_or_else(|| text.to_owned(), |sgr| format!("\x1b[{sgr}m{text}\x1b[0m"))
    }
}

/// Text in parts. What [`fmt::Write`] appends is plain.
#[derive(Clone, Debug, Default)]
pub struct Styled(Vec<(Tone, String)>);

impl Styled {
    /// Appends `text`.
    pub fn push(&mut self, tone: Tone, text: impl Into<String>) {
        self.0.push((tone, text.into()));
    }

    /// The text for a terminal that shows colours, or without them. What could control a terminal is escaped.
    pub fn render(&self, is_coloured: bool) -> String {
        let parts = self.0.iter().map(|(tone, text)| {
            let text = quote::visible_lines(text);
            if is_coloured { tone.paint(&text) } else { text }
        });
        parts.collect()
    }
}

impl fmt::Write for Styled {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        match self.0.last_mut() {
            Some((Tone::Plain, last)) => last.push_str(text),
            _ => self.push(Tone::Plain, text),
        }
        Ok(())
    }
}

impl From<String> for Styled {
    fn from(text: String) -> Self {
        Self(vec![(Tone::Plain, text)])
    }
}
