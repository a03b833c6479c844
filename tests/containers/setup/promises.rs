//! The recorded docker commands of trust-compose: `setup` runs nothing from an image and pulls none, and a
//! probe container has no more rights than its service. And setup writes no secret of the project.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::engine::{TRIXIE, call};
use crate::project::Project;
use crate::site::{Folder, PRIVATE, site};

const SETUP: &str = "--custom-ca certs/ --activate";

/// Returns a project with a secret, and a folder with a `docker` that logs its arguments and runs the real
/// one.
fn recorded_project() -> (Project, Folder) {
    let (site, folder) = (site(), Folder::new());
    let more = "user: '1000'\nenv_file: [secret.env]\nenvironment: [OTHER=hunter3]";
    let mut project = Project::new(&site).ca(PRIVATE).service("agent", &site.image(TRIXIE), more);
    project.folder.write("secret.env", "TOKEN=hunter2\n");
    let docker = call("10", "sh", ["-c", "command -v docker"]).exits(0).stdout;
    let (log, docker) = (folder.0.join("words"), docker.trim());
    let script = format!("#!/bin/sh\necho \"$@\" >>{}\nexec {docker} \"$@\"\n", log.display());
    let script = folder.write("docker", script);
    std::fs::set_permissions(script, std::fs::Permissions::from_mode(0o755)).unwrap();
    let programs = Path::new(env!("CARGO_BIN_EXE_trust-compose")).parent().unwrap();
    let path = std::env::var("PATH").unwrap();
    project.exports("PATH", &format!("{}:{}:{path}", folder.0.display(), programs.display()));
    (project, folder)
}

/// Returns the logged docker commands and clears the log.
fn take_log(folder: &Folder) -> String {
    let log = folder.0.join("words");
    let text = std::fs::read_to_string(&log).unwrap();
    std::fs::remove_file(log).unwrap();
    text
}

#[test]
fn setup_runs_nothing_from_an_image_and_pulls_none() {
    let (project, folder) = recorded_project();
    for words in [SETUP, "--check", "--custom-ca certs/ --dry-run"] {
        project.setup(words).exits(0);
        let mut verbs = String::new();
        for line in take_log(&folder).lines() {
            let mut words = line.split(' ').filter(|word| !word.starts_with('-'));
            let verb = words.next().unwrap();
            let _ = write!(verbs, "{verb} ");
            let is_known = match verb {
                "compose" => {
                    line.contains(" config") || line.contains(" version") || line.contains(" ps")
                }
                // An image ID cannot be pulled.
                "create" => line.contains(" sha256:"),
                verb => ["context", "cp", "image", "info", "inspect", "ps", "rm", "version"]
                    .contains(&verb),
            };
            assert!(is_known, "docker {line}");
        }
        assert!(verbs.contains("compose ") && verbs.contains("image "), "{verbs}");
    }
}

#[test]
fn secrets_of_the_project_are_not_written() {
    let (project, _folder) = recorded_project();
    let outcome = project.setup(SETUP).exits(0);
    let found = project.types("grep -rl hunter .").exits(0);
    let found: BTreeSet<_> = found.stdout.lines().collect();
    assert_eq!(found, ["./docker-compose.yml", "./secret.env"].into());
    assert!(![outcome.stdout, outcome.stderr].concat().contains("hunter"));
}

#[test]
fn a_probe_container_has_no_more_rights_than_the_service() {
    let (project, folder) = recorded_project();
    project.up();
    take_log(&folder);
    project.types(&format!("trust-compose doctor agent --image {}", site().image(TRIXIE)));
    let log = take_log(&folder);
    let run = log.lines().find(|line| line.starts_with("run ")).expect("a probe container");
    for words in [
        "--rm --read-only --security-opt no-new-privileges ",
        " --network container:",
        " --pid container:",
        " --pull never ",
        " --cap-drop ALL ",
        " --user 1000:0 ",
    ] {
        assert!(run.contains(words), "{words}: {run}");
    }
    for words in ["--cap-add", "--privileged", "--volume", "--mount", " -v "] {
        assert!(!run.contains(words), "{words}: {run}");
    }
}
