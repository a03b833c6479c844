//! Why nothing was written or taken away, and what mends it.

use std::ffi::OsString;
use std::fmt::{self, Display};
use std::io;
use std::path::PathBuf;

use crate::compose::setup::write::managed_block::Damage;
use crate::compose::setup::write::manifest::Problem;
use crate::compose::setup::write::{OVERLAY, TRUST};
use crate::sys::output;
use crate::sys::quote;

/// Why nothing was written or taken away.
pub enum Error {
    /// The system says no.
    System { verb: &'static str, path: PathBuf, error: io::Error },
    /// Something that is not ours stands in the overlay's place.
    NotOurs { path: PathBuf, kind: &'static str },
    /// `.trust` is no directory.
    NoDirectory { path: PathBuf, kind: &'static str },
    /// `.trust/` is somebody else's: this is in it, and no manifest.
    Strange { path: PathBuf, holds: OsString },
    /// Something else stands where a file of ours is to be.
    Occupied { path: PathBuf },
    /// The manifest cannot be used.
    Manifest { path: PathBuf, problem: Problem },
    /// A file of the user's is no file.
    NoFile { path: PathBuf, kind: &'static str },
    /// A block of ours in it cannot be told from what is around it.
    Block { path: PathBuf, damage: Damage },
    /// Its owner could not be kept.
    Owner { path: PathBuf, uid: u32, gid: u32 },
    /// Somebody else wrote to it at the same time.
    Meanwhile { path: PathBuf },
    /// COMPOSE_FILE cannot stand in one line.
    Value(String),
    /// A file of ours cannot be called so.
    Name(String),
}

output::error_of_words!(Error);

impl Error {
    /// Makes what the system said into one.
    pub fn system(verb: &'static str, path: PathBuf) -> impl FnOnce(io::Error) -> Self {
        move |error| Self::System { verb, path, error }
    }
}

impl Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::System { verb, path, error } => {
                let fix = match error.kind() {
                    io::ErrorKind::NotFound => "correct the name",
                    io::ErrorKind::PermissionDenied if *verb == "read" => {
                        "run it as the owner of that file"
                    }
                    io::ErrorKind::PermissionDenied => {
                        "run it as a user who may write to that directory"
                    }
                    io::ErrorKind::ReadOnlyFilesystem => "work on a copy that can be written to",
                    io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                        "free some space, and run it again"
                    }
                    _ => "look at that path, and run it again",
                };
                let cause = output::cause(error);
                write!(f, "cannot {verb} {}: {cause}\nfix: {fix}", quote::path(path))
            }
            Self::NotOurs { path, kind } => write!(
                f,
                "cannot write {}: the {kind} that stands there is not from this program\n\
                 fix: give it another name, and name that with -f where you use it",
                quote::path(path)
            ),
            Self::NoDirectory { path, kind } => write!(
                f,
                "cannot use {}: it is a {kind}, not a directory\nfix: give it another name",
                quote::path(path)
            ),
            Self::Strange { path, holds } => write!(
                f,
                "cannot use {}: it holds {} and no manifest of ours\n\
                 fix: give that directory another name",
                quote::path(path),
                quote::word(holds)
            ),
            Self::Occupied { path } => write!(
                f,
                "cannot write {}: something else stands there\nfix: move it out of {TRUST}/",
                quote::path(path)
            ),
            Self::Manifest { path, problem } => {
                write!(f, "cannot use {}: {problem}", quote::path(path))
            }
            Self::NoFile { path, kind } => {
                let kind = if *kind == "link" { "link to nothing" } else { kind };
                write!(
                    f,
                    "cannot change {}: it is a {kind}\nfix: put a regular file there, or nothing",
                    quote::path(path)
                )
            }
            Self::Block { path, damage } => {
                write!(f, "cannot change {}: {damage}", quote::path(path))
            }
            Self::Owner { path, uid, gid } => write!(
                f,
                "cannot change {}: it is uid {uid}'s and gid {gid}'s, and a new one would not be\n\
                 fix: run it as its owner",
                quote::path(path)
            ),
            Self::Meanwhile { path } => write!(
                f,
                "cannot change {}: somebody else wrote to it at the same time\nfix: run it again",
                quote::path(path)
            ),
            Self::Value(value) => write!(
                f,
                "cannot write COMPOSE_FILE to .env: {} does not fit in a line\n\
                 fix: give that file a name without control characters",
                quote::word(value)
            ),
            Self::Name(name) => write!(
                f,
                "cannot write {}: no file of {OVERLAY} is called so\n\
                 fix: report this: the name was made by this program",
                quote::word(name)
            ),
        }
    }
}
