//! The only place that starts another program and waits for it, within limits.
//!
//! A compose file can make Compose hang for minutes and take all memory (an alias bomb, a file of variables that
//! never ends), and an engine may not answer. So every program has a time limit and a memory limit, and is ended
//! beyond them.

use std::ffi::OsString;
use std::fmt::{self, Display};
use std::io::{self, Read};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
#[cfg(target_os = "linux")]
use rustix::process::{Resource, Rlimit, getrlimit, prlimit};

use crate::sys::output;
use crate::sys::quote;

/// The command, found in PATH.
pub(crate) const DOCKER: &str = "docker";

/// Seconds that docker may take to read files. The largest real projects take one or two.
pub(crate) const READ_TIMEOUT: Duration = Duration::from_secs(30);
/// Seconds that the engine may take for an answer.
pub(crate) const ENGINE_TIMEOUT: Duration = Duration::from_mins(1);
/// Seconds that a name may take to be looked up.
pub(crate) const LOOKUP_TIMEOUT: Duration = Duration::from_secs(5);
/// What a program may hold in memory: 1 GiB, ten times what Compose takes for a thousand services.
#[cfg(target_os = "linux")]
const MEMORY_LIMIT: u64 = 1 << 30;
/// What an answer may hold: 256 MiB, twice what all files that are read of an image may.
const MAX_OUTPUT: u64 = 256 << 20;

/// Why there is no answer.
#[derive(Debug)]
pub enum CommandError {
    /// There is no docker command, or none that can be run.
    NotInstalled,
    /// It knows no `compose`.
    NoCompose,
    /// It took too long.
    TimedOut(Duration),
    /// It took too much memory, and ended of that.
    OutOfMemory,
    /// Its answer is larger than so many bytes.
    OutputTooLarge { most: u64 },
    /// It ended with an error, and these words.
    Failed(String),
    /// It could not be started or heard.
    System(io::Error),
}

/// The cause alone: the caller adds what was asked, and a fix.
impl Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotInstalled => f.write_str("there is no docker command"),
            Self::NoCompose => f.write_str("this docker command has no `compose`"),
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

/// What `docker compose` answers to these words.
pub(crate) fn compose_output(words: &[OsString], limit: Duration) -> Result<Vec<u8>, CommandError> {
    let says = |said: &str, words: [&str; 2]| words.iter().any(|word| said.contains(word));
    docker_output(words, limit).map_err(|failure| match failure {
        // The words of a docker command without the plugin differ between versions.
        CommandError::Failed(said)
            if says(&said, ["is not a docker command", "unknown shorthand"]) =>
        {
            CommandError::NoCompose
        }
        // As Go's runtime says it (runtime/malloc.go, runtime/mem_linux.go).
        CommandError::Failed(said) if says(&said, ["out of memory", "cannot allocate memory"]) => {
            CommandError::OutOfMemory
        }
        failure => failure,
    })
}

/// What docker answers to these words.
pub(crate) fn docker_output(words: &[OsString], limit: Duration) -> Result<Vec<u8>, CommandError> {
    output_of(DOCKER, words, limit)
}

/// What a program prints that ends without an error.
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

/// What a program prints, and its words for the error that it ended with.
pub(crate) fn run_program(
    program: &str,
    words: &[OsString],
    limit: Duration,
) -> Result<(Vec<u8>, Option<String>), CommandError> {
    let ProgramOutput { status, stdout, stderr } =
        run_limited(Command::new(program).args(words), limit)?;
    Ok((stdout, (!status.success()).then(|| summarize_stderr(&stderr))))
}

/// The result of a program that ended within its limits.
pub(crate) struct ProgramOutput {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
}

/// Runs a program within limits, to its end.
pub(crate) fn run_limited(
    command: &mut Command,
    limit: Duration,
) -> Result<ProgramOutput, CommandError> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    // Nothing of a compose file is fetched from elsewhere
    // (https://docs.docker.com/compose/how-tos/multiple-compose-files/include/).
    command.env("COMPOSE_EXPERIMENTAL_GIT_REMOTE", "false");
    command.env("COMPOSE_EXPERIMENTAL_OCI_REMOTE", "false");
    // A group of its own, so that the plugins that it starts end with it.
    command.process_group(0);
    let mut child = command.spawn().map_err(start_error)?;
    #[cfg(target_os = "linux")]
    limit_memory(&child);
    let outputs = read_outputs(&mut child, limit);
    if outputs.is_err() {
        kill_group(&child);
    }
    let status = child.wait().map_err(CommandError::System)?;
    let (stdout, stderr) = outputs?;
    Ok(ProgramOutput { status, stdout, stderr })
}

/// Both outputs of `child` to their ends.
fn read_outputs(child: &mut Child, limit: Duration) -> Result<(Vec<u8>, Vec<u8>), CommandError> {
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
            // The receiver is gone once the time is up.
            let _ = sender.send((index, read));
        });
    }
    let mut outputs = (Vec::new(), Vec::new());
    let started = Instant::now();
    for _ in 0..2 {
        let left = limit.saturating_sub(started.elapsed());
        let (index, read) =
            receiver.recv_timeout(left).map_err(|_| CommandError::TimedOut(limit))?;
        let bytes = read.map_err(CommandError::System)?;
        if bytes.len() as u64 > MAX_OUTPUT {
            return Err(CommandError::OutputTooLarge { most: MAX_OUTPUT });
        }
        if index == 0 { outputs.0 = bytes } else { outputs.1 = bytes }
    }
    Ok(outputs)
}

/// Limits what a process, and all that it starts from here on, may hold in memory (getrlimit(2),
/// `RLIMIT_DATA`). Set right after the start; a lower inherited limit stays.
#[cfg(target_os = "linux")]
fn limit_memory(child: &Child) {
    let own = getrlimit(Resource::Data);
    let least =
        |limit: Option<u64>| Some(limit.map_or(MEMORY_LIMIT, |limit| limit.min(MEMORY_LIMIT)));
    let new = Rlimit { current: least(own.current), maximum: least(own.maximum) };
    // Where a system does not allow it, the time limit is what is left.
    let _ = prlimit(Some(rustix::process::Pid::from_child(child)), Resource::Data, new);
}

/// Ends a process and all that it started.
fn kill_group(child: &Child) {
    if let Ok(group) = i32::try_from(child.id()) {
        // It may have ended by itself.
        let _ = killpg(Pid::from_raw(group), Signal::SIGKILL);
    }
}

pub(crate) fn start_error(error: io::Error) -> CommandError {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied => CommandError::NotInstalled,
        _ => CommandError::System(error),
    }
}

/// What went wrong, in one line: programs say it last.
pub(crate) fn summarize_stderr(said: &[u8]) -> String {
    let said = String::from_utf8_lossy(said);
    let is_telling = |line: &&str| !line.trim().is_empty() && !line.contains("level=warning");
    let lines: Vec<_> = said.lines().filter(is_telling).map(str::trim).collect();
    let words = lines.join("; ");
    let words = words.strip_prefix("Error response from daemon: ").unwrap_or(&words);
    // Whatever a file made it say must not reach a terminal as such.
    let words = quote::visible(words);
    if words.is_empty() {
        return "it ended with an error and no words".to_owned();
    }
    words.chars().take(SUMMARY_LENGTH).collect()
}

/// Characters of what a program said that are repeated.
const SUMMARY_LENGTH: usize = 600;
