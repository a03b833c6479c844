//! Every runtime trusts: each client of the table (`table.rs`) in its image, with each means and under
//! the overlay alone. docs/compatibility.md is what is found here.
//!
//! One portion is also asked without trust-init, without a CA, and hardened: what is found there hangs on no
//! client, and of the others the document says whom they trust without a CA. `MATRIX=full` does it for all, and
//! tries every image of each client, else the first; `MATRIX_ONLY=curl,Go,java` tries these
//! clients, runtimes and images, and shows what was found (with `--nocapture`). UPDATE_SNAPSHOT=1 writes it
//! into the document.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use super::ask::{CASES, Verdicts, Which, answers, script, verdicts, version};
use super::document::{Row, Rows, is_documented};
use super::table::{Client, clients};
use crate::container::Container;
use crate::engine::{BOOKWORM, call, docker, peer, repository};
use crate::project::Project;
use crate::site::{PRIVATE, Site, certificates, site, wait_until};

/// What is tried for those whom the variables do not reach; each alone, in the order of the document.
const FURTHER: [&str; 4] = [
    "--java on",
    "--java off --grpc-roots",
    "--java off --runtime php,wget,erlang",
    "--install-store",
];
const HARDENED: &str = "--user 1000 --read-only --cap-drop ALL --security-opt no-new-privileges";
/// All that needs no root.
const EVERYTHING: &str = "--java on --grpc-roots --runtime php,wget,erlang";

/// How many clients one container asks: with few, nobody waits long for the last container.
const PORTION: usize = 16;

/// The clients of one portion, and all that is wrong with what they say.
struct Bench {
    site: Arc<Site>,
    image: String,
    clients: Vec<Client>,
    /// Of each client, where it is not asked without a CA: whether it trusts the public server then.
    known: Option<Vec<bool>>,
    wrong: Mutex<Vec<String>>,
}

impl Bench {
    fn is_wrong(&self, client: &Client, mode: &str, what: &str) {
        let image = self.image.rsplit('/').next().unwrap_or_default();
        let told = format!("{} {} in {image}, {mode}: {what}", client.runtime, client.name);
        self.wrong.lock().unwrap().push(told);
    }

    /// The answers of these clients in a container that has run to its end.
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

    /// What `trust-compose setup` writes for a service that asks for the same, in a container of the
    /// same image.
    #[track_caller]
    fn overlay(&self, chosen: &[Client]) -> Vec<(Verdicts, String)> {
        let command = "command: [sh, /ask.sh]\nvolumes: [\"./ask.sh:/ask.sh:ro\"]\n\
                       environment: {TRUST_INIT_GRPC_ROOTS: 1, TRUST_INIT_RUNTIMES: \"php,wget,erlang\"}";
        let project = Project::new(&self.site).ca(PRIVATE);
        let mut project = project.service("clients", &self.image, command);
        project.folder.write("ask.sh", script(chosen, Which::All));
        // By name, as an image whose name says nothing of it; a JVM is told then only.
        project.sets_up("--custom-ca certs/ --service clients=trust");
        self.judge("overlay", &project.ids()["clients"], chosen)
    }

    /// Whoever is reached trusts the CA and nobody more, and all whom they trusted before: the public server, if
    /// that was so.
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

    /// Whether each client trusts the public server where there is no CA, with trust-init as without it.
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
                let what = format!("not as without trust-init: {bare:?} {none:?}");
                self.is_wrong(client, "no CA", &what);
            }
        }
        bare.iter().map(|(bare, _)| bare["public"]).collect()
    }

    /// Asks all of them in every way.
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
                    self.is_wrong(client, "hardened", "it is not as in a plain container");
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

/// The chosen clients, in portions of one image each that take about as long.
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
        clients.chunks(PORTION).map(|portion| (*image, portion.to_vec()))
    });
    portions.collect()
}

/// Makes the images that only this needs.
#[track_caller]
fn bases(portions: &[(&str, Vec<Client>)]) {
    let names = portions.iter().map(|(image, _)| image).collect::<BTreeSet<_>>();
    call("5000", repository().join("tests/containers/bases.sh"), names).exits(0);
}

/// Servers of the private CA that are not as its first: see [`CASES`].
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
#[expect(clippy::print_stderr, reason = "what was found, for who asks by MATRIX_ONLY")]
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
            let bench =
                Bench { site: site.clone(), image, clients, known, wrong: Mutex::default() };
            let found = bench.rows();
            let mut rows = rows.lock().unwrap();
            for (client, row) in bench.clients.iter().zip(found) {
                if only.is_some() {
                    eprintln!("{} {name} {} {row:?}", client.runtime, client.name);
                }
                rows.insert((client.runtime, client.name, name), row);
            }
            // What takes an hour to find is written as it is found.
            if std::env::var_os("UPDATE_SNAPSHOT").is_some() {
                super::document::write(&rows);
            }
            let told = bench.wrong.into_inner().unwrap();
            if only.is_some() {
                eprintln!("{}", told.join("\n"));
            }
            wrong.lock().unwrap().extend(told);
        }
    };
    // Half of the time a container waits for the network or the disk.
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(work);
        }
    });
    let (rows, wrong) = (rows.into_inner().unwrap(), wrong.into_inner().unwrap());
    assert!(wrong.is_empty(), "{} things are wrong:\n{}", wrong.len(), wrong.join("\n"));
    is_documented(&rows);
}
