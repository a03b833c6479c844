//! Asks git for the status of a file, without running any program that the repository configures.

use std::path::Path;
use std::process::Command;

use crate::compose::docker::command::{LOOKUP_TIMEOUT, run_limited};
use crate::compose::project::paths::directory_of;

/// The status of a file in git.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GitStatus {
    /// The index contains the file.
    Tracked,
    /// `git add` would add the file.
    Untracked,
    /// An ignore pattern matches the file.
    Ignored,
}

/// Settings with which git runs no program that a repository configures. They override the repository's
/// configuration, and only `.git` makes a directory a repository (git-config(1), `core.fsmonitor`,
/// `core.hooksPath`, `safe.bareRepository`). An empty `core.fsmonitor` disables it in every version: before
/// 2.36 any other value is the name of a program.
const SETTINGS: [&str; 3] =
    ["core.fsmonitor=", "core.hooksPath=/dev/null", "safe.bareRepository=explicit"];

/// With these variables, git writes nothing and fetches no object of a partial clone, which would run
/// programs that the remote's configuration names (git(1), "Environment Variables").
const ENVIRONMENT: [(&str, &str); 3] =
    [("GIT_OPTIONAL_LOCKS", "0"), ("GIT_NO_LAZY_FETCH", "1"), ("GIT_ALLOW_PROTOCOL", "none")];

/// Returns the status of the file or directory `path`; `None` without a repository, or without git.
///
/// It reads only the index and the ignore patterns: `git status` would run the repository's `core.fsmonitor`
/// and filters.
pub(crate) fn git_status(path: &Path) -> Option<GitStatus> {
    // A missing file has no status.
    path.symlink_metadata().ok()?;
    let (directory, name) = (directory_of(path), path.file_name()?);
    // With a leading directory, git does not parse the name as pathspec magic (gitglossary(7), "pathspec").
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
    // 0: ignored; 1: not ignored (git-check-ignore(1), "Exit status").
    match ask(&["check-ignore", "--quiet"])?.status.code() {
        Some(0) => Some(GitStatus::Ignored),
        Some(1) => Some(GitStatus::Untracked),
        _ => None,
    }
}
