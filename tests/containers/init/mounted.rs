//! A bundle that is prepared on the host and mounted read-only. trust-init adopts a complete bundle; `exec`
//! and health checks then trust the same CAs as the service.

use crate::clients::{self, CURL, DEBIAN_REQUESTS, EVERY};
use crate::container::Container;
use crate::engine::{BOOKWORM, TRIXIE, docker};
use crate::site::{Folder, PRIVATE, PUBLIC, Server, Site, site, wait_until};

const BUNDLE: &str = "/run/trust-init/ca-bundle.crt";
const TRUSTED: &str = "private served, public served, stranger refused";

/// Writes a bundle of the image's roots and the CA of `more`.
fn bundle(site: &Site, folder: &Folder, base: &str, more: Option<Server>) -> std::path::PathBuf {
    let roots = "/etc/ssl/certs/ca-certificates.crt";
    let mut text = docker(["run", "--rm", &site.image(base), "cat", roots]).exits(0).stdout;
    if let Some(server) = more {
        text += &std::fs::read_to_string(server.ca()).unwrap();
    }
    folder.write("ca-bundle.crt", text)
}

/// A container as the overlay configures it: bundle, CA, and variables for `exec` and health checks.
fn overlaid(site: &Site, base: &str, bundle: &std::path::Path) -> Container {
    let container = site.container(base).trusting(PRIVATE).mount(bundle, BUNDLE);
    let variables = ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "GIT_SSL_CAINFO"];
    variables
        .iter()
        .fold(container, |container, name| container.flag("--env", &format!("{name}={BUNDLE}")))
}

#[test]
fn complete_bundle_is_adopted() {
    let (site, folder) = (site(), Folder::new());
    for (base, flags) in [(BOOKWORM, ""), (TRIXIE, "--read-only --user 1000 --cap-drop ALL")] {
        let bundle = bundle(&site, &folder, base, Some(PRIVATE));
        let before = std::fs::read(&bundle).unwrap();
        overlaid(&site, base, &bundle)
            .flags(flags)
            .finds(EVERY, TRUSTED)
            .says("in `/run/trust-init/ca-bundle.crt`; starting ")
            .never_says("warning");
        assert_eq!(std::fs::read(&bundle).unwrap(), before);
    }
}

#[test]
fn adopting_writes_nothing() {
    let (site, folder) = (site(), Folder::new());
    let bundle = bundle(&site, &folder, BOOKWORM, Some(PRIVATE));
    let container = overlaid(&site, BOOKWORM, &bundle);
    let look = "ls -A /run/trust-init /tmp /dev/shm";
    let outcome = container.sh(look).exits(0);
    let listing = "/dev/shm:\n\n/run/trust-init:\nca-bundle.crt\n\n/tmp:\n";
    assert_eq!(outcome.stdout, listing, "{outcome}");
}

#[test]
fn exec_and_health_check_see_the_adopted_bundle() {
    let (site, folder) = (site(), Folder::new());
    let bundle = bundle(&site, &folder, TRIXIE, Some(PRIVATE));
    let health = format!("curl -sS {}", PRIVATE.url());
    let container = overlaid(&site, TRIXIE, &bundle)
        .flags("--user 1000 --read-only --health-interval 1s --health-timeout 20s")
        .flag("--health-cmd", &health);
    container.serve();
    container.exec(&["curl", "-sS", &PRIVATE.url()]).served();
    wait_until("the health check passes", || {
        container.state("{{.State.Health.Status}}") == "healthy"
    });
}

#[test]
fn bundle_that_lacks_the_ca_is_not_used() {
    let (site, folder) = (site(), Folder::new());
    let bundle = bundle(&site, &folder, TRIXIE, None);
    let before = std::fs::read(&bundle).unwrap();
    let container = overlaid(&site, TRIXIE, &bundle);
    container
        .finds(&[CURL, DEBIAN_REQUESTS], TRUSTED)
        .says("warning: the bundle mounted at `/run/trust-init/ca-bundle.crt` is not used: it lacks 1 certificate")
        .says("; starting `sh` as pid 1");
    assert_eq!(std::fs::read(&bundle).unwrap(), before);
}

/// `exec` and health checks use the mounted bundle; therefore trust-init warns about it (see above).
#[test]
fn exec_sees_the_bundle_that_lacks_the_ca() {
    let (site, folder) = (site(), Folder::new());
    let bundle = bundle(&site, &folder, TRIXIE, None);
    let container = overlaid(&site, TRIXIE, &bundle);
    container.serve();
    let claim = "private refused, public served";
    let script = clients::script(&[CURL], claim);
    clients::check(&[CURL], claim, container.exec(&["sh", "-c", &script]));
}

/// The bundle lacks roots of the image: clients would no longer trust public servers.
#[test]
fn bundle_that_lacks_roots_is_not_used() {
    let (site, folder) = (site(), Folder::new());
    let bundle = folder.write("ca-bundle.crt", std::fs::read(PRIVATE.ca()).unwrap());
    overlaid(&site, BOOKWORM, &bundle)
        .finds(&[CURL, DEBIAN_REQUESTS], TRUSTED)
        .says("is not used: it lacks 1");
}

/// The overlay's variables name a bundle that is not mounted: every client would fail.
#[test]
fn variables_without_bundle() {
    let site = site();
    let container = || site.container(BOOKWORM).flag("--env", &format!("SSL_CERT_FILE={BUNDLE}"));
    container().bare().run(&["curl", "-sS", &PUBLIC.url()]).exits(77);
    container()
        .run(&["echo", "started"])
        .exits(125)
        .says("error: cannot keep `/run/trust-init/ca-bundle.crt` in SSL_CERT_FILE");
    container()
        .options("--on-error warn")
        .finds(&[CURL, DEBIAN_REQUESTS], "private refused, public served")
        .says("warning: cannot keep `/run/trust-init/ca-bundle.crt` in SSL_CERT_FILE");
}
