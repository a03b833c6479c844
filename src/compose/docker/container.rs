//! Inspects a project's containers, and runs a probe container next to one of them.

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
use crate::compose::docker::created::Creation;

/// Compose's label with the service of a container
/// (<https://docs.docker.com/reference/compose-file/services/#labels>).
const SERVICE: &str = "com.docker.compose.service";
/// Compose's label with the project of a container. Images that Compose built have it too, and containers
/// inherit the labels of their image.
pub(crate) const PROJECT: &str = "com.docker.compose.project";
/// The label that only containers of Compose have.
const NUMBER: &str = "com.docker.compose.container-number";
/// The label of containers that `docker compose run` created.
pub(crate) const ONE_OFF: &str = "com.docker.compose.oneoff";

/// A container of the project, reduced to the parts that decide about trust.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ProjectContainer {
    /// The container's id.
    pub id: String,
    name: String,
    /// The state and the first process.
    pub state: ContainerState,
    /// The configuration.
    pub config: ContainerConfig,
    /// The added and dropped capabilities.
    pub host_config: Capabilities,
    /// The mounts.
    #[serde(default)]
    pub mounts: Vec<ContainerMount>,
}

/// The state of a container.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ContainerState {
    /// `running`, `restarting`, `exited` and the like.
    pub status: String,
    /// Id of the first process on the engine's machine.
    pub pid: u32,
    /// The exit code.
    #[serde(default)]
    pub exit_code: i64,
}

/// The configuration of a container.
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

/// The capabilities of a container, as options of `docker run`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Capabilities {
    cap_add: Option<Vec<String>>,
    cap_drop: Option<Vec<String>>,
}

/// A mount of a container.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ContainerMount {
    /// The path on the engine's machine.
    #[serde(default)]
    pub source: PathBuf,
    /// The path in the container.
    pub destination: PathBuf,
}

impl ProjectContainer {
    /// Returns the container's name.
    pub(crate) fn name(&self) -> &str {
        self.name.trim_start_matches('/')
    }

    /// Returns the container's service.
    pub(crate) fn service(&self) -> &str {
        self.label(SERVICE)
    }

    /// Returns a label's value; empty without that label.
    pub(crate) fn label(&self, name: &str) -> &str {
        self.config.labels.as_ref().and_then(|labels| labels.get(name)).map_or("", String::as_str)
    }

    /// Whether the container is running.
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
    /// Returns a configured variable: `exec` and health checks use this value.
    pub(crate) fn variable(&self, name: &str) -> Option<&str> {
        let mut pairs = self.env.iter().flatten().filter_map(|pair| pair.split_once('='));
        pairs.find(|(other, _)| *other == name).map(|(_, value)| value)
    }

    /// Returns the entrypoint and the command.
    pub(crate) fn words(&self) -> impl Iterator<Item = &str> {
        [&self.entrypoint, &self.cmd].into_iter().flatten().flatten().map(String::as_str)
    }

    /// Returns the command of the health check; `None` without one.
    pub(crate) fn health_check(&self) -> Option<&[String]> {
        let test = self.healthcheck.as_ref()?.test.as_deref()?;
        // `NONE` disables the image's (https://docs.docker.com/reference/dockerfile/#healthcheck).
        let (kind, words) = test.split_first()?;
        (kind != "NONE").then_some(words)
    }
}

/// Inspects the containers of the project `name`, except those of `docker compose run`.
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

/// Returns the names of all containers with the label `label` that mount a file in `directory`, whatever
/// their project and state.
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
    // The mount may use another path to the directory, through symbolic links.
    let real = directory.canonicalize().ok();
    // Docker Desktop prefixes the path with a directory of its own.
    let ending = directory.strip_prefix("/").unwrap_or(directory);
    let is_in = |mount: &ContainerMount| {
        let above = mount.source.parent().unwrap_or(&mount.source);
        above.ends_with(ending) || (real.is_some() && above.canonicalize().ok() == real)
    };
    all.retain(|one| one.mounts.iter().any(is_in));
    Ok(all.iter().map(|one| one.name().to_owned()).collect())
}

/// Inspects containers; `ids` contains one id per line.
fn inspect(ids: &str) -> Result<Vec<ProjectContainer>, CommandError> {
    let ids: Vec<_> = ids.lines().collect();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let words = ["container", "inspect", "--format", "{{json .}}"].iter().chain(&ids);
    let (answer, failed) =
        run_program(DOCKER, &words.map(OsString::from).collect::<Vec<_>>(), ENGINE_TIMEOUT)?;
    match failed {
        // A container was removed since it was listed: the others are printed.
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

/// Returns the options of `docker ps` that select the containers of the project `name`.
pub(crate) fn project_filters(name: &str) -> [OsString; 4] {
    let project = format!("label={PROJECT}={name}");
    ["--filter".into(), project.into(), "--filter".into(), format!("label={NUMBER}").into()]
}

/// A probe container to run.
#[derive(Debug)]
pub(crate) struct ProbeRun<'a> {
    /// The container to probe.
    pub container: &'a ProjectContainer,
    /// The image with the program.
    pub image: &'a str,
    /// Whether docker may pull the image.
    pub pulls: bool,
    /// Whether the program gets CAP_SYS_PTRACE, to inspect every process.
    pub sees_all: bool,
    /// The program's path in the image.
    pub program: &'a str,
    /// The program's arguments.
    pub words: Vec<OsString>,
    /// The exit codes of the program.
    pub codes: &'a [u8],
    /// The time limit.
    pub limit: Duration,
}

/// Runs a program in the network and PID namespaces of a container, as the user of its first process, and
/// returns its output.
///
/// The service shares the program's user and PID namespace: it can kill the program and write to its output.
/// So only the output of a program that ended with one of its own exit codes is returned, and the caller must
/// escape it.
///
/// It gets exactly the service's capabilities: ptrace(2) requires the tracer to have all of the traced
/// process's ("Ptrace access mode checking"), and a service that is not root has none.
///
/// # Errors
/// When the engine does not run it, or it did not end with one of its exit codes.
pub(crate) fn run_probe(asked: &ProbeRun<'_>) -> Result<Vec<u8>, CommandError> {
    let ProbeRun { container, .. } = asked;
    let user = if asked.sees_all { "0:0".to_owned() } else { first_process_user(container)? };
    let creation = Creation::begin();
    let mut words: Vec<OsString> = vec!["run".into()];
    words.extend(creation.options());
    words.extend(["--rm", "--read-only"].map(Into::into));
    words.extend(["--security-opt", "no-new-privileges", "--log-driver", "none"].map(Into::into));
    for namespace in ["--network", "--pid"] {
        words.extend([namespace.into(), format!("container:{}", container.id).into()]);
    }
    words.extend(["--pull", if asked.pulls { "missing" } else { "never" }].map(Into::into));
    let rights = &container.host_config;
    if asked.sees_all {
        // Docker gives added capabilities to root only. Files of another user in /proc need the second one.
        let capabilities = ["--cap-add", "SYS_PTRACE", "--cap-add", "DAC_READ_SEARCH"];
        words.extend(["--cap-drop", "ALL"].into_iter().chain(capabilities).map(Into::into));
    } else if user.starts_with("0:") {
        let given = rights.cap_add.iter().flatten().map(|name| ("--cap-add", name));
        let taken = rights.cap_drop.iter().flatten().map(|name| ("--cap-drop", name));
        words.extend(given.chain(taken).flat_map(|(option, name)| [option.into(), name.into()]));
    } else {
        words.extend(["--cap-drop", "ALL"].map(Into::into));
    }
    // Replaces the image's entrypoint.
    words.extend(["--entrypoint".into(), asked.program.into()]);
    words.extend(["--user".into(), user.into(), asked.image.into()]);
    words.extend(asked.words.iter().cloned());
    let ended = run_limited(Command::new(DOCKER).args(&words), asked.limit)?;
    match ended.status.code() {
        Some(code) if asked.codes.iter().any(|own| i32::from(*own) == code) => Ok(ended.stdout),
        // A signal in a shell's form, which docker uses (docker-run(1), "Exit Status").
        Some(code) if code > 128 => {
            let signal = code - 128;
            Err(CommandError::Failed(format!("{} was killed by signal {signal}", asked.program)))
        }
        _ => Err(CommandError::Failed(summarize_stderr(&ended.stderr))),
    }
}

/// Returns the user and group of a container's first process, which may differ from the configured ones.
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
        _ => Err(CommandError::Failed("the engine does not report its first process".to_owned())),
    }
}
