//! `--activate`: plain `docker compose` commands use the overlay and the existing override file; `remove`
//! restores `.env`.

use crate::clients::{CURL, REQUESTS};
use crate::engine::TRIXIE;
use crate::project::{Project, next};
use crate::site::{PRIVATE, site};

const UP: &str = "docker compose up -d";

#[test]
fn plain_commands_use_the_overlay() {
    let site = site();
    let mut project = Project::new(&site).ca(PRIVATE).service("plain", &site.image(TRIXIE), "");
    let of_override = "services: {plain: {environment: {FROM_OVERRIDE: \"${GREETING}\"}}}";
    project.folder.write("docker-compose.override.yml", of_override);
    project.folder.write(".env", "GREETING=hello\n");
    project.types(UP).exits(0);
    let directory = project.directory();
    let config = project.types("docker compose config").exits(0).stdout;
    let before = project.configuration("plain");

    // Setup and start in one command.
    project.setup("--custom-ca certs/ --activate --up").exits(0);
    let containers = project.ids();
    project.exec_finds("plain", &[CURL, REQUESTS], "private served, public served");
    project.compose("exec -T plain printenv FROM_OVERRIDE").exits(0).prints("hello\n");
    project.types(UP).exits(0);
    assert_eq!(project.recreated(&containers), [""; 0]);
    let outcome = project.sets_up("--custom-ca certs/ --activate");
    assert_eq!(next(&outcome), [UP]);
    assert_eq!(project.recreated(&containers), [""; 0]);
    project.setup("--check").exits(0).prints("in step");

    let outcome = project.types("trust-compose remove").exits(0);
    assert_eq!(next(&outcome), [UP, "trust-compose remove"]);
    assert_eq!(project.types("docker compose config").exits(0).stdout, config);
    project.follows(&outcome);
    assert_eq!(project.directory(), directory);
    project.exec_finds("plain", &[CURL, REQUESTS], "private refused, public served");
    assert_eq!(project.configuration("plain"), before);
}

/// Without `--activate` the printed command names the override file, and so does the command after `remove`.
#[test]
fn setup_up_also_starts_the_services() {
    let site = site();
    let project = Project::new(&site).ca(PRIVATE).service("plain", &site.image(TRIXIE), "");
    let of_override = "services: {plain: {environment: {FROM_OVERRIDE: hello}}}";
    project.folder.write("docker-compose.override.yml", of_override);
    let directory = project.directory();
    let outcome = project.setup("--custom-ca certs/ --up").exits(0);
    let files = "-f docker-compose.yml -f docker-compose.override.yml -f docker-compose.ca.yml";
    assert_eq!(next(&outcome)[0], format!("docker compose {files} up -d"));
    // It ends with the doctor's verdict: the image with trust-doctor is missing.
    let verdict: Vec<_> = outcome.stdout.lines().rev().take(3).collect();
    assert!(
        verdict[2].starts_with("doctor: ") && verdict[2].contains(" passed, 0 errors"),
        "{outcome}"
    );
    assert!(verdict[1].contains("is not on this machine"), "{outcome}");
    assert_eq!(verdict[0], "  details: trust-compose doctor");
    project.exec_finds("plain", &[CURL], "private served");
    project.compose("exec -T plain printenv FROM_OVERRIDE").exits(0).prints("hello\n");
    let instead = "fix: trust-compose setup --custom-ca certs --up\n";
    project.setup("--up").exits(2).says(instead);
    project.exec_finds("plain", &[CURL], "private served");
    project.types("trust-compose remove --up").exits(0);
    project.exec_finds("plain", &[CURL], "private refused");
    assert_eq!(project.directory(), directory);
}
