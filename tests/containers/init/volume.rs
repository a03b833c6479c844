//! Two containers with two CAs share one volume: each trusts its own and never the other's.

use crate::clients::{self, CURL};
use crate::container::{Container, Volume};
use crate::engine::BOOKWORM;
use crate::site::{PRIVATE, SECOND, Server, Site, site};

const ONLY: [&str; 2] = [
    "private served, second refused, public served",
    "private refused, second served, public served",
];

/// `make` mounts the volume. Both containers start twice, so that each finds the other's files.
#[track_caller]
fn each_trusts_its_own_ca(make: impl Fn(&Site, &Volume) -> Container) {
    let site = site();
    for order in [[0, 1], [1, 0]] {
        let volume = Volume::new();
        let containers = order.map(|which: usize| {
            (make(&site, &volume).trusting([PRIVATE, SECOND][which]), ONLY[which])
        });
        for (container, only) in &containers {
            container.finds(&[CURL], only);
        }
        for (container, only) in &containers {
            container.finds_again(&[CURL], only);
        }
    }
}

#[test]
fn named_directory() {
    each_trusts_its_own_ca(|site, volume| {
        site.container(BOOKWORM)
            .flag("--volume", &format!("{}:/shared", volume.0))
            .options("--dir /shared")
    });
}

#[test]
fn run_trust_init() {
    each_trusts_its_own_ca(|site, volume| {
        site.container(BOOKWORM).flag("--volume", &format!("{}:/run/trust-init", volume.0))
    });
}

/// The second container starts and ends while the first one runs: the first one's bundle does not change.
#[track_caller]
fn undisturbed(first: Server, second: Server, target: &str, options: &str) {
    let (site, volume) = (site(), Volume::new());
    let make = |server| {
        site.container(BOOKWORM)
            .trusting(server)
            .flag("--volume", &format!("{}:{target}", volume.0))
            .options(options)
    };
    let running = make(first);
    let claim = format!("{} served, {} refused, public served", first.name, second.name);
    let wait = "echo at work; until [ -e /go ]; do sleep 0.1; done; ";
    let script = format!("{wait}{}", clients::script(&[CURL], &claim));
    running.start(&["sh", "-c", &script]).exits(0);
    running.wait_for("at work");
    make(second).run(&["curl", "-sS", &second.url()]).served();
    running.exec(&["touch", "/go"]).exits(0);
    running.wait_for("curl public");
    clients::check(&[CURL], &claim, running.logs());
}

#[test]
fn running_one_is_undisturbed() {
    undisturbed(PRIVATE, SECOND, "/shared", "--dir /shared");
    undisturbed(SECOND, PRIVATE, "/shared", "--dir /shared");
}

#[test]
fn running_one_is_undisturbed_at_run_trust_init() {
    undisturbed(PRIVATE, SECOND, "/run/trust-init", "");
    undisturbed(SECOND, PRIVATE, "/run/trust-init", "");
}
