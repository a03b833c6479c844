//! An image that contains one static program only: no roots, no /run, no /tmp, no shell.

use std::sync::Arc;

use crate::container::Container;
use crate::site::{PRIVATE, PUBLIC, Site, site};

#[track_caller]
fn scratch(site: &Arc<Site>) -> Container {
    site.container_of(&site.derived("scratch", "FROM scratch\nCOPY peer /peer\n"))
}

#[test]
fn served_as_root() {
    let site = site();
    let get = ["/peer", "get", &PRIVATE.address()];
    scratch(&site).bare().run(&get).exits(1).says("UnknownIssuer");
    scratch(&site).run(&get).exits(1).says("UnknownIssuer");
    scratch(&site)
        .trusting(PRIVATE)
        .run(&get)
        .served()
        .says("warning: the image has no root certificates")
        .says("1 custom CA and no roots in `/run/trust-init/ca-bundle.crt`");
}

#[test]
fn served_as_a_plain_user() {
    let site = site();
    scratch(&site)
        .trusting(PRIVATE)
        .flags("--user 1000 --cap-drop ALL --read-only")
        .run(&["/peer", "get", &PRIVATE.address()])
        .served()
        .says("warning: the image has no root certificates")
        .says("no roots in `/dev/shm/trust-init-1000-");
}

#[test]
fn served_with_nothing_writable() {
    let site = site();
    scratch(&site)
        .trusting(PRIVATE)
        .flags("--user 1000 --read-only --ipc none")
        .run(&["/peer", "get", &PRIVATE.address()])
        .served()
        .says("so the bundle is in memory");
}

/// trust-init's built-in roots are Mozilla's, which do not contain the tests' public CA.
#[test]
fn roots_of_mozilla() {
    let site = site();
    scratch(&site)
        .trusting(PRIVATE)
        .options("--roots mozilla")
        .run(&["/peer", "get", &PRIVATE.address()])
        .served()
        .never_says("the image has no root certificates")
        .says(" roots of Mozilla's in `/run/trust-init/ca-bundle.crt`");
    scratch(&site)
        .trusting(PRIVATE)
        .options("--roots mozilla")
        .run(&["/peer", "get", &PUBLIC.address()])
        .exits(1)
        .says("UnknownIssuer");
}

#[test]
fn program_that_is_missing() {
    let site = site();
    scratch(&site).trusting(PRIVATE).run(&["/service"]).exits(127).says("`/service`");
}
