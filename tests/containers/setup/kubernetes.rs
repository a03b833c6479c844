//! `kustomize`: podman runs what the real kustomize renders, against real servers. The CA reaches hardened
//! pods of every kind, and a new CA replaces the pods.
//!
//! podman 4 plays only Pods and Deployments, and `initContainers` never end in it without systemd. Therefore
//! the pods of other kinds are played as Pods, and the containers of `initContainers` as separate pods.

use std::fs;
use std::sync::OnceLock;

use serde_yaml::{Deserializer, Mapping, Value};

use crate::clients::{self, CURL, REQUESTS};
use crate::engine::{BOOKWORM, Outcome, PATIENCE, call, docker, repository, unique};
use crate::site::{Folder, PRIVATE, SECOND, SERVERS, Site, site, wait_until};

/// Settings of podman whose defaults need systemd, or limits above those of a container (containers.conf(5)).
const SETTINGS: &str = "[containers]\ndefault_ulimits = [\"nofile=1024:1024\", \"nproc=1024:1024\"]\n\
                        base_hosts_file = \"HOSTS\"\n\
                        [engine]\nruntime = \"runc\"\ncgroup_manager = \"cgroupfs\"\nevents_logger = \"file\"\n";

/// The spec of every pod.
const SPEC: &str = "
hostNetwork: true
restartPolicy: Never
initContainers:
- {name: first, image: IMAGE, imagePullPolicy: Never, command: [/bin/sh, -c, SCRIPT]}
containers:
- name: agent
  image: IMAGE
  imagePullPolicy: Never
  command: [/bin/sh, -c, SCRIPT]
  livenessProbe: {exec: {command: [/bin/sh, -c, PROBE]}, periodSeconds: 3600}
  securityContext:
    runAsUser: 12345
    runAsNonRoot: true
    readOnlyRootFilesystem: true
    allowPrivilegeEscalation: false
    capabilities: {drop: [ALL]}
";

/// Kinds with the pod in `spec.template`, and their other required fields.
const KINDS: [(&str, &str, &str); 4] = [
    ("apps/v1", "Deployment", "selector: {matchLabels: {app: NAME}}"),
    ("apps/v1", "StatefulSet", "{serviceName: NAME, selector: {matchLabels: {app: NAME}}}"),
    ("apps/v1", "DaemonSet", "selector: {matchLabels: {app: NAME}}"),
    ("batch/v1", "Job", "{backoffLimit: 0}"),
];

/// A folder with manifests, and podman's settings.
struct Workspace {
    folder: Folder,
    image: String,
    /// Keeps the servers running.
    _site: std::sync::Arc<Site>,
}

/// Returns the folder of the programs that these tests need.
fn programs() -> &'static str {
    static PROGRAMS: OnceLock<String> = OnceLock::new();
    PROGRAMS.get_or_init(|| {
        let script = repository().join("tests/containers/kubernetes.sh");
        call("1500", script, ["podman"]).exits(0).stdout.trim().to_owned()
    })
}

impl Workspace {
    fn new() -> Self {
        programs();
        let folder = Folder::new();
        let site = site();
        let format = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}";
        let address = docker(["inspect", "--format", format, site.servers()]).exits(0).stdout;
        let names = SERVERS.map(|server| format!("{}.local", server.name)).join(" ");
        let hosts = folder.write("hosts", format!("{} {names}\n", address.trim()));
        folder.write("containers.conf", SETTINGS.replace("HOSTS", &hosts.to_string_lossy()));
        // The same name in both engines.
        let image = format!("localhost/{}:1", unique());
        docker(["tag", &site.image(BOOKWORM), &image]).exits(0);
        let workspace = Self { folder, image, _site: site };
        let archive = workspace.path("image.tar");
        docker(["save", "--output", &archive, &workspace.image]).exits(0);
        workspace.podman(["load", "--input", &archive]).exits(0);
        workspace
    }

    fn path(&self, name: &str) -> String {
        self.folder.0.join(name).to_string_lossy().into_owned()
    }

    fn podman<S: AsRef<str>>(&self, words: impl IntoIterator<Item = S>) -> Outcome {
        let settings = format!("CONTAINERS_CONF={}", self.path("containers.conf"));
        let words: Vec<_> = words.into_iter().map(|word| word.as_ref().to_owned()).collect();
        call(PATIENCE, "env", [vec![settings, "podman".to_owned()], words].concat())
    }

    /// A pod's spec whose containers call the servers of `claim`, and then wait.
    fn spec(&self, claim: &str) -> Value {
        let path = "export PATH=/opt/venv/bin:/usr/bin:/bin; ";
        let script = format!(
            "{path}{}\necho asked\nexec sleep 1000\n",
            clients::script(&[CURL, REQUESTS], claim)
        );
        let probe = format!("{path}curl -sSf {}", PRIVATE.url());
        let text = SPEC.replace("IMAGE", &self.image);
        let text = text.replace("SCRIPT", &json(&script)).replace("PROBE", &json(&probe));
        serde_yaml::from_str(&text).unwrap()
    }

    /// Writes manifests with a workload of every kind.
    fn lays_out(&self, claim: &str) {
        let spec = self.spec(claim);
        let mut all = Vec::new();
        for (version, kind, more) in KINDS {
            let name = name(kind);
            let labels = serde_yaml::from_str(&format!("labels: {{app: {name}}}")).unwrap();
            let pod = of([("metadata", labels), ("spec", spec.clone())]);
            let mut body: Mapping = serde_yaml::from_str(&more.replace("NAME", &name)).unwrap();
            body.insert("template".into(), pod);
            all.push(object(version, kind, &name, body.into()));
        }
        let job: Mapping =
            [("template".into(), of([("spec", spec.clone())]))].into_iter().collect();
        let cron = of([("schedule", "@daily".into()), ("jobTemplate", of([("spec", job.into())]))]);
        all.push(object("batch/v1", "CronJob", &name("CronJob"), cron));
        all.push(object("v1", "Pod", &name("Pod"), spec));
        let text: Vec<_> = all.iter().map(|it| serde_yaml::to_string(it).unwrap()).collect();
        self.folder.write("manifests.yaml", text.join("---\n"));
        self.folder.write("kustomization.yaml", "resources: [manifests.yaml]\n");
    }

    /// Runs `trust-compose kustomize`, and adds the component to the kustomization.
    fn trusts(&self, ca: &str) -> Outcome {
        let program = env!("CARGO_BIN_EXE_trust-compose");
        let path = format!("PATH=/usr/bin:/bin:{}", programs());
        let (folder, out) = (self.path("."), self.path("trust"));
        let words = ["kustomize", "-k", &folder, "--out", &out, "--custom-ca", ca];
        let done = call(PATIENCE, "env", [&[path.as_str(), program], &words[..]].concat()).exits(0);
        let text = "resources: [manifests.yaml]\ncomponents: [trust]\n";
        self.folder.write("kustomization.yaml", text);
        done
    }

    /// Returns the objects that kustomize renders.
    fn renders(&self) -> Vec<Value> {
        let path = format!("PATH=/usr/bin:/bin:{}", programs());
        let text =
            call(PATIENCE, "env", [&path, "kubectl", "kustomize", &self.path(".")]).exits(0).stdout;
        documents(&text)
    }

    /// Plays the pods of all workloads, checks every container against `claim`, and removes the pods.
    fn play_and_check(&self, claim: &str) {
        let objects = self.renders();
        let maps: Vec<_> = objects.iter().filter(|it| it["kind"] == "ConfigMap").collect();
        let mut played = 0;
        for workload in &objects {
            let Some(mut spec) = spec_of(workload).cloned() else { continue };
            let name = workload["metadata"]["name"].as_str().unwrap().to_owned();
            let first = spec.as_mapping_mut().unwrap().remove("initContainers").unwrap();
            let kind = workload["kind"].as_str().unwrap();
            let main = if kind == "Deployment" {
                let mut whole = workload.clone();
                whole["spec"]["template"]["spec"] = spec.clone();
                whole
            } else {
                object("v1", "Pod", &name, spec.clone())
            };
            spec["containers"] = first;
            let before = object("v1", "Pod", &format!("{name}-first"), spec);
            let pod = if kind == "Deployment" { format!("{name}-pod-0") } else { name.clone() };
            for (object, container) in
                [(main, format!("{pod}-agent")), (before, format!("{name}-first-first"))]
            {
                let objects = maps.iter().copied().chain([&object]);
                self.plays(&objects.collect::<Vec<_>>(), &container, claim);
                played += 1;
            }
        }
        assert_eq!(played, 12);
    }

    fn plays(&self, objects: &[&Value], container: &str, claim: &str) {
        let text: Vec<_> = objects.iter().map(|it| serde_yaml::to_string(it).unwrap()).collect();
        let file = self.folder.write("play.yaml", text.join("---\n"));
        let file = file.to_string_lossy();
        let pod = container.rsplit_once('-').map_or(container, |(pod, _)| pod);
        let play = Play { workspace: self, file: &file, pod };
        self.podman(["kube", "play", &file]).exits(0);
        wait_until("the pod has asked", || {
            self.podman(["logs", container]).stdout.ends_with("asked\n")
        });
        clients::check(&[CURL, REQUESTS], claim, self.podman(["logs", container]));
        // `exec` and the liveness probe get the same results.
        let script = clients::script(&[CURL], claim);
        let exec = ["exec", container, "/bin/sh", "-c"].map(str::to_owned).into_iter();
        let path = "export PATH=/usr/bin:/bin; ".to_owned();
        let exec = self.podman(exec.chain([path + &script]));
        clients::check(&[CURL], claim, exec);
        if container.ends_with("-agent") {
            let is_served = claim.starts_with("private served");
            let healthy = self.podman(["healthcheck", "run", container]);
            assert_eq!(healthy.code == 0, is_served, "{healthy}");
            let user = self.podman(["exec", container, "/usr/bin/id", "-u"]).exits(0).stdout;
            assert_eq!(user, "12345\n");
        }
        drop(play);
    }
}

/// Played pods, removed also if an assertion fails.
struct Play<'a> {
    workspace: &'a Workspace,
    file: &'a str,
    pod: &'a str,
}

impl Drop for Play<'_> {
    fn drop(&mut self) {
        self.workspace.podman(["pod", "rm", "--force", "--time", "0", self.pod]);
        let maps = fs::read_to_string(self.file).unwrap_or_default();
        let maps = documents(&maps).into_iter().filter(|it| it["kind"] == "ConfigMap");
        for map in maps {
            let name = map["metadata"]["name"].as_str().unwrap_or_default().to_owned();
            self.workspace.podman(["volume", "rm", "--force", &name]);
        }
    }
}

impl Drop for Workspace {
    fn drop(&mut self) {
        self.podman(["rmi", "--force", &self.image]);
        docker(["rmi", &self.image]);
    }
}

fn documents(text: &str) -> Vec<Value> {
    use serde::Deserialize as _;
    Deserializer::from_str(text).map(|it| Value::deserialize(it).unwrap()).collect()
}

/// Returns a pod name that is unique across runs.
fn name(kind: &str) -> String {
    format!("trust-init-test-{}-{}", std::process::id(), kind.to_lowercase())
}

fn json(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

fn of<const N: usize>(pairs: [(&str, Value); N]) -> Value {
    let pairs = pairs.into_iter().map(|(key, value)| (Value::from(key), value));
    Value::Mapping(pairs.collect())
}

fn object(version: &str, kind: &str, name: &str, spec: Value) -> Value {
    let metadata = of([("name", name.into())]);
    of([
        ("apiVersion", version.into()),
        ("kind", kind.into()),
        ("metadata", metadata),
        ("spec", spec),
    ])
}

fn spec_of(workload: &Value) -> Option<&Value> {
    let spec = &workload["spec"];
    match workload["kind"].as_str()? {
        "Pod" => Some(spec),
        "CronJob" => Some(&spec["jobTemplate"]["spec"]["template"]["spec"]),
        "ConfigMap" => None,
        _ => Some(&spec["template"]["spec"]),
    }
}

#[test]
fn pods_of_every_kind_trust_the_ca_and_a_new_ca_replaces_them() {
    let workspace = Workspace::new();
    let without = "private refused, second refused, public served";
    workspace.lays_out(without);
    workspace.play_and_check(without);

    // The image exists in the engine, so the bundle contains its own roots, and with them the public CA.
    let outcome = workspace.trusts(&PRIVATE.ca().to_string_lossy());
    assert!(outcome.stdout.contains(" from its own image: "), "{outcome}");
    let before = names_of_maps(&workspace);
    workspace.play_and_check("private served, second refused, public served");

    workspace.trusts(&SECOND.ca().to_string_lossy());
    assert_ne!(names_of_maps(&workspace), before, "the pods would not be replaced");
    workspace.play_and_check("private refused, second served, public served");
}

#[test]
fn podman_compose_accepts_the_overlay() {
    let workspace = Workspace::new();
    let name = name("compose");
    let claim = "private served, second refused, public served";
    let path = "export PATH=/opt/venv/bin:/usr/bin:/bin; ";
    let script = format!(
        "{path}{}\necho asked\nexec sleep 1000\n",
        clients::script(&[CURL, REQUESTS], claim)
    );
    let compose = format!(
        "name: {name}\nservices:\n  agent:\n    image: {}\n    container_name: {name}\n    \
         network_mode: host\n    stop_signal: SIGKILL\n    command: [/bin/sh, -c, {}]\n",
        workspace.image,
        json(&script.replace('$', "$$"))
    );
    workspace.folder.write("docker-compose.yml", compose);
    let podman_compose = |words: &str| {
        let settings = format!("CONTAINERS_CONF={}", workspace.path("containers.conf"));
        let program = format!("{}/podman-compose", programs());
        let script = format!("cd \"$0\" && exec {program} {words}");
        call(PATIENCE, "env", [&settings, "sh", "-c", &script, &workspace.path(".")])
    };
    let finds = |files: &str, claim: &str| {
        podman_compose(&format!("{files} up -d")).exits(0);
        let log = || workspace.podman(["logs", &name]);
        wait_until("the service has asked", || log().stdout.ends_with("asked\n"));
        let log = log();
        podman_compose(&format!("{files} down")).exits(0);
        clients::check(&[CURL, REQUESTS], claim, log);
    };
    finds("-f docker-compose.yml", "private refused, second refused, public served");
    let (ca, file) = (PRIVATE.ca(), workspace.path("docker-compose.yml"));
    let setup = ["setup", "-f", &file, "--custom-ca", &ca.to_string_lossy()].map(str::to_owned);
    call(PATIENCE, env!("CARGO_BIN_EXE_trust-compose"), setup).exits(0);
    finds("-f docker-compose.yml -f docker-compose.ca.yml", claim);
}

fn names_of_maps(workspace: &Workspace) -> Vec<String> {
    let maps = workspace.renders().into_iter().filter(|it| it["kind"] == "ConfigMap");
    maps.map(|it| it["metadata"]["name"].as_str().unwrap().to_owned()).collect()
}
