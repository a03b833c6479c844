//! The password of a PKCS#12 archive: first the empty one, then that of a file, then a prompt at the
//! terminal.
//!
//! The command line and the environment are no sources, because other users can read them. No message
//! contains a password.

use std::cell::OnceCell;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, IsTerminal as _, Read as _};
use std::path::Path;

use crate::sys::diagnostic::Diagnostic;
use crate::sys::file;
use crate::sys::output;
use crate::sys::quote;
use crate::sys::quote::shell;
use crate::trust::file_error::CREATE_AGAIN;
use crate::trust::pkcs12::{self, Archive, Pkcs12Error};
use crate::trust::source::{CertificateSource, HostFileError, Label, Origin};

/// The option that names the password file.
const OPTION: &str = "--p12-password-file";
/// Longest first line of the password file, in bytes.
const MAX_LINE: u64 = 4 << 10;

/// Prompts the user with this text; returns `None` without a terminal.
pub(crate) type PasswordPrompt<'a> = &'a dyn Fn(&str) -> io::Result<Option<String>>;

/// The sources of passwords.
pub(crate) struct Passwords<'a> {
    file: Option<&'a Path>,
    ask: PasswordPrompt<'a>,
    /// The first line of the file, cached because a pipe can be read only once.
    known: OnceCell<String>,
}

impl<'a> Passwords<'a> {
    /// Uses the first line of `file`, or without a file the answer to `ask`.
    pub(crate) fn new(file: Option<&'a Path>, ask: PasswordPrompt<'a>) -> Self {
        Self { file, ask, known: OnceCell::new() }
    }

    /// Opens an archive, with a prompt if necessary.
    ///
    /// # Errors
    /// When the password is not available or wrong, or the archive cannot be read.
    pub(crate) fn open(&self, source: &CertificateSource) -> Result<Archive, Diagnostic> {
        let label = &source.label;
        let mut found = self.open_without_prompt(source)?;
        if let (Err(Pkcs12Error::Locked), None) = (&found, self.file) {
            let typed = (self.ask)(&format!("password of {label}: ")).map_err(|error| {
                Diagnostic::cannot("ask for", format_args!("the password of {label}"))
                    .because(output::cause(&error))
                    .advise(format!("write the password to a file, and pass {OPTION} FILE"))
            })?;
            let typed = typed.ok_or_else(|| {
                label.cannot("open").because(Pkcs12Error::Locked).advise(format!(
                    "write the password to a file, and pass {OPTION} FILE, or run this in a terminal, \
                     to type it"
                ))
            })?;
            found = pkcs12::open(source, &typed);
        }
        found.map_err(|problem| self.unusable(label, problem))
    }

    /// Opens an archive without a prompt.
    ///
    /// # Errors
    /// When the password file cannot be read. The inner result has the errors of the archive.
    pub(crate) fn open_without_prompt(
        &self,
        source: &CertificateSource,
    ) -> Result<Result<Archive, Pkcs12Error>, Diagnostic> {
        match (pkcs12::open(source, ""), self.file) {
            (Err(Pkcs12Error::Locked), Some(file)) => {
                if self.known.get().is_none() {
                    let _ = self.known.set(first_line(file)?);
                }
                Ok(pkcs12::open(source, self.known.get().map_or("", String::as_str)))
            }
            (found, _) => Ok(found),
        }
    }

    fn unusable(&self, label: &Label, problem: Pkcs12Error) -> Diagnostic {
        match (problem, self.file) {
            (Pkcs12Error::Locked, Some(file)) => {
                let file = quote::path(file);
                let cause = format!("the first line of {file} (from {OPTION}) is not its password");
                label.cannot("open").because(cause).advise("correct that file")
            }
            (Pkcs12Error::Locked, None) => {
                let fix = format!("run it again, or name a file with the password: {OPTION} FILE");
                label.cannot("open").because("the password is wrong").advise(fix)
            }
            (Pkcs12Error::Unreadable(_), _) => {
                label.cannot("use").because(problem).advise(CREATE_AGAIN)
            }
            (Pkcs12Error::Broken | Pkcs12Error::Unknown | Pkcs12Error::TooManyRounds { .. }, _) => {
                let is_broken = problem == Pkcs12Error::Broken;
                let again = if is_broken { "copy the complete file again, or " } else { "" };
                let path = label.path().map(shell).unwrap_or_default();
                label.cannot("open").because(problem).advise(format!(
                    "{again}extract the certificates and name the result: `openssl pkcs12 -in {path} \
                     -nokeys -out ca.pem` (with -legacy, if it is old)"
                ))
            }
        }
    }
}

/// Reads the first line of a file or pipe: `--p12-password-file <(pass show lab)`.
fn first_line(path: &Path) -> Result<String, Diagnostic> {
    let label = Label::new(path, Origin::Option(OPTION));
    let mut line = Vec::new();
    let read = File::open(path)
        .and_then(|file| BufReader::new(file.take(MAX_LINE)).read_until(b'\n', &mut line));
    if let Err(error) = read {
        let problem = match error.kind() {
            io::ErrorKind::IsADirectory => file::FileReadError::Directory { is_empty: false },
            _ => file::FileReadError::new(path, error),
        };
        return Err(Diagnostic::from(&HostFileError { label, problem }));
    }
    let is_whole = (line.len() as u64) < MAX_LINE;
    let text = String::from_utf8(line).ok().filter(|_| is_whole).ok_or_else(|| {
        let cause = "its first line is not UTF-8 text, or is too long";
        label.cannot("use").because(cause).advise("name a file whose first line is the password")
    })?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

/// Prompts the user at the terminal; `None` without one.
///
/// # Errors
/// When the terminal cannot be used, or is closed before an answer.
pub(crate) fn prompt_at_terminal(words: &str) -> io::Result<Option<String>> {
    if io::stdin().is_terminal() { rpassword::prompt_password(words).map(Some) } else { Ok(None) }
}
