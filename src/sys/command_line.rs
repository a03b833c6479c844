//! Command lines that clap reads: its errors as a [`Diagnostic`], its help and version as text. clap itself
//! neither prints nor exits.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Command, Error, Parser};

use crate::sys::diagnostic::Diagnostic;
use crate::sys::exit_code;
use crate::sys::output::Report;

/// A command line that is not run.
pub enum Stop {
    /// It asks for this text.
    Answer(String),
    /// It cannot be understood.
    Refused(Diagnostic),
}

impl Stop {
    /// Prints the text or the error, and returns the exit code. `failed`: that of an answer that cannot be
    /// printed.
    pub fn print(&self, report: Report, failed: u8) -> u8 {
        match self {
            Self::Answer(text) => report.answer(text).map_or(failed, |()| 0),
            Self::Refused(diagnostic) => {
                report.error(diagnostic);
                exit_code::USAGE
            }
        }
    }
}

/// Reads the command line `words`, the program's name first. Without a subcommand where one is needed, it asks
/// for help.
///
/// # Errors
/// When it asks for help or the version, or cannot be understood.
pub fn parse<C: Parser>(words: impl IntoIterator<Item = OsString>) -> Result<C, Stop> {
    let mut words: Vec<_> = words.into_iter().collect();
    let grammar = C::command();
    if let Some(command) = command_behind_its_options(&grammar, &words)
        && let Some(front) = words.get_mut(1..=command)
    {
        front.rotate_right(1);
    }
    C::try_parse_from(&words).map_err(|error| match error.kind() {
        ErrorKind::DisplayHelp
        | ErrorKind::DisplayVersion
        | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            Stop::Answer(error.to_string().trim_end().to_owned() + "\n")
        }
        _ => {
            // The first word that is a subcommand: `certs` can also be a directory.
            let is_command = |word: &&str| grammar.find_subcommand(word).is_some();
            let command = words.iter().filter_map(|word| word.to_str()).find(is_command);
            let command = command.map_or_else(String::new, |command| format!("{command} "));
            let help = format!("`{} {command}--help`", grammar.get_name());
            Stop::Refused(diagnostic(&error, &help))
        }
    })
}

/// Where the subcommand is, if its own options precede it, as in `docker compose -f FILE up`.
fn command_behind_its_options(grammar: &Command, words: &[OsString]) -> Option<usize> {
    (2..words.len()).find(|at| {
        let name = words.get(*at).and_then(|word| word.to_str());
        let command = name.and_then(|name| grammar.find_subcommand(name));
        let mut next = 1;
        while let (Some(command), Some(word)) = (command, words.get(next).filter(|_| next < *at)) {
            let Some(length) = word.to_str().and_then(|word| length(command, word)) else { break };
            next += length;
        }
        next == *at
    })
}

/// How many words the option of `command` that `word` begins consists of: 2 if its value is the next word.
fn length(command: &Command, word: &str) -> Option<usize> {
    let takes_value = |arg: &Arg| {
        arg.get_action().takes_values()
            && arg.get_num_args().is_none_or(|range| range.min_values() > 0)
    };
    let mut all = command.get_arguments();
    if let Some(long) = word.strip_prefix("--") {
        let (name, value) =
            long.split_once('=').map_or((long, None), |(name, value)| (name, Some(value)));
        let arg = all.find(|arg| arg.get_long() == Some(name))?;
        return Some(1 + usize::from(takes_value(arg) && value.is_none()));
    }
    let mut letters = word.strip_prefix('-')?.chars();
    let letter = letters.next()?;
    let arg = all.find(|arg| arg.get_short() == Some(letter))?;
    Some(1 + usize::from(takes_value(arg) && letters.as_str().is_empty()))
}

/// clap's first line says what is wrong, and its context what is right. `help` is the command that says more.
fn diagnostic(error: &Error, help: &str) -> Diagnostic {
    use ContextKind::{SuggestedArg, SuggestedSubcommand, SuggestedValue, ValidValue};
    let suggested = [SuggestedArg, SuggestedSubcommand, SuggestedValue];
    let suggested = suggested.into_iter().find_map(|kind| match error.get(kind)? {
        ContextValue::String(text) => Some(text),
        ContextValue::Strings(texts) => texts.first(),
        _ => None,
    });
    let words = match (suggested, error.get(ValidValue)) {
        (Some(word), _) => std::slice::from_ref(word),
        (None, Some(ContextValue::Strings(values))) => values,
        (None, _) => &[],
    };
    let words: Vec<_> = words.iter().map(|word| format!("`{word}`")).collect();
    let advice = match words.as_slice() {
        [] => format!("see {help}"),
        words => format!("write {}, or see {help}", words.join(" or ")),
    };
    Diagnostic::cannot("read", "the command line").because(cause(error)).advise(advice).usage()
}

fn cause(error: &Error) -> String {
    if error.kind() == ErrorKind::MissingSubcommand {
        return "no command was given".to_owned();
    }
    let rendered = error.to_string();
    let mut lines = rendered.lines();
    let first = lines.next().unwrap_or_default();
    let first = first.strip_prefix("error: ").unwrap_or(first);
    // The items of a list are on lines of their own.
    let items: Vec<_> = if first.ends_with(':') {
        lines.map(str::trim).take_while(|line| !line.is_empty()).collect()
    } else {
        Vec::new()
    };
    format!("{first} {}", items.join(" ")).trim_end().replace('\'', "`")
}
