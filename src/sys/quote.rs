//! Text that others wrote, made safe to show: quoted for a message, as a word of a shell, as a line of a terminal.

use std::fmt::{self, Display, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

/// A line for a terminal: whatever could move a cursor, end the line or turn text around is shown as an
/// escape. For text that reaches us whole and cannot be quoted piece by piece: another program's answer.
pub fn visible(line: &str) -> String {
    let mut shown = String::with_capacity(line.len());
    for c in line.chars() {
        if is_hidden(c) {
            let _ = write!(shown, "{}", c.escape_unicode());
        } else {
            shown.push(c);
        }
    }
    shown
}

/// The same of several lines.
pub fn visible_lines(text: &str) -> String {
    // Nearly all are plain, and some are written at every start.
    if text.bytes().all(|byte| byte == b'\n' || matches!(byte, b' '..=b'~')) {
        return text.to_owned();
    }
    text.split_inclusive('\n').fold(String::with_capacity(text.len()), |shown, line| {
        match line.strip_suffix('\n') {
            Some(line) => shown + &visible(line) + "\n",
            None => shown + &visible(line),
        }
    })
}

/// Something a person or a certificate wrote, in backticks, with whatever could move a cursor,
/// end a line or turn text around shown as an escape.
pub struct Quoted<'a>(&'a [u8]);

/// Quotes a path.
pub fn path(path: &Path) -> Quoted<'_> {
    Quoted(path.as_os_str().as_bytes())
}

/// Quotes a word: an argument, a variable's value, a name out of a certificate.
pub fn word<T: AsRef<std::ffi::OsStr> + ?Sized>(word: &T) -> Quoted<'_> {
    Quoted(word.as_ref().as_bytes())
}

impl Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('`')?;
        for chunk in self.0.utf8_chunks() {
            for c in chunk.valid().chars() {
                if is_shown(c) { f.write_char(c)? } else { write!(f, "{}", c.escape_unicode())? }
            }
            for byte in chunk.invalid() {
                write!(f, "\\x{byte:02x}")?;
            }
        }
        f.write_char('`')
    }
}

/// Neither a control character nor an invisible one, nor the backtick that ends a quotation.
fn is_shown(c: char) -> bool {
    !(c == '`' || is_hidden(c))
}

/// What does something to a terminal, or is not seen there.
pub(crate) fn is_hidden(c: char) -> bool {
    c.is_control() || is_invisible(c)
}

/// The characters that have no shape of their own and reorder text, hide in it or end its line: those of
/// the category Cf, and the separators of lines and paragraphs
/// (<https://www.unicode.org/Public/UCD/latest/ucd/extracted/DerivedGeneralCategory.txt>).
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0001}'..='\u{e007f}')
}

/// A word that a shell reads as it is (POSIX.1-2024, Shell Command Language, section 2.2), on one line also
/// for YAML, for which U+2028 ends one (YAML 1.1, section 4.2).
pub fn shell<T: AsRef<std::ffi::OsStr> + ?Sized>(word: &T) -> String {
    let text = word.as_ref().to_string_lossy();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-./:@%+=,".contains(c);
    let is_escaped = |c: char| c != '`' && !is_shown(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        text.into_owned()
    } else if !text.chars().any(is_escaped) {
        format!("'{}'", text.replace('\'', r"'\''"))
    } else {
        let escaped = text.chars().map(|c| match c {
            '\'' | '\\' => format!("\\{c}"),
            c if is_escaped(c) && u32::from(c) > 0xffff => format!("\\U{:08x}", u32::from(c)),
            c if is_escaped(c) => format!("\\u{:04x}", u32::from(c)),
            c => c.to_string(),
        });
        format!("$'{}'", escaped.collect::<String>())
    }
}
