//! A project that is well, and broken in exactly one way after the other: what `trust-compose doctor`
//! says of each is in tests/snapshots/doctor/breaks. After a change of words run with UPDATE_SNAPSHOT=1 and read the
//! difference.
//!
//! Its service `agent` calls `llm`, which serves `served/server.pem` by `served/run.sh`.

mod bad;
mod connections;
mod containers;
mod files;
mod inside;
mod kept;

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use crate::doctor::probe::roots_of;
use crate::engine::{Outcome, docker, repository, trust_init};
use crate::project::Project;
use crate::site::{Folder, Site, site, wait_until};
use crate::stack::programs;
use crate::support::constant::constant;

/// One way to break it, or to look at it while it is well.
struct Break {
    name: &'static str,
    /// What does it, typed in the project's folder; `$COMPOSE` is `docker compose` with its files.
    how: &'static str,
    /// The options of `doctor` that show it.
    look: &'static str,
}

/// What breaks nothing.
const WELL: &str = ":";

/// A break that shows without any option.
const fn broken(name: &'static str, how: &'static str) -> Break {
    Break { name, how, look: "" }
}

/// What everything is an image of; nobody's certifi was touched in it.
const BASE: &str = "trust-init-test/trixie";

/// Gives `sleep` the right to ports below 1024, as `setcap cap_net_bind_service+ep` does
/// (`VFS_CAP_REVISION_2` in linux/capability.h, effective, with bit 10 permitted).
const GIVE: &str = "python3 -c \"import os; os.setxattr(os.path.realpath('/usr/bin/sleep'), \
     'security.capability', bytes.fromhex('0100000200040000000000000000000000000000'))\"";

/// What stands in an address and must never be printed.
const SECRET: &str = "hunter2";

/// The server that the whole project is about: one file of certificates, and TLS as it should be.
const SERVES: &str =
    "exec openssl s_server -accept 8443 -cert /tls/server.pem -key /tls/server-key.pem -www\n";

struct Patient {
    project: Project,
    /// The project's folder as it was when all was well.
    well: Folder,
    /// Has trust-doctor in it.
    image: String,
    /// Its `sleep` has file capabilities.
    secure: String,
    /// How many roots the services' image has.
    roots: usize,
    _site: Arc<Site>,
}

impl Patient {
    fn new() -> Self {
        let site = site();
        let image = programs();
        let secure = site.derived("capable", &format!("FROM {BASE}\nRUN {GIVE}\n"));
        let project = Project::at(Folder::new(), crate::project::unique_name());
        let roots = roots_of(BASE);
        let mut patient = Self { project, well: Folder::new(), image, secure, roots, _site: site };
        patient.found();
        patient
    }

    /// Makes the project, sets it up, starts it, and sees that all is well.
    fn found(&mut self) {
        let project = &mut self.project;
        let text = format!(
            "name: {}
services:
  agent:
    image: {BASE}
    command: [sleep, infinity]
    stop_signal: SIGKILL
    environment:
      LLM: https://me:{SECRET}@llm.lan:8443/v1?key={SECRET}
    env_file: [agent.env]
  llm:
    image: {BASE}
    command: [sh, /tls/run.sh]
    stop_signal: SIGKILL
    volumes: [./served:/tls:ro]
    networks: {{default: {{aliases: [llm.lan]}}}}
    x-trust-init: {{role: leave}}
",
            project.name
        );
        project.folder.write("docker-compose.yml", text);
        project.folder.write("agent.env", format!("API_KEY={SECRET}\n"));
        project.folder.write("served/run.sh", SERVES);
        bad::others(project);
        project.types("trust-compose certs llm.lan --ca-name 'Lab CA'").exits(0);
        project.types("cp certs/server.pem certs/server-key.pem served/").exits(0);
        bad::make(project);
        project.sets_up("--custom-ca certs/ --extra-ca corporate/root.crt");
        self.copy(&self.project.folder.0, &self.well.0);
        self.is_well();
    }

    fn copy(&self, from: &Path, to: &Path) {
        let line = format!("cp -a '{}'/. '{}'", from.display(), to.display());
        self.project.types(&line).exits(0);
    }

    /// The project as it was when all was well, as far as breaks of this kind reach.
    fn heal(&self, reach: Reach, broken: &Break) {
        self.project.types("find . -mindepth 1 -delete").exits(0);
        self.copy(&self.well.0, &self.project.folder.0);
        match reach {
            // What the containers mount is another file now.
            Reach::Files if broken.how.contains(".trust") => {
                self.project.compose("up -d -t 0 --force-recreate").exits(0);
            }
            Reach::Files => {}
            Reach::Server => {
                self.project.compose("up -d -t 0 --remove-orphans").exits(0);
                self.project.compose("restart -t 0 llm").exits(0);
            }
            Reach::Containers => {
                self.project.compose("up -d -t 0 --force-recreate --remove-orphans").exits(0);
            }
        }
    }

    fn is_well(&self) {
        let outcome = self.looks("--strict").exits(0);
        assert!(outcome.stdout.contains("https://llm.lan:8443: verified"), "{outcome}");
    }

    fn looks(&self, options: &str) -> Outcome {
        self.listens();
        self.project.types(&format!("trust-compose doctor --image {} {options}", self.image))
    }

    /// Waits until the server is there, if its container is.
    fn listens(&self) {
        let running = self.project.running();
        if !running.iter().any(|name| name == "llm") {
            return;
        }
        let id = &self.project.ids()["llm"];
        // 8443, and the state of who listens (proc_pid_net(5)).
        let look = ["exec", id, "grep", "-q", ":20FB .* 0A ", "/proc/net/tcp", "/proc/net/tcp6"];
        wait_until("the server listens", || docker(look).code == 0);
    }

    /// What is said of a break that is not `ok`, with what changes from run to run left out.
    fn says(&self, broken: &Break) -> String {
        let known = [
            ("COMPOSE", self.project.compose.as_str()),
            ("SECURE", &self.secure),
            ("TRUST_INIT", &trust_init().display().to_string()),
        ];
        let known = known.map(|(name, value)| format!("{name}='{value}'; ")).concat();
        self.project.types(&format!("{known}{}", broken.how)).exits(0);
        let outcome = self.looks(broken.look);
        let told = format!("{}{}", outcome.stdout, outcome.stderr);
        assert!(!told.contains(SECRET) && !told.contains("/v1"), "{}: {outcome}", broken.name);
        assert!(!told.contains("PRIVATE KEY"), "{}: {outcome}", broken.name);
        let mut text = String::new();
        let mut is_shown = false;
        for line in told.lines() {
            let is_fix = line.starts_with("        ") || line.starts_with("trust-compose: fix");
            // All of it, where nothing is broken.
            let is_ill = !line.starts_with("ok ") && !line.is_empty() && line.contains(' ');
            let is_told = is_ill || broken.how == WELL;
            is_shown = if is_fix { is_shown } else { is_told };
            if is_shown {
                let line =
                    line.replace(&self.project.name, "PROJECT").replace(&self.image, "IMAGE");
                // The image's roots and two CAs; Debian's ca-certificates had 150 when this was written.
                let line = line.replace(
                    &format!("ca-bundle.crt`: {} certificates", self.roots + 2),
                    "ca-bundle.crt`: 152 certificates",
                );
                text.push_str(&constant(&line));
                text.push('\n');
            }
        }
        let _ = writeln!(text, "[exit code {}]", outcome.code);
        text
    }
}

/// What breaks of a kind change, and nothing else.
#[derive(Clone, Copy)]
enum Reach {
    /// Files of the project that no container reads.
    Files,
    /// The server: its files, its container, and how the services are configured.
    Server,
    /// What is in the containers.
    Containers,
}

/// Breaks it in each of these ways, and compares what is said with the snapshot `file`.txt.
#[track_caller]
fn each(file: &str, reach: Reach, breaks: &[Break]) {
    let patient = Patient::new();
    let mut text = String::new();
    for broken in breaks {
        let _ = writeln!(text, "# {}\n$ {}", broken.name, broken.how.trim());
        text.push_str(&patient.says(broken));
        text.push('\n');
        patient.heal(reach, broken);
    }
    patient.is_well();
    let path = repository().join(format!("tests/snapshots/doctor/breaks/{file}.txt"));
    if std::env::var_os("UPDATE_SNAPSHOT").is_some() {
        fs::write(&path, &text).unwrap();
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    for (one, other) in text.split("\n\n").zip(expected.split("\n\n")) {
        assert_eq!(one, other, "{}", path.display());
    }
    assert_eq!(text, expected, "{}", path.display());
}
