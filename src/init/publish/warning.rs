//! Published, but not as one would think.

use std::fmt::{self, Display};
use std::path::{Path, PathBuf};

use crate::init::publish::TMPFS;
use crate::init::publish::location::Refusal;
use crate::sys::quote;

/// Published, but not as one would think.
#[derive(Debug)]
pub enum Warning {
    /// A mounted bundle does not serve.
    NotAdopted { path: PathBuf, because: String },
    /// A rung is somebody else's.
    Refused { path: &'static Path, refusal: Refusal },
    /// The user's directory can be changed by anybody.
    WorldWritable(PathBuf),
    /// The bundle is in memory.
    Memory,
}

impl Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAdopted { path, because } => write!(
                f,
                "the bundle mounted at {} is not used: {because}; the service gets one of its own\n\
                 fix: prepare the mounted bundle anew (`trust-compose setup` does), for health \
                 checks and `exec` still see it",
                quote::path(path)
            ),
            Self::Refused { path, refusal } => {
                write!(f, "{} is not used: {refusal}\nfix: {}", quote::path(path), refusal.fix())
            }
            Self::WorldWritable(path) => write!(
                f,
                "{} can be changed by every user of this container, and with it what the service \
                 trusts\nfix: give it the sticky bit, or a mode without write for others",
                quote::path(path)
            ),
            Self::Memory => write!(
                f,
                "no directory can be written to, so the bundle is in memory: it serves the service \
                 and its children of the same uid while the service runs, but not `exec` or health \
                 checks\nfix: {TMPFS}",
            ),
        }
    }
}
