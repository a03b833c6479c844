//! trust-compose in a container of the trust-init image, for users who install nothing: certificates, setup
//! and removal, as the user who runs it, without a docker command in the container.

use crate::clients::CURL;
use crate::engine::{Outcome, TRIXIE, label};
use crate::project::Project;
use crate::site::{PRIVATE, site};
use crate::stack::programs;

/// Runs trust-compose as in the README, as a user other than root.
#[track_caller]
fn run(project: &Project, image: &str, words: &str) -> Outcome {
    let run = format!("docker run --rm {} --user 1234:1234", label());
    project.types(&format!("{run} -v \"$PWD\":/work -w /work {image} /trust-compose {words}"))
}

#[test]
fn out_of_the_image() {
    let (site, image) = (site(), programs());
    let mut project = Project::new(&site).ca(PRIVATE).service("plain", &site.image(TRIXIE), "");
    project.folder.write(".gitignore", "*.log\n");
    project.types("chown -R 1234:1234 .").exits(0);

    run(&project, &image, "certs demo.local --out made").exits(0);
    let modes = project.types("stat -c '%n %u %a' made/ca.key made/server.pem").exits(0);
    assert_eq!(modes.stdout, "made/ca.key 1234 600\nmade/server.pem 1234 644\n", "{modes}");
    run(&project, &image, "inspect certs/ca.crt").exits(0).prints("private CA");

    let directory = project.directory();
    let outcome = run(&project, &image, "setup --custom-ca certs/").exits(0).prints("from Mozilla");
    let others = project.types("find . ! -user 1234").exits(0);
    assert_eq!(others.stdout, "", "{others}");
    project.follows(&outcome);
    project.exec_finds("plain", &[CURL], "private served, stranger refused");

    // The same image is the probe container, by `doctor` and by a plain `docker run`. The exit code is not
    // checked: the overlay of a setup without docker differs from the one that `doctor` expects.
    let doctor = format!("trust-compose doctor --image {image}");
    project.types(&doctor).prints(" certificates, for SSL_CERT_FILE");
    let plain = &project.ids()["plain"];
    let beside = format!("docker run --rm {} --pid container:{plain} {}", label(), image);
    project.types(&format!("{beside} /trust-doctor")).exits(0).prints("custom-ca.crt`: 1 ");

    let outcome = run(&project, &image, "remove").exits(0);
    assert_eq!(project.directory(), directory);
    project.follows(&outcome);
    project.exec_finds("plain", &[CURL], "private refused, public served");
}
