//! A Compose project in its own folder, on the network of the servers. Tests run in it the commands that a
//! user types. Its containers are removed when it goes out of scope.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Once};

use crate::clients::{self, Client};
use crate::engine::{Outcome, PATIENCE, call, docker, unique};
use crate::init::image::Image;
use crate::site::{Folder, Server, Site, wait_until};

/// The file that `setup` writes.
pub const OVERLAY: &str = "docker-compose.ca.yml";

/// The start of a project's name; our process id and a count follow.
const PREFIX: &str = "trust-init-test-";

/// Node's `fetch`, with these options of Node.
macro_rules! fetch {
    ($options:literal) => {
        concat!(
            "node ",
            $options,
            "-e '
    const trouble = e => /ISSUER|LEAF|SIGNED/.test(e.cause.code) ? \"certificate verify failed\" : e;
    fetch(process.argv[1]).then(r => r.text()).catch(trouble).then(console.log)'"
        )
    };
}

/// With Node's own roots, to which only NODE_EXTRA_CA_CERTS adds.
pub const NODE: Client = ("node", fetch!("--use-bundled-ca "));
/// With Node's default roots.
pub const FETCH: Client = ("fetch", fetch!(""));

pub struct Project {
    pub folder: Folder,
    pub name: String,
    services: String,
    /// `docker compose` with the options of the last printed `next:`.
    pub compose: String,
    questions: Folder,
    images: Vec<Image>,
    /// Variables of the shell that runs the commands: NAME=VALUE.
    variables: Vec<String>,
    site: Option<Arc<Site>>,
}

impl Project {
    pub fn new(site: &Arc<Site>) -> Self {
        let mut project = Self::at(Folder::new(), unique_name());
        project.site = Some(site.clone());
        project
    }

    /// The project in `folder`.
    pub fn at(folder: Folder, name: String) -> Self {
        sweep();
        let (services, compose) = (String::new(), "docker compose".into());
        let (questions, images, variables) = (Folder::new(), Vec::new(), Vec::new());
        Self { folder, name, services, compose, questions, images, variables, site: None }
    }

    /// With a service; `more` is YAML. Unless `more` has a command, the service waits to be stopped.
    pub fn service(mut self, name: &str, image: &str, more: &str) -> Self {
        let idle = if more.contains("command:") { "" } else { "command: [sleep, infinity]" };
        let _ = writeln!(self.services, "  {name}:\n    image: {image}\n    stop_signal: SIGKILL");
        for line in idle.lines().chain(more.lines()) {
            let _ = writeln!(self.services, "    {line}");
        }
        let site = &self.site.as_ref().expect("a network for services").name;
        let network = format!("{{default: {{name: {site}, external: true}}}}");
        let text =
            format!("name: {}\nnetworks: {network}\nservices:\n{}", self.name, self.services);
        self.folder.write("docker-compose.yml", text);
        self
    }

    /// With the certificate of the CA of `server` in certs/ca.crt.
    pub fn ca(self, server: Server) -> Self {
        self.replace_ca(server);
        self
    }

    pub fn replace_ca(&self, server: Server) {
        self.folder.write("certs/ca.crt", std::fs::read(server.ca()).unwrap());
    }

    /// Tags `image` with a name that ends with `last`, for the lifetime of the project.
    #[track_caller]
    pub fn tag(&mut self, image: &str, last: &str) -> String {
        let name = format!("trust-init-test/{}/{last}", unique());
        docker(["tag", image, &name]).exits(0);
        self.images.push(Image(name.clone()));
        name
    }

    /// Sets a variable of the shell.
    pub fn exports(&mut self, name: &str, value: &str) {
        self.variables.push(format!("{name}={value}"));
    }

    /// Removes these images with the project.
    pub fn owns(&mut self, images: impl IntoIterator<Item = String>) {
        self.images.extend(images.into_iter().map(Image));
    }

    /// Runs a command line in the project's folder, with trust-compose in PATH.
    #[track_caller]
    pub fn types(&self, line: &str) -> Outcome {
        let program = Path::new(env!("CARGO_BIN_EXE_trust-compose")).parent().unwrap();
        let path = format!("PATH={}:{}", program.display(), std::env::var("PATH").unwrap());
        let folder = format!("--chdir={}", self.folder.0.display());
        let variables = ["FILE", "PATH_SEPARATOR", "PROFILES", "PROJECT_NAME"];
        let mut words: Vec<_> =
            variables.iter().map(|name| format!("--unset=COMPOSE_{name}")).collect();
        // The tests run as root, in the directory of the user who called sudo.
        let user = Path::new(env!("CARGO_TARGET_TMPDIR")).metadata().unwrap().uid();
        words.extend([folder, path, format!("SUDO_UID={user}")]);
        words.extend(self.variables.iter().cloned());
        words.extend(["sh", "-c", line].map(Into::into));
        call(PATIENCE, "env", words)
    }

    /// Runs `docker compose WORDS` with the files of the last printed `next:`.
    #[track_caller]
    pub fn compose(&self, words: &str) -> Outcome {
        self.types(&format!("{} {words}", self.compose))
    }

    /// Starts all services, before any setup.
    #[track_caller]
    pub fn up(&self) {
        self.compose("up -d").exits(0);
    }

    #[track_caller]
    pub fn setup(&self, options: &str) -> Outcome {
        self.types(&format!("trust-compose setup {options}"))
    }

    /// Runs `setup`, then the commands that it prints as the next step.
    #[track_caller]
    pub fn sets_up(&mut self, options: &str) -> Outcome {
        let outcome = self.setup(options).exits(0);
        self.follows(&outcome);
        outcome
    }

    /// Runs the commands that `outcome` prints as the next step.
    #[track_caller]
    pub fn follows(&mut self, outcome: &Outcome) {
        let next = next(outcome);
        for line in &next {
            self.types(line).exits(0);
        }
        let options = next.iter().find_map(|line| line.strip_suffix(" up -d"));
        options
            .unwrap_or_else(|| panic!("the next step starts nothing: {outcome}"))
            .clone_into(&mut self.compose);
    }

    /// Asserts which servers `clients` accept in a shell that `docker compose WORDS` starts.
    #[track_caller]
    pub fn finds(&self, words: &str, clients: &[Client], claim: &str) -> Outcome {
        let script = self.questions.write("ask.sh", clients::script(clients, claim));
        let outcome = self.compose(&format!("{words} <'{}'", script.display()));
        clients::check(clients, claim, outcome)
    }

    /// The same by `docker compose exec` in a running service.
    #[track_caller]
    pub fn exec_finds(&self, service: &str, clients: &[Client], claim: &str) -> Outcome {
        self.finds(&format!("exec -T {service} sh"), clients, claim)
    }

    /// The same for the service's own process, whose command is [`asks`].
    #[track_caller]
    pub fn service_finds(&self, service: &str, clients: &[Client], claim: &str) -> Outcome {
        let id = &self.ids()[service];
        wait_until(&format!("{service} has asked"), || {
            docker(["logs", id]).stdout.ends_with("asked\n")
        });
        clients::check(clients, claim, docker(["logs", id]))
    }

    #[track_caller]
    pub fn is(&self, service: &str, health: &str) {
        let id = &self.ids()[service];
        wait_until(&format!("{service} is {health}"), || {
            let look = ["inspect", "--format", "{{.State.Health.Status}}", id];
            docker(look).stdout.trim() == health
        });
    }

    /// The services that have a container, each with its id.
    #[track_caller]
    pub fn ids(&self) -> BTreeMap<String, String> {
        self.containers("--all")
    }

    #[track_caller]
    pub fn running(&self) -> Vec<String> {
        self.containers("--filter=status=running").into_keys().collect()
    }

    #[track_caller]
    fn containers(&self, which: &str) -> BTreeMap<String, String> {
        let project = format!("label=com.docker.compose.project={}", self.name);
        let format = "{{.Label \"com.docker.compose.service\"}} {{.ID}}";
        let list = ["ps", which, "--no-trunc", "--filter", &project, "--format", format];
        let list = docker(list).exits(0);
        let pairs = list.stdout.lines().map(|line| line.split_once(' ').expect("SERVICE ID"));
        pairs.map(|(service, id)| (service.to_owned(), id.to_owned())).collect()
    }

    /// The services whose containers were recreated since `before`.
    #[track_caller]
    pub fn recreated(&self, before: &BTreeMap<String, String>) -> Vec<String> {
        let now = self.ids();
        now.into_iter()
            .filter(|(name, id)| before.get(name) != Some(id))
            .map(|(name, _)| name)
            .collect()
    }

    /// The configuration of a service's container, without the labels in which Compose records the replaced
    /// container, the compose files and the dependencies (in any order).
    #[track_caller]
    pub fn configuration(&self, service: &str) -> Vec<String> {
        let format = "{{range .Config.Env}}{{println \"env\" .}}{{end}}\
             {{range $name, $value := .Config.Labels}}{{println \"label\" $name $value}}{{end}}\
             {{range .Mounts}}{{println \"mount\" (json .)}}{{end}}\
             {{range .HostConfig.Binds}}{{println \"bind\" .}}{{end}}\
             {{range .HostConfig.Mounts}}{{println \"host\" (json .)}}{{end}}\
             {{println .Config.Image (json .Config.Healthcheck) (json .Config.Entrypoint)}}\
             {{println (json .Config.Cmd) .Config.User .HostConfig.ReadonlyRootfs}}";
        let notes = ["replace ", "project.config_files ", "depends_on "]
            .map(|note| format!("label com.docker.compose.{note}"));
        let shown = docker(["inspect", "--format", format, &self.ids()[service]]).exits(0).stdout;
        let mut lines: Vec<_> = shown
            .lines()
            .filter(|line| !notes.iter().any(|note| line.starts_with(note)))
            .map(Into::into)
            .collect();
        // Compose does not keep the order of variables.
        lines.sort();
        lines
    }

    /// Lists every file and folder of the project: name, kind, mode, owner, contents.
    #[track_caller]
    pub fn directory(&self) -> String {
        let look = "find . -printf '%P %y %m %U:%G %l\\n' | sort; \
                    find . -type f -exec sha256sum {} + | sort";
        self.types(look).exits(0).stdout
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        remove(&self.name);
    }
}

/// Returns a project name that is unique across runs.
pub fn unique_name() -> String {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    format!("{PREFIX}{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

/// Returns the command of a service that calls the servers once and then waits.
pub fn asks(clients: &[Client], claim: &str) -> String {
    let script = clients::script(clients, claim) + "echo asked; exec sleep infinity";
    // Debug quotes are YAML's, too; Compose needs `$$` for `$`.
    format!("command: [sh, -c, {:?}]", script.replace('$', "$$"))
}

/// The commands that `outcome` prints as the next step.
#[track_caller]
pub fn next(outcome: &Outcome) -> Vec<String> {
    let (_, next) = outcome.stdout.split_once("\nnext:\n").unwrap_or_else(|| {
        panic!("no next step is printed: {outcome}");
    });
    next.lines().map(|line| line.trim().to_owned()).collect()
}

/// Removes what Compose created for a project, and for projects whose names begin with `PROJECT-`.
fn remove(project: &str) {
    let is_its = |of: &str| of == project || of.starts_with(&format!("{project}-"));
    let name = "{{.Label \"com.docker.compose.project\"}}";
    for (list, id, remove) in [
        (&["ps", "--all"][..], "{{.ID}}", &["rm", "--force", "--volumes"][..]),
        (&["network", "ls"], "{{.ID}}", &["network", "rm"]),
        (&["volume", "ls"], "{{.Name}}", &["volume", "rm"]),
    ] {
        let format = format!("{name} {id}");
        let found = docker([list, &["--format", &format]].concat()).stdout;
        let pairs = found.lines().filter_map(|line| line.split_once(' '));
        let ids: Vec<_> = pairs.filter(|(of, _)| is_its(of)).map(|(_, id)| id).collect();
        if !ids.is_empty() {
            docker(remove.iter().copied().chain(ids));
        }
    }
}

/// Removes what earlier runs left behind because they were killed.
fn sweep() {
    static SWEEP: Once = Once::new();
    SWEEP.call_once(|| {
        let label = "com.docker.compose.project";
        let format = format!("{{{{.Label \"{label}\"}}}}");
        let filter = format!("label={label}");
        let mut projects = BTreeSet::new();
        for list in [&["ps", "--all"][..], &["network", "ls"], &["volume", "ls"]] {
            let words = [list, &["--filter", &filter, "--format", &format]].concat();
            projects.extend(docker(words).stdout.lines().map(ToOwned::to_owned));
        }
        let is_dead = |project: &String| {
            let rest = project.strip_prefix(PREFIX);
            let pid = rest.and_then(|rest| rest.split('-').next());
            pid.is_some_and(|pid| !Path::new("/proc").join(pid).exists())
        };
        projects.iter().filter(|project| is_dead(project)).for_each(|project| remove(project));
    });
}
