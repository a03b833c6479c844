//! Runs other programs within limits.
//!
//! A compose file can make Compose hang and take all memory (an alias bomb, an endless env file), and an
//! engine may not answer. So every program has a time limit and a memory limit.

use std::ffi::OsString;
use std::fmt::{self, Display};
use std::io::{self, Read};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
#[cfg(target_os = "linux")]
use rustix::process::{Resource, Rlimit, getrlimit, prlimit};

use crate::sys::environment::Environment;
use crate::sys::output;
use crate::sys::parallel::DELAY;
use crate::sys::quote;

/// The docker command, found in PATH.
pub(crate) const DOCKER: &str = "docker";

/// Time limit for docker to read files. The largest real projects take one or two seconds.
pub(crate) const READ_TIMEOUT: Duration = Duration::from_secs(30);
/// Time limit for an answer of the engine.
pub(crate) const ENGINE_TIMEOUT: Duration = Duration::from_mins(1);
/// Time limit for a name lookup, or for git.
pub(crate) const LOOKUP_TIMEOUT: Duration = Duration::from_secs(5);
/// Memory limit of a program in bytes: 1 GiB, ten times the need of Compose for a thousand services.
#[cfg(target_os = "linux")]
const MEMORY_LIMIT: u64 = 1 << 30;
/// Largest output of a program in bytes: 256 MiB, twice the limit for all files of an image.
const MAX_OUTPUT: u64 = 256 << 20;

/// Why a program did not answer.
#[derive(Debug)]
pub enum CommandError {
    /// The program is not installed, or not executable.
    NotInstalled,
    /// Docker has no compose plugin.
    NoCompose,
    /// The program exceeded this time limit.
    TimedOut(Duration),
    /// The program ran out of memory.
    OutOfMemory,
    /// The output is larger than `most` bytes.
    OutputTooLarge { most: u64 },
    /// The program failed with this message.
    Failed(String),
    /// The program could not be started, or its output not be read.
    System(io::Error),
}

/// The cause only: the caller adds the action and a fix.
impl Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotInstalled => f.write_str("docker is not installed"),
            Self::NoCompose => f.write_str("docker has no `compose` plugin"),
            Self::TimedOut(limit) => write!(f, "no answer within {} s", limit.as_secs()),
            Self::OutOfMemory => f.write_str("it ran out of memory"),
            Self::OutputTooLarge { most } => {
                write!(f, "its answer is larger than {} MiB", most >> 20)
            }
            Self::Failed(words) => f.write_str(words),
            Self::System(error) => f.write_str(&output::cause(error)),
        }
    }
}

/// Returns the output of `docker compose` with these arguments.
pub(crate) fn compose_output(words: &[OsString], limit: Duration) -> Result<Vec<u8>, CommandError> {
    let says = |said: &str, words: [&str; 2]| words.iter().any(|word| said.contains(word));
    docker_output(words, limit).map_err(|failure| match failure {
        // The message of docker without the plugin differs between versions.
        CommandError::Failed(said)
            if says(&said, ["is not a docker command", "unknown shorthand"]) =>
        {
            CommandError::NoCompose
        }
        // The messages of Go's runtime (runtime/malloc.go, runtime/mem_linux.go).
        CommandError::Failed(said) if says(&said, ["out of memory", "cannot allocate memory"]) => {
            CommandError::OutOfMemory
        }
        failure => failure,
    })
}

/// Returns the output of docker with these arguments.
pub(crate) fn docker_output(words: &[OsString], limit: Duration) -> Result<Vec<u8>, CommandError> {
    output_of(DOCKER, words, limit)
}

/// Returns the output of a program that succeeds.
pub(crate) fn output_of(
    program: &str,
    words: &[OsString],
    limit: Duration,
) -> Result<Vec<u8>, CommandError> {
    match run_program(program, words, limit)? {
        (stdout, None) => Ok(stdout),
        (_, Some(said)) => Err(CommandError::Failed(said)),
    }
}

/// Returns the output of a program, and the error message if it failed.
pub(crate) fn run_program(
    program: &str,
    words: &[OsString],
    limit: Duration,
) -> Result<(Vec<u8>, Option<String>), CommandError> {
    let ProgramOutput { status, stdout, stderr } =
        run_limited(Command::new(program).args(words), limit)?;
    Ok((stdout, (!status.success()).then(|| summarize_stderr(&stderr))))
}

/// The exit status and output of a program.
pub(crate) struct ProgramOutput {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
}

/// Runs a program to its end, within limits.
pub(crate) fn run_limited(
    command: &mut Command,
    limit: Duration,
) -> Result<ProgramOutput, CommandError> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    // Compose fetches no remote files
    // (https://docs.docker.com/compose/how-tos/multiple-compose-files/include/).
    command.env("COMPOSE_EXPERIMENTAL_GIT_REMOTE", "false");
    command.env("COMPOSE_EXPERIMENTAL_OCI_REMOTE", "false");
    search_absolute_path(command);
    // In a process group of its own, so that its plugins can be killed too.
    command.process_group(0);
    let mut child = command.spawn().map_err(start_error)?;
    #[cfg(target_os = "linux")]
    limit_memory(&child);
    let running = Running::new(&child);
    let outputs = read_outputs(&mut child, limit, &shown(command));
    if outputs.is_err() {
        running.kill();
    }
    // The process id is free for others after `wait`.
    drop(running);
    let status = child.wait().map_err(CommandError::System)?;
    let (stdout, stderr) = outputs?;
    Ok(ProgramOutput { status, stdout, stderr })
}

/// Makes `command`, and the programs that it starts, ignore relative entries of PATH: these would run files of
/// the project. Without any other entry, the system's default applies.
pub(crate) fn search_absolute_path(command: &mut Command) {
    match Environment::of_process().path_without_relative_entries() {
        Some(path) if path.is_empty() => command.env_remove("PATH"),
        Some(path) => command.env("PATH", path),
        None => command,
    };
}

/// Returns the program and its subcommands.
fn shown(command: &Command) -> String {
    let words = command.get_args().filter_map(|word| word.to_str());
    let words = words.take_while(|word| word.bytes().all(|byte| byte.is_ascii_lowercase()));
    let words = std::iter::once(command.get_program().to_string_lossy().into_owned())
        .chain(words.map(str::to_owned));
    words.collect::<Vec<_>>().join(" ")
}

/// Reads both outputs of `child` to their ends. A terminal shows what it waits for.
fn read_outputs(
    child: &mut Child,
    limit: Duration,
    waited_for: &str,
) -> Result<(Vec<u8>, Vec<u8>), CommandError> {
    let (sender, receiver) = mpsc::channel();
    let outputs: [Option<Box<dyn Read + Send>>; 2] = [
        child.stdout.take().map(|output| Box::new(output) as _),
        child.stderr.take().map(|output| Box::new(output) as _),
    ];
    for (index, output) in outputs.into_iter().enumerate() {
        let sender = sender.clone();
        let Some(mut output) = output else { continue };
        thread::spawn(move || {
            let mut bytes = Vec::new();
            let read = output.by_ref().take(MAX_OUTPUT + 1).read_to_end(&mut bytes).map(|_| bytes);
            // The receiver is gone after the time limit.
            let _ = sender.send((index, read));
        });
    }
    let mut outputs = (Vec::new(), Vec::new());
    let started = Instant::now();
    let mut missing = 2;
    while missing > 0 {
        let left = limit.saturating_sub(started.elapsed());
        let (index, read) = match receiver.recv_timeout(left.min(DELAY)) {
            Ok(answer) => answer,
            Err(_) if left <= DELAY => return Err(CommandError::TimedOut(limit)),
            Err(_) => {
                output::progress(&format!("waiting for {waited_for}"));
                continue;
            }
        };
        missing -= 1;
        let bytes = read.map_err(CommandError::System)?;
        if bytes.len() as u64 > MAX_OUTPUT {
            return Err(CommandError::OutputTooLarge { most: MAX_OUTPUT });
        }
        if index == 0 { outputs.0 = bytes } else { outputs.1 = bytes }
    }
    if started.elapsed() >= DELAY {
        output::progress("");
    }
    Ok(outputs)
}

/// Limits the memory of a process and its future children (getrlimit(2), `RLIMIT_DATA`). Keeps a lower
/// inherited limit.
#[cfg(target_os = "linux")]
fn limit_memory(child: &Child) {
    let own = getrlimit(Resource::Data);
    let least =
        |limit: Option<u64>| Some(limit.map_or(MEMORY_LIMIT, |limit| limit.min(MEMORY_LIMIT)));
    let new = Rlimit { current: least(own.current), maximum: least(own.maximum) };
    // If the system does not allow it, only the time limit applies.
    let _ = prlimit(Some(rustix::process::Pid::from_child(child)), Resource::Data, new);
}

/// The process groups of the programs that run.
static RUNNING: Mutex<Vec<Pid>> = Mutex::new(Vec::new());

fn all_running() -> MutexGuard<'static, Vec<Pid>> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Kills the programs that run, with their children.
pub(crate) fn kill_running() {
    for group in all_running().iter() {
        let _ = killpg(*group, Signal::SIGKILL);
    }
}

/// A program that runs, in a process group of its own.
struct Running(Pid);

impl Running {
    fn new(child: &Child) -> Self {
        let group = Pid::from_raw(child.id().cast_signed());
        all_running().push(group);
        Self(group)
    }

    /// Kills it with its children.
    fn kill(&self) {
        // It may already have ended.
        let _ = killpg(self.0, Signal::SIGKILL);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        all_running().retain(|group| *group != self.0);
    }
}

pub(crate) fn start_error(error: io::Error) -> CommandError {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied => CommandError::NotInstalled,
        _ => CommandError::System(error),
    }
}

/// Returns the error message of a program in one line.
pub(crate) fn summarize_stderr(said: &[u8]) -> String {
    let said = String::from_utf8_lossy(said);
    let is_telling = |line: &&str| !line.trim().is_empty() && !line.contains("level=warning");
    let lines: Vec<_> = said.lines().filter(is_telling).map(str::trim).collect();
    let words = lines.join("; ");
    let words = words.strip_prefix("Error response from daemon: ").unwrap_or(&words);
    // A file can make it print control characters, which must not reach a terminal.
    let words = quote::visible(words);
    if words.is_empty() {
        return "it failed without an error message".to_owned();
    }
    words.chars().take(SUMMARY_LENGTH).collect()
}

/// Longest error message of a program, in characters.
const SUMMARY_LENGTH: usize = 600;
