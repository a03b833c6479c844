//! docker/Dockerfile: an image that contains only the static programs, to copy them from.

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

/// The host's root certificates, which cargo needs to reach its registry: a build secret.
pub fn machine_roots() -> Option<String> {
    let usual = "/etc/ssl/certs/ca-certificates.crt".to_owned();
    let named = std::env::var("SSL_CERT_FILE").unwrap_or(usual);
    std::path::Path::new(&named).exists().then_some(named)
}

/// Builds docker/Dockerfile once, for all tests of this file, on a base with the host's Rust.
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
fn image_contains_only_static_programs() {
    let image = trust_init_image();
    let version = format!("trust-init {}\n", env!("CARGO_PKG_VERSION"));
    let outcome = run(image, &["--version"]).exits(0);
    assert_eq!(outcome.stdout, version, "{outcome}");
    // The image has no dynamic loader, and no shell that could be run.
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
    assert!(bytes.parse::<u32>().unwrap() <= 1_650_000, "{outcome}");
    assert_eq!(mode, "755", "{outcome}");
}

/// The image contains no certificates, no sources, and nothing else that the build needed.
#[test]
fn image_contains_no_other_file() {
    let (image, folder) = (trust_init_image(), Folder::new());
    let name = unique();
    let archive = folder.0.join("image.tar");
    docker(["create", &label(), "--name", &name, image]).exits(0);
    let program = folder.0.join("trust-init").to_string_lossy().into_owned();
    // The README's commands to copy the program from the image.
    let copied = docker(["cp", &format!("{name}:/trust-init"), &program]);
    let exported = docker(["export", "--output", &archive.to_string_lossy(), &name]);
    docker(["rm", "--force", &name]);
    copied.exits(0);
    call("10", &program, ["--version"]).exits(0).prints("trust-init ");
    exported.exits(0);
    let list = call("60", "tar", ["--list", "--file", &archive.to_string_lossy()]).exits(0);
    // The engine adds these mount points to every container.
    let engine = [".dockerenv", "dev", "etc", "proc", "sys"];
    let files: Vec<_> = list
        .stdout
        .lines()
        .filter(|path| !engine.contains(&path.split('/').next().unwrap()))
        .collect();
    // trust-doctor is not readable by the service's user, as which it runs: see docker/Dockerfile.
    let words = ["--list", "--verbose", "--file", &archive.to_string_lossy(), "trust-doctor"];
    call("60", "tar", words).exits(0).prints("-rwx--x--x ");
    assert!(files.contains(&"trust-init"), "{list}");
    assert!(files.iter().all(|path| path.starts_with("trust-")), "{list}");
}
