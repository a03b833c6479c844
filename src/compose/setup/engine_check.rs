//! Which engine this is: one on another machine cannot mount files of this one, and one that remaps its
//! users reads files as another user.

use std::fs;

use crate::compose::docker;
use crate::compose::setup::proxy::Users;
use crate::sys::diagnostic::Diagnostic;
use crate::sys::quote;

/// Says 1 where SELinux is enforced (selinux(8)).
const ENFORCING: &str = "/sys/fs/selinux/enforce";

/// Makes sure that the engine is on this machine. The engine itself is not asked.
///
/// # Errors
/// When it is on another machine.
pub(crate) fn check() -> Result<(), Diagnostic> {
    match docker::endpoint() {
        Ok(endpoint) if is_elsewhere(&endpoint) => {
            let endpoint = quote::word(&endpoint);
            Err(Diagnostic::cannot("mount anything from here", "")
                .because(format_args!("the engine is on another machine ({endpoint})"))
                .advise("run this there, in a copy of the project"))
        }
        _ => Ok(()),
    }
}

/// How the engine maps users; where it does not answer, as if it did not.
pub(crate) fn users() -> Users {
    let info = docker::info().unwrap_or_default();
    let has = |name: &str| info.security.iter().any(|option| option.starts_with(name));
    if has("name=rootless") {
        Users::Rootless
    } else if has("name=userns") {
        Users::Remapped
    } else {
        Users::Same
    }
}

/// Whether bind mounts are looked up on another machine (docker context, DOCKER_HOST).
fn is_elsewhere(endpoint: &str) -> bool {
    let Some((scheme, rest)) = endpoint.split_once("://") else { return false };
    let host = rest.split(['/', ':']).next().unwrap_or(rest);
    match scheme {
        "unix" | "npipe" | "fd" => false,
        "ssh" => true,
        _ => !["localhost", "127.0.0.1"].contains(&host),
    }
}

/// Whether this machine enforces SELinux, under which containers read files of one type only.
pub(crate) fn is_enforcing() -> bool {
    fs::read_to_string(ENFORCING).is_ok_and(|text| text.trim() == "1")
}
