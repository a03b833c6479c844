//! The command line of trust-init, whose options override the `TRUST_INIT_*` variables.
//!
//! What the variables and the words mean is in `trust::settings`; nothing is looked up on the disk here.

use std::ffi::OsString;

use lexopt::{Arg, Parser};

use crate::sys::diagnostic::Diagnostic;
use crate::sys::environment::Environment;
use crate::sys::quote;
use crate::sys::suggestion::nearest;
use crate::trust::settings::{self, JAVA, LOG, ON_ERROR, ROOTS, Settings, Words};
use crate::trust::source::{Named, Origin};

/// The long options, for a typing error in one.
const OPTIONS: &[&str] = &[
    "ca",
    "dir",
    "roots",
    "on-error",
    "grpc-roots",
    "java",
    "runtime",
    "leave",
    "install-store",
    "ca-sha256",
    "audit",
    "log",
    "prepare",
    "print-env",
    "dry-run",
    "list-variables",
    "help",
    "version",
];

/// What one run was asked to do.
#[derive(Debug)]
pub struct Invocation {
    /// How trust is to be prepared.
    pub settings: Settings,
    /// What to do in the end.
    pub task: Task,
}

/// What to do in the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Task {
    /// Become this program: its name and its arguments.
    Run(Vec<OsString>),
    /// Publish the bundle and end.
    Prepare,
    /// Print `export` lines for a shell.
    PrintEnv,
    /// Say what would be done.
    DryRun(Vec<OsString>),
    /// Print the table of variables.
    ListVariables,
    /// Print the help text.
    Help,
    /// Print the version.
    Version,
}

impl Task {
    /// The program that is, or would be, started, and its arguments.
    pub fn program(&self) -> Option<&[OsString]> {
        match self {
            Self::Run(program) | Self::DryRun(program) => Some(program),
            _ => None,
        }
    }

    /// Whether nothing may be changed.
    pub fn is_dry(&self) -> bool {
        matches!(self, Self::DryRun(_))
    }
}

/// Reads the command line, with the variables as defaults.
///
/// # Errors
/// When an option or a value is unknown, or no program is named.
pub fn parse(
    arguments: impl IntoIterator<Item = OsString>,
    environment: &Environment,
) -> Result<Invocation, Diagnostic> {
    let mut settings = Settings::defaults(environment)?;
    let (mut custom, mut runtimes, mut leave) = (Vec::new(), Vec::new(), Vec::new());
    let mut fingerprints = Vec::new();
    let mut task: Option<(&'static str, Task)> = None;
    let mut program = Vec::new();
    let mut parser = Parser::from_args(arguments);
    while let Some(argument) = parser.next().map_err(usage)? {
        let mut claim = |name: &'static str, new: Task| match task.replace((name, new)) {
            Some((earlier, _)) if earlier != name => Err(conflict(earlier, name)),
            _ => Ok(()),
        };
        match argument {
            Arg::Long("ca") => custom.push(path(&mut parser, "--ca")?),
            Arg::Long("dir") => settings.directory = Some(path(&mut parser, "--dir")?),
            Arg::Long("roots") => settings.roots = word(&mut parser, "--roots", ROOTS)?,
            Arg::Long("on-error") => settings.on_error = word(&mut parser, "--on-error", ON_ERROR)?,
            Arg::Long("log") => settings.log = word(&mut parser, "--log", LOG)?,
            Arg::Long("java") => settings.java = word(&mut parser, "--java", JAVA)?,
            Arg::Long("runtime") => {
                let value = parser.value().map_err(usage)?;
                runtimes.extend(settings::parse_runtimes(&value, Origin::Option("--runtime"))?);
            }
            Arg::Long("leave") => {
                let value = parser.value().map_err(usage)?;
                leave.extend(settings::parse_leave(&value, Origin::Option("--leave"))?);
            }
            Arg::Long("ca-sha256") => {
                let value = parser.value().map_err(usage)?;
                let origin = Origin::Option("--ca-sha256");
                fingerprints.extend(settings::parse_fingerprints(&value, origin)?);
            }
            Arg::Long("audit") => settings.audit = Some(path(&mut parser, "--audit")?),
            Arg::Long("grpc-roots") => settings.grpc_roots = true,
            Arg::Long("install-store") => settings.install_store = true,
            Arg::Long("prepare") => claim("`--prepare`", Task::Prepare)?,
            Arg::Long("print-env") => claim("`--print-env`", Task::PrintEnv)?,
            Arg::Long("dry-run") => claim("`--dry-run`", Task::DryRun(Vec::new()))?,
            Arg::Long("list-variables") => claim("`--list-variables`", Task::ListVariables)?,
            Arg::Long("help") | Arg::Short('h') => claim("`--help`", Task::Help)?,
            Arg::Long("version") | Arg::Short('V') => claim("`--version`", Task::Version)?,
            Arg::Value(first) => {
                program.push(first);
                program.extend(parser.raw_args().map_err(usage)?);
                break;
            }
            Arg::Long(name) => return Err(unknown(name)),
            Arg::Short(_) => return Err(usage(argument.unexpected())),
        }
    }
    if !custom.is_empty() {
        settings.custom = Some(custom);
    }
    if !runtimes.is_empty() {
        settings.runtimes = runtimes;
    }
    if !leave.is_empty() {
        settings.leave = leave;
    }
    if !fingerprints.is_empty() {
        settings.ca_sha256 = fingerprints;
    }
    settings.obey_leave();
    if let Some(Named { path, origin }) = &settings.directory
        && path.is_relative()
    {
        // The service may change its directory, and would then read another file.
        return Err(Diagnostic::cannot("use", quote::path(path))
            .named(origin)
            .because("it is not an absolute path")
            .advise("write it with a leading `/`"));
    }
    Ok(Invocation { settings, task: decide(task, program)? })
}

/// What to do with `program`, which only a service and `--dry-run` have.
fn decide(task: Option<(&'static str, Task)>, program: Vec<OsString>) -> Result<Task, Diagnostic> {
    match task {
        None if program.is_empty() => Err(Diagnostic::cannot("start", "a service")
            .because("no PROGRAM was given")
            .advise("name it after `--`, as in `trust-init -- python app.py`")),
        None => Ok(Task::Run(program)),
        Some((_, Task::DryRun(_))) => Ok(Task::DryRun(program)),
        Some((_, task)) if program.is_empty() => Ok(task),
        Some((name, _)) => Err(conflict(name, "a PROGRAM")),
    }
}

/// The path behind an option.
fn path(parser: &mut Parser, option: &'static str) -> Result<Named, Diagnostic> {
    let path = parser.value().map_err(usage)?.into();
    Ok(Named { path, origin: Origin::Option(option) })
}

/// The meaning of the word behind an option.
fn word<T: Copy>(
    parser: &mut Parser,
    option: &'static str,
    words: Words<T>,
) -> Result<T, Diagnostic> {
    settings::parse_word(&parser.value().map_err(usage)?, Origin::Option(option), words)
}

/// What lexopt refuses.
#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn usage(error: lexopt::Error) -> Diagnostic {
    Diagnostic::cannot("read", "the command line")
        .because(error.to_string().replace(['\'', '"'], "`"))
        .advise("see `trust-init --help`; options of PROGRAM go after its name")
}

/// An option that does not exist.
fn unknown(name: &str) -> Diagnostic {
    let error = usage(Arg::Long(name).unexpected());
    match nearest(name, OPTIONS.iter().copied()) {
        Some(option) => Diagnostic { fixes: Vec::new(), ..error }
            .advise(format!("write `--{option}`, or see `trust-init --help`")),
        None => error,
    }
}

/// Two tasks in one call, or a program where none belongs.
fn conflict(one: &str, other: &str) -> Diagnostic {
    Diagnostic::cannot("combine", format!("{one} with {other}")).advise("give one of them")
}
