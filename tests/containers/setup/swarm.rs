//! `setup --swarm`: `docker stack deploy` adds the CA to the services of a swarm, here of one node.

use crate::clients::{self, CURL, REQUESTS};
use crate::engine::{BOOKWORM, docker, label};
use crate::project::{Project, asks, unique_name};
use crate::site::{Folder, PRIVATE, SECOND, SERVERS, Site, site, wait_until};

/// The engine as the only node of a swarm, with an overlay network that the site's servers join.
struct Swarm {
    network: String,
    servers: String,
    is_ours: bool,
}

impl Swarm {
    #[track_caller]
    fn of(site: &Site) -> Self {
        let state = docker(["info", "--format", "{{.Swarm.LocalNodeState}}"]).exits(0).stdout;
        let is_ours = state.trim() != "active";
        // Created first, so that its drop cleans up if a later step fails.
        let swarm = Self { network: unique_name(), servers: site.servers().to_owned(), is_ours };
        if is_ours {
            docker(["swarm", "init", "--advertise-addr", "127.0.0.1"]).exits(0);
        }
        let (network, servers) = (swarm.network.as_str(), swarm.servers.as_str());
        let kind = ["--driver", "overlay", "--attachable"];
        docker([&["network", "create", &label()], &kind[..], &[network]].concat()).exits(0);
        let names = SERVERS.map(|server| format!("--alias={}.local", server.name));
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        docker([&["network", "connect"], &names[..], &[network, servers]].concat()).exits(0);
        swarm
    }
}

impl Drop for Swarm {
    fn drop(&mut self) {
        docker(["network", "disconnect", "--force", &self.network, &self.servers]);
        docker(["network", "rm", &self.network]);
        if self.is_ours {
            docker(["swarm", "leave", "--force"]);
            docker(["network", "rm", "docker_gwbridge"]);
        }
    }
}

/// A stack, removed when it goes out of scope.
struct Stack {
    project: Project,
    service: String,
}

impl Stack {
    #[track_caller]
    fn of(image: &str, network: &str, command: &str) -> Self {
        let name = unique_name();
        let text = format!(
            "version: '3.8'\n\
             networks: {{default: {{name: {network}, external: true}}}}\n\
             services:\n  agent:\n    image: {image}\n    stop_signal: SIGKILL\n    {command}\n"
        );
        let project = Project::at(Folder::new(), name.clone());
        project.folder.write("docker-compose.yml", text);
        Self { project, service: format!("{name}_agent") }
    }

    /// Runs `setup`, then the printed command with this stack's own name.
    #[track_caller]
    fn sets_up(&self, options: &str) {
        let outcome = self.project.setup(options).exits(0);
        let next = crate::project::next(&outcome);
        let (deploy, _) = next.first().and_then(|line| line.rsplit_once(' ')).unwrap();
        assert!(deploy.starts_with("docker stack deploy -c docker-compose.yml"), "{deploy}");
        // The configuration that `deploy` will send to the swarm.
        let config = self.project.types(&deploy.replace(" deploy ", " config ")).exits(0).stdout;
        for words in [
            "target: /run/trust-init/ca-bundle.crt",
            "SSL_CERT_FILE: /run/trust-init/ca-bundle.crt",
        ] {
            assert!(config.contains(words), "{words} is not in {config}");
        }
        self.deploy(deploy);
    }

    #[track_caller]
    fn deploy(&self, command: &str) {
        self.project
            .types(&format!("{command} --resolve-image never {}", self.project.name))
            .exits(0);
    }

    /// Waits for a running container other than `before` and returns its ID.
    #[track_caller]
    fn container(&self, before: &str) -> String {
        let filter = format!("label=com.docker.swarm.service.name={}", self.service);
        let mut found = String::new();
        wait_until("the swarm runs the service", || {
            let list = docker(["ps", "--no-trunc", "--quiet", "--filter", &filter]).exits(0).stdout;
            list.lines().find(|id| *id != before).unwrap_or_default().clone_into(&mut found);
            !found.is_empty()
        });
        found
    }

    #[track_caller]
    fn finds(&self, before: &str, claim: &str) -> String {
        let container = self.container(before);
        wait_until("the service has asked", || {
            docker(["logs", &container]).stdout.ends_with("asked\n")
        });
        clients::check(&[CURL, REQUESTS], claim, docker(["logs", &container]));
        container
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        docker(["stack", "rm", &self.project.name]);
        let filter = format!("label=com.docker.stack.namespace={}", self.project.name);
        wait_until("the stack is gone", || {
            docker(["ps", "--all", "--quiet", "--filter", &filter]).stdout.is_empty()
        });
    }
}

#[test]
fn a_stack_trusts_the_ca_and_a_new_ca_replaces_its_container() {
    let site = site();
    let swarm = Swarm::of(&site);
    // The claim only names the servers to call; the expected results change.
    let command = asks(&[CURL, REQUESTS], "private served, second served, public served");
    let stack = Stack::of(&site.image(BOOKWORM), &swarm.network, &command);
    stack.project.replace_ca(PRIVATE);

    stack.deploy("docker stack deploy -c docker-compose.yml");
    let bare = stack.finds("", "private refused, second refused, public served");

    stack.sets_up("--custom-ca certs/ --swarm");
    let first = stack.finds(&bare, "private served, second refused, public served");
    // `docker exec` gets the same results.
    let claim = "private served, second refused";
    let script = clients::script(&[CURL], claim);
    clients::check(&[CURL], claim, docker(["exec", &first, "sh", "-c", &script]));

    stack.project.replace_ca(SECOND);
    stack.sets_up("--custom-ca certs/ --swarm");
    let second = stack.finds(&first, "private refused, second served, public served");

    // Another setup without a change replaces no container.
    stack.sets_up("--custom-ca certs/ --swarm");
    assert_eq!(stack.container(""), second);

    let away = stack.project.types("trust-compose remove").exits(0);
    let next = crate::project::next(&away).concat();
    assert!(next.starts_with("docker stack deploy -c docker-compose.yml "), "{next}");
    stack.deploy("docker stack deploy -c docker-compose.yml");
    stack.finds(&second, "private refused, second refused, public served");
}
