//! The only place that starts another program: `docker`, `kubectl` or `kustomize` to render manifests, and
//! `getent` and `git` for one question each, with fixed arguments and a time limit.
//!
//! Compose itself is the best reader of compose files, and the engine knows what is in an image. But
//! a compose file can make Compose hang for minutes and take all memory meanwhile (an alias bomb, a file of
//! variables that never ends), and an engine may not answer; so every question has limits, beyond which
//! whatever was started is ended. What Compose answers can hold secrets: it stays in memory.

pub mod container;
pub mod image;

use std::ffi::{OsStr, OsString};
use std::fmt::{self, Display};
use std::io::{self, Read};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
#[cfg(target_os = "linux")]
use rustix::process::{Resource, Rlimit, getrlimit, prlimit};
use serde::Deserialize;

use crate::compose::docker::container::ONE_OFF;
pub use crate::compose::docker::container::{Beside, Made, beside, made, mounting};
pub use crate::compose::docker::image::{Image, Inside, Look, images};
pub use crate::compose::git::{InGit, git};
use crate::sys::output;
use crate::sys::quote;

/// The command, found in PATH.
const DOCKER: &str = "docker";

/// Seconds that docker may take to read files. The largest real projects take one or two.
const READING: Duration = Duration::from_secs(30);
/// Seconds that the engine may take for an answer.
pub(crate) const ANSWER: Duration = Duration::from_mins(1);
/// Seconds that a name may take to be looked up.
pub(crate) const LOOKUP: Duration = Duration::from_secs(5);
/// What a program may hold in memory: 1 GiB, ten times what Compose takes for a thousand services.
#[cfg(target_os = "linux")]
const MEMORY: u64 = 1 << 30;
/// What an answer may hold: 256 MiB, twice what all files that are read of an image may.
const MOST: u64 = 256 << 20;

/// Which project a question is about, in words for `docker compose`.
#[derive(Clone, Debug, Default)]
pub struct Files {
    /// The compose files, in their order.
    pub files: Vec<PathBuf>,
    /// What relative paths are relative to, where that is not the first file's directory.
    pub directory: Option<PathBuf>,
}

impl Files {
    /// The words that name it, after `docker compose`.
    pub fn words(&self) -> Vec<OsString> {
        let directory = self.directory.iter();
        let directory = directory.flat_map(|path| ["--project-directory".into(), path.into()]);
        let files = self.files.iter().flat_map(|file| ["-f".into(), file.into()]);
        directory.chain(files).collect()
    }
}

/// Why there is no answer.
pub enum Failure {
    /// There is no docker command, or none that can be run.
    Missing,
    /// It knows no `compose`.
    NoCompose,
    /// It took too long.
    TimedOut(Duration),
    /// It took too much memory, and ended of that.
    OutOfMemory,
    /// It says too much.
    TooMuch,
    /// It ended with an error, and these words.
    Said(String),
    /// It could not be started or heard.
    System(io::Error),
}

output::error_of_words!(Failure);

/// The cause alone: who asked says for what, and what mends it.
impl Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("there is no docker command"),
            Self::NoCompose => f.write_str("this docker command has no `compose`"),
            Self::TimedOut(limit) => write!(f, "no answer within {} s", limit.as_secs()),
            Self::OutOfMemory => f.write_str("it ran out of memory"),
            Self::TooMuch => write!(f, "its answer is larger than {} MiB", MOST >> 20),
            Self::Said(words) => f.write_str(words),
            Self::System(error) => f.write_str(&output::cause(error)),
        }
    }
}

/// A container of the project, as far as it is asked about.
#[derive(Clone, Debug)]
pub struct Container {
    /// Its service.
    pub service: String,
    /// Its name.
    pub name: String,
    /// The value of the label that was asked for; empty if it has none.
    pub label: String,
}

/// What the engine says of itself.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Info {
    /// `name=rootless`, `name=userns` and the like.
    #[serde(rename = "SecurityOptions", default)]
    pub security: Vec<String>,
}

/// The project as Compose sees it, in YAML: its JSON leaves out what services call `x-…`
/// (Compose 2.26, by trial). `complete`: with the values of variables and of `env_file:`.
///
/// # Errors
/// When Compose cannot read it, is not there, or takes too long.
pub fn config(files: &Files, complete: bool) -> Result<Vec<u8>, Failure> {
    let mut words = vec!["compose".into()];
    words.extend(files.words());
    words.extend(["--profile", "*", "config"].map(OsString::from));
    if !complete {
        words.push("--no-interpolate".into());
    }
    compose(&words, READING)
}

/// The containers of the project `name`, but those of `docker compose run`, and what each has in `label`.
///
/// # Errors
/// When the engine does not answer.
pub fn containers(name: &str, label: &str) -> Result<Vec<Container>, Failure> {
    let format = format!(
        "{{{{.Label \"com.docker.compose.service\"}}}}\t{{{{.Names}}}}\t{{{{.Label \"{label}\"}}}}\t\
         {{{{.Label \"{ONE_OFF}\"}}}}"
    );
    let mut words: Vec<OsString> = ["ps", "-a", "--format", &format].map(Into::into).into();
    words.extend(container::of_project(name));
    let told = ask(&words, ANSWER)?;
    let told = String::from_utf8_lossy(&told);
    let containers = told.lines().filter_map(|line| {
        let mut fields = line.split('\t').map(str::to_owned);
        let (service, name, label) = (fields.next()?, fields.next()?, fields.next()?);
        let is_one_off = fields.next().is_some_and(|value| value == "True");
        (!is_one_off).then_some(Container { service, name, label })
    });
    Ok(containers.collect())
}

/// What the engine says of itself.
///
/// # Errors
/// When it does not answer.
pub fn info() -> Result<Info, Failure> {
    let told = ask(&["info", "--format", "{{json .}}"].map(Into::into), ANSWER)?;
    serde_json::from_slice(&told).map_err(|error| Failure::Said(error.to_string()))
}

/// Where the engine listens: `unix:///var/run/docker.sock`, or an address of another machine.
///
/// # Errors
/// When the docker command cannot say.
pub fn endpoint() -> Result<String, Failure> {
    let format = "{{.Endpoints.docker.Host}}";
    let told = ask(&["context", "inspect", "--format", format].map(Into::into), READING)?;
    Ok(String::from_utf8_lossy(&told).trim().to_owned())
}

/// Runs `docker compose` for the user to see, for as long as it takes, and returns how it ended.
///
/// # Errors
/// When it cannot be started.
pub fn show(files: &Files, words: &[&OsStr]) -> Result<ExitStatus, Failure> {
    let mut command = Command::new(DOCKER);
    command.arg("compose").args(files.words()).args(words).stdin(Stdio::null());
    command.status().map_err(failure)
}

/// Whether this machine finds an address for `name`; `None` if that cannot be told here. A static
/// program cannot ask the system's resolver itself.
pub fn resolves(name: &str) -> Option<bool> {
    let told = run("getent", &["ahosts", "--", name].map(Into::into), LOOKUP).ok()?;
    Some(told.1.is_none())
}

fn compose(words: &[OsString], limit: Duration) -> Result<Vec<u8>, Failure> {
    match run(DOCKER, words, limit)? {
        (told, None) => Ok(told),
        // The words of a docker command without the plugin differ between versions.
        (_, Some(said))
            if said.contains("is not a docker command") || said.contains("unknown shorthand") =>
        {
            Err(Failure::NoCompose)
        }
        // As Go's runtime says it (runtime/malloc.go, runtime/mem_linux.go).
        (_, Some(said))
            if said.contains("out of memory") || said.contains("cannot allocate memory") =>
        {
            Err(Failure::OutOfMemory)
        }
        (_, Some(said)) => Err(Failure::Said(said)),
    }
}

fn ask(words: &[OsString], limit: Duration) -> Result<Vec<u8>, Failure> {
    match run(DOCKER, words, limit)? {
        (told, None) => Ok(told),
        (_, Some(said)) => Err(Failure::Said(said)),
    }
}

/// Runs a program, and returns what it prints and, if it ended with an error, its words for that.
pub(crate) fn run(
    program: &str,
    words: &[OsString],
    limit: Duration,
) -> Result<(Vec<u8>, Option<String>), Failure> {
    let Ended { status, stdout, stderr } = gathered(Command::new(program).args(words), limit)?;
    Ok((stdout, (!status.success()).then(|| gist(&stderr))))
}

/// What a program came to that ended within its limits.
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
    let mut child = command.spawn().map_err(failure)?;
    #[cfg(target_os = "linux")]
    bound(&child);
    let outputs = gather(&mut child, limit);
    if outputs.is_err() {
        end(&child);
    }
    let status = child.wait().map_err(Failure::System)?;
    let (stdout, stderr) = outputs?;
    Ok(Ended { status, stdout, stderr })
}

/// Both outputs of `child` to their ends.
fn gather(child: &mut Child, limit: Duration) -> Result<(Vec<u8>, Vec<u8>), Failure> {
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
            // Nobody listens any more once the time is up.
            let _ = sender.send((index, read));
        });
    }
    let mut told = (Vec::new(), Vec::new());
    let started = std::time::Instant::now();
    for _ in 0..2 {
        let left = limit.saturating_sub(started.elapsed());
        let (index, read) = receiver.recv_timeout(left).map_err(|_| Failure::TimedOut(limit))?;
        let bytes = read.map_err(Failure::System)?;
        if bytes.len() as u64 > MOST {
            return Err(Failure::TooMuch);
        }
        if index == 0 { told.0 = bytes } else { told.1 = bytes }
    }
    Ok(told)
}

/// Limits what a process, and all that it starts from here on, may hold in memory (getrlimit(2),
/// `RLIMIT_DATA`). It has only just begun; a lower limit of whoever called us stays.
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

fn failure(error: io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied => Failure::Missing,
        _ => Failure::System(error),
    }
}

/// What went wrong, in one line: programs say it last.
fn gist(said: &[u8]) -> String {
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
