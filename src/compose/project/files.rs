//! Which project: its directory and the compose files in force, found as Compose finds them.
//!
//! The order is Compose's own: `-f`, COMPOSE_FILE in the shell, COMPOSE_FILE in `.env`, then the first
//! default name in this directory or above it, with its override
//! (<https://docs.docker.com/compose/how-tos/environment-variables/envvars/>). Our own overlay is taken
//! out of the list, so that what is read is the project without us.

use std::fmt::{self, Display};
use std::io;
use std::path::{Component, Path, PathBuf};

use crate::compose::docker::Files;
use crate::compose::project::dotenv::Variables;
use crate::compose::setup::write::{self, OVERLAY};
use crate::sys::environment::Environment;
use crate::sys::output;
use crate::sys::quote;

/// Compose's default names, the preferred first (compose-go, cli/options.go, `DefaultFileNames`).
const NAMES: [&str; 4] =
    ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"];
/// The same for what is put on top of them (`DefaultOverrideFileNames`).
const OVERRIDES: [&str; 4] = [
    "compose.override.yml",
    "compose.override.yaml",
    "docker-compose.override.yml",
    "docker-compose.override.yaml",
];

/// What was typed about the project.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// `-f`, in order.
    pub files: Vec<PathBuf>,
    /// `--project-directory`.
    pub directory: Option<PathBuf>,
}

/// A project's files.
#[derive(Debug)]
pub struct Place {
    /// The files in force without ours, as Compose is to be told of them.
    pub files: Files,
    /// What relative paths are relative to, as typed; never empty.
    pub base: PathBuf,
    /// Whether our overlay was among the files in force.
    pub had_ours: bool,
    /// Where the list comes from.
    pub origin: Origin,
    /// The shell's variables, and those of `.env`.
    pub variables: Variables,
}

impl Place {
    /// Whether Compose finds these files without being told; not where it is told of ours as well.
    pub fn is_found_by_itself(&self) -> bool {
        self.origin != Origin::Option && self.files.directory.is_none() && !self.had_ours
    }

    /// Whether Compose obeys COMPOSE_FILE in this project's `.env` here: in a directory below, the
    /// names in it lead nowhere, and one in the shell beats it.
    pub fn obeys_env(&self) -> bool {
        let is_here = absolute(&self.base) == absolute(Path::new("."));
        is_here && self.origin != Origin::Shell && self.files.directory.is_none()
    }

    /// The value of COMPOSE_FILE that puts the overlay last.
    ///
    /// # Errors
    /// The file whose name cannot stand there, and the separator that it has in it, if it is text at all.
    pub fn compose_file(&self) -> Result<String, (PathBuf, Option<String>)> {
        let separator = self.variables.separator();
        let overlay = plain(&self.base, OVERLAY);
        let mut names = Vec::new();
        for path in self.files.files.iter().chain([&overlay]) {
            let name = below(path, &self.base);
            match name.to_str() {
                Some(name) if !name.contains(&separator) => names.push(name.to_owned()),
                Some(_) => return Err((path.clone(), Some(separator))),
                None => return Err((path.clone(), None)),
            }
        }
        Ok(names.join(&separator))
    }
}

/// Where a list of compose files comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// `-f`.
    Option,
    /// COMPOSE_FILE in the shell.
    Shell,
    /// COMPOSE_FILE in `.env`.
    File,
    /// Compose's default names.
    Default,
}

/// Why there is no project.
pub enum Error {
    /// No default name was found.
    Nowhere(PathBuf),
    /// A file that was named is not there.
    Missing { path: PathBuf, origin: Origin, error: io::Error },
    /// Only our own overlay was named.
    OnlyOurs(PathBuf),
    /// Standard input.
    Stdin,
}

output::error_of_words!(Error);

impl Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Option => "from -f",
            Self::Shell => "from COMPOSE_FILE",
            Self::File => "from COMPOSE_FILE in .env",
            Self::Default => "a default name",
        })
    }
}

impl Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nowhere(directory) => write!(
                f,
                "cannot find a compose file in {} or above it (compose.yaml, docker-compose.yml)\n\
                 fix: change to the project's directory, or name the file with -f",
                quote::path(directory)
            ),
            Self::Missing { path, origin, error } => write!(
                f,
                "cannot read {} ({origin}): {}\nfix: correct the name",
                quote::path(path),
                output::cause(error)
            ),
            Self::OnlyOurs(path) => write!(
                f,
                "cannot use {} as the project: it is the overlay\n\
                 fix: name the project's own file with -f",
                quote::path(path)
            ),
            Self::Stdin => f.write_str(
                "cannot read the project from `-` (from -f): the overlay goes beside its file\n\
                 fix: name a file",
            ),
        }
    }
}

/// Finds the project, from the directory `here`.
///
/// # Errors
/// When there is none, or a file that was named is not there.
pub fn find(asked: &Asked, shell: &Environment, here: &Path) -> Result<Place, Error> {
    if asked.files.iter().any(|file| file.as_os_str() == "-") {
        return Err(Error::Stdin);
    }
    let listed = match asked.files.as_slice() {
        [] => in_force(asked, shell, here)?,
        [first, ..] => {
            let directory = asked.directory.as_deref().unwrap_or(directory_of(first));
            let variables = Variables::read(shell, directory);
            Listed { files: asked.files.clone(), origin: Origin::Option, variables }
        }
    };
    let Listed { files, origin, variables } = listed;
    // An overlay that was listed and is gone is ours as well: its name says so.
    let is_overlay = |path: &PathBuf| {
        write::is_ours(path) || (path.file_name() == Some(OVERLAY.as_ref()) && !path.exists())
    };
    let (ours, files): (Vec<_>, Vec<_>) = files.into_iter().partition(is_overlay);
    for path in &files {
        if let Err(error) = path.metadata() {
            return Err(Error::Missing { path: path.clone(), origin, error });
        }
    }
    let Some(first) = files.first() else {
        return Err(match ours.into_iter().next() {
            Some(ours) => Error::OnlyOurs(ours),
            None => Error::Nowhere(here.to_owned()),
        });
    };
    Ok(Place {
        base: asked.directory.clone().unwrap_or_else(|| directory_of(first).to_owned()),
        files: Files { directory: asked.directory.clone(), files },
        had_ours: !ours.is_empty(),
        origin,
        variables,
    })
}

/// Files that Compose would use by itself.
struct Listed {
    files: Vec<PathBuf>,
    origin: Origin,
    variables: Variables,
}

fn in_force(asked: &Asked, shell: &Environment, here: &Path) -> Result<Listed, Error> {
    let start = asked.directory.as_deref().unwrap_or(Path::new("."));
    let variables = Variables::read(shell, start);
    if let Some((files, origin)) = variables.compose_files() {
        return Ok(Listed { files, origin, variables });
    }
    let found = default(start, here).ok_or_else(|| Error::Nowhere(here.to_owned()))?;
    // A directory above may have a `.env` of its own, which may name other files.
    let variables = Variables::read(shell, directory_of(&found));
    let (files, origin) =
        variables.compose_files().unwrap_or_else(|| (with_override(found), Origin::Default));
    Ok(Listed { files, origin, variables })
}

/// The first default name in `start` or above it.
fn default(start: &Path, here: &Path) -> Option<PathBuf> {
    let levels = here.join(start).components().count();
    let mut directory = start.to_owned();
    for _ in 0..levels {
        let found = NAMES.iter().map(|name| plain(&directory, name)).find(|path| path.is_file());
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

/// `name` in `directory`, without a `./` that nobody would type.
pub fn plain(directory: &Path, name: impl AsRef<Path>) -> PathBuf {
    if directory == Path::new(".") { name.as_ref().into() } else { directory.join(name) }
}

/// The directory that a file is in; `.` where its name alone was typed.
pub fn directory_of(file: &Path) -> &Path {
    file.parent().filter(|path| !path.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// `path`, which was typed here, as it is named from `base`: relative where it lies below it, so that
/// it has one name, wherever it is typed.
pub fn below(path: &Path, base: &Path) -> PathBuf {
    let (path, base) = (absolute(path), absolute(base));
    match path.strip_prefix(&base) {
        Ok(rest) if rest.as_os_str().is_empty() => PathBuf::from("."),
        Ok(rest) => rest.to_owned(),
        Err(_) => path,
    }
}

/// `path` from the root, links as they are; `..` only where it follows one.
pub fn absolute(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut clean = PathBuf::new();
    for component in path.components() {
        let goes_up = component == Component::ParentDir;
        if goes_up && !clean.ends_with("..") && !clean.is_symlink() {
            clean.pop();
        } else {
            clean.push(component);
        }
    }
    clean
}
