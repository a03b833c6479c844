//! Reads a project, if possible by Compose, which interprets its files best.
//!
//! First `docker compose config`; if that fails, for example without an `env_file:`, again with
//! `--no-interpolate` and `complete`; without docker, `offline`. Compose's output can contain secrets, so it
//! is kept in memory only.

use serde_yaml::Value;

use crate::compose::docker::{self, CommandError};
use crate::compose::project::error::{ProjectError, SourceLocation, YamlPath};
use crate::compose::project::files::ProjectFiles;
use crate::compose::project::{Project, Reading, complete, offline, parse};
use crate::sys::diagnostic::Diagnostic;

/// Largest output of Compose that is parsed, in bytes: 16 MiB, some ten thousand services. The YAML crate
/// needs up to a hundred times as much memory.
const MAX_OUTPUT: usize = 16 << 20;

/// The reason why the project could not be read completely.
pub enum ReadNote {
    /// Read with `--no-interpolate`, because of this error of Compose.
    WithoutVariables(String),
    /// Read by `offline`, because docker or its compose plugin is not installed.
    Offline(CommandError),
}

impl From<&ReadNote> for Diagnostic {
    fn from(note: &ReadNote) -> Self {
        match note {
            ReadNote::WithoutVariables(cause) => Self::statement(format!(
                "Compose cannot start the project as it is: {cause}; what is missing is ignored"
            ))
            .advise("fix that, and run this again before `up`"),
            ReadNote::Offline(failure) => Self::statement(format!(
                "the project is read without Compose: {failure}; the contents of images are unknown"
            ))
            .advise("run this again where docker is installed, if images contain certificates of their own"),
        }
    }
}

/// Reads the project, and returns a note if it could not be read completely.
///
/// # Errors
/// When it cannot be read in any way.
pub fn read(files: &ProjectFiles) -> Result<(Project, Option<ReadNote>), Diagnostic> {
    let alone = || {
        let lookup = |name: &str| files.variables.get(name);
        offline::read(&files.files.files, &files.base, &lookup)
    };
    // Most of Compose's errors name neither the file nor the line.
    let own = |error: Diagnostic| match alone() {
        Err(ProjectError::Content(own)) => own,
        _ => error,
    };
    let cause = match docker::config(&files.files, true) {
        Ok(text) => return Ok((parse_output(&text, Reading::Complete, files)?, None)),
        Err(failure @ (CommandError::NotInstalled | CommandError::NoCompose)) => {
            return Ok((alone()?, Some(ReadNote::Offline(failure))));
        }
        Err(CommandError::Failed(cause)) => cause,
        Err(failure) => return Err(own(compose_error(&failure))),
    };
    // An invalid file fails without variables too: report the first error.
    let Ok(text) = docker::config(&files.files, false) else {
        return Err(own(refused(&cause, files)));
    };
    let project = parse_output(&text, Reading::WithoutVariables, files)?;
    Ok((project, Some(ReadNote::WithoutVariables(cause))))
}

/// Parses the output of Compose.
fn parse_output(
    text: &[u8],
    reading: Reading,
    files: &ProjectFiles,
) -> Result<Project, Diagnostic> {
    if text.len() > MAX_OUTPUT {
        return Err(compose_error(&CommandError::OutputTooLarge { most: MAX_OUTPUT as u64 }));
    }
    let mut tree: Value = serde_yaml::from_slice(text).map_err(|error| {
        let answer = "the answer of `docker compose config` is not YAML that can be read";
        let cannot = Diagnostic::cannot("read", "the project");
        cannot.because(format_args!("{answer}: {error}")).advise("reduce the nesting")
    })?;
    if reading == Reading::WithoutVariables {
        complete::complete(&mut tree, &files.base, &|name| files.variables.get(name));
    }
    let locate = |part: &YamlPath, needle: Option<&str>| -> Option<SourceLocation> {
        offline::locate(&files.files.files, part, needle)
    };
    Ok(parse::project(&tree, reading, &files.base, &locate)?)
}

/// Returns the diagnostic for a failure to run Compose.
fn compose_error(failure: &CommandError) -> Diagnostic {
    let error = Diagnostic::cannot("read", "the project");
    let question = "`docker compose config`";
    match failure {
        CommandError::TimedOut(limit) => error
            .because(format_args!("{question} gave no answer within {} s", limit.as_secs()))
            .advise("look for aliases that multiply, or for a slow file system"),
        CommandError::OutOfMemory => error
            .because(format_args!("{question} ran out of memory"))
            .advise("look for aliases that multiply, or for a file that never ends"),
        CommandError::OutputTooLarge { most } => error
            .because(format_args!("the answer of {question} is larger than {} MiB", most >> 20))
            .advise("look for aliases that multiply"),
        failure => error
            .because(format_args!("docker cannot be started: {failure}"))
            .advise("check that `docker compose version` works"),
    }
}

/// Returns the diagnostic for Compose's own error, located at the service that it names.
fn refused(cause: &str, files: &ProjectFiles) -> Diagnostic {
    let service = cause.split("services.").nth(1).and_then(|rest| rest.split(['.', ' ']).next());
    let part = YamlPath { service: service.map(str::to_owned), key: None };
    let location = service.and_then(|_| offline::locate(&files.files.files, &part, None));
    let error = Diagnostic::cannot("read", "the project");
    let error = location.map_or(error.clone(), |location| error.named(location));
    error
        .because(format_args!("`docker compose config` says: {cause}"))
        .advise("correct the compose file until `docker compose config` succeeds")
}
