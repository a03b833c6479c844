//! The variables that Compose uses: those of the shell, then those of `.env`.
//!
//! The block that `setup` writes into `.env` is ignored, so that only the user's lines count.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt::{self, Display};
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};

use crate::compose::layout;
use crate::compose::project::env_file;
use crate::compose::project::interpolate::{self, Interpolation};
use crate::compose::setup::write::managed_block;
use crate::sys::environment::Environment;
use crate::sys::file;

/// The origin of the list of compose files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FilesOrigin {
    /// The option `-f`.
    Option,
    /// COMPOSE_FILE in the shell.
    Shell,
    /// COMPOSE_FILE in `.env`.
    File,
    /// Compose's default names.
    Default,
}

impl Display for FilesOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Option => "from -f",
            Self::Shell => "from COMPOSE_FILE",
            Self::File => "from COMPOSE_FILE in .env",
            Self::Default => "a default name",
        })
    }
}

/// The shell's variables, and those of `.env`.
#[derive(Debug)]
pub struct Variables {
    shell: Environment,
    file: BTreeMap<String, String>,
}

impl Variables {
    /// Reads `env_files`, or without any `.env` in `directory`, if it exists. A later file overrides an earlier
    /// one.
    pub fn read(shell: &Environment, directory: &Path, env_files: &[PathBuf]) -> Self {
        let default = [directory.join(layout::ENV)];
        let paths = if env_files.is_empty() { &default } else { env_files };
        let lookup = |name: &str| Some(shell.get(name)?.to_string_lossy().into_owned());
        let mut file = BTreeMap::new();
        for path in paths {
            let text = file::read(path, &mut file::FILE_LIMIT.clone()).unwrap_or_default();
            let text = match managed_block::remove(&text) {
                Ok(Some(rest)) => rest.text,
                Ok(None) | Err(_) => text,
            };
            let text = String::from_utf8_lossy(&text);
            file.extend(env_file::parse(&text, &lookup).unwrap_or_default());
        }
        Self { shell: shell.clone(), file }
    }

    /// Returns the value of `name`. An empty value in the shell overrides `.env`.
    pub fn get(&self, name: &str) -> Option<String> {
        self.in_shell(name).or_else(|| self.in_file(name))
    }

    /// Returns the value of `name` in the shell.
    pub fn in_shell(&self, name: &str) -> Option<String> {
        self.shell.get(name).map(|value| value.to_string_lossy().into_owned())
    }

    fn in_file(&self, name: &str) -> Option<String> {
        match interpolate::read(self.file.get(name)?) {
            Interpolation::Known(value) => Some(value),
            Interpolation::Open(_) | Interpolation::Malformed(_) => None,
        }
    }

    /// Returns the files in COMPOSE_FILE, and where it is set.
    pub fn compose_files(&self) -> Option<(Vec<PathBuf>, FilesOrigin)> {
        let is_set = |value: &String| !value.is_empty();
        let shell =
            self.in_shell("COMPOSE_FILE").filter(is_set).map(|list| (list, FilesOrigin::Shell));
        let file = || Some((self.in_file("COMPOSE_FILE").filter(is_set)?, FilesOrigin::File));
        let (list, origin) = shell.or_else(file)?;
        let separator = self.separator();
        let files = list.split(separator.as_str()).filter(|file| !file.is_empty());
        Some((files.map(|file| OsString::from_vec(file.into()).into()).collect(), origin))
    }

    /// Returns the separator of the files in COMPOSE_FILE.
    pub fn separator(&self) -> String {
        let set = self.get("COMPOSE_PATH_SEPARATOR").filter(|separator| !separator.is_empty());
        set.unwrap_or_else(|| ":".to_owned())
    }
}
