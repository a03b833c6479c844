//! trust-doctor in a probe container, which joins a container's network and PID namespaces as its help says.

use crate::container::Container;
use crate::engine::{Outcome, trust_init};
use crate::site::{PRIVATE, SECOND, site};

/// Returns the number of root certificates of an image.
#[track_caller]
pub fn roots_of(image: &str) -> usize {
    let count = "grep -c BEGIN /etc/ssl/certs/ca-certificates.crt";
    Container::new(image).bare().sh(count).exits(0).stdout.trim().parse().unwrap()
}

/// Inspects `container` as `user`, in a probe container without other rights.
pub fn inspect(container: &Container, user: &str, words: &[&str]) -> Outcome {
    let program = trust_init().with_file_name("trust-doctor");
    let beside = format!("--network container:{0} --pid container:{0}", container.name);
    let doctor = Container::new("trust-init-test/bookworm").bare().flags(&beside);
    let doctor = doctor.flags("--read-only --cap-drop ALL --security-opt no-new-privileges");
    let doctor = doctor.flags(&format!("--user {user}"));
    doctor.mount(&program, "/trust-doctor").run(&[&["/trust-doctor"], words].concat())
}

#[test]
fn a_probe_container_inspects_a_service() {
    let site = site();
    let roots = roots_of(&site.image("trixie"));
    let url = format!("https://me:hunter2@{}/v1", PRIVATE.address());
    let service =
        || site.container("trixie").flags("--user 1000").flag("--env", &format!("LLM={url}"));

    let trusting = service().trusting(PRIVATE);
    let outcome = inspect(trusting.serve(), "1000", &[]).exits(0);
    let outcome = outcome
        .prints(&format!("/ca-bundle.crt`: {} certificates, for SSL_CERT_FILE, REQ", roots + 1));
    let outcome = outcome.prints(&format!("https://{}: verified, TLS 1.3", PRIVATE.address()));
    let outcome = outcome.prints("by `CN=private CA` in ");
    assert!(!outcome.stdout.contains("hunter2"), "{outcome}");
    // A server of another CA.
    let words = ["--connect", &SECOND.url()];
    inspect(&trusting, "1000", &words)
        .exits(1)
        .prints("`CN=second CA`, which signed it, is neither sent");

    let without = service();
    let outcome = inspect(without.serve(), "1000", &[]).exits(1);
    outcome
        .prints(&format!("(the image's own): {roots} certificates"))
        .prints("`CN=private CA`, which signed it");
}

#[test]
fn an_unreadable_process_is_reported() {
    let site = site();
    let service = site.container("trixie");
    let outcome = inspect(service.serve(), "1000", &[]).exits(2);
    outcome.prints("its variables and files cannot be read").prints("SYS_PTRACE");
}
