//! A few lines of ours in a file of somebody else's, between two lines that say so. Text in, text
//! out: what the disk holds is not looked at.
//!
//! Taken out again, every byte is as it was. What is needed for that stands in the first line of the
//! block itself, because nothing else travels with the file. A digest of the lines is there too: a
//! block that somebody wrote into holds words that are not ours to delete.

use std::fmt::{self, Display};

use crate::trust::fingerprint::Fingerprint;

/// How the first line begins.
const BEGIN: &str = "# trust-compose: begin ";
/// How many digits of the digest follow.
const DIGITS: usize = 8;
/// The last line.
const END: &str = "# trust-compose: end";
/// What everybody may know who finds the block.
const PURPOSE: &str = "; `remove` takes this block out";
/// Added where the file was not there before.
const MADE: &str = ", and the file";
/// Added where the line above had no end.
const JOINED: &str = ", and the line end above";

/// U+FEFF in UTF-8. What stands behind it is the first line.
pub const MARK: &[u8] = b"\xef\xbb\xbf";

/// A text without the block.
#[derive(Debug, PartialEq, Eq)]
pub struct Rest {
    /// What is left.
    pub text: Vec<u8>,
    /// Whether there was no file before the block, and is nothing else in it now.
    pub is_needless: bool,
}

/// Why a block cannot be told from what is around it. Lines count from 1.
#[derive(Debug, PartialEq, Eq)]
pub enum Damage {
    /// A first line that is not as we write it.
    Unreadable { line: usize },
    /// A first line without a last one.
    Endless { line: usize },
    /// A last line without a first one.
    Headless { line: usize },
    /// A block after the first.
    Second { line: usize, first: usize },
    /// The lines between are not those that were written.
    Edited { line: usize, end: usize },
}

impl Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let again = "and run it again";
        match self {
            Self::Unreadable { line } => write!(
                f,
                "line {line} marks a block of trust-compose and was edited\n\
                 fix: delete that block, keep what is yours of it, {again}"
            ),
            Self::Endless { line } => write!(
                f,
                "the block of trust-compose at line {line} has no end\n\
                 fix: delete that line and what belongs to it, {again}"
            ),
            Self::Headless { line } => write!(
                f,
                "line {line} ends a block of trust-compose that has no beginning\n\
                 fix: delete that line and what belongs to it, {again}"
            ),
            Self::Second { line, first } => write!(
                f,
                "it has two blocks of trust-compose, at line {first} and at line {line}\n\
                 fix: delete one of them, {again}"
            ),
            Self::Edited { line, end } => write!(
                f,
                "the block of trust-compose in lines {line} to {end} was edited\n\
                 fix: delete that block, keep what is yours of it, {again}"
            ),
        }
    }
}

/// A block in a text.
struct Block<'a> {
    /// What is above it, with the end of its last line.
    above: &'a [u8],
    /// What its first line says of its lines.
    digest: String,
    /// The lines between the markers, without their ends.
    lines: Vec<&'a [u8]>,
    /// What is below it.
    below: &'a [u8],
    /// What is to be remembered of the text.
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

/// `text`, or a new file, with `lines` in our block. One that stands stays in its place, unless one of
/// the lines below it `overrules` ours: then it moves below that.
///
/// # Errors
/// When the block that stands is damaged.
pub fn with(
    text: Option<&[u8]>,
    lines: &[String],
    overrules: impl Fn(&[u8]) -> bool,
) -> Result<Vec<u8>, Damage> {
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

/// `text` without our block; `None` if there is none.
///
/// # Errors
/// When the block is damaged.
pub fn without(text: &[u8]) -> Result<Option<Rest>, Damage> {
    Ok(find(text)?.map(|block| {
        let text = block.rest();
        Rest { is_needless: block.note.is_made && text.is_empty(), text }
    }))
}

/// The lines in our block; `None` if there is none.
///
/// # Errors
/// When the block is damaged.
pub fn lines(text: &[u8]) -> Result<Option<Vec<String>>, Damage> {
    let shown = |line: &&[u8]| String::from_utf8_lossy(line).into_owned();
    Ok(find(text)?.map(|block| block.lines.iter().map(shown).collect()))
}

impl Block<'_> {
    /// The text without it. A line end that was added stays where a line has come below it.
    fn rest(&self) -> Vec<u8> {
        let mut above = self.above;
        if self.note.is_joined && self.below.is_empty() {
            above = above.strip_suffix(self.line_end.as_bytes()).unwrap_or(above);
        }
        [above, self.below].concat()
    }
}

/// The only block in `text`.
fn find(text: &[u8]) -> Result<Option<Block<'_>>, Damage> {
    let mut at = if text.starts_with(MARK) { MARK.len() } else { 0 };
    let mut open: Option<(usize, Block)> = None;
    let mut found: Option<(usize, Block)> = None;
    let whole = text.get(at..).unwrap_or_default().split_inclusive(|&byte| byte == b'\n');
    for (line, whole) in (1..).zip(whole) {
        let start = at;
        at += whole.len();
        let text_of_line = whole.strip_suffix(b"\n").unwrap_or(whole);
        let plain = text_of_line.strip_suffix(b"\r").unwrap_or(text_of_line);
        if let Some(tail) = plain.strip_prefix(BEGIN.as_bytes()) {
            if let Some((line, _)) = open {
                return Err(Damage::Endless { line });
            }
            if let Some((first, _)) = found {
                return Err(Damage::Second { line, first });
            }
            let (digest, note) = read(tail).ok_or(Damage::Unreadable { line })?;
            let line_end = if whole.ends_with(b"\r\n") { "\r\n" } else { "\n" };
            let above = text.get(..start).unwrap_or_default();
            let block = Block { above, digest, lines: Vec::new(), below: &[], note, line_end };
            open = Some((line, block));
        } else if plain == END.as_bytes() {
            let Some((first, mut block)) = open.take() else {
                return Err(Damage::Headless { line });
            };
            if digest(&block.lines) != block.digest {
                return Err(Damage::Edited { line: first, end: line });
            }
            block.below = text.get(at..).unwrap_or_default();
            found = Some((first, block));
        } else if let Some((_, block)) = &mut open {
            block.lines.push(plain);
        }
    }
    match (open, found) {
        (Some((line, _)), _) => Err(Damage::Endless { line }),
        (None, found) => Ok(found.map(|(_, block)| block)),
    }
}

/// The digest and the note in the first line's `tail`, if it is one that we write.
fn read(tail: &[u8]) -> Option<(String, Note)> {
    let (digest, words) = std::str::from_utf8(tail).ok()?.split_at_checked(DIGITS)?;
    let words = words.strip_prefix(PURPOSE)?;
    let (is_made, words) = words.strip_prefix(MADE).map_or((false, words), |rest| (true, rest));
    let (is_joined, words) = words.strip_prefix(JOINED).map_or((false, words), |rest| (true, rest));
    words.is_empty().then(|| (digest.to_owned(), Note { is_made, is_joined }))
}

/// `text` with the block at its end, in its own kind of line ends.
fn appended(mut text: Vec<u8>, lines: &[String], is_made: bool) -> Vec<u8> {
    let last = text.iter().rposition(|&byte| byte == b'\n').and_then(|at| text.get(..at));
    let line_end = if last.is_some_and(|line| line.ends_with(b"\r")) { "\r\n" } else { "\n" };
    let is_joined = !(text.is_empty() || text == MARK || text.ends_with(b"\n"));
    if is_joined {
        text.extend_from_slice(line_end.as_bytes());
    }
    written(&text, lines, &[], Note { is_made, is_joined }, line_end)
}

fn written(above: &[u8], lines: &[String], below: &[u8], note: Note, line_end: &str) -> Vec<u8> {
    let digest = digest(&lines.iter().map(String::as_bytes).collect::<Vec<_>>());
    let made = if note.is_made { MADE } else { "" };
    let joined = if note.is_joined { JOINED } else { "" };
    let mut text = above.to_vec();
    let mut push = |line: &str| {
        text.extend_from_slice(line.as_bytes());
        text.extend_from_slice(line_end.as_bytes());
    };
    push(&format!("{BEGIN}{digest}{PURPOSE}{made}{joined}"));
    for line in lines {
        push(line);
    }
    push(END);
    text.extend_from_slice(below);
    text
}

fn digest(lines: &[&[u8]]) -> String {
    let mut digits = Fingerprint::of([lines.join(&b'\n').as_slice()]).to_string();
    digits.truncate(DIGITS);
    digits
}
