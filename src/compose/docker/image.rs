//! Reads the configuration of an image and single files in it, without running it.
//!
//! `docker create` creates a container that is never started, `docker cp` reads its files (no shell is
//! needed), and then the container is removed.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::Read as _;
use std::path::PathBuf;

use serde::Deserialize;

use crate::compose::docker::command::{
    CommandError, DOCKER, ENGINE_TIMEOUT, docker_output, run_program,
};
use crate::compose::docker::container::PROJECT;
use crate::compose::docker::created::Creation;
use crate::compose::project::image_name::ImageName;
use crate::sys::file;

/// The configuration of an image.
#[derive(Clone, Debug, Default)]
pub struct Image {
    /// The image's id, a digest of its contents.
    pub id: String,
    /// The environment.
    pub environment: BTreeMap<String, String>,
    /// The entrypoint, in words.
    pub entrypoint: Vec<String>,
    /// The command, in words.
    pub command: Vec<String>,
    /// The user; empty for root.
    pub user: String,
    /// Paths of its volumes.
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

/// Inspects those of the images `names` that the engine has.
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
    // If some images are missing, docker fails but prints the others.
    let (answer, failed) = run_program(DOCKER, &words, ENGINE_TIMEOUT)?;
    let lines = String::from_utf8_lossy(&answer).into_owned();
    let found: Vec<InspectedImage> =
        lines.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    // A missing image, or an invalid name, is no failure of the engine.
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

/// A path in an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ImageEntry {
    /// A file with these contents.
    File(Vec<u8>),
    /// A symbolic link to this path.
    Link(PathBuf),
    /// A directory or another kind of file.
    Other,
    /// The path does not exist.
    Missing,
}

/// Reads files of an image through a container that is never started; removes the container when dropped.
pub(crate) struct ImageReader {
    container: String,
}

impl ImageReader {
    /// Creates the container from the image `id`.
    ///
    /// # Errors
    /// When the engine cannot create the container.
    pub(crate) fn open(id: &str) -> Result<Self, CommandError> {
        // Images that Compose built have the label of their project: without this, Compose would count the
        // container as a part of the project.
        let label = format!("{PROJECT}=");
        // An image without a command needs one to create a container; it is never run.
        let creation = Creation::begin();
        let words = ["create", "--network", "none", "--label", &label].map(OsString::from);
        let words = words.into_iter().chain(creation.options());
        let words = words.chain(["--entrypoint", "/", id].map(OsString::from));
        let answer = docker_output(&words.collect::<Vec<_>>(), ENGINE_TIMEOUT)?;
        Ok(Self { container: String::from_utf8_lossy(&answer).trim().to_owned() })
    }

    /// Reads `path`. `follows` decides whether a link at its end is followed; links to directories on the way
    /// always are.
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

/// Whether this is the engine's message for a path that does not exist in a container.
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
        // A container that cannot be removed takes little space, so that is no error.
        let _ = docker_output(&["rm", "-f", "-v", &self.container].map(Into::into), ENGINE_TIMEOUT);
    }
}
