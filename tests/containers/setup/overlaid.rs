//! Services with their own settings under the overlay: a pinned CA, variables, restrictions, trust-init.

use crate::clients::{CURL, DEBIAN_REQUESTS, EVERY, GIT, HTTPX, REQUESTS};
use crate::engine::{BOOKWORM, TRIXIE, docker, trust_init};
use crate::project::{Project, asks};
use crate::site::{PARTNER, PRIVATE, site};

const PINNED: &str = "private served, public refused, partner served";
const OTHERS: &str = "private served, public served, partner refused";

#[test]
fn pins_of_the_image() {
    let site = site();
    let image = site.derived(
        "pinned",
        &format!(
            "FROM {}\nCOPY partner/ca.crt /etc/partner.crt\n\
             ENV REQUESTS_CA_BUNDLE=/etc/partner.crt JAVA_TOOL_OPTIONS=-Xmx64m\n",
            site.image(BOOKWORM)
        ),
    );
    let mut project = Project::new(&site).ca(PRIVATE).service("pinned", &image, "");
    project.up();
    project.exec_finds("pinned", &[REQUESTS], "private refused, public refused, partner served");
    project.sets_up("--custom-ca certs/");
    project.exec_finds("pinned", &[REQUESTS, DEBIAN_REQUESTS], PINNED);
    project.exec_finds("pinned", &[CURL, HTTPX], OTHERS);
    let java = project.compose("exec -T pinned printenv JAVA_TOOL_OPTIONS").exits(0);
    assert_eq!(java.stdout, "-Xmx64m\n", "{java}");
}

/// The compose file mounts the pinned file from the host.
#[test]
fn pins_of_the_compose_file() {
    let site = site();
    let pin = "environment: {SSL_CERT_FILE: /etc/pin/ca.crt, GREETING: 'a $$HOME'}\n\
               volumes: [\"./partner:/etc/pin:ro\"]";
    let mut project = Project::new(&site).ca(PRIVATE).service("pinned", &site.image(TRIXIE), pin);
    project.folder.write("partner/ca.crt", std::fs::read(PARTNER.ca()).unwrap());
    project.up();
    project.exec_finds("pinned", &[HTTPX], "private refused, public refused, partner served");
    project.sets_up("--custom-ca certs/");
    project.exec_finds("pinned", &[HTTPX], PINNED);
    project.exec_finds("pinned", &[REQUESTS, GIT], OTHERS);
    project.compose("exec -T pinned printenv GREETING").exits(0).prints("a $HOME\n");
}

/// A common case: the variable names the image's own roots, so it is not a pin.
#[test]
fn image_that_names_its_own_roots() {
    let site = site();
    let image = site.derived(
        "named",
        &format!(
            "FROM {}\nENV REQUESTS_CA_BUNDLE=/etc/ssl/certs/ca-certificates.crt\n",
            site.image(BOOKWORM)
        ),
    );
    let mut project = Project::new(&site).ca(PRIVATE).service("named", &image, "");
    project.sets_up("--custom-ca certs/");
    project.exec_finds("named", &[REQUESTS, CURL], OTHERS);
}

#[test]
fn restrictions() {
    let site = site();
    let image = site.image(TRIXIE);
    let claim = "private served, public served";
    let asks = asks(EVERY, claim);
    let more = format!("{asks}\nread_only: true\nuser: '1000'\ncap_drop: [ALL]");
    let mut project = Project::new(&site).ca(PRIVATE).service("restricted", &image, &more).service(
        "run",
        &image,
        "tmpfs: [/run, /tmp]",
    );
    // The files must be readable by the services despite the umask.
    let outcome = project.types("umask 077; trust-compose setup --custom-ca certs/").exits(0);
    project.follows(&outcome);
    project.service_finds("restricted", EVERY, claim);
    project.exec_finds("run", &[CURL, HTTPX], claim);
    project.exec_finds("run", &[CURL], "stranger refused");
}

/// An image without roots, shell and /run: the bundle contains Mozilla's roots, and setup prints that.
#[test]
fn static_program_alone() {
    let site = site();
    let image = site.derived("scratch", "FROM scratch\nCOPY peer /peer\n");
    let command = format!("command: [/peer, get, {:?}]\nread_only: true", PRIVATE.address());
    let mut project = Project::new(&site).ca(PRIVATE).service("static", &image, &command);
    project.compose("run --rm -T static").exits(1).says("UnknownIssuer");
    project.sets_up("--custom-ca certs/").prints("from Mozilla");
    project.compose("run --rm -T static").served();
    let stranger = format!("run --rm -T static /peer get {}", crate::site::STRANGER.address());
    project.compose(&stranger).exits(1).says("UnknownIssuer");
}

/// trust-init in the image adopts the mounted bundle and writes nothing.
#[test]
fn entrypoint_adopts_the_overlay() {
    let site = site();
    for base in [BOOKWORM, TRIXIE] {
        let lines = format!("FROM {}\nENTRYPOINT [\"/trust-init\", \"--\"]\n", site.image(base));
        let image = site.derived(&format!("adopts-{base}"), &lines);
        let claim = "private served, public served";
        let program = format!("volumes: [\"{}:/trust-init:ro\"]", trust_init().display());
        let more = format!("{}\n{program}", asks(&[CURL, REQUESTS], claim));
        let mut project = Project::new(&site).ca(PRIVATE).service("wrapped", &image, &more);
        project.sets_up("--custom-ca certs/");
        project
            .service_finds("wrapped", &[CURL, REQUESTS], claim)
            .says("in `/run/trust-init/ca-bundle.crt`; starting `sh` as pid 1")
            .never_says("warning");
        let diff = docker(["diff", &project.ids()["wrapped"]]).exits(0);
        let mounts = [
            "/run/trust-init/ca-bundle.crt",
            "/trust-init",
            "/usr/local/share/ca-certificates/custom-ca.crt",
        ];
        // The clients write only Python's caches.
        for path in diff.stdout.lines().map(|line| &line[2..]).filter(|path| !path.contains("py")) {
            assert!(mounts.iter().any(|mount| mount.starts_with(path)), "{base}: {path}: {diff}");
        }
    }
}

/// The mount point would remain in the image's volume, and the service would not start any more.
#[test]
fn image_with_a_volume_above_the_ca() {
    let site = site();
    let image = site.derived(
        "volume",
        &format!("FROM {}\nVOLUME /usr/local/share/ca-certificates\n", site.image(TRIXIE)),
    );
    let project = Project::new(&site).ca(PRIVATE).service("kept", &image, "");
    let directory = project.directory();
    let refused = project.setup("--custom-ca certs/").exits(1);
    let refused = refused.says("its image declares a volume at `/usr/local/share/ca-certificates`");
    refused.says("remove that VOLUME from the image, or");
    assert_eq!(project.directory(), directory);
}

/// The service mounts its own root certificates over those of the image.
#[test]
fn mounted_root_certificates() {
    let site = site();
    let mount = "volumes: [\"./partner/ca.crt:/etc/ssl/certs/ca-certificates.crt:ro\"]";
    let mut project = Project::new(&site).ca(PRIVATE).service("own", &site.image(TRIXIE), mount);
    project.folder.write("partner/ca.crt", std::fs::read(PARTNER.ca()).unwrap());
    project.up();
    project.exec_finds("own", &[CURL], "private refused, partner served");
    let text = project.sets_up("--custom-ca certs/").stdout;
    assert!(text.contains("1 public root from the file that it mounts: own"), "{text}");
    project.exec_finds("own", &[HTTPX, REQUESTS], PINNED);
}
