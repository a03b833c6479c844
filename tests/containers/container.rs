//! One container: a builder for its options, and calls to it. It is removed when it goes out of scope.

use std::path::Path;

use crate::clients::{self, Client};
use crate::engine::{Outcome, docker, label, trust_init, unique};
use crate::site::{Server, wait_until};

/// The path at which the overlay, and most users, mount the custom CA.
pub const CUSTOM_CA: &str = "/usr/local/share/ca-certificates/custom-ca.crt";

pub struct Container {
    pub name: String,
    image: String,
    flags: Vec<String>,
    entrypoint: Vec<String>,
}

impl Container {
    /// A container of `image` whose entrypoint is `trust-init --`.
    pub fn new(image: &str) -> Self {
        let container =
            Self { name: unique(), image: image.into(), flags: vec![label()], entrypoint: vec![] };
        container.mount(trust_init(), "/trust-init").entrypoint("/trust-init --")
    }

    /// Without trust-init: the program is the entrypoint.
    pub fn bare(self) -> Self {
        self.entrypoint("")
    }

    pub fn entrypoint(mut self, words: &str) -> Self {
        self.entrypoint = words.split_whitespace().map(Into::into).collect();
        self
    }

    /// With options of trust-init.
    pub fn options(self, words: &str) -> Self {
        self.entrypoint(&format!("/trust-init {words} --"))
    }

    /// With options of `docker run`.
    pub fn flags(mut self, words: &str) -> Self {
        self.flags.extend(words.split_whitespace().map(Into::into));
        self
    }

    pub fn flag(mut self, name: &str, value: &str) -> Self {
        self.flags.extend([name.into(), value.into()]);
        self
    }

    /// With a file or folder of the host, mounted read-only.
    pub fn mount(self, source: &Path, target: &str) -> Self {
        self.flag("--volume", &format!("{}:{target}:ro", source.display()))
    }

    /// With the CA of `server` mounted as the custom CA.
    pub fn trusting(self, server: Server) -> Self {
        self.mount(&server.ca(), CUSTOM_CA)
    }

    fn words<'a>(&'a self, verb: &[&'a str], command: &[&'a str]) -> Vec<&'a str> {
        let mut words = [verb, &["--name", &self.name]].concat();
        words.extend(self.flags.iter().map(String::as_str));
        if let Some(program) = self.entrypoint.first() {
            words.extend(["--entrypoint", program]);
        }
        words.push(&self.image);
        words.extend(self.entrypoint.iter().skip(1).map(String::as_str));
        words.extend(command);
        words
    }

    /// Runs `command` to its end.
    #[track_caller]
    pub fn run(&self, command: &[&str]) -> Outcome {
        docker(self.words(&["run"], command))
    }

    /// Runs `script` in a shell to its end.
    #[track_caller]
    pub fn sh(&self, script: &str) -> Outcome {
        self.run(&["sh", "-c", script])
    }

    /// Asserts which servers `clients` accept, with a claim such as `private served, stranger refused`.
    #[track_caller]
    pub fn finds(&self, clients: &[Client], claim: &str) -> Outcome {
        clients::check(clients, claim, self.sh(&clients::script(clients, claim)))
    }

    /// Starts the same container again, with the same command.
    #[track_caller]
    pub fn again(&self) -> Outcome {
        docker(["start", "--attach", &self.name])
    }

    /// The same for a container whose command calls servers by `clients`.
    #[track_caller]
    pub fn finds_again(&self, clients: &[Client], claim: &str) -> Outcome {
        clients::check(clients, claim, self.again())
    }

    /// Starts `command` and leaves it running.
    #[track_caller]
    pub fn start(&self, command: &[&str]) -> Outcome {
        docker(self.words(&["run", "--detach"], command))
    }

    /// Starts a service that waits to be stopped, and waits until it runs.
    #[track_caller]
    pub fn serve(&self) -> &Self {
        self.start(&["sh", "-c", "trap 'exit 7' TERM; echo at work; sleep 1000 & wait"]).exits(0);
        self.wait_for("at work")
    }

    /// Waits until the service has printed `words`.
    #[track_caller]
    pub fn wait_for(&self, words: &str) -> &Self {
        wait_until(&format!("{} prints `{words}`", self.name), || {
            // The state before the logs: a container that has exited prints nothing more.
            let has_ended = self.state("{{.State.Status}}") == "exited";
            let logs = self.logs();
            assert!(
                !has_ended || logs.stdout.contains(words),
                "exited without printing `{words}`: {logs}"
            );
            logs.stdout.contains(words)
        });
        self
    }

    /// Runs `docker exec`, which has only the container's configured environment.
    #[track_caller]
    pub fn exec(&self, command: &[&str]) -> Outcome {
        docker([&["exec", &self.name], command].concat())
    }

    #[track_caller]
    pub fn exec_as(&self, user: &str, command: &[&str]) -> Outcome {
        docker([&["exec", "--user", user, &self.name], command].concat())
    }

    /// Stops the service, with a limit of 20 seconds, and returns its exit code.
    #[track_caller]
    pub fn stop(&self) -> String {
        docker(["stop", "--time", "20", &self.name]).exits(0);
        self.state("{{.State.ExitCode}}")
    }

    #[track_caller]
    pub fn state(&self, format: &str) -> String {
        docker(["inspect", "--format", format, &self.name]).exits(0).stdout.trim().into()
    }

    /// Returns the changes of the container's file system relative to its image, sorted.
    #[track_caller]
    pub fn changes(&self) -> Vec<String> {
        let diff = docker(["diff", &self.name]).exits(0).stdout;
        let mut changes: Vec<_> = diff.lines().map(Into::into).collect();
        changes.sort();
        changes
    }

    #[track_caller]
    pub fn logs(&self) -> Outcome {
        docker(["logs", &self.name]).exits(0)
    }

    pub fn remove(&self) {
        docker(["rm", "--force", "--volumes", &self.name]);
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        self.remove();
    }
}

/// A named volume.
pub struct Volume(pub String);

impl Volume {
    pub fn new() -> Self {
        let name = unique();
        docker(["volume", "create", &label(), &name]).exits(0);
        Self(name)
    }
}

impl Drop for Volume {
    fn drop(&mut self) {
        docker(["volume", "rm", "--force", &self.0]);
    }
}
