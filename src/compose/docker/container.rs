//! A project's containers as the engine knows them, and a program that runs beside one of them.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt::{self, Display};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde::Deserialize;

use crate::compose::docker::command::{
    CommandError, DOCKER, ENGINE_TIMEOUT, docker_output, run_limited, run_program, summarize_stderr,
};

/// The label by which Compose knows a container's service
/// (<https://docs.docker.com/reference/compose-file/services/#labels>).
const SERVICE: &str = "com.docker.compose.service";
/// The label by which it knows a container's project. It is on the images that Compose built, too, and
/// every container inherits the labels of its image.
pub(crate) const PROJECT: &str = "com.docker.compose.project";
/// The label that only a container has which Compose made.
const NUMBER: &str = "com.docker.compose.container-number";
/// The label on a container that `docker compose run` made.
pub(crate) const ONE_OFF: &str = "com.docker.compose.oneoff";

/// A container, of which only what trust depends on is kept.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ProjectContainer {
    /// Its identity.
    pub id: String,
    name: String,
    /// Whether it runs, and as which process of the engine's machine.
    pub state: ContainerState,
    /// What it was made to be.
    pub config: ContainerConfig,
    /// What it may do.
    pub host_config: Capabilities,
    /// What is mounted in it.
    #[serde(default)]
    pub mounts: Vec<ContainerMount>,
}

/// What becomes of it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ContainerState {
    /// `running`, `restarting`, `exited` and the like.
    pub status: String,
    /// Its first process, as the engine's machine counts.
    pub pid: u32,
    /// What it ended with.
    #[serde(default)]
    pub exit_code: i64,
}

/// Its settings.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct ContainerConfig {
    env: Option<Vec<String>>,
    labels: Option<BTreeMap<String, String>>,
    entrypoint: Option<Vec<String>>,
    cmd: Option<Vec<String>>,
    healthcheck: Option<Healthcheck>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Healthcheck {
    test: Option<Vec<String>>,
}

/// Its capabilities, as words for `docker run`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Capabilities {
    cap_add: Option<Vec<String>>,
    cap_drop: Option<Vec<String>>,
}

/// Something mounted in it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ContainerMount {
    /// Its path on the engine's machine.
    #[serde(default)]
    pub source: PathBuf,
    /// Where it is in the container.
    pub destination: PathBuf,
}

impl ProjectContainer {
    /// Its name.
    pub(crate) fn name(&self) -> &str {
        self.name.trim_start_matches('/')
    }

    /// The service that it is of.
    pub(crate) fn service(&self) -> &str {
        self.label(SERVICE)
    }

    /// A label's value; empty if it has none.
    pub(crate) fn label(&self, name: &str) -> &str {
        self.config.labels.as_ref().and_then(|labels| labels.get(name)).map_or("", String::as_str)
    }

    /// Whether it runs.
    pub(crate) fn is_running(&self) -> bool {
        self.state.status == "running"
    }
}

impl Display for ProjectContainer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl ContainerConfig {
    /// A variable as it is configured: what `exec` and health checks see.
    pub(crate) fn variable(&self, name: &str) -> Option<&str> {
        let mut pairs = self.env.iter().flatten().filter_map(|pair| pair.split_once('='));
        pairs.find(|(other, _)| *other == name).map(|(_, value)| value)
    }

    /// What is started: the entrypoint and the command.
    pub(crate) fn words(&self) -> impl Iterator<Item = &str> {
        [&self.entrypoint, &self.cmd].into_iter().flatten().flatten().map(String::as_str)
    }

    /// What its health check starts; `None` if it has none.
    pub(crate) fn health_check(&self) -> Option<&[String]> {
        let test = self.healthcheck.as_ref()?.test.as_deref()?;
        // `NONE` takes the image's away (https://docs.docker.com/reference/dockerfile/#healthcheck).
        let (kind, words) = test.split_first()?;
        (kind != "NONE").then_some(words)
    }
}

/// The containers of the project `name`, but those of `docker compose run`.
///
/// # Errors
/// When the engine does not answer.
pub(crate) fn project_containers(name: &str) -> Result<Vec<ProjectContainer>, CommandError> {
    let mut words: Vec<OsString> = ["ps", "-aq", "--no-trunc"].map(Into::into).into();
    words.extend(project_filters(name));
    let ids = docker_output(&words, ENGINE_TIMEOUT)?;
    let mut all = inspect(&String::from_utf8_lossy(&ids))?;
    all.retain(|one| one.label(ONE_OFF) != "True");
    all.sort_by(|one, other| (one.service(), one.name()).cmp(&(other.service(), other.name())));
    Ok(all)
}

/// The names of the containers with the label `label`, running or not, that mount something in
/// `directory`, whatever project they belong to now.
///
/// # Errors
/// When the engine does not answer.
pub(crate) fn containers_mounting(
    directory: &Path,
    label: &str,
) -> Result<Vec<String>, CommandError> {
    let filter = format!("label={label}");
    let ids = docker_output(
        &["ps", "-aq", "--no-trunc", "--filter", &filter].map(Into::into),
        ENGINE_TIMEOUT,
    )?;
    let mut all = inspect(&String::from_utf8_lossy(&ids))?;
    // By another path, too, that links lead along.
    let real = directory.canonicalize().ok();
    // Docker Desktop puts a directory of its own before the path.
    let ending = directory.strip_prefix("/").unwrap_or(directory);
    let is_in = |mount: &ContainerMount| {
        let above = mount.source.parent().unwrap_or(&mount.source);
        above.ends_with(ending) || (real.is_some() && above.canonicalize().ok() == real)
    };
    all.retain(|one| one.mounts.iter().any(is_in));
    Ok(all.iter().map(|one| one.name().to_owned()).collect())
}

/// What the engine says of containers; `ids` has one a line.
fn inspect(ids: &str) -> Result<Vec<ProjectContainer>, CommandError> {
    let ids: Vec<_> = ids.lines().collect();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let words = ["container", "inspect", "--format", "{{json .}}"].iter().chain(&ids);
    let (answer, failed) =
        run_program(DOCKER, &words.map(OsString::from).collect::<Vec<_>>(), ENGINE_TIMEOUT)?;
    match failed {
        // One that was removed since it was listed: the others are printed.
        Some(said) if !said.to_lowercase().contains("no such") => {
            return Err(CommandError::Failed(said));
        }
        _ => {}
    }
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let all =
        answer.lines().map(serde_json::from_str::<ProjectContainer>).collect::<Result<Vec<_>, _>>();
    all.map_err(|error| CommandError::Failed(error.to_string()))
}

/// The words for `docker ps` that find what Compose made for the project `name`.
pub(crate) fn project_filters(name: &str) -> [OsString; 4] {
    let project = format!("label={PROJECT}={name}");
    ["--filter".into(), project.into(), "--filter".into(), format!("label={NUMBER}").into()]
}

/// A program that runs beside a container.
#[derive(Debug)]
pub(crate) struct ProbeRun<'a> {
    /// The container.
    pub container: &'a ProjectContainer,
    /// The image that has the program.
    pub image: &'a str,
    /// Whether that may be pulled.
    pub pulls: bool,
    /// Whether it may look into every process.
    pub sees_all: bool,
    /// The program, where it is in that image.
    pub program: &'a str,
    /// Its arguments.
    pub words: Vec<OsString>,
    /// The exit codes with which it ends by itself.
    pub codes: &'a [u8],
    /// How long it may take.
    pub limit: Duration,
}

/// Runs a program in the network and among the processes of a container, as the user of its first
/// process, and returns what it prints.
///
/// The service shares the program's user and process namespace: it can end the program, and write to its
/// output until it does. So only an answer of a program that ended by itself, with one of its own exit
/// codes, is returned; how it is printed is the caller's to make safe.
///
/// It gets exactly the service's capabilities: ptrace(2) requires the tracer to have all of the traced process's
/// ("Ptrace access mode checking"), and a service that is not root has none.
///
/// # Errors
/// When the engine does not do it, or the program did not end by itself.
pub(crate) fn run_probe(asked: &ProbeRun<'_>) -> Result<Vec<u8>, CommandError> {
    let ProbeRun { container, .. } = asked;
    let user = if asked.sees_all { "0:0".to_owned() } else { first_process_user(container)? };
    let mut words: Vec<OsString> = ["run", "--rm", "--read-only"].map(Into::into).into();
    words.extend(["--security-opt", "no-new-privileges", "--log-driver", "none"].map(Into::into));
    for namespace in ["--network", "--pid"] {
        words.extend([namespace.into(), format!("container:{}", container.id).into()]);
    }
    words.extend(["--pull", if asked.pulls { "missing" } else { "never" }].map(Into::into));
    let rights = &container.host_config;
    if asked.sees_all {
        // Docker gives what it adds to root alone.
        words.extend(["--cap-drop", "ALL", "--cap-add", "SYS_PTRACE"].map(Into::into));
    } else if user.starts_with("0:") {
        let given = rights.cap_add.iter().flatten().map(|name| ("--cap-add", name));
        let taken = rights.cap_drop.iter().flatten().map(|name| ("--cap-drop", name));
        words.extend(given.chain(taken).flat_map(|(option, name)| [option.into(), name.into()]));
    } else {
        words.extend(["--cap-drop", "ALL"].map(Into::into));
    }
    // Whatever else the image would start.
    words.extend(["--entrypoint".into(), asked.program.into()]);
    words.extend(["--user".into(), user.into(), asked.image.into()]);
    words.extend(asked.words.iter().cloned());
    let ended = run_limited(Command::new(DOCKER).args(&words), asked.limit)?;
    match ended.status.code() {
        Some(code) if asked.codes.iter().any(|own| i32::from(*own) == code) => Ok(ended.stdout),
        // A signal in a shell's form, which docker uses (docker-run(1), "Exit Status").
        Some(code) if code > 128 => {
            let signal = code - 128;
            Err(CommandError::Failed(format!("{} was ended by signal {signal}", asked.program)))
        }
        _ => Err(CommandError::Failed(summarize_stderr(&ended.stderr))),
    }
}

/// The user and the group of a container's first process, which need not be those that it was
/// configured with.
fn first_process_user(container: &ProjectContainer) -> Result<String, CommandError> {
    let answer = docker_output(
        &["top", &container.id, "-eo", "pid,uid,gid"].map(Into::into),
        ENGINE_TIMEOUT,
    )?;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let first = container.state.pid.to_string();
    let mut rows = answer.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let row = rows.find(|row| row.first() == Some(&first.as_str()));
    match row.as_deref() {
        Some([_, user, group]) => Ok(format!("{user}:{group}")),
        _ => {
            Err(CommandError::Failed("the engine does not say who its first process is".to_owned()))
        }
    }
}
