//! The questions that are put to docker: what Compose makes of a project, and what the engine runs.
//!
//! Compose is the best reader of compose files, and the engine knows what is in an image. What Compose answers
//! can hold secrets: it stays in memory.

pub(crate) mod command;
pub(crate) mod container;
pub(crate) mod image;

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};

use serde::Deserialize;

pub(crate) use crate::compose::docker::command::CommandError;
use crate::compose::docker::command::{
    DOCKER, ENGINE_TIMEOUT, LOOKUP_TIMEOUT, READ_TIMEOUT, compose_output, docker_output,
    run_program, start_error,
};
use crate::compose::docker::container::ONE_OFF;
pub(crate) use crate::compose::docker::container::{
    ProbeRun, ProjectContainer, containers_mounting, project_containers, run_probe,
};
pub(crate) use crate::compose::docker::image::{Image, ImageEntry, ImageReader, images};

/// Which project a question is about, in words for `docker compose`.
#[derive(Clone, Debug, Default)]
pub struct ComposeFiles {
    /// The compose files, in their order.
    pub files: Vec<PathBuf>,
    /// What relative paths are relative to, where that is not the first file's directory.
    pub directory: Option<PathBuf>,
}

impl ComposeFiles {
    /// The words that name it, after `docker compose`.
    pub fn arguments(&self) -> Vec<OsString> {
        let directory = self.directory.iter();
        let directory = directory.flat_map(|path| ["--project-directory".into(), path.into()]);
        let files = self.files.iter().flat_map(|file| ["-f".into(), file.into()]);
        directory.chain(files).collect()
    }
}

/// A container of the project, as far as it is asked about.
#[derive(Clone, Debug)]
pub struct LabeledContainer {
    /// Its service.
    pub service: String,
    /// Its name.
    pub name: String,
    /// The value of the label that was asked for; empty if it has none.
    pub label: String,
}

/// What the engine says of itself.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Info {
    /// `name=rootless`, `name=userns` and the like.
    #[serde(rename = "SecurityOptions", default)]
    pub security: Vec<String>,
}

/// The project as Compose sees it, in YAML: its JSON leaves out what services call `x-…`
/// (Compose 2.26, by trial). `complete`: with the values of variables and of `env_file:`.
///
/// # Errors
/// When Compose cannot read it, is not there, or takes too long.
pub(crate) fn config(files: &ComposeFiles, complete: bool) -> Result<Vec<u8>, CommandError> {
    let mut words = vec!["compose".into()];
    words.extend(files.arguments());
    words.extend(["--profile", "*", "config"].map(OsString::from));
    if !complete {
        words.push("--no-interpolate".into());
    }
    compose_output(&words, READ_TIMEOUT)
}

/// The containers of the project `name`, but those of `docker compose run`, and what each has in `label`.
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

/// What the engine says of itself.
///
/// # Errors
/// When it does not answer.
pub(crate) fn info() -> Result<Info, CommandError> {
    let answer =
        docker_output(&["info", "--format", "{{json .}}"].map(Into::into), ENGINE_TIMEOUT)?;
    serde_json::from_slice(&answer).map_err(|error| CommandError::Failed(error.to_string()))
}

/// Where the engine listens: `unix:///var/run/docker.sock`, or an address of another machine.
///
/// # Errors
/// When the docker command cannot say.
pub(crate) fn endpoint() -> Result<String, CommandError> {
    let format = "{{.Endpoints.docker.Host}}";
    let answer =
        docker_output(&["context", "inspect", "--format", format].map(Into::into), READ_TIMEOUT)?;
    Ok(String::from_utf8_lossy(&answer).trim().to_owned())
}

/// Runs `docker compose` for the user to see, for as long as it takes, and returns how it ended.
///
/// # Errors
/// When it cannot be started.
pub(crate) fn run_compose(
    files: &ComposeFiles,
    words: &[&OsStr],
) -> Result<ExitStatus, CommandError> {
    let mut command = Command::new(DOCKER);
    command.arg("compose").args(files.arguments()).args(words).stdin(Stdio::null());
    command.status().map_err(start_error)
}

/// Whether this machine finds an address for `name`; `None` if that cannot be found out here. A static
/// program cannot ask the system's resolver itself.
pub(crate) fn resolves(name: &str) -> Option<bool> {
    let answer =
        run_program("getent", &["ahosts", "--", name].map(Into::into), LOOKUP_TIMEOUT).ok()?;
    Some(answer.1.is_none())
}
