//! `setup --swarm`: what it writes and refuses. tests/containers tests that a swarm accepts it.

use trust_init::trust::bundle::Pem;

use crate::desk::Desk;
use crate::setup::flags::{back_end, has};
use crate::world::gallery;

/// Creates `number` CAs that differ in the last bytes of their signatures, which clients do not check for a
/// root.
fn authorities(desk: &Desk, number: u16) {
    let one = std::fs::read(gallery("ca-ec.der")).unwrap();
    let (front, _) = one.split_last_chunk::<2>().unwrap();
    let text = (0..number).flat_map(|number| {
        let der = [front, &number.to_be_bytes()].concat();
        Pem::encode(&der).text().to_vec()
    });
    desk.write("many.crt", text.collect::<Vec<_>>());
}

#[test]
fn a_bundle_too_large_for_a_config_is_refused_with_its_size() {
    let desk = back_end();
    authorities(&desk, 900);
    let before = desk.contents(".");
    let run = desk.types(".", "setup --custom-ca many.crt --roots mozilla --swarm").exits(1);
    let run = run.says(" bytes, and a config can have 500000");
    run.says("cannot create a config of `ca-bundle-");
    assert_eq!(desk.contents("."), before);
    // A mount has no size limit.
    desk.types(".", "setup --custom-ca many.crt --roots mozilla").succeeds();
}

#[test]
fn mounts_become_configs_and_back_without_a_trace() {
    let desk = back_end();
    let before = desk.contents(".");
    let text = desk.types(".", "setup --custom-ca certs --swarm").succeeds().stdout();
    has(&text, "\n  docker stack deploy -c docker-compose.yml -c docker-compose.ca.yml ");
    assert!(!desk.read("docker-compose.ca.yml").contains("bind"));
    desk.types(".", "setup --check").succeeds();

    let text = desk.types(".", "setup --custom-ca certs").succeeds().stdout();
    has(&text, "\n  docker compose -f docker-compose.yml -f docker-compose.ca.yml up -d");
    assert!(!desk.read("docker-compose.ca.yml").contains("configs"));

    desk.types(".", "setup --custom-ca certs --swarm").succeeds();
    let text = desk.types(".", "remove").succeeds().stdout();
    has(&text, "\n  docker stack deploy -c docker-compose.yml ");
    assert_eq!(desk.contents("."), before);
}

#[test]
fn options_that_a_swarm_cannot_apply_are_refused() {
    let desk = back_end();
    for option in ["--caddy", "--tls queue", "--without queue", "--activate", "--up"] {
        let run = desk.types(".", &format!("setup --custom-ca certs --swarm {option}")).exits(2);
        run.says("cannot be used with");
    }
    desk.types(".", "setup --swarm").exits(2).says("cannot use --swarm without a CA");
}
