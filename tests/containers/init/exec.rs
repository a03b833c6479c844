//! `docker exec` in the container of a running service: it does not inherit what the entrypoint set, gets the
//! same trust by `--print-env`, and never changes what the service trusts.

use crate::clients::{self, CURL, DEBIAN_REQUESTS, GIT};
use crate::container::Container;
use crate::engine::BOOKWORM;
use crate::site::{PRIVATE, SECOND, site};

/// Prints every existing bundle: path, inode, time and contents.
const BUNDLES: &str = "find /run/trust-init /tmp /dev/shm -name '*.crt' -exec ls -li --full-time {} + \
                       -exec sha256sum {} + 2>/dev/null || true";

#[track_caller]
fn finds(container: &Container, user: &str, script: &str, claim: &str) {
    let clients = &[CURL, DEBIAN_REQUESTS, GIT];
    let script = format!("set -e; {script}\n{}", clients::script(clients, claim));
    clients::check(clients, claim, container.exec_as(user, &["sh", "-c", &script]));
}

#[test]
fn print_env_gives_the_service_s_trust() {
    let site = site();
    for service in ["0", "1000"] {
        let container = site.container(BOOKWORM).trusting(PRIVATE).flags("--user").flags(service);
        container.serve();
        let before = container.exec(&["sh", "-c", BUNDLES]).exits(0);
        assert!(before.stdout.contains("/ca-bundle.crt"), "{before}");
        for user in ["0", "1000"] {
            finds(&container, user, "", "private refused, public served");
            let eval = r#"eval "$(/trust-init --print-env)""#;
            finds(&container, user, eval, "private served, public served, stranger refused");
        }
        let after = container.exec(&["sh", "-c", BUNDLES]).exits(0);
        let kept = before.stdout.lines().all(|line| after.stdout.contains(line));
        assert!(kept, "before: {before}\nafter: {after}");
    }
}

#[test]
fn print_env_prints_lines_for_a_shell() {
    let site = site();
    let container = site.container(BOOKWORM).trusting(PRIVATE);
    container.serve();
    let outcome = container.exec(&["/trust-init", "--print-env"]).exits(0);
    assert!(outcome.stdout.lines().all(|line| line.starts_with("export ")), "{outcome}");
    outcome
        .prints("export SSL_CERT_FILE='/run/trust-init/ca-bundle.crt'\n")
        .prints("export NODE_EXTRA_CA_CERTS='/run/trust-init/custom-ca.crt'\n");
}

/// Another CA for one command; the running service does not trust it.
#[test]
fn another_ca_beside_the_service() {
    let site = site();
    let container = site.container(BOOKWORM).trusting(PRIVATE).mount(&SECOND.ca(), "/second.crt");
    let script = "echo at work; until [ -e /go ]; do sleep 0.1; done; ";
    let claim = "private served, second refused, public served";
    let script = format!("{script}{}", clients::script(&[CURL], claim));
    container.start(&["sh", "-c", &script]).exits(0);
    container.wait_for("at work");
    let before = container.exec(&["sh", "-c", BUNDLES]).exits(0).stdout;
    let command = ["/trust-init", "--ca", "/second.crt", "--", "curl", "-sS"];
    let second = SECOND.url();
    container.exec(&[&command[..], &[&second]].concat()).served();
    let after = container.exec(&["sh", "-c", BUNDLES]).exits(0);
    assert!(before.lines().all(|line| after.stdout.contains(line)), "{before}\n{after}");
    container.exec(&["touch", "/go"]).exits(0);
    container.wait_for("curl public");
    clients::check(&[CURL], claim, container.logs());
}
