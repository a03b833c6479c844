//! `setup --check`: compares the CA, the images, the compose files and the running containers with the setup,
//! and reports by exit code and message.

use crate::engine::{BOOKWORM, Outcome, TRIXIE, docker, unique};
use crate::project::{Project, next};
use crate::site::{PRIVATE, SECOND, site};

const SETUP: &str = "--custom-ca certs/";
const CHECK: &str = "--custom-ca certs/ --check";
const OLDER: &str = "`docker-compose.ca.yml` is older than the CA, an image or a compose file";

#[test]
fn check() {
    let site = site();
    let mut project = Project::new(&site).ca(PRIVATE);
    let image = project.tag(&site.image(BOOKWORM), "assistant");
    let mut project = project.service("plain", &image, "");
    project.up();
    let untouched = project.directory();
    project.setup("--check").exits(1).prints("nothing is set up here");
    project.setup(CHECK).exits(1).prints("is missing");
    assert_eq!(project.directory(), untouched);

    let outcome = project.setup(SETUP).exits(0);
    let check = project.setup(CHECK).exits(1).prints(&format!("{}-plain-1", project.name));
    run_fixes(&project, &check);
    project.follows(&outcome);
    let whole = project.directory();
    // With or without the options of the setup, which the overlay records.
    project.setup(CHECK).exits(0).prints("in step");
    project.setup("--check").exits(0).prints("in step");

    project.replace_ca(SECOND);
    project.setup("--check").exits(1).prints(OLDER);
    project.replace_ca(PRIVATE);
    project.setup("--check").exits(0);

    docker(["tag", &site.image(TRIXIE), &image]).exits(0);
    project.setup("--check").exits(1).prints(OLDER);
    docker(["tag", &site.image(BOOKWORM), &image]).exits(0);
    project.setup("--check").exits(0);

    project.types("sed -i '$a #' .trust/custom-ca-*.crt").exits(0);
    project.setup("--check").exits(1).prints("was changed");
    project.types("sed -i '$d' .trust/custom-ca-*.crt").exits(0);
    assert_eq!(project.directory(), whole);

    let project = project.service("another", &image, "");
    let check = project.setup("--check").exits(1).prints(OLDER);
    run_fixes(&project, &check);
}

/// Runs the printed fixes. Then everything is in step.
fn run_fixes(project: &Project, check: &Outcome) {
    for fix in check.stdout.lines().filter_map(|line| line.strip_prefix("fix: ")) {
        project.types(fix).exits(0);
    }
    project.setup("--check").exits(0).prints("in step");
}

/// Compose labels the images that it builds, and containers inherit the labels of their image, also the
/// containers by which setup reads an image.
#[test]
fn check_of_an_image_that_compose_built() {
    let site = site();
    let mut project = Project::new(&site).ca(PRIVATE);
    let image = project.tag(&site.image(BOOKWORM), "built");
    let more = format!("build: {{dockerfile_inline: \"FROM {}\"}}", site.image(BOOKWORM));
    let mut project = project.service("built", &image, &more);
    project.compose("build").exits(0);
    let outcome = project.setup(SETUP).exits(0).prints("from its own image: built");
    project.follows(&outcome);
    project.setup("--check").exits(0).prints("in step");
    project.setup(CHECK).exits(0).prints("in step");
    // `up` does not recreate a container of `docker compose run`.
    let once = unique();
    project.types(&format!("docker compose run --name {once} --detach built sleep 60")).exits(0);
    let outcome = project.setup("--check");
    docker(["rm", "--force", &once]).exits(0);
    outcome.exits(0).prints("in step");
}

/// Before its image is here, a service gets Mozilla's roots; afterwards that is no fault.
#[test]
fn check_of_an_image_that_appears_after_the_setup() {
    let site = site();
    let mut project = Project::new(&site).ca(PRIVATE);
    let image = format!("trust-init-test/{}/late", unique());
    let from = |more: &str| {
        format!("build: {{dockerfile_inline: \"FROM {}{more}\"}}", site.image(BOOKWORM))
    };
    project.owns([image.clone(), image.replace("late", "pinned")]);
    let mut project = project.service("late", &image, &from(""));
    let outcome = project
        .setup(SETUP)
        .exits(0)
        .prints("from Mozilla, because its image is not on this machine");
    let next = next(&outcome);
    assert!(
        next[0].ends_with(" build late") && next[1] == "trust-compose setup --again",
        "{next:?}"
    );
    project.types(&next[0]).exits(0);
    project.setup("--check").exits(0).prints("the images are on this machine now");
    project.types("trust-compose doctor --files-only").exits(0).prints("in step with the CA");
    project.follows(&outcome);
    let check = project.setup("--check").exits(0).prints("in step");
    assert!(!check.stdout.contains("info"), "{check}");
    project.setup("--again").exits(0).prints("from its own image: late");
    // A variable of the image is more than other roots.
    let project = project.service(
        "pinned",
        &image.replace("late", "pinned"),
        &from("\\nENV SSL_CERT_FILE=/own.pem"),
    );
    project.setup("--again").exits(0);
    project.compose("build pinned").exits(0);
    project.setup("--check").exits(1).prints(OLDER);
}

/// Compose 2.26 accepts a service with this name, and refuses it in a second file.
#[test]
fn an_overlay_that_compose_refuses_is_not_written() {
    let site = site();
    let project = Project::new(&site).ca(PRIVATE).service("x-ui", &site.image(BOOKWORM), "");
    project.compose("config --quiet").exits(0);
    let before = project.directory();
    let outcome = project.setup(SETUP);
    if outcome.stderr.contains("Compose refuses it") {
        outcome.exits(1).says("`--service NAME=leave`");
        assert_eq!(project.directory(), before);
        project.setup("--custom-ca certs/ --service x-ui=leave").exits(0);
    } else {
        outcome.exits(0);
    }
    let both = "docker compose -f docker-compose.yml -f docker-compose.ca.yml config --quiet";
    project.types(both).exits(0);
}
