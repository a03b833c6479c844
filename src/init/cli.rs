//! The command line and the `TRUST_INIT_*` variables become [`Settings`].
//!
//! Nothing is looked up here: what was typed is kept apart from what it means on this disk. Each
//! value remembers where it came from, because every later message names that place. The process
//! environment is read once, here, and handed to the stages as a snapshot.

pub mod error;
pub mod value;

use crate::trust::source::{Named, Origin, Roots};
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::Read as _;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};

use lexopt::Arg;

pub use crate::init::cli::error::{Error, UnknownVariable};
use crate::init::cli::value::{
    JAVA, LOG, ON_ERROR, ROOTS, SWITCH, leave, option, path, runtimes, variable,
};
use crate::sys::environment::Environment;
use crate::sys::output::{Log, Report};
use crate::trust::variables::java::JAVA_TOOL_OPTIONS;
use crate::trust::variables::runtimes::Runtime;

/// What one run was asked to do.
#[derive(Debug)]
pub struct Settings {
    /// Files and directories of custom CAs that the user named; `None` means the default directory.
    pub custom: Option<Vec<Named>>,
    /// The text of custom CAs, given as a variable.
    pub pem: Option<OsString>,
    /// Where the bundle goes, instead of the rungs.
    pub directory: Option<Named>,
    /// The public roots to merge.
    pub roots: Roots,
    /// What a failure to prepare trust means for the service.
    pub on_error: OnError,
    /// Whether gRPC's own roots variable is set as well.
    pub grpc_roots: bool,
    /// Whether the custom CAs are put into the image's own store as well.
    pub install_store: bool,
    /// Whether Java is told of the custom CAs as well.
    pub java: Java,
    /// Which runtimes are told of the bundle in settings of their own.
    pub runtimes: Vec<Runtime>,
    /// The trust variables that stay exactly as they were found.
    pub leave: Vec<&'static str>,
    /// How to speak.
    pub log: Log,
    /// What to do in the end.
    pub task: Task,
}

/// What happens to the service when trust cannot be prepared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnError {
    /// It is not started, and the exit code is [`crate::sys::exit_code::FAILED`].
    #[default]
    Fail,
    /// It is started with what could be prepared, after a warning.
    Warn,
}

/// Whether Java is told of the custom CAs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Java {
    /// Where a JVM is found.
    #[default]
    Auto,
    /// Always.
    On,
    /// Never.
    Off,
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

/// Every variable that is a setting of ours.
pub const VARIABLES: &[&str] = &[
    "TRUST_INIT_CA",
    "TRUST_INIT_CA_PEM",
    "TRUST_INIT_DIR",
    "TRUST_INIT_ROOTS",
    "TRUST_INIT_ON_ERROR",
    "TRUST_INIT_GRPC_ROOTS",
    "TRUST_INIT_JAVA",
    "TRUST_INIT_RUNTIMES",
    "TRUST_INIT_LEAVE",
    "TRUST_INIT_INSTALL_STORE",
    "TRUST_INIT_LOG",
];

impl Task {
    /// The program that is, or would be, started, and its arguments.
    pub fn program(&self) -> Option<&[OsString]> {
        match self {
            Self::Run(program) | Self::DryRun(program) => Some(program),
            _ => None,
        }
    }
}

/// The environment of this process, as it was found. The only place that reads it. The kernel has it
/// whole; the standard library leaves out what is no `NAME=value`, and serves where there is no `/proc`.
pub fn process_environment() -> Environment {
    let mut block = Vec::with_capacity(ENVIRONMENT);
    // Without a limit, and without the questions that `File` asks first.
    let read = |file: File| file.take(u64::MAX).read_to_end(&mut block);
    if File::open("/proc/self/environ").and_then(read).is_ok_and(|read| read > 0) {
        return Environment::of(&block);
    }
    #[expect(clippy::disallowed_methods, reason = "this is the one place")]
    let variables = std::env::vars_os();
    variables.collect()
}

/// More than most environments, in bytes.
const ENVIRONMENT: usize = 16 << 10;

/// A voice for failures that come before, or instead of, [`Settings`].
pub fn report(environment: &Environment) -> Report {
    Report::new("trust-init", variable(environment, "TRUST_INIT_LOG", LOG).unwrap_or_default())
}

/// `TRUST_INIT_*` variables that mean nothing here.
pub fn unknown_variables(environment: &Environment) -> Vec<UnknownVariable> {
    let names = environment.pairs().map(|(name, _)| name);
    let ours = names.filter(|name| name.as_bytes().starts_with(b"TRUST_INIT_"));
    let unknown = ours.filter(|name| !VARIABLES.iter().any(|known| *name == *known));
    unknown.map(|name| UnknownVariable(name.to_os_string())).collect()
}

/// Reads the command line, with the variables as defaults.
///
/// # Errors
/// When an option or a value is unknown, or no program is named.
pub fn settings(
    arguments: impl IntoIterator<Item = OsString>,
    environment: &Environment,
) -> Result<Settings, Error> {
    let mut settings = defaults(environment)?;
    let (mut named, mut asked, mut left) = (Vec::new(), Vec::new(), Vec::new());
    let mut task: Option<(&'static str, Task)> = None;
    let mut program = Vec::new();
    let mut parser = lexopt::Parser::from_args(arguments);
    while let Some(argument) = parser.next().map_err(Error::Usage)? {
        let mut claim = |name: &'static str, new: Task| match task.replace((name, new)) {
            Some((earlier, _)) if earlier != name => Err(Error::Together(earlier, name)),
            _ => Ok(()),
        };
        match argument {
            Arg::Long("ca") => named.push(path(&mut parser, "--ca")?),
            Arg::Long("dir") => settings.directory = Some(path(&mut parser, "--dir")?),
            Arg::Long("roots") => {
                settings.roots = option(&mut parser, "--roots", ROOTS)?;
            }
            Arg::Long("on-error") => {
                settings.on_error = option(&mut parser, "--on-error", ON_ERROR)?;
            }
            Arg::Long("log") => settings.log = option(&mut parser, "--log", LOG)?,
            Arg::Long("java") => settings.java = option(&mut parser, "--java", JAVA)?,
            Arg::Long("runtime") => {
                let value = parser.value().map_err(Error::Usage)?;
                asked.extend(runtimes(&value, Origin::Option("--runtime"))?);
            }
            Arg::Long("leave") => {
                let value = parser.value().map_err(Error::Usage)?;
                left.extend(leave(&value, Origin::Option("--leave"))?);
            }
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
                program.extend(parser.raw_args().map_err(Error::Usage)?);
                break;
            }
            other => return Err(Error::Usage(other.unexpected())),
        }
    }
    if !named.is_empty() {
        settings.custom = Some(named);
    }
    if !asked.is_empty() {
        settings.runtimes = asked;
    }
    if !left.is_empty() {
        settings.leave = left;
    }
    settings.obey_leave();
    settings.task = match task {
        None if program.is_empty() => return Err(Error::NoProgram),
        None => Task::Run(program),
        Some((_, Task::DryRun(_))) => Task::DryRun(program),
        Some((_, task)) if program.is_empty() => task,
        Some((name, _)) => return Err(Error::Together(name, "a PROGRAM")),
    };
    Ok(settings)
}

/// What the variables alone ask for.
///
/// # Errors
/// When a value is unknown.
pub fn from_variables(environment: &Environment) -> Result<Settings, Error> {
    let mut settings = defaults(environment)?;
    settings.obey_leave();
    Ok(settings)
}

/// What the variables say, before it is known which of them an option overrides.
fn defaults(environment: &Environment) -> Result<Settings, Error> {
    let path = |name: &'static str| {
        let value = environment.get(name).filter(|value| !value.is_empty())?;
        Some(Named { path: value.into(), origin: Origin::Variable(name) })
    };
    Ok(Settings {
        custom: environment.get("TRUST_INIT_CA").map(|list| {
            let paths = list.as_bytes().split(|byte| *byte == b':');
            let named = |path: &[u8]| Named {
                path: OsString::from_vec(path.to_vec()).into(),
                origin: Origin::Variable("TRUST_INIT_CA"),
            };
            paths.filter(|path| !path.is_empty()).map(named).collect()
        }),
        pem: environment
            .get("TRUST_INIT_CA_PEM")
            .filter(|pem| !pem.is_empty())
            .map(OsStr::to_owned),
        directory: path("TRUST_INIT_DIR"),
        roots: variable(environment, "TRUST_INIT_ROOTS", ROOTS)?,
        on_error: variable(environment, "TRUST_INIT_ON_ERROR", ON_ERROR)?,
        grpc_roots: variable(environment, "TRUST_INIT_GRPC_ROOTS", SWITCH)?,
        install_store: variable(environment, "TRUST_INIT_INSTALL_STORE", SWITCH)?,
        java: variable(environment, "TRUST_INIT_JAVA", JAVA)?,
        runtimes: runtimes(
            environment.get("TRUST_INIT_RUNTIMES").unwrap_or_default(),
            Origin::Variable("TRUST_INIT_RUNTIMES"),
        )?,
        leave: leave(
            environment.get("TRUST_INIT_LEAVE").unwrap_or_default(),
            Origin::Variable("TRUST_INIT_LEAVE"),
        )?,
        log: variable(environment, "TRUST_INIT_LOG", LOG)?,
        task: Task::Help,
    })
}

impl Settings {
    /// What is done by a variable is not done if that is left alone.
    fn obey_leave(&mut self) {
        if self.leave.contains(&JAVA_TOOL_OPTIONS) {
            self.java = Java::Off;
        }
        self.runtimes.retain(|runtime| !self.leave.contains(&runtime.variable()));
    }
}
