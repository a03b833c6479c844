//! `--without`: external servers replace services. The services stop, their dependents start without them,
//! and `remove` starts them again.

use crate::clients::CURL;
use crate::engine::TRIXIE;
use crate::project::{Project, next};
use crate::site::{PRIVATE, site};

const AGENT: &str = "depends_on:
  speaches: {condition: service_healthy}
  store: {condition: service_started}";
const HEALTHY: &str = "healthcheck: {test: [CMD, 'true'], interval: 1s}";

#[test]
fn bundled_services_replaced() {
    let site = site();
    let image = site.image(TRIXIE);
    let mut project = Project::new(&site).ca(PRIVATE);
    let store = project.tag(&image, "redis");
    let mut project = project
        .service("agent", &image, AGENT)
        .service("worker", &image, "depends_on: [speaches, store]")
        .service("speaches", &image, HEALTHY)
        .service("kokoro", &image, "profiles: [voice]")
        .service("reader", &image, "profiles: [voice]\ndepends_on: [kokoro]")
        .service("store", &store, "");
    let all = ["agent", "kokoro", "reader", "speaches", "store", "worker"];
    let start = "docker compose --profile voice up -d";
    project.types(start).exits(0);
    assert_eq!(project.running(), all);
    let directory = project.directory();
    let before = all.map(|service| project.configuration(service));

    let outcome = project.sets_up("--custom-ca certs/ --without speaches --without kokoro");
    let files = "docker compose -f docker-compose.yml -f docker-compose.ca.yml";
    assert_eq!(
        next(&outcome),
        [
            format!("{files} rm -sf speaches"),
            format!("{files} rm -sf kokoro"),
            format!("{files} --profile voice up -d"),
        ]
    );
    assert_eq!(project.running(), ["agent", "reader", "store", "worker"]);
    for service in ["agent", "reader", "worker"] {
        project.exec_finds(service, &[CURL], "private served");
    }
    // The same after `down`, as after a restart of the host.
    project.compose("down").exits(0);
    project.compose("up -d --wait").exits(0);
    assert_eq!(project.running(), ["agent", "reader", "store", "worker"]);

    project.follows(&project.types("trust-compose remove").exits(0));
    project.types(start).exits(0);
    assert_eq!(project.running(), all);
    assert_eq!(project.directory(), directory);
    assert_eq!(all.map(|service| project.configuration(service)), before);
}

/// Without a CA the overlay only disables services.
#[test]
fn without_alone() {
    let site = site();
    let image = site.image(TRIXIE);
    let mut project = Project::new(&site)
        .service("agent", &image, AGENT)
        .service("speaches", &image, HEALTHY)
        .service("store", &image, "");
    project.up();
    let before = project.ids();
    let agent = project.configuration("agent");
    project.sets_up("--without speaches");
    assert_eq!(project.running(), ["agent", "store"]);
    let environment = |lines: &[String]| -> Vec<_> {
        lines.iter().filter(|line| !line.starts_with("label com.docker")).cloned().collect()
    };
    assert_eq!(environment(&project.configuration("agent")), environment(&agent));
    project.follows(&project.types("trust-compose remove").exits(0));
    assert_eq!(project.running(), ["agent", "speaches", "store"]);
    let after = project.ids();
    assert_eq!(after["store"], before["store"], "the store was recreated");
}

/// A service in a profile trusts the CA as well, until `remove`.
#[test]
fn service_in_a_profile() {
    let site = site();
    let image = site.image(TRIXIE);
    let mut project = Project::new(&site).ca(PRIVATE).service("plain", &image, "").service(
        "reader",
        &image,
        "profiles: [voice]",
    );
    project.types("docker compose --profile voice up -d").exits(0);
    let before = project.configuration("reader");
    let outcome = project.sets_up("--custom-ca certs/");
    assert!(next(&outcome)[0].ends_with(" --profile voice up -d"), "{outcome}");
    project.exec_finds("reader", &[CURL], "private served");
    project.follows(&project.types("trust-compose remove").exits(0));
    project.exec_finds("reader", &[CURL], "private refused");
    assert_eq!(project.configuration("reader"), before);
}
