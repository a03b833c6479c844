//! Finds the project's directory and its compose files, as Compose does: `-f`, COMPOSE_FILE in the shell,
//! COMPOSE_FILE in `.env`, then the first default name in this directory or above it, with its override
//! (<https://docs.docker.com/compose/how-tos/environment-variables/envvars/>). The overlay is removed from the
//! list, so that the project is read without it.

use std::path::{Path, PathBuf};

use crate::compose::docker::ComposeFiles;
use crate::compose::layout::{OVERLAY, is_generated_overlay};
pub use crate::compose::project::dotenv::FilesOrigin;
use crate::compose::project::dotenv::Variables;
pub use crate::compose::project::paths::{absolute, directory_of, plain, shorten};
use crate::sys::diagnostic::Diagnostic;
use crate::sys::environment::Environment;
use crate::sys::output;
use crate::sys::quote;

/// Compose's default file names, in order of preference (compose-go, cli/options.go, `DefaultFileNames`).
const NAMES: [&str; 4] =
    ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"];
/// The default names of override files (`DefaultOverrideFileNames`).
const OVERRIDES: [&str; 4] = [
    "compose.override.yml",
    "compose.override.yaml",
    "docker-compose.override.yml",
    "docker-compose.override.yaml",
];

/// The options that select the project.
#[derive(Clone, Debug, Default)]
pub struct ProjectOptions {
    /// The files of `-f`, in order.
    pub files: Vec<PathBuf>,
    /// `--project-directory`.
    pub directory: Option<PathBuf>,
    /// The files of `--env-file`, in order.
    pub env_files: Vec<PathBuf>,
}

/// A project's files.
#[derive(Debug)]
pub struct ProjectFiles {
    /// The compose files without the overlay.
    pub files: ComposeFiles,
    /// Base directory for relative paths, as the user named it; never empty.
    pub base: PathBuf,
    /// Whether the list contained the overlay.
    pub had_ours: bool,
    /// The origin of the list.
    pub origin: FilesOrigin,
    /// The shell's variables, and those of `.env`.
    pub variables: Variables,
}

impl ProjectFiles {
    /// Whether Compose uses exactly these files without options; false if the list contained the overlay.
    pub fn is_found_by_itself(&self) -> bool {
        self.origin != FilesOrigin::Option && !self.files.has_options() && !self.had_ours
    }

    /// Whether COMPOSE_FILE in this project's `.env` takes effect in the current directory: in a subdirectory
    /// its names do not exist, and COMPOSE_FILE in the shell overrides it.
    pub fn obeys_env(&self) -> bool {
        let is_here = absolute(&self.base) == absolute(Path::new("."));
        is_here && self.origin != FilesOrigin::Shell && !self.files.has_options()
    }

    /// Returns the value of COMPOSE_FILE that lists the overlay last.
    ///
    /// # Errors
    /// When the name of a file contains the separator, or is not UTF-8.
    pub fn compose_file(&self) -> Result<String, Diagnostic> {
        let separator = self.variables.separator();
        let overlay = plain(&self.base, OVERLAY);
        let mut names = Vec::new();
        for path in self.files.files.iter().chain([&overlay]) {
            let name = shorten(path, &self.base);
            match name.to_str() {
                Some(name) if !name.contains(&separator) => names.push(name.to_owned()),
                Some(_) => {
                    let subject = format!("{} into COMPOSE_FILE", quote::path(path));
                    let error = Diagnostic::cannot("put", subject).named("from --activate");
                    let cause = format!("its name contains {}", quote::word(&separator));
                    let fix = "set COMPOSE_PATH_SEPARATOR in .env to another character";
                    return Err(error.because(cause).advise(fix));
                }
                None => return Err(not_utf8(path)),
            }
        }
        Ok(names.join(&separator))
    }
}

/// Finds the project, starting in the directory `here`.
///
/// # Errors
/// When no project is found, or a listed file cannot be accessed.
pub fn find(
    asked: &ProjectOptions,
    shell: &Environment,
    here: &Path,
) -> Result<ProjectFiles, Diagnostic> {
    if asked.files.iter().any(|file| file.as_os_str() == "-") {
        let error = Diagnostic::cannot("read", "the project from `-`").named("from -f");
        let error = error.because("the overlay is written to the directory of a file");
        return Err(error.advise("name a file").usage());
    }
    let listed = match asked.files.as_slice() {
        [] => files_in_force(asked, shell, here)?,
        [first, ..] => {
            let directory = asked.directory.as_deref().unwrap_or(directory_of(first));
            let variables = Variables::read(shell, directory, &asked.env_files);
            Listed { files: asked.files.clone(), origin: FilesOrigin::Option, variables }
        }
    };
    let Listed { files, origin, variables } = listed;
    // A listed overlay that no longer exists is recognized by its name.
    let is_overlay = |path: &PathBuf| {
        is_generated_overlay(path) || (path.file_name() == Some(OVERLAY.as_ref()) && !path.exists())
    };
    let (ours, files): (Vec<_>, Vec<_>) = files.into_iter().partition(is_overlay);
    let env_files = asked.env_files.iter().map(|path| (path, "from --env-file".to_owned()));
    for (path, origin) in files.iter().map(|path| (path, origin.to_string())).chain(env_files) {
        if let Err(error) = path.metadata() {
            let missing = Diagnostic::cannot("read", quote::path(path)).named(origin);
            return Err(missing.because(output::cause(&error)).advise("correct the name"));
        }
    }
    let Some(first) = files.first() else {
        return Err(match ours.into_iter().next() {
            Some(ours) => {
                Diagnostic::cannot("use", format!("{} as the project", quote::path(&ours)))
                    .because("it is the overlay")
                    .advise("name the project's own file with -f")
            }
            None => no_compose_file(here),
        });
    };
    Ok(ProjectFiles {
        base: asked.directory.clone().unwrap_or_else(|| directory_of(first).to_owned()),
        files: ComposeFiles {
            directory: asked.directory.clone(),
            env_files: asked.env_files.clone(),
            files,
        },
        had_ours: !ours.is_empty(),
        origin,
        variables,
    })
}

/// A list of compose files, with its origin.
struct Listed {
    files: Vec<PathBuf>,
    origin: FilesOrigin,
    variables: Variables,
}

fn files_in_force(
    asked: &ProjectOptions,
    shell: &Environment,
    here: &Path,
) -> Result<Listed, Diagnostic> {
    let start = asked.directory.as_deref().unwrap_or(Path::new("."));
    let variables = Variables::read(shell, start, &asked.env_files);
    if let Some((files, origin)) = variables.compose_files() {
        return Ok(Listed { files, origin, variables });
    }
    let found = find_default(start, here).ok_or_else(|| no_compose_file(here))?;
    // A directory above may have a `.env` of its own, which may name other files.
    let variables = Variables::read(shell, directory_of(&found), &asked.env_files);
    let (files, origin) =
        variables.compose_files().unwrap_or_else(|| (with_override(found), FilesOrigin::Default));
    Ok(Listed { files, origin, variables })
}

/// Returns the error that no default name exists in `here` or above it.
fn no_compose_file(here: &Path) -> Diagnostic {
    let subject = format!("a compose file in {} or above it", quote::path(here));
    Diagnostic::cannot("find", subject)
        .because(format_args!("none of {} exists", NAMES.join(", ")))
        .advise("change to the project's directory, or name the file with -f")
}

/// Returns the error that `path` is not UTF-8, which YAML, `.env` and the engine's API require.
pub fn not_utf8(path: &Path) -> Diagnostic {
    let error = Diagnostic::cannot("write", format!("{} into the overlay", quote::path(path)));
    error.because("its name is not UTF-8").advise("give it another name")
}

/// Whether `directory` contains a compose file of a default name.
pub(crate) fn has_default_file(directory: &Path) -> bool {
    default_file(directory).is_some()
}

fn default_file(directory: &Path) -> Option<PathBuf> {
    NAMES.iter().map(|name| plain(directory, name)).find(|path| path.is_file())
}

/// Returns the first default name in `start` or above it.
fn find_default(start: &Path, here: &Path) -> Option<PathBuf> {
    let levels = here.join(start).components().count();
    let mut directory = start.to_owned();
    for _ in 0..levels {
        let found = default_file(&directory);
        if found.is_some() {
            return found;
        }
        directory = plain(&directory, "..");
    }
    None
}

fn with_override(file: PathBuf) -> Vec<PathBuf> {
    let directory = directory_of(&file).to_owned();
    let over = OVERRIDES.iter().map(|name| plain(&directory, name)).find(|path| path.is_file());
    std::iter::once(file).chain(over).collect()
}
