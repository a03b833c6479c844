//! A replaced CA: running containers keep the old one until they are recreated, and only the services that
//! trust the CA are recreated.

use std::sync::Arc;

use crate::clients::{CURL, HTTPX};
use crate::engine::TRIXIE;
use crate::project::Project;
use crate::site::{PARTNER, PRIVATE, SECOND, Site, site};

const CLIENTS: &[crate::clients::Client] = &[CURL, HTTPX];
const PRIVATE_ONLY: &str = "private served, second refused, public served";
const SECOND_ONLY: &str = "private refused, second served, public served";

fn project(site: &Arc<Site>) -> Project {
    let image = site.image(TRIXIE);
    let mut project = Project::new(site).ca(PRIVATE);
    let store = project.tag(&image, "redis");
    project.service("plain", &image, "").service("state", &store, "")
}

#[test]
fn ca_replaced() {
    let site = site();
    let mut project = project(&site);
    project.sets_up("--custom-ca certs/");
    project.exec_finds("plain", CLIENTS, PRIVATE_ONLY);
    let (containers, directory) = (project.ids(), project.directory());

    // A second setup changes nothing.
    project.sets_up("--custom-ca certs/");
    assert_eq!(project.directory(), directory);
    assert_eq!(project.recreated(&containers), [""; 0]);

    project.replace_ca(SECOND);
    let outcome = project.setup("--custom-ca certs/").exits(0);
    // Running containers mount the old files, and must be able to restart with them.
    project.compose("restart").exits(0);
    project.exec_finds("plain", CLIENTS, PRIVATE_ONLY);
    assert_eq!(project.recreated(&containers), [""; 0]);

    project.follows(&outcome);
    assert_eq!(project.recreated(&containers), ["plain"]);
    project.exec_finds("plain", CLIENTS, SECOND_ONLY);
}

/// Two setups without the printed command in between: running containers must still be able to restart.
#[test]
fn ca_replaced_twice() {
    let site = site();
    let mut project = project(&site);
    project.sets_up("--custom-ca certs/");
    for server in [SECOND, PARTNER] {
        project.replace_ca(server);
        project.setup("--custom-ca certs/").exits(0);
    }
    project.compose("restart").exits(0);
    project.exec_finds("plain", CLIENTS, PRIVATE_ONLY);
}

#[test]
fn several_cas() {
    let site = site();
    let mut project = project(&site);
    std::fs::copy(SECOND.ca(), project.folder.0.join("gpu-ca.crt")).unwrap();
    project.sets_up("--custom-ca certs/ --extra-ca gpu-ca.crt");
    project.exec_finds("plain", CLIENTS, "private served, second served, stranger refused");
    let containers = project.ids();
    project.sets_up("--extra-ca gpu-ca.crt");
    assert_eq!(project.recreated(&containers), ["plain"]);
    project.exec_finds("plain", CLIENTS, SECOND_ONLY);
}

/// Docker would create a directory in the place of a missing file, which the next setup would find.
#[test]
fn files_that_are_missing() {
    let site = site();
    let mut project = project(&site);
    project.up();
    let outcome = project.setup("--custom-ca certs/").exits(0);
    let whole = project.directory();
    project.types("rm .trust/*.crt").exits(0);
    let directory = project.directory();
    let up = &crate::project::next(&outcome)[0];
    let outcome = project.types(up);
    assert_ne!(outcome.code, 0, "{outcome}");
    let outcome = outcome.says("bind source path does not exist");
    assert_eq!(project.directory(), directory, "{outcome}");
    project.setup("--check --custom-ca certs/").exits(1).prints(".crt` is missing");
    // Another setup restores the files.
    project.sets_up("--custom-ca certs/");
    assert_eq!(project.directory(), whole);
    project.exec_finds("plain", CLIENTS, PRIVATE_ONLY);
}
