//! A project without faults, into which one fault after another is introduced. tests/snapshots/doctor/breaks
//! contains the findings of `trust-compose doctor` for each; update it by UPDATE_SNAPSHOT=1 and read the
//! diff.
//!
//! The service `agent` calls `llm`, which serves `served/server.pem` by `served/run.sh`.

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

/// One fault, or a run of `doctor` without one.
struct Break {
    name: &'static str,
    /// The command that introduces it, in the project's folder; `$COMPOSE` is `docker compose` with its
    /// files.
    command: &'static str,
    /// The options with which `doctor` shows it.
    options: &'static str,
}

/// A command without effect.
const NO_FAULT: &str = ":";

/// A fault that `doctor` shows without options.
const fn broken(name: &'static str, command: &'static str) -> Break {
    Break { name, command, options: "" }
}

/// The base of all images; its certifi is not modified.
const BASE: &str = "trust-init-test/trixie";

/// Allows `sleep` to bind ports below 1024, as `setcap cap_net_bind_service+ep` does
/// (`VFS_CAP_REVISION_2` in linux/capability.h, effective, with bit 10 permitted).
const GIVE: &str = "python3 -c \"import os; os.setxattr(os.path.realpath('/usr/bin/sleep'), \
     'security.capability', bytes.fromhex('0100000200040000000000000000000000000000'))\"";

/// A password in an address, which must never be printed.
const SECRET: &str = "hunter2";

/// The server without faults: one file of certificates and TLS 1.2 or later.
const SERVES: &str =
    "exec openssl s_server -accept 8443 -cert /tls/server.pem -key /tls/server-key.pem -www\n";

struct TestProject {
    project: Project,
    /// A copy of the project's folder without faults.
    original: Folder,
    /// Contains trust-doctor.
    image: String,
    /// Its `sleep` has file capabilities.
    secure: String,
    /// How many roots the services' image has.
    roots: usize,
    _site: Arc<Site>,
}

impl TestProject {
    fn new() -> Self {
        let site = site();
        let image = programs();
        let secure = site.derived("capable", &format!("FROM {BASE}\nRUN {GIVE}\n"));
        let project = Project::at(Folder::new(), crate::project::unique_name());
        let roots = roots_of(BASE);
        let original = Folder::new();
        let mut test = Self { project, original, image, secure, roots, _site: site };
        test.create();
        test
    }

    /// Creates the project, runs `setup`, starts it, and asserts that it has no fault.
    fn create(&mut self) {
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
        bad::create_others(project);
        project.types("trust-compose certs llm.lan --ca-name 'Lab CA'").exits(0);
        project.types("cp certs/server.pem certs/server-key.pem served/").exits(0);
        bad::create(project);
        project.sets_up("--custom-ca certs/ --extra-ca corporate/root.crt");
        self.copy(&self.project.folder.0, &self.original.0);
        self.has_no_fault();
    }

    fn copy(&self, from: &Path, to: &Path) {
        let line = format!("cp -a '{}'/. '{}'", from.display(), to.display());
        self.project.types(&line).exits(0);
    }

    /// Restores what faults of this kind change.
    fn restore(&self, reach: Reach, broken: &Break) {
        self.project.types("find . -mindepth 1 -delete").exits(0);
        self.copy(&self.original.0, &self.project.folder.0);
        match reach {
            // The mounted files were replaced.
            Reach::Files if broken.command.contains(".trust") => {
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

    fn has_no_fault(&self) {
        let outcome = self.doctor("--strict").exits(0);
        assert!(outcome.stdout.contains("https://llm.lan:8443: verified"), "{outcome}");
    }

    /// Runs `trust-compose doctor`.
    fn doctor(&self, options: &str) -> Outcome {
        self.waits_for_the_server();
        self.project.types(&format!("trust-compose doctor --image {} {options}", self.image))
    }

    /// Waits until the server listens, if its container runs.
    fn waits_for_the_server(&self) {
        let running = self.project.running();
        if !running.iter().any(|name| name == "llm") {
            return;
        }
        let id = &self.project.ids()["llm"];
        // Port 8443 in state LISTEN (proc_pid_net(5)).
        let look = ["exec", id, "grep", "-q", ":20FB .* 0A ", "/proc/net/tcp", "/proc/net/tcp6"];
        wait_until("the server listens", || docker(look).code == 0);
    }

    /// Introduces a fault and returns the findings that are not `ok`, without text that changes from run to
    /// run.
    fn findings(&self, broken: &Break) -> String {
        let known = [
            ("COMPOSE", self.project.compose.as_str()),
            ("SECURE", &self.secure),
            ("TRUST_INIT", &trust_init().display().to_string()),
        ];
        let known = known.map(|(name, value)| format!("{name}='{value}'; ")).concat();
        self.project.types(&format!("{known}{}", broken.command)).exits(0);
        let outcome = self.doctor(broken.options);
        let output = format!("{}{}", outcome.stdout, outcome.stderr);
        assert!(!output.contains(SECRET) && !output.contains("/v1"), "{}: {outcome}", broken.name);
        assert!(!output.contains("PRIVATE KEY"), "{}: {outcome}", broken.name);
        let mut text = String::new();
        let mut is_shown = false;
        for line in output.lines() {
            let is_fix = line.starts_with("        ") || line.starts_with("trust-compose: fix");
            // Without a fault all lines are shown.
            let is_remark = ["ok ", "info "].iter().any(|word| line.starts_with(word));
            let is_finding = !is_remark && !line.is_empty() && line.contains(' ');
            is_shown = if is_fix { is_shown } else { is_finding || broken.command == NO_FAULT };
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
        self.run_fixes(&outcome.stdout, broken);
        text
    }

    /// Runs each fix that is a command. Its finding must be gone afterwards.
    fn run_fixes(&self, report: &str, broken: &Break) {
        for (finding, fixes) in fixes(report) {
            let is_command = |fix: &&&str| COMMANDS.contains(&fix.split(' ').next().unwrap());
            let commands = fixes.iter().filter(is_command).count();
            assert!(commands == 0 || commands == fixes.len(), "{finding}: {fixes:?}");
            if commands == 0 {
                continue;
            }
            let mut after = None;
            for fix in &fixes {
                let is_doctor = fix.starts_with("trust-compose doctor ");
                let image =
                    if is_doctor { format!(" --image {}", self.image) } else { String::new() };
                let outcome = self.project.types(&format!("{fix}{image}"));
                assert!(is_doctor || outcome.code == 0, "{}: {fix}: {outcome}", broken.name);
                after = is_doctor.then_some(outcome);
            }
            let after = after.unwrap_or_else(|| self.doctor(broken.options));
            assert!(!after.stdout.contains(finding), "{}: {fixes:?}: {after}", broken.name);
        }
    }
}

/// The programs that fixes consist of.
const COMMANDS: [&str; 11] = [
    "trust-compose",
    "docker",
    "chmod",
    "git",
    "cat",
    "mv",
    "echo",
    "openssl",
    "ssh-keygen",
    "sudo",
    "pip",
];

/// The findings of a report that have a fix, with its lines.
fn fixes(report: &str) -> Vec<(&str, Vec<&str>)> {
    let mut all: Vec<(&str, Vec<&str>)> = Vec::new();
    for line in report.lines() {
        if let Some(fix) = line.strip_prefix("        fix: ") {
            all.last_mut().expect("a fix has a finding").1.push(fix);
        } else if !line.starts_with(' ') {
            all.push((line, Vec::new()));
        }
    }
    all.retain(|(_, fixes)| !fixes.is_empty());
    all
}

/// What the faults of a kind change.
#[derive(Clone, Copy)]
enum Reach {
    /// Files of the project that no container reads.
    Files,
    /// The server: its files, its container, and how the services are configured.
    Server,
    /// What is in the containers.
    Containers,
}

/// Introduces each fault and compares the findings with the snapshot `file`.txt.
#[track_caller]
fn check_each(file: &str, reach: Reach, breaks: &[Break]) {
    let project = TestProject::new();
    let mut text = String::new();
    for broken in breaks {
        let _ = writeln!(text, "# {}\n$ {}", broken.name, broken.command.trim());
        text.push_str(&project.findings(broken));
        text.push('\n');
        project.restore(reach, broken);
    }
    project.has_no_fault();
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
