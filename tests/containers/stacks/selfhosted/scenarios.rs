//! The four scenarios of this stack, each from setup to removal: only a domain, only the back ends' trust,
//! one CA for both, and two CAs.

use super::{ANSWERS, App, BOTH, DOMAIN, GPU};

const OWN: &str = "certs/ca.crt";
const CADDYS: &str = "../caddys-own.crt";
const CERTIFICATES: &str = "../../scripts/generate-certs.sh app.local";

#[test]
fn own_domain() {
    let mut app = App::started();
    app.types(CERTIFICATES).exits(0);
    app.serves_by(CADDYS);
    let before = app.state();

    app.sets_up(DOMAIN);
    app.serves_by(OWN);
    app.browser(Some(OWN)).prints("<h1>Self-hosted</h1>").never_says("net_error");
    let warned = app.browser(None).says("net_error -202");
    assert!(!warned.stdout.contains("Self-hosted"), "{warned}");
    // The services trust the domain; they still do not trust the other machine.
    app.compose("exec -T server curl -sS https://app.local/").exits(0).prints("Self-hosted");
    app.quickly(false);

    app.removes_setup(&before);
    app.serves_by(CADDYS);
}

#[test]
fn back_ends_alone() {
    let mut app = App::started();
    let before = app.state();

    app.sets_up(GPU);
    app.quickly(true);
    app.is_well("");
    app.serves_by(CADDYS);
    app.browser(Some(CADDYS)).prints("<li>stand-in</li>").never_says("net_error");
    assert_eq!(app.recreated(&before.ids), super::ASKERS);

    app.removes_setup(&before);
    app.serves_by(CADDYS);
}

#[test]
fn one_ca() {
    let mut app = App::new();
    app.types(CERTIFICATES).exits(0);
    let start = app.block("start").replacen("gpu.lan --out", "gpu.lan --ca certs/ --out", 1);
    app.types(&format!("set -e\n{start}")).exits(0).prints("httpx: refused");
    let before = app.state();

    app.sets_up(DOMAIN);
    app.quickly(true);
    app.serves_by(OWN);
    app.compose("exec -T server curl -sS https://app.local/").exits(0).prints("Self-hosted");

    app.removes_setup(&before);
    app.serves_by(CADDYS);
}

/// As in the README.
#[test]
fn two_cas() {
    let mut app = App::started();
    app.types(CERTIFICATES).exits(0);
    let before = app.state();

    // All but the last line, the curl command: `serves_by` runs it.
    let block = app.block("two CAs");
    let (lines, _) = block.split_once("curl --cacert").expect("curl in the README");
    let outcome = app.types(&format!("set -e\n{lines}")).exits(0);
    for (client, answer) in ANSWERS {
        assert!(outcome.stdout.contains(&format!("{client}: {answer}\n")), "{outcome}");
    }
    // Another setup changes nothing: the README's commands are those that setup prints.
    let containers = app.ids();
    app.sets_up(BOTH);
    assert_eq!(app.recreated(&containers), [""; 0]);
    app.quickly(true);
    app.is_well("");
    app.serves_by(OWN);
    app.browser(Some(OWN)).prints("<li>stand-in</li>").never_says("net_error");

    app.removes_setup(&before);
    app.serves_by(CADDYS);
}
