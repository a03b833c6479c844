//! Chromium under the overlay: it trusts the CA by a policy file, and a headless shell by the NSS database of
//! docs/images.md.

use crate::engine::{Outcome, docker, repository};
use crate::project::Project;
use crate::site::{PRIVATE, site};

const BROWSER: &str = "trust-init-test/browser";

/// Opens the private server in `program`, and returns the page or Chromium's error.
fn open(project: &Project, service: &str, program: &str) -> Outcome {
    let flags = "--headless --no-sandbox --disable-gpu --no-first-run --user-data-dir=/tmp/data";
    let url = PRIVATE.url();
    let words = format!(
        "exec -T {service} sh -c 'timeout 60 {program} {flags} --dump-dom {url} </dev/null'"
    );
    project.compose(&words)
}

#[test]
fn chromium_trusts_by_a_policy_and_a_headless_shell_by_a_database() {
    let site = site();
    let mut project = Project::new(&site).ca(PRIVATE);
    let image = project.tag(BROWSER, "chrome");
    let hardened = "user: '1000:1000'\nenvironment: {HOME: /tmp}\nread_only: true\ntmpfs: [/tmp]";
    let database = "user: '1000:1000'\nenvironment: {HOME: /home/me}\n\
                    volumes: ['./nssdb:/home/me/.pki/nssdb']";
    let mut project = project
        .service("root", &image, "")
        .service("hard", &image, hardened)
        .service("shell", &image, database);
    let page = std::fs::read_to_string(repository().join("docs/images.md")).unwrap();
    let (_, commands) = page.split_once("```sh\n").unwrap();
    let (commands, _) = commands.split_once("```").unwrap();
    let folder = format!("{}:/work", project.folder.0.display());
    let script = format!("{commands}chown -R 1000 nssdb");
    let words = ["run", "--rm", "-v", &folder, "-w", "/work", &image, "sh", "-ec", &script];
    docker(words).exits(0);

    project.up();
    open(&project, "root", "chromium").says("net_error -202");
    let outcome = project.sets_up("--custom-ca certs/");
    outcome.prints("hard     trust    browser (chrome)\n").prints("in Chromium by a policy file");
    for service in ["root", "hard"] {
        open(&project, service, "chromium").prints("served over a verified connection");
        open(&project, service, "chromium-headless-shell").says("net_error -202");
    }
    open(&project, "shell", "chromium-headless-shell").prints("served over a verified connection");
}
