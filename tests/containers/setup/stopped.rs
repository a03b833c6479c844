//! trust-compose, stopped or killed while it reads images and probes containers: no container of it remains.

use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::engine::{BOOKWORM, PATIENCE, TRIXIE, call, docker};
use crate::project::Project;
use crate::site::{Folder, PRIVATE, site};
use crate::stack::programs;

/// The label of the containers that trust-compose creates.
const RUN: &str = "org.trust-init.run";

/// A project, and a `docker` that stops at one of its subcommands until the test goes on.
struct Held {
    project: Project,
    folder: Folder,
}

impl Held {
    fn new(base: &str, more: &str) -> Self {
        let (site, folder) = (site(), Folder::new());
        let project = Project::new(&site).ca(PRIVATE).service("agent", &site.image(base), more);
        let docker = call("10", "sh", ["-c", "command -v docker"]).exits(0).stdout;
        let (docker, at) = (docker.trim(), folder.0.display());
        let script = format!(
            "#!/bin/sh\nif [ \"$1\" = \"$HOLD\" ]; then echo >'{at}/reached'; read -r _ <'{at}/go'; fi\n\
             exec {docker} \"$@\"\n"
        );
        let script = folder.write("docker", script);
        std::fs::set_permissions(script, std::fs::Permissions::from_mode(0o755)).unwrap();
        for pipe in ["reached", "go"] {
            call("10", "mkfifo", [folder.0.join(pipe).to_str().unwrap()]).exits(0);
        }
        Self { project, folder }
    }

    /// Starts trust-compose, and returns when it has called `docker HOLD`.
    fn start(&self, words: &[&str], hold: &str) -> Child {
        let path = format!("{}:{}", self.folder.0.display(), std::env::var("PATH").unwrap());
        // A job of a shell in the background ignores SIGINT.
        let mut command = Command::new("env");
        command.args(["--default-signal=INT,TERM,HUP", env!("CARGO_BIN_EXE_trust-compose")]);
        command.args(words).current_dir(&self.project.folder.0).env("PATH", path);
        let run = command.env("HOLD", hold).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        // Ends when the pipe is closed.
        let reached = self.folder.0.join("reached").display().to_string();
        call(PATIENCE, "cat", [reached]).exits(0);
        run.unwrap()
    }

    /// Lets `docker HOLD` go on.
    fn go(&self) {
        let go = self.folder.0.join("go").display().to_string();
        call("10", "sh", ["-c", &format!("echo >'{go}'")]).exits(0);
    }
}

/// Returns the number of containers that the process `pid` created.
fn left(pid: u32) -> usize {
    let format = format!("{{{{.Label \"{RUN}\"}}}}");
    let filter = format!("label={RUN}");
    let listed = docker(["ps", "-a", "--filter", &filter, "--format", &format]).exits(0).stdout;
    listed.lines().filter(|line| line.contains(&format!(".{pid}."))).count()
}

fn send(run: &Child, signal: &str) {
    call("10", "kill", [&format!("-{signal}"), &run.id().to_string()]).exits(0);
}

const SETUP: [&str; 3] = ["setup", "--custom-ca", "certs/"];

#[test]
fn a_stop_signal_leaves_no_container_and_changes_nothing() {
    let held = Held::new(TRIXIE, "");
    for (signal, number) in [("INT", 2), ("TERM", 15), ("HUP", 1)] {
        let mut run = held.start(&SETUP, "cp");
        assert_eq!(left(run.id()), 1, "{signal}");
        send(&run, signal);
        assert_eq!(run.wait().unwrap().signal(), Some(number), "{signal}");
        assert_eq!(left(run.id()), 0, "{signal}");
        assert!(!Path::new(&held.project.folder.0).join(".trust").exists(), "{signal}");
    }
}

#[test]
fn a_container_that_is_just_created_at_a_stop_signal_is_removed() {
    let held = Held::new(TRIXIE, "");
    let mut run = held.start(&SETUP, "create");
    send(&run, "TERM");
    held.go();
    assert_eq!(run.wait().unwrap().signal(), Some(15));
    assert_eq!(left(run.id()), 0);
}

#[test]
fn a_probe_container_is_removed_at_a_stop_signal() {
    // A server that accepts connections and never answers.
    let script = "import socket, time; s = socket.create_server(('127.0.0.1', 8443), backlog=64); time.sleep(9999)";
    let held = Held::new(
        BOOKWORM,
        &format!(
            "command: [python3, -c, {script:?}]\nenvironment: {{API: 'https://127.0.0.1:8443'}}"
        ),
    );
    held.project.up();
    let image = programs();
    let words = ["doctor", "agent", "--timeout", "120", "--image", image.as_ref()];
    let mut run = held.start(&words, "run");
    send(&run, "INT");
    held.go();
    assert_eq!(run.wait().unwrap().signal(), Some(2));
    assert_eq!(left(run.id()), 0);
}

#[test]
fn the_next_run_removes_containers_of_a_killed_run_only() {
    let held = Held::new(TRIXIE, "");
    let mut running = held.start(&SETUP, "cp");
    let mut killed = held.start(&SETUP, "cp");
    send(&killed, "KILL");
    killed.wait().unwrap();
    // An image can have the label; its containers are not ours.
    let words = ["create", "--label", "trust-init-test", "--label", "org.trust-init.run=a.1.1.1.1"];
    let other = docker(words.into_iter().chain([site().image(TRIXIE).as_str()])).exits(0).stdout;
    held.project.setup("--custom-ca certs/").exits(0);
    docker(["rm", other.trim()]).exits(0);
    assert_eq!((left(killed.id()), left(running.id())), (0, 1));
    send(&running, "TERM");
    running.wait().unwrap();
    assert_eq!(left(running.id()), 0);
    held.go();
}
