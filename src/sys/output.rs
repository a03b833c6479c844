//! The only module that prints.
//!
//! Container logs are collected line by line and mixed with the service's own, so every line begins with the
//! program's name and is complete by itself. stdout is never used while a service may write to it. The texts
//! come from each [`Diagnostic`].

use crate::sys::diagnostic::{Diagnostic, Fix};
use crate::sys::environment::Environment;
use crate::sys::log_record::{self, Event};
use crate::sys::quote;
use crate::sys::styled::{Styled, Tone};
use std::fmt::Display;
use std::io::{IsTerminal as _, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};

/// How many messages are printed on stderr, and in which format.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Log {
    /// Lines of text.
    #[default]
    Normal,
    /// Warnings and errors only.
    Quiet,
    /// One JSON object per line, with `time`, `level`, `program`, `event`, `message` and, where there is one,
    /// `fix`.
    Json,
}

/// Prints the messages of one program in the chosen format.
#[derive(Clone, Copy, Debug)]
pub struct Report {
    program: &'static str,
    log: Log,
    may_colour: bool,
}

impl Report {
    /// Prints for `program`.
    pub fn new(program: &'static str, log: Log) -> Self {
        Self { program, log, may_colour: false }
    }

    /// The same, in colour on a terminal, unless `shell` asks for none (<https://no-color.org>) or the terminal
    /// has none.
    #[must_use]
    pub fn in_colour(self, shell: &Environment) -> Self {
        let is_dumb = shell.get("TERM").is_some_and(|value| value == "dumb");
        let is_plain = shell.get("NO_COLOR").is_some_and(|value| !value.is_empty());
        IS_DUMB.store(is_dumb, Ordering::Relaxed);
        Self { may_colour: !is_plain && !is_dumb, ..self }
    }

    /// Whether info messages are suppressed.
    pub fn is_quiet(&self) -> bool {
        self.log == Log::Quiet
    }

    /// Prints events with one write. Prints nothing under [`Log::Quiet`].
    pub fn events(&self, events: &[Event]) {
        if !self.is_quiet() {
            let lines = events.iter().map(|event| match self.log {
                Log::Json => event.json(self.program),
                _ => self.line(&[], &event.message),
            });
            print(&lines.collect::<String>());
        }
    }

    /// Returns `events` and then `errors` as JSON, one per line.
    pub fn audit(&self, events: &[Event], errors: &[Diagnostic]) -> String {
        let events = events.iter().map(|event| event.json(self.program));
        let error = |error| log_record::diagnostic_json("error", self.program, error);
        events.chain(errors.iter().map(error)).collect()
    }

    /// Prints a warning: the program continues.
    pub fn warning(&self, diagnostic: &Diagnostic) {
        print(&self.diagnostic("warning", diagnostic));
    }

    /// Prints an error: the program stops.
    pub fn error(&self, diagnostic: &Diagnostic) {
        print(&self.diagnostic("error", diagnostic));
    }

    /// Prints a remark: nothing has to be done about it.
    pub fn remark(&self, words: &dyn Display) {
        print(&self.line(&[&self.label("info"), ": "], &words.to_string()));
    }

    /// Prints the result of a command on stdout.
    ///
    /// # Errors
    /// When stdout cannot be written to; the error is printed.
    pub fn result(&self, text: &Styled) -> std::io::Result<()> {
        self.answer(&text.render(self.may_colour && std::io::stdout().is_terminal()))
    }

    /// Prints requested text (help, tables, shell code) on stdout.
    ///
    /// # Errors
    /// When writing to stdout fails; the error is printed.
    pub fn answer(&self, text: &str) -> std::io::Result<()> {
        let mut stdout = std::io::stdout().lock();
        let written = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
        // A reader that closes the pipe needs no more of the text.
        if let Err(error) = written.as_ref()
            && error.kind() != std::io::ErrorKind::BrokenPipe
        {
            let failed = Diagnostic::cannot("print", "the answer").named("to stdout");
            self.error(
                &failed
                    .because(cause(error))
                    .advise("connect stdout to a file, a pipe or a terminal"),
            );
        }
        written
    }

    fn diagnostic(&self, level: &'static str, diagnostic: &Diagnostic) -> String {
        if self.log == Log::Json {
            return log_record::diagnostic_json(level, self.program, diagnostic);
        }
        let message = diagnostic.to_string();
        let mut out = self.line(&[&self.label(level), ": "], &message);
        for Fix::Command(text) | Fix::Advice(text) in &diagnostic.fixes {
            text.lines().for_each(|line| out.push_str(&self.line(&["fix: "], line)));
        }
        out
    }

    /// The word for a level, in its colour.
    fn label(&self, level: &str) -> String {
        let tone = match level {
            "error" => Tone::Bad,
            "warning" => Tone::Warning,
            _ => Tone::Remark,
        };
        let is_coloured = self.may_colour && std::io::stderr().is_terminal();
        if is_coloured { tone.paint(level) } else { level.to_owned() }
    }

    /// Escapes the message: its quotations are escaped already, the rest is here.
    fn line(&self, kind: &[&str], message: &str) -> String {
        let message = quote::visible_lines(message);
        [&[self.program, ": "], kind, &[&message, "\n"]].concat().concat()
    }
}

/// Shows `text` on the terminal's last line, in place of the previous one; an empty text clears the line. Prints
/// nothing if stderr is not a terminal.
#[cfg(feature = "tools")]
pub(crate) fn progress(text: &str) {
    if std::io::stderr().is_terminal() && !IS_DUMB.load(Ordering::Relaxed) {
        IN_PROGRESS.store(!text.is_empty(), Ordering::Relaxed);
        // A wrapped line would not be cleared whole.
        let text: String = text.chars().take(79).collect();
        let _ = write!(std::io::stderr(), "{CLEAR}{text}");
    }
}

/// Moves to the start of the line and clears it (ECMA-48, 8.3.41).
const CLEAR: &str = "\r\x1b[K";

/// Whether the terminal knows no escapes (term(7)).
static IS_DUMB: AtomicBool = AtomicBool::new(false);

/// Whether the terminal's last line shows progress.
static IN_PROGRESS: AtomicBool = AtomicBool::new(false);

/// Ignores errors: a closed stderr must not prevent a service from starting.
fn print(text: &str) {
    if IN_PROGRESS.swap(false, Ordering::Relaxed) {
        let _ = std::io::stderr().write_all(CLEAR.as_bytes());
    }
    let _ = std::io::stderr().write_all(text.as_bytes());
}

/// Returns a value as indented JSON, with a line end. Control characters can occur only in its strings, and
/// are escaped there.
#[cfg(feature = "tools")]
pub fn json(value: &impl serde::Serialize) -> String {
    // Serializing strings, numbers and lists cannot fail.
    let json = serde_json::to_string_pretty(value).unwrap_or_default() + "\n";
    let mut shown = String::with_capacity(json.len());
    for c in json.chars() {
        if c == '\n' { shown.push(c) } else { log_record::push_visible(&mut shown, c) }
    }
    shown
}

/// `1 root`, `2 roots`.
pub fn count(n: usize, noun: &str) -> String {
    if n == 1 { format!("1 {noun}") } else { format!("{n} {noun}s") }
}

/// Returns the system's message in lower case, without the number that Rust adds.
pub fn cause(error: &std::io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or(&text);
    let mut letters = text.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}
