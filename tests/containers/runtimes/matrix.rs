//! Each client of the table (`table.rs`) in its image, with each means and under the overlay alone;
//! docs/compatibility.md contains the results. One portion is also run without trust-init, without a CA, and
//! hardened; for the others the document has the results without a CA. `MATRIX=full` runs all portions so,
//! with every image of each client instead of the first; `MATRIX_ONLY=curl,Go,java` runs these clients,
//! runtimes and images and prints the results (with `--nocapture`). UPDATE_SNAPSHOT=1 writes the document.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use super::ask::{CASES, Verdicts, Which, answers, script, verdicts, version};
use super::document::{Row, Rows, is_documented};
use super::table::{Client, clients};
use crate::container::Container;
use crate::engine::{BOOKWORM, call, docker, peer, repository};
use crate::project::Project;
use crate::site::{PRIVATE, Site, certificates, site, wait_until};

/// The means for clients that the variables do not reach, each tried alone, in the order of the document.
const FURTHER: [&str; 4] = [
    "--java on",
    "--java off --grpc-roots",
    "--java off --runtime php,wget,erlang",
    "--install-store",
];
const HARDENED: &str = "--user 1000 --read-only --cap-drop ALL --security-opt no-new-privileges";
/// All means that do not need root.
const EVERYTHING: &str = "--java on --grpc-roots --runtime php,wget,erlang";

/// The number of clients per container; small, so that the last container does not run alone for long.
const PORTION_SIZE: usize = 16;

/// The clients that run in one container, and the faults found in their results.
struct Portion {
    site: Arc<Site>,
    image: String,
    clients: Vec<Client>,
    /// Whether each client trusts the public server without a CA, from the document; `None` to try it.
    known: Option<Vec<bool>>,
    wrong: Mutex<Vec<String>>,
}

impl Portion {
    fn is_wrong(&self, client: &Client, mode: &str, what: &str) {
        let image = self.image.rsplit('/').next().unwrap_or_default();
        let message = format!("{} {} in {image}, {mode}: {what}", client.runtime, client.name);
        self.wrong.lock().unwrap().push(message);
    }

    /// Waits for the end of a container and returns the verdicts and versions of its clients.
    #[track_caller]
    fn judge(&self, mode: &str, container: &str, chosen: &[Client]) -> Vec<(Verdicts, String)> {
        call("1500", "docker", ["wait", container]).exits(0);
        let logs = docker(["logs", container]);
        let answers = answers(&logs.stdout).unwrap_or_else(|| panic!("{mode}: no end: {logs}"));
        let judge = |(number, client): (usize, &Client)| {
            let unclear = |what: String| self.is_wrong(client, mode, &what);
            let version = answers.get(&(number, "version".into())).cloned().unwrap_or_default();
            (verdicts(client, number, &answers, unclear), version)
        };
        chosen.iter().enumerate().map(judge).collect()
    }

    #[track_caller]
    fn run(
        &self,
        mode: &str,
        container: &Container,
        chosen: &[Client],
        which: Which,
    ) -> Vec<(Verdicts, String)> {
        container.start(&["sh", "-c", &script(chosen, which)]).exits(0);
        self.judge(mode, &container.name, chosen)
    }

    fn container(&self) -> Container {
        self.site.container_of(&self.image)
    }

    /// Runs the clients under the overlay of `trust-compose setup`, in a service of the same image.
    #[track_caller]
    fn overlay(&self, chosen: &[Client]) -> Vec<(Verdicts, String)> {
        let command = "command: [sh, /ask.sh]\nvolumes: [\"./ask.sh:/ask.sh:ro\"]\n\
                       environment: {TRUST_INIT_GRPC_ROOTS: 1, TRUST_INIT_RUNTIMES: \"php,wget,erlang\"}";
        let project = Project::new(&self.site).ca(PRIVATE);
        let mut project = project.service("clients", &self.image, command);
        project.folder.write("ask.sh", script(chosen, Which::All));
        // The image's name is unknown to trust-compose, which therefore configures Java only with `=trust`.
        project.sets_up("--custom-ca certs/ --service clients=trust");
        self.judge("overlay", &project.ids()["clients"], chosen)
    }

    /// Checks that a client trusts the private CA's servers or none of them, the public server if it trusted
    /// it before, and no other server.
    fn is_right(&self, client: &Client, mode: &str, was_public: bool, found: &Verdicts) {
        let is_trusted = found["private"];
        for (case, is_served) in found {
            let ought = match *case {
                "private" | "intermediate" => is_trusted,
                "public" => was_public || *is_served,
                _ => false,
            };
            if *is_served != ought {
                let what = if ought { "is not trusted" } else { "is trusted" };
                self.is_wrong(client, mode, &format!("{case} {what}"));
            }
        }
    }

    /// Returns whether each client trusts the public server without a CA; trust-init must not change that.
    #[track_caller]
    fn without_a_ca(&self) -> Vec<bool> {
        if let Some(known) = &self.known {
            return known.clone();
        }
        let all = &self.clients;
        let bare = self.run("bare", &self.container().bare(), all, Which::WithoutCa);
        let none = self.run("no CA", &self.container(), all, Which::WithoutCa);
        for (client, ((bare, _), (none, _))) in all.iter().zip(bare.iter().zip(&none)) {
            if bare != none || bare["private"] {
                let what = format!("trust-init changes the result: {bare:?} {none:?}");
                self.is_wrong(client, "no CA", &what);
            }
        }
        bare.iter().map(|(bare, _)| bare["public"]).collect()
    }

    /// Runs all clients with every means and returns their rows.
    #[track_caller]
    fn rows(&self) -> Vec<Row> {
        let all = &self.clients;
        let trusting = || self.container().trusting(PRIVATE);
        let bare = self.without_a_ca();
        let variables = "--java off";
        let plain = self.run(variables, &trusting().options(variables), all, Which::All);
        let mut rows = Vec::new();
        for ((client, bare), (plain, text)) in all.iter().zip(&bare).zip(&plain) {
            self.is_right(client, variables, *bare, plain);
            let version = version(text).unwrap_or_default().to_owned();
            if version.is_empty() {
                self.is_wrong(client, variables, &format!("no version: {text}"));
            }
            let reached = [Some(plain["private"]), None, None, None, None, None];
            rows.push(Row { version, reached, public: [*bare, plain["public"]] });
        }

        let waiting: Vec<usize> =
            (0..all.len()).filter(|&index| !plain[index].0["private"]).collect();
        let unreached: Vec<_> = waiting.iter().map(|&index| all[index]).collect();
        for (number, options) in FURTHER.iter().enumerate().filter(|_| !waiting.is_empty()) {
            let found =
                self.run(options, &trusting().options(options), &unreached, Which::AllIfServed);
            for (index, (found, _)) in waiting.iter().zip(found) {
                rows[*index].reached[number + 1] = Some(found["private"]);
                if found["private"] {
                    self.is_right(&all[*index], options, bare[*index], &found);
                    rows[*index].public[1] |= found["public"];
                }
            }
        }

        if self.known.is_none() {
            let hardened = trusting().options(EVERYTHING).flags(HARDENED);
            let hardened = self.run("hardened", &hardened, all, Which::All);
            for (index, (row, client)) in rows.iter().zip(all).enumerate() {
                let hardened = &hardened[index].0;
                self.is_right(client, "hardened", bare[index], hardened);
                if hardened["private"] != row.reached[..4].contains(&Some(true)) {
                    self.is_wrong(
                        client,
                        "hardened",
                        "the result is not that of a plain container",
                    );
                }
            }
        }
        let overlay = self.overlay(all);
        for (index, (row, client)) in rows.iter_mut().zip(all).enumerate() {
            let overlay = &overlay[index].0;
            self.is_right(client, "overlay", bare[index], overlay);
            row.reached[5] = Some(overlay["private"]);
            if row.is_reached() != client.reason.is_empty() {
                let what = "a client has a reason if, and only if, nothing reaches it";
                self.is_wrong(client, "all", &format!("{what}: {:?}", row.reached));
            }
        }
        rows
    }
}

fn is_full() -> bool {
    std::env::var("MATRIX").is_ok_and(|value| value == "full")
}

/// Returns the chosen clients in portions of about the same duration, each of one image.
fn portions(only: Option<&str>) -> Vec<(&'static str, Vec<Client>)> {
    let is_full = is_full();
    let mut chosen = BTreeMap::<_, Vec<_>>::new();
    for client in clients() {
        let count = if is_full { client.images.len() } else { usize::from(!client.seldom) };
        for image in &client.images[..count] {
            let names = [client.name, client.runtime, image];
            if only.is_none_or(|only| only.split(',').any(|word| names.contains(&word))) {
                chosen.entry(*image).or_default().push(client);
            }
        }
    }
    let portions = chosen.iter().flat_map(|(image, clients)| {
        clients.chunks(PORTION_SIZE).map(|portion| (*image, portion.to_vec()))
    });
    portions.collect()
}

/// Builds the base images that only this test needs.
#[track_caller]
fn bases(portions: &[(&str, Vec<Client>)]) {
    let names = portions.iter().map(|(image, _)| image).collect::<BTreeSet<_>>();
    call("5000", repository().join("tests/containers/bases.sh"), names).exits(0);
}

/// Starts the other servers of the private CA: see [`CASES`].
#[track_caller]
fn servers(site: &Site) -> Container {
    let servers = Container::new(&format!("trust-init-test/{BOOKWORM}")).bare();
    let mut servers = servers.mount(peer(), "/peer").mount(certificates(), "/certificates");
    servers = servers.flags(&format!("--network {}", site.name));
    let serve = |name: &str, port| {
        let files =
            format!("/certificates/private/{name}.pem /certificates/private/server-key.pem");
        format!("/peer serve {files} 0.0.0.0:{port} & ")
    };
    let mut script = String::new();
    for (case, file) in [(1, "intermediate"), (4, "expired"), (5, "server")] {
        servers = servers.flags(&format!("--network-alias {}", CASES[case].host));
        script += &serve(file, CASES[case].port);
    }
    servers.start(&["sh", "-c", &format!("{script} wait")]).exits(0);
    wait_until("the servers listen", || servers.logs().stdout.matches("listening on").count() == 3);
    servers
}

#[test]
#[expect(clippy::print_stderr, reason = "MATRIX_ONLY prints the results")]
fn every_client_is_as_documented() {
    let only = std::env::var("MATRIX_ONLY").ok();
    let is_whole = only.is_some() || is_full() || std::env::var_os("UPDATE_SNAPSHOT").is_some();
    let site = site();
    let _servers = servers(&site);
    let waiting = portions(only.as_deref());
    bases(&waiting);
    let waiting = Mutex::new(waiting);
    let (rows, wrong) = (Mutex::new(Rows::new()), Mutex::new(Vec::new()));
    let work = || {
        loop {
            let (next, is_last) = {
                let mut waiting = waiting.lock().unwrap();
                (waiting.pop(), waiting.is_empty())
            };
            let Some((name, clients)) = next else { break };
            let known = super::document::known(name, &clients).filter(|_| !is_last && !is_whole);
            let image = super::image::image(&site, name);
            let portion =
                Portion { site: site.clone(), image, clients, known, wrong: Mutex::default() };
            let found = portion.rows();
            let mut rows = rows.lock().unwrap();
            for (client, row) in portion.clients.iter().zip(found) {
                if only.is_some() {
                    eprintln!("{} {name} {} {row:?}", client.runtime, client.name);
                }
                rows.insert((client.runtime, client.name, name), row);
            }
            // A full run takes an hour: results are written as they come.
            if std::env::var_os("UPDATE_SNAPSHOT").is_some() {
                super::document::write(&rows);
            }
            let faults = portion.wrong.into_inner().unwrap();
            if only.is_some() {
                eprintln!("{}", faults.join("\n"));
            }
            wrong.lock().unwrap().extend(faults);
        }
    };
    // More threads than cores: a container waits for network and disk half of the time.
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(work);
        }
    });
    let (rows, wrong) = (rows.into_inner().unwrap(), wrong.into_inner().unwrap());
    assert!(wrong.is_empty(), "{} faults:\n{}", wrong.len(), wrong.join("\n"));
    is_documented(&rows);
}
