//! Escapes foreign text: in a message, as a word of a shell, as a line of a terminal.

use std::fmt::{self, Display, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

/// Returns a line for a terminal: characters that move the cursor, end the line or reorder text become
/// escapes. For text that cannot be quoted in parts: the output of another program.
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

/// Returns several such lines.
pub fn visible_lines(text: &str) -> String {
    // Nearly all are plain ASCII, and some are printed at every start.
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

/// Text from a user or a certificate, printed in backticks. Characters that move the cursor, end the line or
/// reorder text become escapes.
pub struct Quoted<'a>(&'a [u8]);

/// Quotes a path.
pub fn path(path: &Path) -> Quoted<'_> {
    Quoted(path.as_os_str().as_bytes())
}

/// Quotes a word: an argument, a variable's value, a name in a certificate.
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

/// Whether a quotation contains the character unescaped: it is visible, and not the closing backtick.
fn is_shown(c: char) -> bool {
    !(c == '`' || is_hidden(c))
}

/// Whether the character controls a terminal, or is invisible there.
pub(crate) fn is_hidden(c: char) -> bool {
    c.is_control() || is_invisible(c)
}

/// Whether the character has no glyph, and reorders text, hides in it or ends its line: the category Cf, and
/// the separators of lines and paragraphs
/// (<https://www.unicode.org/Public/UCD/latest/ucd/extracted/DerivedGeneralCategory.txt>).
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0001}'..='\u{e007f}')
}

/// Returns a word in the quotes that a shell needs (POSIX.1-2024, Shell Command Language, section 2.2), on
/// one line also for YAML, in which U+2028 ends a line (YAML 1.1, section 4.2).
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

/// Returns `words` as [`shell`] quotes them, each after a space: the arguments of a command.
pub fn shell_arguments<T: AsRef<std::ffi::OsStr>>(words: &[T]) -> String {
    words.iter().fold(String::new(), |line, word| line + " " + &shell(word))
}
