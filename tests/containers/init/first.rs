//! PID 1: the service itself, or an init process before or after trust-init.

use crate::container::Container;
use crate::engine::BOOKWORM;
use crate::site::{PRIVATE, Site, site};

fn container(site: &Site) -> Container {
    site.container(BOOKWORM).trusting(PRIVATE)
}

/// Asserts that `docker stop` ends the service by its own handler; a killed service exits with 137.
#[track_caller]
fn exits_with_the_services_code(container: &Container) -> &Container {
    container.serve();
    assert_eq!(container.stop(), "7");
    container
}

#[test]
fn service_is_the_first_process() {
    let site = site();
    let container = container(&site);
    container.serve();
    container.exec(&["sh", "-c", "cat /proc/1/comm"]).prints("sh\n");
    assert_eq!(container.stop(), "7");
}

#[test]
fn docker_init() {
    let site = site();
    let container = container(&site).flags("--init");
    container.serve();
    container.exec(&["cat", "/proc/1/comm"]).prints("docker-init\n");
    assert_eq!(container.stop(), "7");
}

#[test]
fn tini_and_dumb_init_on_either_side() {
    let site = site();
    for chain in [
        "tini -- /trust-init --",
        "/trust-init -- tini --",
        "dumb-init -- /trust-init --",
        "/trust-init -- dumb-init --",
    ] {
        container(&site).entrypoint(chain).run(&["curl", "-sS", &PRIVATE.url()]).served();
        container(&site).entrypoint(chain).sh("exit 42").exits(42);
        exits_with_the_services_code(&container(&site).entrypoint(chain));
    }
}

/// trust-init that starts trust-init: the environment and the files are the same as with one.
#[test]
fn trust_init_twice() {
    let site = site();
    for flags in ["", "--user 1000", "--read-only", "--read-only --ipc none"] {
        let make = || container(&site).flags("--hostname service").flags(flags);
        let once = make();
        let twice = make().entrypoint("/trust-init -- /trust-init --");
        let single = once.run(&["env"]).exits(0);
        let double = twice.run(&["env"]).exits(0);
        assert_eq!(double.stdout, single.stdout, "{double}");
        assert!(single.stdout.contains("\nSSL_CERT_FILE="), "{single}");
        assert_eq!(twice.changes(), once.changes());
        let look = "ls -l /proc/$$/fd | grep -c memfd";
        assert_eq!(
            make().sh(look).stdout,
            make().entrypoint("/trust-init -- /trust-init --").sh(look).stdout
        );
    }
}
