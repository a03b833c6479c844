//! What trust-compose asks of docker, overheard: nothing of an image is run by `setup`, none is fetched,
//! and a look has no more rights than its service. And a project's secrets stay where they are.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::engine::{TRIXIE, call};
use crate::project::Project;
use crate::site::{Folder, PRIVATE, site};

const SETUP: &str = "--custom-ca certs/ --activate";

/// A project with a secret, and a folder whose `docker` writes down its words before it is the real one.
fn overheard() -> (Project, Folder) {
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

/// What docker was asked since the last time.
fn asked(folder: &Folder) -> String {
    let log = folder.0.join("words");
    let text = std::fs::read_to_string(&log).unwrap();
    std::fs::remove_file(log).unwrap();
    text
}

#[test]
fn of_an_image_nothing_is_run_and_none_is_fetched() {
    let (project, folder) = overheard();
    for words in [SETUP, "--check", "--custom-ca certs/ --dry-run"] {
        project.setup(words).exits(0);
        let mut verbs = String::new();
        for line in asked(&folder).lines() {
            let mut words = line.split(' ').filter(|word| !word.starts_with('-'));
            let verb = words.next().unwrap();
            let _ = write!(verbs, "{verb} ");
            let is_known = match verb {
                "compose" => {
                    line.contains(" config") || line.contains(" version") || line.contains(" ps")
                }
                // An image by its digest is nothing that could be fetched.
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
fn what_the_project_keeps_secret_is_written_nowhere() {
    let (project, _folder) = overheard();
    let said = project.setup(SETUP).exits(0);
    let found = project.types("grep -rl hunter .").exits(0);
    let found: BTreeSet<_> = found.stdout.lines().collect();
    assert_eq!(found, ["./docker-compose.yml", "./secret.env"].into());
    assert!(!said.stdout.contains("hunter") && !said.stderr.contains("hunter"), "{said}");
}

#[test]
fn a_look_has_no_more_rights_than_the_service() {
    let (project, folder) = overheard();
    project.up();
    asked(&folder);
    project.types(&format!("trust-compose doctor agent --image {}", site().image(TRIXIE)));
    let asked = asked(&folder);
    let run = asked.lines().find(|line| line.starts_with("run ")).expect("a look");
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
