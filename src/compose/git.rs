//! One question to git, asked so that nothing runs which a repository names.

use std::path::Path;
use std::process::Command;

use crate::compose::docker::command::{LOOKUP_TIMEOUT, run_limited};
use crate::compose::project::paths::directory_of;

/// What git makes of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GitStatus {
    /// It keeps it.
    Tracked,
    /// It would take it.
    Untracked,
    /// It leaves it out.
    Ignored,
}

/// Settings under which git runs no program that a repository names. The command line wins over a repository's
/// own configuration, and a directory counts as a repository only through `.git` (git-config(1),
/// `core.fsmonitor`, `core.hooksPath`, `safe.bareRepository`). An empty `core.fsmonitor` is off in every
/// version: before 2.36 any other value is the name of a program.
const SETTINGS: [&str; 3] =
    ["core.fsmonitor=", "core.hooksPath=/dev/null", "safe.bareRepository=explicit"];

/// Nothing is written, and no object of a partial clone is fetched, which would run what the remote's
/// configuration names (git(1), "Environment Variables").
const ENVIRONMENT: [(&str, &str); 3] =
    [("GIT_OPTIONAL_LOCKS", "0"), ("GIT_NO_LAZY_FETCH", "1"), ("GIT_ALLOW_PROTOCOL", "none")];

/// What git makes of the file or directory `path`; `None` where there is no repository, or no git.
///
/// Only the index and the patterns of ignored files are read: `git status` would run the repository's
/// `core.fsmonitor` and its filters.
pub(crate) fn git_status(path: &Path) -> Option<GitStatus> {
    // Of what is not there it says nothing either.
    path.symlink_metadata().ok()?;
    let (directory, name) = (directory_of(path), path.file_name()?);
    // With a directory before it, no name is taken for pathspec magic (gitglossary(7), "pathspec").
    let name = Path::new(".").join(name);
    let ask = |question: &[&str]| {
        let settings = SETTINGS.iter().flat_map(|setting| ["-c", setting]);
        let mut command = Command::new("git");
        command.args(settings).arg("-C").arg(directory).args(question).arg("--").arg(&name);
        run_limited(command.envs(ENVIRONMENT), LOOKUP_TIMEOUT).ok()
    };
    let tracked = ask(&["--literal-pathspecs", "ls-files", "-z"])?;
    if !tracked.status.success() {
        return None;
    }
    if !tracked.stdout.is_empty() {
        return Some(GitStatus::Tracked);
    }
    // 0: ignored; 1: not (git-check-ignore(1), "Exit status").
    match ask(&["check-ignore", "--quiet"])?.status.code() {
        Some(0) => Some(GitStatus::Ignored),
        Some(1) => Some(GitStatus::Untracked),
        _ => None,
    }
}
