//! A few lines of ours in a file of the user's, between two lines that mark them. Text in, text out: the
//! disk is not touched.
//!
//! Taken out again, every other byte is as it was. What is needed for that is in the block's first line,
//! because nothing else travels with the file.

use crate::compose::layout::BYTE_ORDER_MARK;
use crate::sys::diagnostic::Diagnostic;

/// How the first line begins.
const BEGIN: &str = "# trust-compose: begin";
/// The last line.
const END: &str = "# trust-compose: end";
/// What everybody may know who finds the block.
const PURPOSE: &str = "; `remove` takes this block out";
/// Added where the file did not exist before.
const MADE: &str = ", and the file";
/// Added where the line above had no end.
const JOINED: &str = ", and the line end above";
/// Digits of a digest that older versions wrote after [`BEGIN`] and a space.
const DIGITS: usize = 8;

/// A text without the block.
#[derive(Debug, PartialEq, Eq)]
pub struct Rest {
    /// What is left.
    pub text: Vec<u8>,
    /// Whether there was no file before the block, and it is empty without the block.
    pub is_needless: bool,
}

/// A block in a text.
struct Block<'a> {
    /// What is above it, with the end of its last line.
    above: &'a [u8],
    /// The lines between the markers, without their ends.
    lines: Vec<&'a [u8]>,
    /// What is below it.
    below: &'a [u8],
    note: Note,
    /// How its first line ends.
    line_end: &'static str,
}

/// What the first line remembers.
#[derive(Clone, Copy, Default)]
struct Note {
    is_made: bool,
    is_joined: bool,
}

/// Whether `line` is the first or the last of a block.
pub fn is_mark(line: &[u8]) -> bool {
    line.starts_with(BEGIN.as_bytes()) || line == END.as_bytes()
}

/// `text`, or a new file, with `lines` in our block. A block that exists keeps its place, unless one of
/// the lines below it `overrules` ours: then it moves below that line.
///
/// # Errors
/// When the block that exists is damaged.
pub fn with(
    text: Option<&[u8]>,
    lines: &[String],
    overrules: impl Fn(&[u8]) -> bool,
) -> Result<Vec<u8>, Diagnostic> {
    let Some(text) = text else {
        let note = Note { is_made: true, is_joined: false };
        return Ok(written(&[], lines, &[], note, "\n"));
    };
    let Some(block) = find(text)? else { return Ok(appended(text.to_vec(), lines, false)) };
    if block.below.split(|&byte| byte == b'\n').any(overrules) {
        return Ok(appended(block.rest(), lines, block.note.is_made));
    }
    if block.lines.iter().copied().eq(lines.iter().map(String::as_bytes)) {
        return Ok(text.to_vec());
    }
    Ok(written(block.above, lines, block.below, block.note, block.line_end))
}

/// `text` without our block; `None` if it has none.
///
/// # Errors
/// When the block is damaged.
pub fn without(text: &[u8]) -> Result<Option<Rest>, Diagnostic> {
    Ok(find(text)?.map(|block| {
        let text = block.rest();
        Rest { is_needless: block.note.is_made && text.is_empty(), text }
    }))
}

/// The lines in our block; `None` if there is none.
///
/// # Errors
/// When the block is damaged.
pub fn lines(text: &[u8]) -> Result<Option<Vec<String>>, Diagnostic> {
    let shown = |line: &&[u8]| String::from_utf8_lossy(line).into_owned();
    Ok(find(text)?.map(|block| block.lines.iter().map(shown).collect()))
}

impl Block<'_> {
    /// The text without it. A line end that was added stays where a line has been added below it.
    fn rest(&self) -> Vec<u8> {
        let mut above = self.above;
        if self.note.is_joined && self.below.is_empty() {
            above = above.strip_suffix(self.line_end.as_bytes()).unwrap_or(above);
        }
        [above, self.below].concat()
    }
}

/// The only block in `text`. Lines count from 1.
fn find(text: &[u8]) -> Result<Option<Block<'_>>, Diagnostic> {
    let mut at = if text.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
    let mut lines = Vec::new();
    let mut marks = Vec::new();
    for line in text.get(at..).unwrap_or_default().split_inclusive(|&byte| byte == b'\n') {
        let plain = line.strip_suffix(b"\n").unwrap_or(line);
        let plain = plain.strip_suffix(b"\r").unwrap_or(plain);
        if is_mark(plain) {
            marks.push((lines.len(), at, plain));
        }
        at += line.len();
        lines.push((plain, at));
    }
    let Some(((first, start, begin), rest)) = marks.split_first() else { return Ok(None) };
    if let [(last, _, end)] = rest
        && let Some(note) = Note::read(begin)
        && *end == END.as_bytes()
        && let (Some((_, begun)), Some((_, end))) = (lines.get(*first), lines.get(*last))
    {
        let is_crlf = text.get(*start..*begun).is_some_and(|line| line.ends_with(b"\r\n"));
        return Ok(Some(Block {
            above: text.get(..*start).unwrap_or_default(),
            lines: lines.iter().take(*last).skip(first + 1).map(|(line, _)| *line).collect(),
            below: text.get(*end..).unwrap_or_default(),
            note,
            line_end: if is_crlf { "\r\n" } else { "\n" },
        }));
    }
    Err(Diagnostic::cannot("change", "")
        .because(format_args!("its block of trust-compose at line {} is damaged", first + 1))
        .advise("delete that block, keep what is yours of it, and run it again"))
}

impl Note {
    /// The note in a block's first line, if the line is one that we write.
    fn read(line: &[u8]) -> Option<Self> {
        let tail = std::str::from_utf8(line).ok()?.strip_prefix(BEGIN)?;
        let tail = match tail.strip_prefix(' ').and_then(|rest| rest.split_at_checked(DIGITS)) {
            Some((digits, rest)) if digits.bytes().all(|digit| digit.is_ascii_hexdigit()) => rest,
            Some(_) => return None,
            None => tail,
        };
        let rest = tail.strip_prefix(PURPOSE)?;
        let (is_made, rest) = rest.strip_prefix(MADE).map_or((false, rest), |rest| (true, rest));
        let (is_joined, rest) =
            rest.strip_prefix(JOINED).map_or((false, rest), |rest| (true, rest));
        rest.is_empty().then_some(Self { is_made, is_joined })
    }
}

/// `text` with the block at its end, in its own kind of line ends.
fn appended(mut text: Vec<u8>, lines: &[String], is_made: bool) -> Vec<u8> {
    let last = text.iter().rposition(|&byte| byte == b'\n').and_then(|at| text.get(..at));
    let line_end = if last.is_some_and(|line| line.ends_with(b"\r")) { "\r\n" } else { "\n" };
    let is_joined = !(text.is_empty() || text == BYTE_ORDER_MARK || text.ends_with(b"\n"));
    if is_joined {
        text.extend_from_slice(line_end.as_bytes());
    }
    written(&text, lines, &[], Note { is_made, is_joined }, line_end)
}

fn written(above: &[u8], lines: &[String], below: &[u8], note: Note, line_end: &str) -> Vec<u8> {
    let made = if note.is_made { MADE } else { "" };
    let joined = if note.is_joined { JOINED } else { "" };
    let begin = format!("{BEGIN}{PURPOSE}{made}{joined}");
    let ours = std::iter::once(begin.as_str()).chain(lines.iter().map(String::as_str)).chain([END]);
    let ours: String = ours.flat_map(|line| [line, line_end]).collect();
    [above, ours.as_bytes(), below].concat()
}
