//! The blocks in a PEM text, however it was saved.
//!
//! RFC 7468 readers differ in what they pass over in silence: a block behind a byte order mark, an
//! indented one, one glued to its neighbour because a file lacked its last line end. Here every
//! `-----BEGIN` is accounted for: it becomes a block or a flaw with its line. Nothing is skipped.

use data_encoding::BASE64;
use memchr::memmem;

/// One block between its markers.
#[derive(Debug, PartialEq, Eq)]
pub struct Block<'a> {
    /// What the markers say it is.
    pub label: &'a str,
    /// The line of its BEGIN marker, counted from 1.
    pub line: usize,
    /// The text between the markers.
    body: &'a [u8],
    /// Whether every client could read it where it stands: markers and base64 on lines of their
    /// own, with nothing around them.
    pub tidy: bool,
}

/// Why a text cannot be divided into blocks, or a block not decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flaw {
    /// The line it is on, counted from 1.
    pub line: usize,
    /// What is wrong there.
    pub what: &'static str,
}

const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";
const DASHES: &[u8] = b"-----";
/// RFC 7468, section 3: labels are short words; what is longer is no label but a lost line end.
const LONGEST_LABEL: usize = 64;

/// Divides `text` into its blocks, and goes on behind a flaw. Text between them is comment, as in
/// every reader.
pub fn blocks(text: &[u8]) -> Blocks<'_> {
    Blocks {
        text,
        rest: 0,
        lines: Lines { text, at: 0, line: 1 },
        begin: memmem::Finder::new(BEGIN),
        end: memmem::Finder::new(END),
    }
}

/// The blocks of a text, or the place where a marker has no partner or is broken.
pub struct Blocks<'a> {
    text: &'a [u8],
    rest: usize,
    lines: Lines<'a>,
    begin: memmem::Finder<'static>,
    end: memmem::Finder<'static>,
}

impl<'a> Iterator for Blocks<'a> {
    type Item = Result<Block<'a>, Flaw>;

    fn next(&mut self) -> Option<Self::Item> {
        let tail = self.text.get(self.rest..)?;
        let start = self.begin.find(tail);
        let before = tail.get(..start.unwrap_or(tail.len()))?;
        if let Some(stray) = self.end.find(before) {
            let at = self.rest + stray;
            self.rest = at + END.len();
            return Some(Err(self.lines.flaw(at, "an END marker has no BEGIN before it")));
        }
        let start = self.rest + start?;
        // Whatever comes of this block, the next one is looked for behind its BEGIN.
        self.rest = start + BEGIN.len();
        Some(self.block(start))
    }
}

impl<'a> Blocks<'a> {
    fn block(&mut self, start: usize) -> Result<Block<'a>, Flaw> {
        let text = self.text;
        let Some(label) = label(text, self.rest) else {
            return Err(self.lines.flaw(start, "the BEGIN marker is broken"));
        };
        let body_start = self.rest + label.len() + DASHES.len();
        let behind = text.get(body_start..).unwrap_or_default();
        let Some(length) = memmem::find(behind, DASHES) else {
            return Err(self.lines.flaw(start, "the block is cut off: its END marker is missing"));
        };
        let body = behind.get(..length).unwrap_or_default();
        let end = body_start + length;
        if !text.get(end..).is_some_and(|text| text.starts_with(END)) {
            return Err(self.lines.flaw(start, "the block is cut off: another one begins in it"));
        }
        if self::label(text, end + END.len()) != Some(label) {
            return Err(self.lines.flaw(end, "the END marker does not fit its BEGIN"));
        }
        self.rest = end + END.len() + label.len() + DASHES.len();
        let tidy =
            is_line_start(text, start) && is_line_start(text, end) && is_line_end(text, self.rest);
        Ok(Block { label, line: self.lines.number(start), body, tidy })
    }
}

/// The word between `at` and the dashes that end a marker.
fn label(text: &[u8], at: usize) -> Option<&str> {
    let window = text.get(at..text.len().min(at + LONGEST_LABEL))?;
    let label = window.get(..memmem::find(window, DASHES)?)?;
    let is_label = label.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ');
    is_label.then(|| std::str::from_utf8(label).ok()).flatten()
}

fn is_line_start(text: &[u8], at: usize) -> bool {
    at == 0 || text.get(at - 1) == Some(&b'\n')
}

fn is_line_end(text: &[u8], at: usize) -> bool {
    let behind = text.get(at..).unwrap_or_default();
    behind.is_empty() || behind.starts_with(b"\n") || behind.starts_with(b"\r\n")
}

/// Line numbers, counted only as far as somebody asks.
struct Lines<'a> {
    text: &'a [u8],
    at: usize,
    line: usize,
}

impl Lines<'_> {
    fn number(&mut self, at: usize) -> usize {
        let passed = self.text.get(self.at..at).unwrap_or_default();
        let feeds = memchr::memchr_iter(b'\n', passed).count();
        // Old Mac files end lines with a lone carriage return.
        let returns = if feeds == 0 { memchr::memchr_iter(b'\r', passed).count() } else { 0 };
        self.line += feeds.max(returns);
        self.at = at;
        self.line
    }

    fn flaw(&mut self, at: usize, what: &'static str) -> Flaw {
        Flaw { line: self.number(at), what }
    }
}

impl Block<'_> {
    /// The bytes that the block's base64 stands for, and whether its lines are such as every
    /// client reads.
    ///
    /// # Errors
    /// A character that is not base64, missing padding, or nothing at all.
    pub fn decode(&self, scratch: &mut Vec<u8>) -> Result<(Vec<u8>, bool), Flaw> {
        scratch.clear();
        let mut tidy = self.tidy;
        for (index, line) in self.body.split(|byte| *byte == b'\n').enumerate() {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            let full = line.trim_ascii();
            // OpenSSL refuses lines longer than 76 in its strict reading; RFC 7468 writes 64.
            tidy &= full.len() == line.len() && full.len() <= 76;
            tidy &= !full.is_empty() || index == 0 || scratch.len() % 4 == 0;
            if full.iter().any(u8::is_ascii_whitespace) {
                tidy = false;
                scratch.extend(full.iter().filter(|byte| !byte.is_ascii_whitespace()));
            } else {
                scratch.extend_from_slice(full);
            }
        }
        let flaw = |what| Flaw { line: self.line, what };
        if scratch.is_empty() {
            return Err(flaw("the block is empty"));
        }
        let bytes = BASE64.decode(scratch).map_err(|error| match error.kind {
            data_encoding::DecodeKind::Symbol => flaw("a character in the block is not base64"),
            _ => flaw("the base64 in the block is cut off or badly padded"),
        })?;
        Ok((bytes, tidy))
    }
}
