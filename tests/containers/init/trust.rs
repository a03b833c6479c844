//! With the CA mounted, every client trusts it and what it trusted before, and no other CA.

use crate::clients::{CURL, DEBIAN_REQUESTS, EVERY, GIT, URLLIB};
use crate::engine::{BOOKWORM, TRIXIE};
use crate::site::{PRIVATE, site};

const BEFORE: &str = "private refused, public served, stranger refused";
const AFTERWARDS: &str = "private served, public served, stranger refused";

#[track_caller]
fn every_client(base: &str) {
    let site = site();
    site.container(base).bare().trusting(PRIVATE).finds(EVERY, BEFORE);
    site.container(base).finds(EVERY, BEFORE);
    site.container(base).trusting(PRIVATE).finds(EVERY, AFTERWARDS);
}

#[test]
fn every_client_on_bookworm() {
    every_client(BOOKWORM);
}

#[test]
fn every_client_on_trixie() {
    every_client(TRIXIE);
}

/// The service is the client itself, without a shell.
#[test]
fn service_that_is_a_client() {
    let site = site();
    let url = PRIVATE.url();
    site.container(BOOKWORM).run(&["curl", "-sS", &url]).exits(60);
    site.container(BOOKWORM)
        .trusting(PRIVATE)
        .run(&["curl", "-sS", &url])
        .served()
        .says("trust-init: trusting `CN=private CA` until ")
        .says("starting `curl` as pid 1");
}

#[track_caller]
fn hardened(flags: &str, base: &str) {
    let site = site();
    let clients = &[CURL, URLLIB, DEBIAN_REQUESTS, GIT];
    site.container(base).trusting(PRIVATE).flags(flags).finds(clients, AFTERWARDS);
}

#[test]
fn read_only() {
    hardened("--read-only", BOOKWORM);
}

#[test]
fn plain_user() {
    hardened("--user 1000", BOOKWORM);
}

#[test]
fn no_capabilities() {
    hardened("--cap-drop ALL", TRIXIE);
}

#[test]
fn no_new_privileges() {
    hardened("--security-opt no-new-privileges", TRIXIE);
}

#[test]
fn all_restrictions_together() {
    let flags = "--read-only --user 1000:1000 --cap-drop ALL --security-opt no-new-privileges";
    let site = site();
    for base in [BOOKWORM, TRIXIE] {
        let container = || site.container(base).flags(flags);
        container().bare().finds(EVERY, BEFORE);
        container()
            .trusting(PRIVATE)
            .finds(EVERY, AFTERWARDS)
            .says("in `/dev/shm/trust-init-1000-");
    }
}
