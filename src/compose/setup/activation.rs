//! `--activate` changes `.env`, which git may track and a script may create.

use std::path::Path;

use crate::compose::git::{GitStatus, git_status};
use crate::compose::layout::{ENV, OVERLAY};
use crate::compose::project::files::plain;
use crate::sys::diagnostic::Diagnostic;
use crate::sys::quote;

/// Checks whether the overlay can be activated in the project directory `base`, and returns a remark about a new
/// `.env`.
///
/// # Errors
/// When git tracks the file.
pub(crate) fn check(base: &Path) -> Result<Option<String>, Diagnostic> {
    let env = plain(base, ENV);
    if git_status(&env) == Some(GitStatus::Tracked) {
        return Err(tracked_env(&env));
    }
    Ok(if env.exists() { None } else { new_env(base) })
}

/// Returns the error that git tracks the `.env` that `--activate` would change.
fn tracked_env(env: &Path) -> Diagnostic {
    Diagnostic::cannot("activate", format_args!("the overlay in {}", quote::path(env)))
        .named("from --activate")
        .because(format_args!(
            "git tracks that file: in every other clone COMPOSE_FILE would name {OVERLAY}, which is ignored there"
        ))
        .advise("leave out --activate and use the printed commands, or stop tracking the file: `git rm --cached .env`")
}

/// Returns a remark if a new `.env` could hide that the project's example was not copied.
fn new_env(base: &Path) -> Option<String> {
    let mut examples = [".env.example", ".env.sample", ".env.dist", "env.example"].into_iter();
    let example = examples.find(|name| plain(base, name).exists())?;
    Some(format!(
        "{ENV} did not exist: a script that copies {example} only if {ENV} is missing does not do so any more"
    ))
}
