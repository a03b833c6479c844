//! Runs the programs that change a store, by sudo if only root may change it.

use std::ffi::{OsStr, OsString};
use std::fmt::{self, Display};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use nix::unistd::geteuid;

use crate::sys::diagnostic::Diagnostic;
use crate::sys::environment::Environment;
use crate::sys::output;
use crate::sys::quote;
use crate::sys::signals::with_stops;

/// The directories of administrators' programs, which a user's PATH may lack.
const SYSTEM_DIRECTORIES: &str = "/usr/local/sbin:/usr/sbin:/sbin";

/// The directories in which programs are found.
pub(crate) struct ProgramPath(OsString);

impl ProgramPath {
    /// Returns the absolute entries of PATH, followed by the directories of administrators' programs.
    pub(crate) fn new(shell: &Environment) -> Self {
        let path = shell.get("PATH").unwrap_or_else(|| OsStr::new("/usr/bin:/bin"));
        let absolute = shell.path_without_relative_entries();
        let path = absolute.as_deref().unwrap_or(path);
        Self([path, OsStr::new(SYSTEM_DIRECTORIES)].join(OsStr::new(":")))
    }

    /// Returns the path of a program; `None` if it is not installed.
    pub(crate) fn find(&self, program: &str) -> Option<PathBuf> {
        let mut paths = std::env::split_paths(&self.0).map(|directory| directory.join(program));
        paths.find(|path| path.is_file())
    }
}

/// One command.
#[derive(Debug)]
pub(crate) struct StoreCommand {
    words: Vec<OsString>,
    /// The text for its stdin.
    input: Vec<u8>,
    needs_root: bool,
}

impl StoreCommand {
    /// Creates a command of this user.
    pub(crate) fn new<const N: usize>(words: [&OsStr; N]) -> Self {
        let words = words.map(OsStr::to_owned).into();
        Self { words, input: Vec::new(), needs_root: false }
    }

    /// With this text as its stdin.
    pub(crate) fn reads(self, input: &[u8]) -> Self {
        Self { input: input.to_vec(), ..self }
    }

    /// By root, if `needs_root`.
    pub(crate) fn by_root(self, needs_root: bool) -> Self {
        Self { needs_root, ..self }
    }

    /// Whether sudo runs it.
    pub(crate) fn is_by_sudo(&self) -> bool {
        self.needs_root && !geteuid().is_root()
    }

    fn all_words(&self) -> impl Iterator<Item = &OsStr> {
        let sudo = self.is_by_sudo().then_some(OsStr::new("sudo"));
        sudo.into_iter().chain(self.words.iter().map(OsString::as_os_str))
    }

    /// Whether it succeeds.
    pub(crate) fn succeeds(&self, path: &ProgramPath) -> bool {
        self.output(path).is_ok_and(|output| output.status.success())
    }

    /// Runs it.
    ///
    /// # Errors
    /// When it cannot be started, or fails.
    pub(crate) fn run(&self, path: &ProgramPath) -> Result<(), Diagnostic> {
        let failed = |cause: &str| {
            let failed = Diagnostic::cannot("run", format_args!("`{self}`")).because(cause);
            if self.is_by_sudo() {
                failed.advise("run this again as root, with --custom-ca and the same path")
            } else {
                failed.advise("correct the cause, and run this again")
            }
        };
        let output = self.output(path).map_err(|error| failed(&output::cause(&error)))?;
        if output.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        let last = said.lines().rev().find(|line| !line.trim().is_empty());
        let last = last.map(|line| quote::word(line.trim()).to_string());
        Err(failed(&last.unwrap_or_else(|| output.status.to_string())))
    }

    fn output(&self, path: &ProgramPath) -> io::Result<Output> {
        let mut words = self.all_words();
        let mut command = Command::new(words.next().unwrap_or_default());
        command.args(words).env("PATH", &path.0);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        with_stops(|| {
            let mut child = command.spawn()?;
            if let Some(mut stdin) = child.stdin.take() {
                // A certificate is smaller than the pipe. The program may end without reading it.
                let _ = stdin.write_all(&self.input);
            }
            child.wait_with_output()
        })
    }
}

/// As it would be typed.
impl Display for StoreCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = self.all_words().map(|word| quote::shell(Path::new(word)));
        f.write_str(&words.collect::<Vec<_>>().join(" "))?;
        if self.input.is_empty() { Ok(()) } else { f.write_str(" <CERTIFICATE") }
    }
}
