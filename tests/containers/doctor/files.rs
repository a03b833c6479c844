//! `trust-compose doctor --files-only`, for findings that need Compose or an engine.

use crate::engine::{BOOKWORM, TRIXIE, docker};
use crate::project::Project;
use crate::site::{PRIVATE, site};

const DOCTOR: &str = "trust-compose doctor --files-only";

#[test]
fn doctor_files() {
    let site = site();
    let mut project = Project::new(&site).ca(PRIVATE);
    let image = project.tag(&site.image(BOOKWORM), "assistant");
    let project = project.service("plain", &image, "");
    project.setup("--custom-ca certs/").exits(0);
    let good =
        "in step with the CA, the images and the compose files; it makes `plain` trust the CA";
    project.types(DOCTOR).prints(good);

    // Without an engine the roots of the service's image are unknown.
    let gone = format!("DOCKER_HOST=unix:///nowhere {DOCTOR}");
    project
        .types(&gone)
        .prints("setup would write another one now, but the engine did not describe the images");
    project.types(&format!("{gone} --json")).prints("\"overlay-unknown\"");

    docker(["tag", &site.image(TRIXIE), &image]).exits(0);
    project
        .types(DOCTOR)
        .exits(1)
        .prints("it was edited, or is older than an image or a compose file");
    docker(["tag", &site.image(BOOKWORM), &image]).exits(0);
    project.types(DOCTOR).prints(good);

    let project = project.service("other", &image, "env_file: [not-there.env]");
    project.types(DOCTOR).prints("Compose cannot start the project as it is: ");
    project.types(&format!("{DOCTOR} --json")).prints("\"project-incomplete\"");
}
