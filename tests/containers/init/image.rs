//! docker/Dockerfile: an image of static programs and nothing else, to copy them from.

use std::sync::OnceLock;

use crate::engine::{Outcome, call, docker, docker_build, label, repository, unique};
use crate::site::{Folder, site};

/// An image built for one test.
pub struct Image(pub String);

impl Drop for Image {
    fn drop(&mut self) {
        docker(["rmi", "--force", &self.0]);
    }
}

/// The machine's own roots, with which cargo reaches its registry: a build secret.
pub fn machine_roots() -> Option<String> {
    let usual = "/etc/ssl/certs/ca-certificates.crt".to_owned();
    let named = std::env::var("SSL_CERT_FILE").unwrap_or(usual);
    std::path::Path::new(&named).exists().then_some(named)
}

/// What docker/Dockerfile makes on a base with this machine's Rust: the one build inside Docker that
/// compiles, for all tests here.
#[track_caller]
fn trust_init_image() -> &'static str {
    static IMAGE: OnceLock<String> = OnceLock::new();
    IMAGE.get_or_init(|| {
        let image = format!("trust-init-test/{}", unique());
        let file = repository().join("docker/Dockerfile").to_string_lossy().into_owned();
        let label = label();
        let mut words = vec!["buildx", "build", "--network", "host", &label, "--file", &file];
        words.extend(["--build-arg", "BASE=trust-init-test/rust", "--tag", &image]);
        let secret = machine_roots().map(|path| format!("id=ca,src={path}"));
        words.extend(secret.iter().flat_map(|secret| ["--secret", secret]));
        let context = repository().to_string_lossy();
        words.push(&context);
        docker_build(words).exits(0);
        image
    })
}

#[track_caller]
fn run(image: &str, command: &[&str]) -> Outcome {
    docker([&["run", "--rm", image], command].concat())
}

#[test]
fn image_holds_static_programs_alone() {
    let image = trust_init_image();
    let version = format!("trust-init {}\n", env!("CARGO_PKG_VERSION"));
    let outcome = run(image, &["--version"]).exits(0);
    assert_eq!(outcome.stdout, version, "{outcome}");
    // Nothing else is there, so it has no loader to ask for; and no shell to be run.
    run(image, &["--", "/bin/sh"]).exits(127);
    let site = site();
    let look =
        "cd /usr/local/bin; ldd trust-init 2>&1; trust-init --version; stat -c %s:%a trust-init";
    let copied = site.derived(
        "copied",
        &format!(
            "FROM {}\n\
         COPY --from={} /trust-init /usr/local/bin/trust-init\n\
         ENTRYPOINT [\"trust-init\", \"--\"]\n\
         CMD [\"sh\", \"-c\", \"{look}\"]\n",
            site.image("bookworm"),
            image,
        ),
    );
    let outcome = run(&copied, &[]).exits(0).prints(&version);
    let outcome = outcome.prints("statically linked");
    let (bytes, mode) = outcome.stdout.lines().last().unwrap().split_once(':').unwrap();
    assert!(bytes.parse::<u32>().unwrap() <= 1_600_000, "{outcome}");
    assert_eq!(mode, "755", "{outcome}");
}

/// Neither certificates nor sources nor anything that the build needed.
#[test]
fn image_holds_no_other_file() {
    let (image, folder) = (trust_init_image(), Folder::new());
    let name = unique();
    let archive = folder.0.join("image.tar");
    docker(["create", &label(), "--name", &name, image]).exits(0);
    let program = folder.0.join("trust-init").to_string_lossy().into_owned();
    // As the README takes the program out of the image.
    let copied = docker(["cp", &format!("{name}:/trust-init"), &program]);
    let exported = docker(["export", "--output", &archive.to_string_lossy(), &name]);
    docker(["rm", "--force", &name]);
    copied.exits(0);
    call("10", &program, ["--version"]).exits(0).prints("trust-init ");
    exported.exits(0);
    let list = call("60", "tar", ["--list", "--file", &archive.to_string_lossy()]).exits(0);
    // The mount points that every container gets from the engine.
    let engine = [".dockerenv", "dev", "etc", "proc", "sys"];
    let files: Vec<_> = list
        .stdout
        .lines()
        .filter(|path| !engine.contains(&path.split('/').next().unwrap()))
        .collect();
    // No service can read trust-doctor, which runs as its user: see docker/Dockerfile.
    let words = ["--list", "--verbose", "--file", &archive.to_string_lossy(), "trust-doctor"];
    call("60", "tar", words).exits(0).prints("-rwx--x--x ");
    assert!(files.contains(&"trust-init"), "{list}");
    assert!(files.iter().all(|path| path.starts_with("trust-")), "{list}");
}
