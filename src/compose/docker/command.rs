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
use crate::sys::parallel::DELAY;
use crate::sys::quote;

/// The command, found in PATH.
pub(crate) const DOCKER: &str = "docker";

/// Seconds that docker may take to read files. The largest real projects take one or two.
pub(crate) const READING: Duration = Duration::from_secs(30);
/// Seconds that the engine may take for an answer.
pub(crate) const ANSWER: Duration = Duration::from_mins(1);
/// Seconds that a name may take to be looked up.
pub(crate) const LOOKUP: Duration = Duration::from_secs(5);
/// What a program may hold in memory: 1 GiB, ten times what Compose takes for a thousand services.
#[cfg(target_os = "linux")]
const MEMORY: u64 = 1 << 30;
/// What an answer may hold: 256 MiB, twice what all files that are read of an image may.
const MOST: u64 = 256 << 20;

/// Why there is no answer.
#[derive(Debug)]
pub enum Failure {
    /// There is no docker command, or none that can be run.
    Missing,
    /// It knows no `compose`.
    NoCompose,
    /// It took too long.
    TimedOut(Duration),
    /// It took too much memory, and ended of that.
    OutOfMemory,
    /// Its answer is larger than so many bytes.
    TooMuch { most: u64 },
    /// It ended with an error, and these words.
    Said(String),
    /// It could not be started or heard.
    System(io::Error),
}

/// The cause alone: the caller adds what was asked, and a fix.
impl Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("there is no docker command"),
            Self::NoCompose => f.write_str("this docker command has no `compose`"),
            Self::TimedOut(limit) => write!(f, "no answer within {} s", limit.as_secs()),
            Self::OutOfMemory => f.write_str("it ran out of memory"),
            Self::TooMuch { most } => write!(f, "its answer is larger than {} MiB", most >> 20),
            Self::Said(words) => f.write_str(words),
            Self::System(error) => f.write_str(&output::cause(error)),
        }
    }
}

/// What `docker compose` answers to these words.
pub(crate) fn compose(words: &[OsString], limit: Duration) -> Result<Vec<u8>, Failure> {
    let says = |said: &str, words: [&str; 2]| words.iter().any(|word| said.contains(word));
    ask(words, limit).map_err(|failure| match failure {
        // The words of a docker command without the plugin differ between versions.
        Failure::Said(said) if says(&said, ["is not a docker command", "unknown shorthand"]) => {
            Failure::NoCompose
        }
        // As Go's runtime says it (runtime/malloc.go, runtime/mem_linux.go).
        Failure::Said(said) if says(&said, ["out of memory", "cannot allocate memory"]) => {
            Failure::OutOfMemory
        }
        failure => failure,
    })
}

/// What docker answers to these words.
pub(crate) fn ask(words: &[OsString], limit: Duration) -> Result<Vec<u8>, Failure> {
    output_of(DOCKER, words, limit)
}

/// What a program prints that ends without an error.
pub(crate) fn output_of(
    program: &str,
    words: &[OsString],
    limit: Duration,
) -> Result<Vec<u8>, Failure> {
    match run(program, words, limit)? {
        (stdout, None) => Ok(stdout),
        (_, Some(said)) => Err(Failure::Said(said)),
    }
}

/// What a program prints, and its words for the error that it ended with.
pub(crate) fn run(
    program: &str,
    words: &[OsString],
    limit: Duration,
) -> Result<(Vec<u8>, Option<String>), Failure> {
    let Ended { status, stdout, stderr } = gathered(Command::new(program).args(words), limit)?;
    Ok((stdout, (!status.success()).then(|| gist(&stderr))))
}

/// The result of a program that ended within its limits.
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
}

/// Runs a program within limits, to its end.
pub(crate) fn gathered(command: &mut Command, limit: Duration) -> Result<Ended, Failure> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    // Nothing of a compose file is fetched from elsewhere
    // (https://docs.docker.com/compose/how-tos/multiple-compose-files/include/).
    command.env("COMPOSE_EXPERIMENTAL_GIT_REMOTE", "false");
    command.env("COMPOSE_EXPERIMENTAL_OCI_REMOTE", "false");
    // A group of its own, so that the plugins that it starts end with it.
    command.process_group(0);
    let mut child = command.spawn().map_err(unstarted)?;
    #[cfg(target_os = "linux")]
    bound(&child);
    let outputs = gather(&mut child, limit, &shown(command));
    if outputs.is_err() {
        end(&child);
    }
    let status = child.wait().map_err(Failure::System)?;
    let (stdout, stderr) = outputs?;
    Ok(Ended { status, stdout, stderr })
}

/// The program and its first words, as far as they say what it does.
fn shown(command: &Command) -> String {
    let words = command.get_args().filter_map(|word| word.to_str());
    let words = words.take_while(|word| word.bytes().all(|byte| byte.is_ascii_lowercase()));
    let words = std::iter::once(command.get_program().to_string_lossy().into_owned())
        .chain(words.map(str::to_owned));
    words.collect::<Vec<_>>().join(" ")
}

/// Both outputs of `child` to their ends. A terminal shows that it is `waited_for`.
fn gather(
    child: &mut Child,
    limit: Duration,
    waited_for: &str,
) -> Result<(Vec<u8>, Vec<u8>), Failure> {
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
            let read = output.by_ref().take(MOST + 1).read_to_end(&mut bytes).map(|_| bytes);
            // The receiver is gone once the time is up.
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
            Err(_) if left <= DELAY => return Err(Failure::TimedOut(limit)),
            Err(_) => {
                output::progress(&format!("waiting for {waited_for}"));
                continue;
            }
        };
        missing -= 1;
        let bytes = read.map_err(Failure::System)?;
        if bytes.len() as u64 > MOST {
            return Err(Failure::TooMuch { most: MOST });
        }
        if index == 0 { outputs.0 = bytes } else { outputs.1 = bytes }
    }
    if started.elapsed() >= DELAY {
        output::progress("");
    }
    Ok(outputs)
}

/// Limits what a process, and all that it starts from here on, may hold in memory (getrlimit(2),
/// `RLIMIT_DATA`). Set right after the start; a lower inherited limit stays.
#[cfg(target_os = "linux")]
fn bound(child: &Child) {
    let own = getrlimit(Resource::Data);
    let least = |limit: Option<u64>| Some(limit.map_or(MEMORY, |limit| limit.min(MEMORY)));
    let new = Rlimit { current: least(own.current), maximum: least(own.maximum) };
    // Where a system does not allow it, the time limit is what is left.
    let _ = prlimit(Some(rustix::process::Pid::from_child(child)), Resource::Data, new);
}

/// Ends a process and all that it started.
fn end(child: &Child) {
    if let Ok(group) = i32::try_from(child.id()) {
        // It may have ended by itself.
        let _ = killpg(Pid::from_raw(group), Signal::SIGKILL);
    }
}

pub(crate) fn unstarted(error: io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied => Failure::Missing,
        _ => Failure::System(error),
    }
}

/// What went wrong, in one line: programs say it last.
pub(crate) fn gist(said: &[u8]) -> String {
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
    words.chars().take(GIST).collect()
}

/// Characters of what a program said that are repeated.
const GIST: usize = 600;
