//! Queries of docker: Compose's view of a project, and the engine's containers and images.
//!
//! The output of Compose can contain secrets, so it is kept in memory only.

pub(crate) mod command;
pub(crate) mod container;
pub(crate) mod created;
pub(crate) mod image;

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};

use serde::Deserialize;

pub(crate) use crate::compose::docker::command::CommandError;
use crate::compose::docker::command::{
    DOCKER, ENGINE_TIMEOUT, LOOKUP_TIMEOUT, READ_TIMEOUT, compose_output, docker_output,
    run_program, search_absolute_path, start_error,
};
use crate::compose::docker::container::ONE_OFF;
pub(crate) use crate::compose::docker::container::{
    ProbeRun, ProjectContainer, containers_mounting, project_containers, run_probe,
};
pub(crate) use crate::compose::docker::image::{Image, ImageEntry, ImageReader, images};
use crate::sys::signals::with_stops;

/// The options of `docker compose` that select a project.
#[derive(Clone, Debug, Default)]
pub struct ComposeFiles {
    /// The compose files, in their order.
    pub files: Vec<PathBuf>,
    /// Base directory for relative paths; by default, that of the first file.
    pub directory: Option<PathBuf>,
    /// The files of `--env-file`.
    pub env_files: Vec<PathBuf>,
}

impl ComposeFiles {
    /// Returns the options, to follow `docker compose`.
    pub fn arguments(&self) -> Vec<OsString> {
        let directory = self.directory.iter();
        let directory = directory.flat_map(|path| ["--project-directory".into(), path.into()]);
        let env_files = self.env_files.iter().flat_map(|file| ["--env-file".into(), file.into()]);
        let files = self.files.iter().flat_map(|file| ["-f".into(), file.into()]);
        directory.chain(env_files).chain(files).collect()
    }

    /// Whether options other than `-f` select the project.
    pub fn has_options(&self) -> bool {
        self.directory.is_some() || !self.env_files.is_empty()
    }
}

/// A container of a project, with one of its labels.
#[derive(Clone, Debug)]
pub struct LabeledContainer {
    /// The container's service.
    pub service: String,
    /// The container's name.
    pub name: String,
    /// The value of the requested label; empty without that label.
    pub label: String,
}

/// The output of `docker info`.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Info {
    /// Security options, such as `name=rootless` or `name=userns`.
    #[serde(rename = "SecurityOptions", default)]
    pub security: Vec<String>,
}

/// Returns the project as Compose reads it, in YAML, because its JSON omits the `x-…` keys of services
/// (Compose 2.26, by trial). `complete`: with variables and `env_file:` substituted.
///
/// # Errors
/// When Compose cannot read it, is not installed, or takes too long.
pub(crate) fn config(files: &ComposeFiles, complete: bool) -> Result<Vec<u8>, CommandError> {
    let mut words = vec!["compose".into()];
    words.extend(files.arguments());
    words.extend(["--profile", "*", "config"].map(OsString::from));
    if !complete {
        words.push("--no-interpolate".into());
    }
    compose_output(&words, READ_TIMEOUT)
}

/// Asks Compose whether it accepts the project of `files`, without its text.
///
/// # Errors
/// When Compose refuses it, is not installed, or takes too long.
pub(crate) fn check_config(files: &ComposeFiles) -> Result<(), CommandError> {
    let mut words = vec!["compose".into()];
    words.extend(files.arguments());
    words.extend(["--profile", "*", "config", "--quiet"].map(OsString::from));
    compose_output(&words, READ_TIMEOUT).map(drop)
}

/// Lists the containers of the project `name`, except those of `docker compose run`, with the value of
/// `label`.
///
/// # Errors
/// When the engine does not answer.
pub(crate) fn containers(name: &str, label: &str) -> Result<Vec<LabeledContainer>, CommandError> {
    let format = format!(
        "{{{{.Label \"com.docker.compose.service\"}}}}\t{{{{.Names}}}}\t{{{{.Label \"{label}\"}}}}\t\
         {{{{.Label \"{ONE_OFF}\"}}}}"
    );
    let mut words: Vec<OsString> = ["ps", "-a", "--format", &format].map(Into::into).into();
    words.extend(container::project_filters(name));
    let answer = docker_output(&words, ENGINE_TIMEOUT)?;
    let answer = String::from_utf8_lossy(&answer);
    let containers = answer.lines().filter_map(|line| {
        let mut fields = line.split('\t').map(str::to_owned);
        let (service, name, label) = (fields.next()?, fields.next()?, fields.next()?);
        let is_one_off = fields.next().is_some_and(|value| value == "True");
        (!is_one_off).then_some(LabeledContainer { service, name, label })
    });
    Ok(containers.collect())
}

/// Returns the output of `docker info`.
///
/// # Errors
/// When the engine does not answer.
pub(crate) fn info() -> Result<Info, CommandError> {
    let answer =
        docker_output(&["info", "--format", "{{json .}}"].map(Into::into), ENGINE_TIMEOUT)?;
    serde_json::from_slice(&answer).map_err(|error| CommandError::Failed(error.to_string()))
}

/// Returns the engine's endpoint: `unix:///var/run/docker.sock`, or an address of another machine.
///
/// # Errors
/// When docker is not installed or fails.
pub(crate) fn endpoint() -> Result<String, CommandError> {
    let format = "{{.Endpoints.docker.Host}}";
    let answer =
        docker_output(&["context", "inspect", "--format", format].map(Into::into), READ_TIMEOUT)?;
    Ok(String::from_utf8_lossy(&answer).trim().to_owned())
}

/// Runs `docker compose` with the output of this program and without limits, and returns its exit status.
///
/// # Errors
/// When it cannot be started.
pub(crate) fn run_compose(
    files: &ComposeFiles,
    words: &[&OsStr],
) -> Result<ExitStatus, CommandError> {
    let mut command = Command::new(DOCKER);
    command.arg("compose").args(files.arguments()).args(words).stdin(Stdio::null());
    search_absolute_path(&mut command);
    with_stops(|| command.status()).map_err(start_error)
}

/// Whether this machine resolves `name`; `None` if `getent` cannot run. A static program cannot use the
/// system's resolver itself.
pub(crate) fn resolves(name: &str) -> Option<bool> {
    let answer =
        run_program("getent", &["ahosts", "--", name].map(Into::into), LOOKUP_TIMEOUT).ok()?;
    Some(answer.1.is_none())
}
