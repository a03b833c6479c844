//! Locations of the bundle if the default directory is not writable, and of the image's roots if they are not
//! at Debian's path.

use crate::clients::{CURL, DEBIAN_REQUESTS, GIT, URLLIB};
use crate::engine::{BOOKWORM, TRIXIE};
use crate::site::{PRIVATE, site};

const TRUSTED: &str = "private served, public served, stranger refused";

#[test]
fn shared_memory_when_read_only() {
    let site = site();
    site.container(TRIXIE)
        .trusting(PRIVATE)
        .flags("--read-only")
        .finds(&[CURL], TRUSTED)
        .says("in `/dev/shm/trust-init-0-")
        .never_says("warning");
}

/// No directory is writable: the service and its children read the bundle from memory, and one warning names
/// the limits of that.
#[test]
fn memory_when_nothing_is_writable() {
    let site = site();
    for user in ["0", "1000"] {
        let container = || {
            site.container(TRIXIE)
                .trusting(PRIVATE)
                .flags("--read-only --ipc none --user")
                .flags(user)
        };
        // The service itself.
        let outcome = container().run(&["curl", "-sS", &PRIVATE.url()]).served();
        let limit = "trust-init: warning: no directory is writable, so the bundle is in memory: \
                     the service and its children of the same uid can read it while the service runs, \
                     but `exec` and health checks cannot\n";
        assert_eq!(outcome.stderr.matches(limit).count(), 1, "{outcome}");
        assert_eq!(outcome.stderr.matches("warning").count(), 1, "{outcome}");
        // Its children and their children.
        container().finds(&[CURL, URLLIB, DEBIAN_REQUESTS, GIT], TRUSTED);
    }
}

#[test]
fn tmp_when_run_is_not_writable() {
    let site = site();
    site.container(BOOKWORM)
        .trusting(PRIVATE)
        .flags("--user 1000")
        .finds(&[CURL], TRUSTED)
        .says("in `/tmp/trust-init-1000-")
        .never_says("warning");
}

#[test]
fn tmpfs_at_run_when_read_only() {
    let site = site();
    site.container(BOOKWORM)
        .trusting(PRIVATE)
        .flags("--read-only --user 1000 --tmpfs /run/trust-init:uid=1000,mode=0755")
        .finds(&[CURL], TRUSTED)
        .says("in `/run/trust-init/ca-bundle.crt`")
        .never_says("warning");
}

/// The path of Fedora, RHEL and their derivatives.
#[test]
fn roots_at_red_hats_path_only() {
    let site = site();
    let base = site.image(BOOKWORM);
    let image = site.derived("redhat", &format!(
        "FROM {base}\n\
         RUN mkdir -p /etc/pki/ca-trust/extracted/pem \
         && mv /etc/ssl/certs/ca-certificates.crt /etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem \
         && rm -r /etc/ssl\n"
    ));
    site.container_of(&image).bare().finds(&[URLLIB], "private refused, public refused");
    site.container_of(&image)
        .trusting(PRIVATE)
        .finds(&[CURL, URLLIB, DEBIAN_REQUESTS], TRUSTED)
        .says("roots of `/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem`");
}
