//! `.trust/manifest.json`: which files below `.trust/` are ours, and which overlay mounts them.
//!
//! It is written before the files it lists and taken away after them, so that whatever stands is
//! known. It names the overlays by digest: after an interrupted run, the overlay that stands tells
//! which of the generations counts.

use std::collections::BTreeMap;
use std::fmt::{self, Display};

use serde::{Deserialize, Serialize};

use crate::compose::setup::write::Output;
use crate::sys::quote;
use crate::trust::fingerprint::Fingerprint;

/// Its name in `.trust/`.
pub const NAME: &str = "manifest.json";

/// The format that this version writes, and the only one it reads.
const FORMAT: u64 = 1;

/// What is known of `.trust/`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    format: u64,
    /// The newest first. Files of one that is not in force are kept for containers that still run
    /// with it: a restart would not find what they mount.
    pub generations: Vec<Generation>,
}

/// One overlay and what it mounts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Generation {
    /// The SHA-256 of the overlay.
    pub overlay: String,
    /// The words of the setup that made it; none once the overlay was removed and containers still mount
    /// its files.
    pub words: Vec<String>,
    /// The SHA-256 of each file.
    pub files: BTreeMap<String, String>,
}

/// Why a manifest is not taken as one.
#[derive(Debug)]
pub enum Problem {
    /// A newer version wrote it.
    Newer(u64),
    /// It is no manifest, which shows at this line.
    Broken(usize),
    /// It lists a file that is not in `.trust/`.
    Outside(String),
}

/// The part that every format has.
#[derive(Deserialize)]
struct Head {
    format: u64,
}

impl Manifest {
    /// A manifest of these generations.
    pub fn of(generations: Vec<Generation>) -> Self {
        Self { format: FORMAT, generations }
    }

    /// Reads one.
    ///
    /// # Errors
    /// When it is of another format, is none, or lists what cannot be ours.
    pub fn read(bytes: &[u8]) -> Result<Self, Problem> {
        let broken = |error: serde_json::Error| Problem::Broken(error.line());
        let head: Head = serde_json::from_slice(bytes).map_err(broken)?;
        if head.format > FORMAT {
            return Err(Problem::Newer(head.format));
        }
        let manifest: Self = serde_json::from_slice(bytes).map_err(broken)?;
        let mut names = manifest.generations.iter().flat_map(|one| one.files.keys());
        match names.find(|name| !is_name(name)) {
            Some(name) => Err(Problem::Outside(name.clone())),
            None => Ok(manifest),
        }
    }

    /// The manifest of a setup that was removed while containers still mount its files.
    #[must_use]
    pub fn retired(&self) -> Self {
        let retired = |one: &Generation| Generation { words: Vec::new(), ..one.clone() };
        Self::of(self.generations.iter().map(retired).collect())
    }

    /// Whether it is such a manifest. A setup has words: without any it removes.
    pub fn is_retired(&self) -> bool {
        self.generations.iter().all(|one| one.words.is_empty())
    }

    /// Its text: the same for the same contents.
    pub fn text(&self) -> String {
        // Strings, numbers and lists always become JSON.
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }

    /// The place of the generation whose overlay is `overlay`.
    pub fn place(&self, overlay: &[u8]) -> Option<usize> {
        let digest = digest(overlay);
        self.generations.iter().position(|one| one.overlay == digest)
    }

    /// Every file that is listed, with the digests that it may have.
    pub fn files(&self) -> BTreeMap<&str, Vec<&str>> {
        let mut files: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (name, digest) in self.generations.iter().flat_map(|one| &one.files) {
            files.entry(name).or_default().push(digest);
        }
        files
    }

    /// The manifest while `new` is put in place of the generation whose overlay stands, and the one
    /// after that: `new`, and, unless it `is_settled`, all that were in force before it.
    pub fn succession(
        &self,
        overlay: Option<&[u8]>,
        new: &Generation,
        is_settled: bool,
    ) -> (Self, Self) {
        let place = overlay.and_then(|overlay| self.place(overlay)).unwrap_or_default();
        let others = |from: usize| {
            let others = self.generations.iter().skip(from);
            others.filter(|other| other.overlay != new.overlay).cloned()
        };
        let meanwhile = std::iter::once(new.clone()).chain(others(0)).collect();
        let former = others(place).filter(|_| !is_settled);
        let finally = std::iter::once(new.clone()).chain(former).collect();
        (Self::of(meanwhile), Self::of(finally))
    }
}

impl Generation {
    /// What `output` will be.
    pub fn of(output: &Output) -> Self {
        let files = output.files.iter().map(|(name, bytes)| (name.clone(), digest(bytes)));
        Self {
            overlay: digest(output.overlay.as_bytes()),
            words: output.words.clone(),
            files: files.collect(),
        }
    }
}

impl Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Newer(format) => write!(
                f,
                "a newer version of trust-compose wrote it (format {format})\n\
                 fix: run the version that wrote it, or a newer one"
            ),
            Self::Broken(line) => {
                write!(f, "it is damaged at line {line}\nfix: move .trust/ away, and run it again")
            }
            Self::Outside(name) => {
                write!(
                    f,
                    "it lists {}, which is not in .trust/\nfix: move .trust/ away, and run it again",
                    quote::word(name)
                )
            }
        }
    }
}

/// The SHA-256 of `bytes`.
pub fn digest(bytes: &[u8]) -> String {
    Fingerprint::of([bytes]).to_string()
}

/// Whether a file of ours may be called so: it lies in `.trust/` itself and is not hidden.
pub fn is_name(name: &str) -> bool {
    !name.is_empty() && name != NAME && !name.starts_with('.') && !name.contains(['/', '\0'])
}
