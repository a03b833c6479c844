//! Facts about the engine: one on another machine cannot mount files of this machine, and one that remaps
//! users reads files as another user.

use std::fs;

use crate::compose::docker;
use crate::compose::setup::proxy::UserMapping;
use crate::sys::diagnostic::Diagnostic;
use crate::sys::quote;

/// Contains 1 if SELinux is enforced (selinux(8)).
const ENFORCING: &str = "/sys/fs/selinux/enforce";

/// Checks that the engine is on this machine, by its address alone.
///
/// # Errors
/// When it is on another machine.
pub(crate) fn ensure_local() -> Result<(), Diagnostic> {
    match docker::endpoint() {
        Ok(endpoint) if is_remote(&endpoint) => {
            let endpoint = quote::word(&endpoint);
            Err(Diagnostic::cannot("mount files of this machine", "")
                .because(format_args!("the engine is on another machine ({endpoint})"))
                .advise("run trust-compose on that machine, in a copy of the project"))
        }
        _ => Ok(()),
    }
}

/// Returns how the engine maps users; `Same` if it does not answer.
pub(crate) fn user_mapping() -> UserMapping {
    let info = docker::info().unwrap_or_default();
    let has = |name: &str| info.security.iter().any(|option| option.starts_with(name));
    if has("name=rootless") {
        UserMapping::Rootless
    } else if has("name=userns") {
        UserMapping::Remapped
    } else {
        UserMapping::Same
    }
}

/// Whether `endpoint` (of the docker context or DOCKER_HOST) is on another machine.
fn is_remote(endpoint: &str) -> bool {
    let Some((scheme, rest)) = endpoint.split_once("://") else { return false };
    let host = rest.split(['/', ':']).next().unwrap_or(rest);
    match scheme {
        "unix" | "npipe" | "fd" => false,
        "ssh" => true,
        _ => !["localhost", "127.0.0.1"].contains(&host),
    }
}

/// Whether this machine enforces SELinux, which lets containers read files of one type only.
pub(crate) fn enforces_selinux() -> bool {
    fs::read_to_string(ENFORCING).is_ok_and(|text| text.trim() == "1")
}
