//! Why no component was written, and what mends it.

use std::ffi::OsStr;
use std::fmt::{self, Display};
use std::io;
use std::path::{Path, PathBuf};

use crate::compose::docker::Failure;
use crate::compose::kustomize::component::MOST;
use crate::compose::kustomize::kustomization::Kustomization;
use crate::compose::kustomize::manifest::{self, Flaw};
use crate::sys::file::Problem;
use crate::sys::output;
use crate::sys::quote;

/// Why no component was written.
pub enum Error {
    /// A kustomization that cannot be rendered.
    Render { directory: PathBuf, failure: Failure },
    /// What kustomize refuses, with the component.
    Tried(Failure),
    /// A file of manifests that cannot be read.
    Unreadable { path: PathBuf, problem: Problem },
    /// stdin, likewise.
    Stdin(io::Error),
    /// Manifests that are none.
    Manifests { from: String, flaw: Flaw },
    /// Nothing in them starts pods.
    NoWorkload { from: String, others: Vec<String> },
    /// Every container is left as it is: each, and why.
    Nobody(Vec<String>),
    /// Two objects of one kind and name.
    Twice { from: String, name: String },
    /// An option names a workload that is not there.
    NoSuch { name: String, there: Vec<String> },
    /// Something of a container's own is in the place of ours.
    Mounted { name: String, path: String },
    /// A volume of the user's has our name.
    Volume { workload: String, volume: String },
    /// An annotation that is no role.
    Role { workload: String, says: String },
    /// More than a ConfigMap holds.
    TooLarge { name: String, size: usize },
    /// What kustomize makes of the component is not what was meant.
    Rendered { out: PathBuf, troubles: Vec<String>, stage: Stage },
    /// An option that the source needs, or that means nothing with it.
    Option { option: &'static str, why: &'static str },
    /// The disk.
    Disk { verb: &'static str, path: PathBuf, error: io::Error },
    /// Something else stands where ours is to be.
    NotOurs { path: PathBuf, kind: &'static str },
}

output::error_of_words!(Error);

/// Which rendering shows that a component comes to something else than was meant.
pub enum Stage {
    /// The try before anything is written.
    Tried,
    /// A kustomization that lists it.
    Listed,
    /// The same in this directory, which has patches: they are applied after the component.
    Patched(PathBuf),
}

impl Stage {
    /// That of a kustomization which lists the component.
    pub fn listed(kustomization: &Kustomization) -> Self {
        let patched = kustomization.patched().map(Path::to_path_buf);
        patched.map_or(Self::Listed, Self::Patched)
    }
}

/// The fix.
impl Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tried => {
                f.write_str("hand over manifests in which every name stands for one object")
            }
            Self::Listed => f.write_str(
                "list it in the kustomization that was named with -k, after all other components",
            ),
            Self::Patched(directory) => write!(
                f,
                "list it in a second kustomization instead, which has {directory} under `resources:`, and \
                 name that one with -k: the patches of {directory} are applied after its components",
                directory = quote::path(directory)
            ),
        }
    }
}

impl Error {
    /// Makes what the system said into one.
    pub fn disk(verb: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        move |error| Self::Disk { verb, path, error }
    }

    /// That something else stands under `name`.
    pub fn not_ours(out: &Path, name: &OsStr, kind: &'static str) -> Self {
        Self::NotOurs { path: out.join(name), kind }
    }

    /// Whether the command line is what is wrong.
    pub fn is_usage(&self) -> bool {
        matches!(self, Self::Option { .. })
    }
}

impl Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Render { directory, failure: Failure::Missing } => write!(
                f,
                "cannot render {}: there is no kubectl here, and no kustomize\n\
                 fix: install one of them, or render it elsewhere and hand it over with `-f -`",
                quote::path(directory)
            ),
            Self::Render { directory, failure } => write!(
                f,
                "cannot render {}: {failure}\n\
                 fix: correct it until `kubectl kustomize {}` prints it",
                quote::path(directory),
                quote::shell(directory)
            ),
            Self::Tried(failure) => write!(
                f,
                "cannot use these manifests with a component: {failure}\n\
                 fix: hand over manifests that kustomize takes as `resources:`"
            ),
            Self::Unreadable { path, problem } => write!(
                f,
                "cannot read {} (from -f): {problem}\nfix: name a file of manifests",
                quote::path(path)
            ),
            Self::Stdin(error) => write!(
                f,
                "cannot read stdin (from -f -): {}\nfix: pipe manifests into it",
                output::cause(error)
            ),
            Self::Manifests { from, flaw } => write!(f, "cannot read {from}: {}", Words(flaw)),
            Self::Twice { from, name } => write!(
                f,
                "cannot read {from}: {} is in it twice\nfix: take one of the two away",
                quote::word(name)
            ),
            Self::NoWorkload { .. }
            | Self::Nobody(_)
            | Self::NoSuch { .. }
            | Self::Mounted { .. }
            | Self::Volume { .. }
            | Self::Role { .. } => self.of_workload(f),
            Self::TooLarge { name, size } => write!(
                f,
                "cannot put the certificates into the ConfigMap {}: they have {size} bytes, and it \
                 holds at most {MOST}\n\
                 fix: take --source trust-manager with fewer CAs, or the roots of nobody's image: \
                 --roots mozilla",
                quote::word(name)
            ),
            Self::Rendered { out, troubles, stage } => {
                let is_tried = matches!(stage, Stage::Tried);
                let which = if is_tried { "would be written" } else { "stands there" };
                write!(
                    f,
                    "cannot use the component in {}: with what {which}, kustomize comes to something \
                     else than was meant: {}\nfix: {stage}",
                    quote::path(out),
                    troubles.join("; ")
                )
            }
            Self::Option { option, why } => {
                write!(f, "cannot use {option}: {why}\nfix: see `trust-compose kustomize --help`")
            }
            Self::Disk { verb, path, error } => {
                let fix = match error.kind() {
                    io::ErrorKind::PermissionDenied => "run it as a user who may write there",
                    io::ErrorKind::ReadOnlyFilesystem => "work on a copy that can be written to",
                    io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                        "free some space, and run it again"
                    }
                    io::ErrorKind::NotADirectory => "name a directory (--out)",
                    _ => "look at that path, and run it again",
                };
                let cause = output::cause(error);
                write!(f, "cannot {verb} {}: {cause}\nfix: {fix}", quote::path(path))
            }
            Self::NotOurs { path, kind } => write!(
                f,
                "cannot write {}: the {kind} that stands there is not from this program\n\
                 fix: name another directory (--out)",
                quote::path(path)
            ),
        }
    }
}

impl Error {
    fn of_workload(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoWorkload { from, others } => {
                write!(f, "cannot find anything that starts pods in {from}")?;
                if !others.is_empty() {
                    let others = others.iter().map(|name| quote::word(name).to_string());
                    let others: Vec<_> = others.collect();
                    write!(
                        f,
                        " but {}, whose kind is none that can be patched",
                        others.join(", ")
                    )?;
                }
                f.write_str("\nfix: hand over all manifests, as they go to the cluster")
            }
            Self::Nobody(left) => write!(
                f,
                "cannot write a component for nobody: no container is to trust the CA ({})\n\
                 fix: choose those that make connections: `--workload NAME=trust`",
                left.join("; ")
            ),
            Self::NoSuch { name, there } => {
                let there: Vec<_> =
                    there.iter().map(|name| quote::word(name).to_string()).collect();
                write!(
                    f,
                    "cannot find {} (from --workload): there is {}\n\
                     fix: name one of them, as KIND/NAME/CONTAINER or less",
                    quote::word(name),
                    there.join(", ")
                )
            }
            Self::Mounted { name, path } => write!(
                f,
                "cannot give the CA to container {}: it mounts something of its own at {}\n\
                 fix: mount that elsewhere, or leave it out: `--workload {}=leave`",
                quote::word(name),
                quote::word(path),
                quote::shell(name)
            ),
            Self::Volume { workload, volume } => write!(
                f,
                "cannot give the CA to {}: it has a volume of its own that is called {}\n\
                 fix: give that another name, or leave it out: `--workload {}=leave`",
                quote::word(workload),
                quote::word(volume),
                quote::shell(workload)
            ),
            Self::Role { workload, says } => write!(
                f,
                "cannot read the annotation {} of {}: {} is no role\nfix: write trust or leave",
                manifest::ROLE,
                quote::word(workload),
                quote::word(says)
            ),
            _ => Ok(()),
        }
    }
}

/// What is wrong with manifests.
struct Words<'a>(&'a Flaw);

impl Display for Words<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Flaw::Broken(cause) => {
                write!(f, "it is not YAML: {cause}\nfix: hand over manifests as kubectl takes them")
            }
            Flaw::TooMuch => write!(
                f,
                "it is larger than {} MiB\nfix: hand over one application at a time",
                manifest::MOST >> 20
            ),
            Flaw::Nameless(kind) => {
                write!(
                    f,
                    "a {kind} in it has no name\nfix: give it one: nothing can be patched without"
                )
            }
            Flaw::Form { object, what } => write!(
                f,
                "{} has another form than Kubernetes gives it: {what}\nfix: correct it there",
                quote::word(object)
            ),
        }
    }
}
