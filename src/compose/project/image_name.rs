//! Parses an image's name, in which the registry, `library/` and the tag are optional
//! (<https://docs.docker.com/reference/cli/docker/image/tag/>).

use std::fmt::{self, Display};

/// The names of the default registry.
const REGISTRIES: [&str; 2] = ["docker.io/", "index.docker.io/"];

/// A parsed name. Its Display is the form that the engine lists, the same for all names of one image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ImageName<'a> {
    /// The name without tag, digest and default registry.
    pub path: &'a str,
    tag: Option<&'a str>,
    digest: Option<&'a str>,
}

impl<'a> ImageName<'a> {
    /// Parses a name.
    pub(crate) fn parse(name: &'a str) -> Self {
        let name =
            REGISTRIES.iter().find_map(|registry| name.strip_prefix(registry)).unwrap_or(name);
        let name = name.strip_prefix("library/").unwrap_or(name);
        let (name, digest) =
            name.split_once('@').map_or((name, None), |(name, it)| (name, Some(it)));
        // A colon before the last slash belongs to a registry's port.
        let last = name.rsplit('/').next().unwrap_or(name);
        let tag = last.split_once(':').map(|(_, tag)| tag);
        let length = tag.map_or(name.len(), |tag| name.len() - tag.len() - 1);
        let path = name.get(..length).unwrap_or(name);
        Self { path, tag, digest }
    }
}

impl Display for ImageName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.digest {
            // With a digest, the tag is ignored.
            Some(digest) => write!(f, "{}@{digest}", self.path),
            None => write!(f, "{}:{}", self.path, self.tag.unwrap_or("latest")),
        }
    }
}
