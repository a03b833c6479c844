//! The only place that prints.
//!
//! Container logs are collected line by line and mixed with the service's own, so every line
//! carries the program's name and makes sense alone, and stdout is never touched while a service
//! may speak on it. The words are not made here: each stage's error and warning says them, first
//! line what happened, second line `fix: …`.

use std::fmt::{self, Display, Write as _};
use std::io::{IsTerminal as _, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

/// How much is said on stderr, and in which form.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Log {
    /// Lines for people.
    #[default]
    Normal,
    /// Warnings and errors only.
    Quiet,
    /// One JSON object per line, with `level`, `program`, `message` and, where there is one, `fix`.
    Json,
}

/// A voice: a program's name and how it was asked to speak.
#[derive(Clone, Copy, Debug)]
pub struct Report {
    program: &'static str,
    log: Log,
}

impl Report {
    /// Speaks as `program`.
    pub fn new(program: &'static str, log: Log) -> Self {
        Self { program, log }
    }

    /// Whether nobody hears what was done.
    pub fn is_quiet(&self) -> bool {
        self.log == Log::Quiet
    }

    /// What was done. Silent under [`Log::Quiet`].
    pub fn info(&self, words: &dyn Display) {
        self.infos(std::slice::from_ref(&words.to_string()));
    }

    /// The same of several lines, which reach the log together.
    pub fn infos(&self, lines: &[String]) {
        if !self.is_quiet() {
            let lines = lines.iter().map(|line| self.line("info", line, ""));
            say(&lines.collect::<String>());
        }
    }

    /// Something that will surprise somebody, though the service starts.
    pub fn warning(&self, words: &dyn Display) {
        say(&self.line("warning", words, ""));
    }

    /// Something that stops us. `way_out` ends the `fix:` line, or is empty.
    pub fn error(&self, words: &dyn Display, way_out: &str) {
        say(&self.line("error", words, way_out));
    }

    /// What is waited for, on the terminal's last line, where the next such word takes its place and an
    /// empty one takes it away. Nothing where stderr is no terminal.
    pub fn progress(&self, words: &str) {
        if std::io::stderr().is_terminal() {
            // To the line's begin, and clear it (ECMA-48, 8.3.41); a longer one would leave a part behind.
            let words: String = words.chars().take(79).collect();
            let _ = write!(std::io::stderr(), "\r\x1b[K{words}");
        }
    }

    /// Text that was asked for (help, tables, shell code), on stdout.
    ///
    /// # Errors
    /// When stdout cannot be written to, which is told: whoever asked has no answer.
    pub fn answer(&self, text: &str) -> std::io::Result<()> {
        let mut stdout = std::io::stdout().lock();
        let written = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
        // Who closes a pipe has read enough.
        if let Err(error) = written.as_ref()
            && error.kind() != std::io::ErrorKind::BrokenPipe
        {
            let cause = cause(error);
            let fix = "let stdout be a file, a pipe or a terminal that takes it";
            self.error(&format!("cannot print the answer (to stdout): {cause}\nfix: {fix}"), "");
        }
        written
    }

    fn line(&self, level: &str, words: &dyn Display, way_out: &str) -> String {
        let words = words.to_string();
        let (message, fix) = words.split_once("\nfix: ").unwrap_or((&words, ""));
        let mut out = String::new();
        match self.log {
            Log::Json => {
                out.push_str("{\"level\":");
                push_json(&mut out, level);
                out.push_str(",\"program\":");
                push_json(&mut out, self.program);
                out.push_str(",\"message\":");
                push_json(&mut out, message);
                if !fix.is_empty() {
                    out.push_str(",\"fix\":");
                    push_json(&mut out, &format!("{fix}{way_out}"));
                }
                out.push_str("}\n");
            }
            Log::Normal | Log::Quiet => {
                let shown = if level == "info" { String::new() } else { format!("{level}: ") };
                // What a message quotes is escaped already; this is for all that it does not.
                let message = visible_lines(message);
                let _ = writeln!(out, "{}: {shown}{message}", self.program);
                if !fix.is_empty() {
                    let fix = visible_lines(fix);
                    let _ = writeln!(out, "{}: fix: {fix}{way_out}", self.program);
                }
            }
        }
        out
    }
}

/// A closed stderr must not keep a service from starting.
fn say(text: &str) {
    let _ = std::io::stderr().write_all(text.as_bytes());
}

/// A JSON string (RFC 8259, section 7).
fn push_json(out: &mut String, text: &str) {
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

/// What cannot be seen becomes an escape of JSON, in two halves where it is longer than 16 bits.
fn push_visible(out: &mut String, c: char) {
    if is_hidden(c) {
        for half in c.encode_utf16(&mut [0; 2]) {
            let _ = write!(out, "\\u{half:04x}");
        }
    } else {
        out.push(c);
    }
}

/// A value as JSON for people and programs, with a line end. What could do something to a terminal can
/// only be within its strings, and is escaped there.
#[cfg(feature = "tools")]
pub fn json(value: &impl serde::Serialize) -> String {
    // Strings, numbers and lists always become JSON.
    let json = serde_json::to_string_pretty(value).unwrap_or_default() + "\n";
    let mut shown = String::with_capacity(json.len());
    for c in json.chars() {
        if c == '\n' { shown.push(c) } else { push_visible(&mut shown, c) }
    }
    shown
}

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
fn is_hidden(c: char) -> bool {
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

/// A word that a shell reads as it stands (POSIX.1-2024, Shell Command Language, section 2.2), on one
/// line, whoever counts them: for YAML, U+2028 ends one (YAML 1.1, section 4.2).
#[cfg(feature = "tools")]
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
            c if is_escaped(c) => format!("\\u{:04x}", u32::from(c)),
            c => c.to_string(),
        });
        format!("$'{}'", escaped.collect::<String>())
    }
}

/// `1 root`, `2 roots`.
pub fn count(n: usize, noun: &str) -> String {
    if n == 1 { format!("1 {noun}") } else { format!("{n} {noun}s") }
}

/// What the system says, as one lower-case phrase without the number that Rust adds.
pub fn cause(error: &std::io::Error) -> String {
    let words = error.to_string();
    let words = words.split(" (os error").next().unwrap_or(&words);
    let mut letters = words.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}

/// Makes a type whose Display is the words an error. Its Debug are the same words: deriving it would
/// bring that of every nested type into a program that never shows it.
macro_rules! error_of_words {
    ($type:ty) => {
        impl std::fmt::Debug for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Display::fmt(self, f)
            }
        }

        impl std::error::Error for $type {}
    };
}
pub(crate) use error_of_words;
