//! The password of a PKCS#12 archive: none, then the one in a file, then the one that a person types.
//!
//! It is never taken from the command line or the environment, where others could read it, and no
//! message can hold it.

use std::cell::OnceCell;
use std::fmt::{self, Display};
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, IsTerminal as _, Read as _};
use std::path::{Path, PathBuf};

use crate::sys::file;
use crate::sys::output;
use crate::sys::quote;
use crate::sys::quote::shell;
use crate::trust::file_error::ANEW;
use crate::trust::pkcs12::{self, Archive, Problem};
use crate::trust::source::Unreadable;
use crate::trust::source::{Label, Source};
use crate::trust::source::{Named, Origin};

/// The option that names the file.
const OPTION: &str = "--p12-password-file";
/// Bytes that are looked through for the end of the first line.
const LONGEST: u64 = 4 << 10;

/// Asks a person, with these words; `None` where nobody is there to ask.
pub type Ask<'a> = &'a dyn Fn(&str) -> io::Result<Option<String>>;

/// Where passwords come from.
pub struct Passwords<'a> {
    file: Option<&'a Path>,
    ask: Ask<'a>,
    /// What is in the file: it may be a pipe, which can be read once.
    known: OnceCell<String>,
}

/// Why an archive stays closed.
pub enum Error {
    /// The file with the password cannot be read.
    Unreadable(Unreadable),
    /// That file holds no text.
    NoText(Label),
    /// It needs a password, and there is none.
    Nobody(Label),
    /// The terminal does not answer.
    Terminal { label: Label, error: io::Error },
    /// Another password is the right one.
    Wrong { label: Label, file: Option<PathBuf> },
    /// No password would help.
    Unusable { label: Label, problem: Problem },
}

output::error_of_words!(Error);

impl Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(error) => write!(f, "{error}"),
            Self::NoText(label) => write!(
                f,
                "cannot use {label}: its first line is no text in UTF-8, or has no end\n\
                 fix: name a file whose first line is the password"
            ),
            Self::Nobody(label) => write!(
                f,
                "cannot open {label}: {}\n\
                 fix: write it into a file of yours and name that with {OPTION} FILE, or run this \
                 in a terminal, where it is asked for",
                Problem::Locked
            ),
            Self::Terminal { label, error } => write!(
                f,
                "cannot ask for the password of {label}: {}\n\
                 fix: write it into a file of yours and name that with {OPTION} FILE",
                output::cause(error)
            ),
            Self::Wrong { label, file: Some(file) } => write!(
                f,
                "cannot open {label}: the first line of {} (from {OPTION}) is not its password\n\
                 fix: correct that file",
                quote::path(file)
            ),
            Self::Wrong { label, file: None } => write!(
                f,
                "cannot open {label}: that is not its password\n\
                 fix: run it again, or name a file that holds the password with {OPTION} FILE"
            ),
            Self::Unusable { label, problem: problem @ Problem::Unreadable(_) } => {
                write!(f, "cannot use {label}: {problem}\nfix: {ANEW}")
            }
            Self::Unusable { label, problem } => {
                let is_broken = *problem == Problem::Broken;
                let again = if is_broken { "copy it again, whole, or " } else { "" };
                write!(
                    f,
                    "cannot open {label}: {problem}\n\
                     fix: {again}take the certificates out, and name what comes out: \
                     `openssl pkcs12 -in {} -nokeys -out ca.pem` (with -legacy, if it is old)",
                    label.path().map(shell).unwrap_or_default()
                )
            }
        }
    }
}

impl<'a> Passwords<'a> {
    /// The first line of `file`, or the answer to `ask` if there is no such file.
    pub fn new(file: Option<&'a Path>, ask: Ask<'a>) -> Self {
        Self { file, ask, known: OnceCell::new() }
    }
    /// Opens an archive.
    ///
    /// # Errors
    /// When its password is not to be had, or it cannot be read.
    pub fn open(&self, source: &Source) -> Result<Archive, Error> {
        let label = || source.label.clone();
        let found = match self.try_known(source)? {
            (Err(Problem::Locked), None) => {
                let words = format!("password of {}: ", source.label);
                let typed = (self.ask)(&words);
                let typed = typed.map_err(|error| Error::Terminal { label: label(), error })?;
                pkcs12::open(source, &typed.ok_or_else(|| Error::Nobody(label()))?)
            }
            (found, _) => found,
        };
        found.map_err(|problem| match problem {
            Problem::Locked => {
                Error::Wrong { label: label(), file: self.file.map(Path::to_path_buf) }
            }
            problem => Error::Unusable { label: label(), problem },
        })
    }

    /// Opens an archive without asking anybody; `None` if its password is not known.
    ///
    /// # Errors
    /// When it cannot be read, or the file with the password cannot.
    pub fn open_silently(&self, source: &Source) -> Result<Option<Archive>, Error> {
        match self.try_known(source)?.0 {
            Ok(archive) => Ok(Some(archive)),
            Err(Problem::Locked) => Ok(None),
            Err(problem) => Err(Error::Unusable { label: source.label.clone(), problem }),
        }
    }

    /// No password, then the one in the file; and that file, if it was needed.
    fn try_known(
        &self,
        source: &Source,
    ) -> Result<(Result<Archive, Problem>, Option<&Path>), Error> {
        match (pkcs12::open(source, ""), self.file) {
            (Err(Problem::Locked), Some(file)) => {
                if self.known.get().is_none() {
                    let _ = self.known.set(first_line(file)?);
                }
                let password = self.known.get().map_or("", String::as_str);
                Ok((pkcs12::open(source, password), Some(file)))
            }
            (found, _) => Ok((found, None)),
        }
    }
}

/// The first line of a file, which may be a pipe: `--p12-password-file <(pass show lab)`.
fn first_line(path: &Path) -> Result<String, Error> {
    let named = Named { path: path.to_path_buf(), origin: Origin::Option(OPTION) };
    let label = Label::Path(named);
    let mut line = Vec::new();
    let read = File::open(path)
        .and_then(|file| BufReader::new(file.take(LONGEST)).read_until(b'\n', &mut line));
    if let Err(error) = read {
        let problem = match error.kind() {
            io::ErrorKind::IsADirectory => file::Problem::Directory { is_empty: false },
            _ => file::problem(path, error),
        };
        return Err(Error::Unreadable(Unreadable { label, problem }));
    }
    let is_whole = (line.len() as u64) < LONGEST;
    let text = String::from_utf8(line).ok().filter(|_| is_whole).ok_or(Error::NoText(label))?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

/// Asks the person at the terminal; `None` where there is no terminal.
///
/// # Errors
/// When the terminal cannot be used, or is closed before an answer.
pub fn terminal(words: &str) -> io::Result<Option<String>> {
    if io::stdin().is_terminal() { rpassword::prompt_password(words).map(Some) } else { Ok(None) }
}
