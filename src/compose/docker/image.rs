//! What is in an image: its settings, and single files, without running anything of it.
//!
//! `docker create` makes a container that is never started; `docker cp` reads out of it, also where
//! there is no shell; then it is removed.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::Read as _;
use std::path::PathBuf;

use serde::Deserialize;

use crate::compose::docker::command::{
    CommandError, DOCKER, ENGINE_TIMEOUT, docker_output, run_program,
};
use crate::compose::docker::container::PROJECT;
use crate::compose::project::image_name::ImageName;
use crate::sys::file;

/// What an image says of itself.
#[derive(Clone, Debug, Default)]
pub struct Image {
    /// Its identity, which changes with its contents.
    pub id: String,
    /// Its environment.
    pub environment: BTreeMap<String, String>,
    /// Its entrypoint, in words.
    pub entrypoint: Vec<String>,
    /// Its command, in words.
    pub command: Vec<String>,
    /// Who it runs as; empty for root.
    pub user: String,
    /// Where it wants volumes.
    pub volumes: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct InspectedImage {
    id: String,
    #[serde(default)]
    repo_tags: Option<Vec<String>>,
    #[serde(default)]
    repo_digests: Option<Vec<String>>,
    #[serde(default)]
    config: Option<ImageConfig>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct ImageConfig {
    env: Option<Vec<String>>,
    entrypoint: Option<Vec<String>>,
    cmd: Option<Vec<String>>,
    user: String,
    volumes: Option<BTreeMap<String, serde_json::Value>>,
}

/// Of the images `names`, those that the engine has.
///
/// # Errors
/// When the engine does not answer.
pub(crate) fn images<'a>(names: &[&'a str]) -> Result<BTreeMap<&'a str, Image>, CommandError> {
    if names.is_empty() {
        return Ok(BTreeMap::new());
    }
    let mut words: Vec<OsString> =
        ["image", "inspect", "--format", "{{json .}}", "--"].map(Into::into).into();
    words.extend(names.iter().map(OsString::from));
    // The engine also lists the images it has if others are missing, which is an error.
    let (answer, failed) = run_program(DOCKER, &words, ENGINE_TIMEOUT)?;
    let lines = String::from_utf8_lossy(&answer).into_owned();
    let found: Vec<InspectedImage> =
        lines.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    // Not to be there, or to have no name that could be, is no failure of the engine.
    let is_absence = |said: &str| {
        let said = said.to_lowercase();
        said.contains("no such") || said.contains("invalid reference")
    };
    match failed {
        Some(said) if found.is_empty() && !is_absence(&said) => {
            return Err(CommandError::Failed(said));
        }
        _ => {}
    }
    let images = names.iter().filter_map(|name| {
        let image = found.iter().find(|image| image.has_name(name))?;
        Some((*name, image.image()))
    });
    Ok(images.collect())
}

impl InspectedImage {
    fn has_name(&self, name: &str) -> bool {
        let full = ImageName::parse(name).to_string();
        let mut called = [&self.repo_tags, &self.repo_digests].into_iter().flatten().flatten();
        called.any(|other| ImageName::parse(other).to_string() == full) || self.id == name
    }

    fn image(&self) -> Image {
        let config = self.config.clone().unwrap_or_default();
        let pairs = config.env.into_iter().flatten();
        let pairs = pairs.filter_map(|pair| {
            let (name, value) = pair.split_once('=')?;
            Some((name.to_owned(), value.to_owned()))
        });
        Image {
            id: self.id.clone(),
            environment: pairs.collect(),
            entrypoint: config.entrypoint.unwrap_or_default(),
            command: config.cmd.unwrap_or_default(),
            user: config.user,
            volumes: config.volumes.into_iter().flat_map(BTreeMap::into_keys).collect(),
        }
    }
}

/// What is at a path in an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ImageEntry {
    /// A file of these contents.
    File(Vec<u8>),
    /// A link that leads there.
    Link(PathBuf),
    /// A directory, or something else that is no file.
    Other,
    /// Nothing.
    Missing,
}

/// An open look into an image: a container that is never started, and is removed at the end.
pub(crate) struct ImageReader {
    container: String,
}

impl ImageReader {
    /// Opens one into the image `id`.
    ///
    /// # Errors
    /// When the engine cannot make a container of it.
    pub(crate) fn open(id: &str) -> Result<Self, CommandError> {
        // An image that Compose built has the label of its project, and what has that label is taken for
        // a part of the project.
        let label = format!("{PROJECT}=");
        // An image without a command wants one; it is never run.
        let words = ["create", "--network", "none", "--label", &label, "--entrypoint", "/", id];
        let answer = docker_output(&words.map(Into::into), ENGINE_TIMEOUT)?;
        Ok(Self { container: String::from_utf8_lossy(&answer).trim().to_owned() })
    }

    /// What is at `path`; with `follows` at its end, wherever links lead. Links to directories on the way
    /// are always followed.
    ///
    /// # Errors
    /// When the engine does not answer.
    pub(crate) fn read_entry(&self, path: &str, follows: bool) -> Result<ImageEntry, CommandError> {
        let from = format!("{}:{path}", self.container);
        let follow = if follows { "--follow-link=true" } else { "--follow-link=false" };
        let (stream, failed) =
            run_program(DOCKER, &["cp", follow, &from, "-"].map(Into::into), ENGINE_TIMEOUT)?;
        match failed {
            Some(said) if is_missing(&said) => return Ok(ImageEntry::Missing),
            Some(said) => return Err(CommandError::Failed(said)),
            None => {}
        }
        let mut archive = tar::Archive::new(stream.as_slice());
        let entry = archive.entries().map_err(CommandError::System)?.next();
        let Some(entry) = entry.transpose().map_err(CommandError::System)? else {
            return Ok(ImageEntry::Missing);
        };
        if let Some(target) = entry.link_name().map_err(CommandError::System)? {
            return Ok(ImageEntry::Link(target.into_owned()));
        }
        if !entry.header().entry_type().is_file() {
            return Ok(ImageEntry::Other);
        }
        let mut bytes = Vec::new();
        entry.take(file::FILE_LIMIT).read_to_end(&mut bytes).map_err(CommandError::System)?;
        Ok(ImageEntry::File(bytes))
    }
}

/// The engine's words for a path that is not in a container.
fn is_missing(said: &str) -> bool {
    let said = said.to_lowercase();
    [
        "could not find the file",
        "no such container:path",
        "no such file or directory",
        "not a directory",
    ]
    .iter()
    .any(|words| said.contains(words))
}

impl Drop for ImageReader {
    fn drop(&mut self) {
        // It takes no room; what cannot be removed now is not worth an error.
        let _ = docker_output(&["rm", "-f", "-v", &self.container].map(Into::into), ENGINE_TIMEOUT);
    }
}
