//! Hostile names of directories and files, with the real Compose: by `.env` alone it finds the overlay, and
//! the files that the overlay mounts exist under the paths that Compose prints.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::process::Command;
use std::sync::Mutex;
use std::thread;

use serde_json::Value;
use trust_init::compose::layout::{BUNDLE, SERVED};

use crate::model::Desk;
use crate::site::Folder;
use crate::support::odd_names::{ALL, NAMES, Odd, What};

/// Returns the host path that Compose mounts at `target`. Compose prints each dollar sign twice.
fn source(model: &Value, service: &str, target: &str) -> PathBuf {
    let volumes = model["services"][service]["volumes"].as_array().unwrap();
    let found = volumes.iter().find(|volume| volume["target"] == target);
    let found = found.unwrap_or_else(|| panic!("{target}: {model}"));
    found["source"].as_str().unwrap().replace("$$", "$").into()
}

/// Whether `setup` succeeds with that name; asserts that the overlay is right if it does.
fn is_set_up(certificates: &Desk, what: What, name: &[u8]) -> bool {
    let shown = format!("{what:?} {}", name.escape_ascii());
    let folder = Folder::new();
    let odd = Odd::lay_out(&folder.0, &certificates.path("certs"), what, name);
    let mut setup = Command::new(env!("CARGO_BIN_EXE_trust-compose"));
    let done =
        setup.args(&odd.words).current_dir(&odd.project).env("PATH", "/nowhere").output().unwrap();
    if !done.status.success() {
        return false;
    }
    let mut config = Command::new("timeout");
    config
        .args(["60", "docker", "compose", "config", "--format", "json"])
        .current_dir(&odd.project);
    let done =
        config.env_remove("COMPOSE_FILE").env("COMPOSE_PROJECT_NAME", "odd").output().unwrap();
    let stderr = String::from_utf8_lossy(&done.stderr);
    let model: Value =
        serde_json::from_slice(&done.stdout).unwrap_or_else(|_| panic!("{shown}: {stderr}"));
    assert_eq!(model["services"].as_object().unwrap().len(), 2, "{shown}: {model}");
    assert_eq!(model["services"]["agent"]["environment"]["SSL_CERT_FILE"], BUNDLE, "{shown}");
    assert!(source(&model, "agent", BUNDLE).is_file(), "{shown}: {model}");
    let served = source(&model, "web", &format!("{SERVED}/server.pem"));
    let wanted = std::fs::read(certificates.path("certs/server.pem")).unwrap();
    assert!(std::fs::read(served).is_ok_and(|bytes| bytes == wanted), "{shown}: {model}");
    true
}

#[test]
fn compose_finds_the_files_under_any_name() {
    let certificates = Desk::new();
    let all = ALL.iter().flat_map(|(what, _)| NAMES.iter().map(|(_, name)| (*what, *name)));
    let (waiting, done, wrong) = (Mutex::new(all), Mutex::new(0), Mutex::new(0));
    let work = || loop {
        let next = waiting.lock().unwrap().next();
        let Some((what, name)) = next else { break };
        let result = catch_unwind(AssertUnwindSafe(|| is_set_up(&certificates, what, name)));
        let Ok(is_done) = result else {
            *wrong.lock().unwrap() += 1;
            continue;
        };
        *done.lock().unwrap() += usize::from(is_done);
    };
    thread::scope(|scope| (0..4).for_each(|_| _ = scope.spawn(work)));
    assert_eq!(wrong.into_inner().unwrap(), 0, "the panics above name the faults");
    let done = done.into_inner().unwrap();
    assert!(done > 3 * NAMES.len(), "only {done} were set up");
}
