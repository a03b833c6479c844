//! The commands of the README's section about Compose projects, run unchanged.

use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::sync::Arc;

use crate::engine::{TRIXIE, label, repository};
use crate::init::readme::block;
use crate::project::{OVERLAY, Project};
use crate::site::{Folder, PRIVATE, Site, site};
use crate::stack::programs;

const BUNDLE: &str = "test -s /run/trust-init/ca-bundle.crt && echo \"in ${SSL_CERT_FILE:-none}\"";
const TRUSTS: &str = "in /run/trust-init/ca-bundle.crt\n";

/// Returns a project with a back end, a database by its image's name, and the user's own files.
fn project(site: &Arc<Site>) -> Project {
    let image = site.image(TRIXIE);
    let mut project = Project::new(site);
    let database = project.tag(&image, "postgres");
    let project = project.service("agent", &image, "").service("db", &database, "");
    project.folder.write(".gitignore", "*.log\n/certs");
    project.folder.write(".env", "TAG=1\r\n");
    project
}

fn trusts(project: &Project, service: &str) -> bool {
    let outcome = project.compose(&format!("exec -T {service} sh -c '{BUNDLE}'"));
    outcome.stdout == TRUSTS
}

#[test]
fn setup() {
    let site = site();
    let mut project = project(&site);
    symlink(repository().join("scripts"), project.folder.0.join("scripts")).unwrap();
    let outcome = project.types(&format!("set -e\n{}", block("setup"))).exits(0);
    let outcome = outcome.prints("  `CN=reflector.local CA ");
    assert!(outcome.stdout.contains(block("setup").lines().last().unwrap()), "{outcome}");
    assert!(trusts(&project, "agent") && !trusts(&project, "db"));

    let container = project.ids()["db"].clone();
    let outcome = project.types("./scripts/setup.sh").exits(0);
    project.follows(&outcome);
    assert!(!trusts(&project, "agent") && project.ids()["db"] == container);
}

#[test]
fn own_script() {
    let site = site();
    let project = project(&site);
    let script =
        project.folder.write("setup.sh", format!("#!/bin/sh\nset -eu\n{}", block("own script")));
    std::fs::set_permissions(script, std::fs::Permissions::from_mode(0o755)).unwrap();
    project.types("trust-compose certs reflector.local").exits(0);
    let before = project.directory();

    project.types("./setup.sh --custom-ca certs/").exits(0);
    assert!(trusts(&project, "agent") && !trusts(&project, "db"));
    project.types("./setup.sh --custom-ca certs/").exits(0).never_says("Recreate");
    project.types("./setup.sh").exits(0);
    assert!(!trusts(&project, "agent"));
    assert_eq!(project.directory(), before);
    project.types("./setup.sh").exits(0).prints("nothing to remove");
    project.types("./setup.sh --custom-ca").exits(2).says("names a directory or a file");
    assert_eq!(project.directory(), before);
}

/// On a terminal, which `-it` requires.
#[test]
fn from_the_image() {
    let (site, image) = (site(), programs());
    let mut project = project(&site).ca(PRIVATE);
    let line = block("from the image")
        .replace(" trust-init /", &format!(" {image} /"))
        .replace("docker run", &format!("docker run {}", label()));
    let terminal = Folder::new();
    let (typed, seen) = (terminal.write("typed.sh", line), terminal.write("seen", ""));
    let before = project.directory();
    let script = format!("script --quiet --return --command 'sh {}'", typed.display());
    // A terminal ends its lines with CR LF.
    let line =
        format!("{script} {0} >{0}.all; code=$?; tr -d '\\r' <{0}.all; exit $code", seen.display());
    let outcome = project.types(&line).exits(0).prints("the project is read without Compose");
    project.follows(&outcome);
    assert!(trusts(&project, "agent") && !trusts(&project, "db"));

    project.follows(&project.types("trust-compose remove").exits(0));
    assert_eq!(project.directory(), before);
    assert!(!project.folder.0.join(OVERLAY).exists());
}
