//! With a CA, `trust-compose setup` makes every program of every back end trust it, also programs that `exec`
//! starts; without one it restores the project byte for byte.

use std::sync::Arc;

use crate::clients::{CURL, EVERY, GIT, HTTPX, REQUESTS};
use crate::engine::{BOOKWORM, STACK, TRIXIE, docker, trust_init};
use crate::project::{NODE, OVERLAY, Project, asks, next};
use crate::site::{PARTNER, PRIVATE, Site, site};

/// Returns a project with a plain service, one whose entrypoint is trust-init, a Node front end, and a
/// database by its image's name.
fn project(site: &Arc<Site>) -> Project {
    let claim = "private served, public served";
    let health = format!(
        "healthcheck: {{test: [CMD, curl, -fsS, {:?}], interval: 1s, timeout: 20s, retries: 1}}",
        PRIVATE.url()
    );
    let trixie = site.image(TRIXIE);
    let entrypoint = format!("FROM {trixie}\nENTRYPOINT [\"/trust-init\", \"--\"]\n");
    let program = format!("volumes: [\"{}:/trust-init:ro\"]", trust_init().display());
    let mut project = Project::new(site).ca(PRIVATE);
    let database = project.tag(&trixie, "postgres");
    project
        .service("plain", &site.image(BOOKWORM), &format!("{}\n{health}", asks(EVERY, claim)))
        .service(
            "wrapped",
            &site.derived("wrapped", &entrypoint),
            &format!("{}\n{program}", asks(EVERY, claim)),
        )
        .service("web", &site.image(STACK), &asks(&[NODE], "private served"))
        .service("memory", &database, "environment: {POSTGRES_PASSWORD: $$ecret}")
}

/// Asserts the results of all programs: the service, `exec`, `run` and health checks.
#[track_caller]
fn all_find(project: &Project, private: &str) {
    let claim = format!("private {private}");
    for service in ["plain", "wrapped"] {
        project.service_finds(service, EVERY, &format!("{claim}, public served"));
        project.exec_finds(service, &[CURL, REQUESTS], &claim);
        project.exec_finds(service, &[CURL], "stranger refused");
        let run = format!("run --rm -T --entrypoint sh {service}");
        project.finds(&run, &[HTTPX, GIT], &claim);
    }
    project.service_finds("web", &[NODE], &claim);
    project.exec_finds("web", &[NODE], &format!("{claim}, stranger refused"));
    project.finds("run --rm -T --entrypoint sh web", &[NODE], &claim);
    project.is("plain", if private == "served" { "healthy" } else { "unhealthy" });
}

#[test]
fn round_trip() {
    let site = site();
    let mut project = project(&site);
    // The user's own lines, the last one without a line end.
    project.folder.write(".gitignore", "*.log\n.env");
    project.folder.write(".env", "TAG=1\r\n# ours");
    let database = |project: &Project| project.ids()["memory"].clone();
    project.up();
    all_find(&project, "refused");
    let directory = project.directory();
    let config = project.types("docker compose config").exits(0).stdout;
    let services = ["plain", "wrapped", "web", "memory"];
    let before = services.map(|service| project.configuration(service));
    let (containers, its) = (project.ids(), database(&project));

    let outcome = project.sets_up("--custom-ca certs/").prints("  `CN=private CA` until ");
    assert_eq!(
        next(&outcome),
        ["docker compose -f docker-compose.yml -f docker-compose.ca.yml up -d"]
    );
    all_find(&project, "served");
    assert_eq!(project.recreated(&containers), ["plain", "web", "wrapped"]);
    // The bundle contains one certificate more than the image's.
    for service in ["plain", "wrapped", "web"] {
        let count =
            "grep -c BEGIN /etc/ssl/certs/ca-certificates.crt /run/trust-init/ca-bundle.crt";
        let counts = project.compose(&format!("exec -T {service} {count}")).exits(0);
        let counts: Vec<usize> = counts
            .stdout
            .lines()
            .map(|line| line.rsplit(':').next().unwrap().parse().unwrap())
            .collect();
        assert_eq!(counts[0] + 1, counts[1], "{service}");
    }

    let outcome = project.sets_up("").prints("removed `docker-compose.ca.yml`");
    assert_eq!(next(&outcome), ["docker compose up -d", "trust-compose remove"]);
    all_find(&project, "refused");
    assert_eq!(services.map(|service| project.configuration(service)), before);
    assert_eq!(project.directory(), directory);
    assert_eq!(project.types("docker compose config").exits(0).stdout, config);
    assert_eq!(database(&project), its, "the database was recreated");
}

/// `--dry-run` prints the changes without making them.
#[test]
fn dry_run() {
    let site = site();
    let image = site.image(TRIXIE);
    let mut project = Project::new(&site).ca(PRIVATE).service("plain", &image, "");
    project.up();
    let (directory, containers) = (project.directory(), project.ids());
    project.setup("--custom-ca certs/ --dry-run").exits(0).prints(OVERLAY);
    project.setup("--custom-ca certs/ci.crt").exits(1).says("certs/ci.crt");
    assert_eq!(project.directory(), directory);
    project.sets_up("--custom-ca certs/ca.crt");
    let (directory, containers_of_it) = (project.directory(), project.ids());
    assert_eq!(project.recreated(&containers), ["plain"]);
    project.types("trust-compose remove --dry-run").exits(0).prints(OVERLAY);
    project.setup("--dry-run").exits(0).prints(OVERLAY);
    assert_eq!(project.directory(), directory);
    assert_eq!(project.recreated(&containers_of_it), [""; 0]);
}

/// A container or the host may restart between `remove` and the next `up`.
#[test]
fn mounted_files_stay_until_no_container_mounts_them() {
    let site = site();
    let image = site.image(TRIXIE);
    let project = Project::new(&site).ca(PRIVATE).service("plain", &image, "restart: always");
    let project = project.service("stopped", &image, "");
    let directory = project.directory();
    project.setup("--custom-ca certs/ --activate --up").exits(0);
    project.compose("stop stopped").exits(0);

    let outcome = project.types("trust-compose remove").exits(0);
    let outcome = outcome.prints("removed `docker-compose.ca.yml`");
    let outcome = outcome.says("warning: kept `.trust`: its files are mounted by `");
    assert_eq!(next(&outcome), ["docker compose up -d", "trust-compose remove"]);
    project.setup("--check").exits(1).prints("was created with an overlay that no longer exists");
    for _ in 0..2 {
        let [plain, stopped] = ["plain", "stopped"].map(|name| project.ids()[name].clone());
        docker(["restart", "--time", "0", &plain]).exits(0);
        docker(["start", &stopped]).exits(0);
        project.exec_finds("plain", &[crate::clients::CURL], "private served, public served");
        // A second `remove` removes nothing more.
        project.types("trust-compose remove").exits(0).says("warning: kept `.trust`");
    }
    // Without an engine nothing is removed.
    let without = project.types("DOCKER_HOST=unix:///nowhere trust-compose remove");
    without.exits(0).says("kept `.trust`: cannot ask the engine which containers mount it: ");

    project.compose("up -d").exits(0);
    let check = project.setup("--check").exits(1);
    assert!(check.stdout.contains("nothing is set up here"), "{check}");
    project.types("trust-compose remove").exits(0).prints("removed `.trust`").never_says("kept");
    assert_eq!(project.directory(), directory);
    project.exec_finds("plain", &[crate::clients::CURL], "private refused, public served");
}

/// A fresh clone usually lacks an `env_file`. The values of `.env` still determine image and pinned file.
#[test]
fn a_missing_env_file_hides_neither_the_image_nor_a_pinned_file() {
    let site = site();
    let mut project = Project::new(&site).ca(PRIVATE);
    let image = project.tag(&site.image(BOOKWORM), "agent:v1").replace(":v1", ":${TAG}");
    project.folder.write(".env", "TAG=v1\nMYCERT=/etc/partner.crt\n");
    project.folder.write("partner.crt", std::fs::read(PARTNER.ca()).unwrap());
    let more = "env_file: [late.env]\nenvironment: {REQUESTS_CA_BUNDLE: '${MYCERT}'}\n\
                volumes: ['./partner.crt:/etc/partner.crt']";
    let mut project = project.service("agent", &image, more);
    let setup = "--custom-ca certs/";
    let outcome = project.setup(setup).exits(0).prints("roots from its own image: agent");
    outcome.says("late.env").never_says("REQUESTS_CA_BUNDLE");
    let overlay =
        |project: &Project| std::fs::read_to_string(project.folder.0.join(OVERLAY)).unwrap();
    let without = overlay(&project);

    project.folder.write("late.env", "");
    project.sets_up(setup);
    assert_eq!(overlay(&project), without);
    let claim = "private served, public refused, partner served";
    project.exec_finds("agent", &[REQUESTS], claim);
    project.exec_finds("agent", &[GIT], "private served, public served, partner refused");
}
