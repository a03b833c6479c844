//! Findings of trust-doctor in a process: its variables and the files they name, each with one fault.

use std::path::Path;
use std::process::Command;

use trust_init::trust::fingerprint::Fingerprint;

use crate::target_process::{app, pid, reports, service, start, warns, world};
use crate::world::{BUNDLE, CUSTOM_CA, Outcome, Scratch, World, copy_program, tool};

/// The packages of a virtual environment.
const PACKAGES: &str = "/app/.venv/lib/python3.13/site-packages";

fn sha256(world: &World, path: &str) -> String {
    let bytes = std::fs::read(world.path(path)).unwrap();
    format!("{path}={}", Fingerprint::of([bytes.as_slice()]))
}

#[test]
fn a_correct_container_has_no_warning() {
    let world = world();
    for directory in ["certifi", "grpc/_cython"] {
        world.directory(&format!("{PACKAGES}/{directory}"), 0o755);
    }
    world.write("/app/main.py", "# verify=certifi.where() was here\n");
    let run = app(&world).env("NODE_EXTRA_CA_CERTS", CUSTOM_CA);
    let mounted = sha256(&world, CUSTOM_CA);
    let configured = format!("SSL_CERT_FILE={BUNDLE}");
    let words = [
        "--strict",
        "--mounted",
        &mounted,
        "--configured",
        &configured,
        "--configured",
        "PIP_CERT",
    ];
    let outcome = reports(
        &world,
        run,
        &words,
        0,
        "ok      `/run/trust-init/ca-bundle.crt`: 2 certificates, for SSL_CERT_FILE\n",
    );
    outcome
        .shows("`: 1 certificate, for NODE_EXTRA_CA_CERTS\n")
        .shows("info    grpcio in `/app/.venv/lib/python3.13/site-packages`: not changed")
        .shows("hint: TRUST_INIT_GRPC_ROOTS=1");
}

#[test]
fn a_wrong_file_of_a_variable_is_reported() {
    let world = world();
    world.directory("/empty", 0o755).directory("/full/of", 0o755);
    world.copy("ca-then-key-rsa.pem", "/key.pem").copy("good-then-truncated.crt", "/half.crt");
    world
        .write("/page.crt", "<html>")
        .write("/nothing.crt", "")
        .write("/closed.crt", "")
        .mode("/closed.crt", 0o600);
    let is = |path: &str, said: &str, fix: &str| {
        let run = service(&world).env("PIP_CERT", path).uid(1000);
        reports(&world, run, &[], 1, &format!("error   `{path}`: PIP_CERT names it, and {said}"))
            .shows(fix);
    };
    is("/gone.crt", "it cannot be read: there is no such file or directory", "fix: mount it there");
    is(
        "/empty",
        "it cannot be read: it is an empty directory, which Docker creates",
        "fix: remove that directory",
    );
    is("/full", "it cannot be read: it is a directory\n", "fix: remove that directory");
    is(
        "/closed.crt",
        "it cannot be read: uid 1000 has no permission to read it (owner 0, mode 0600)",
        "chmod 0644",
    );
    is("/dev/shm/../../gate", "it cannot be read: it is a named pipe", "fix: name a regular file");
    is(
        "/key.pem",
        "a private key begins at line ",
        "fix: mount the certificate alone, which `openssl x509 -in /key.pem -out ca.crt` extracts",
    );
    is("/half.crt", "line ", "fix: copy the complete file again");
    is("/page.crt", "it is a web page", "fix: put the bundle there");
    is("/nothing.crt", "it is empty\n", "fix: put the bundle there");
}

#[test]
fn differences_between_exec_and_process_1_are_reported() {
    let world = world();
    world.copy("ca-rsa.pem", "/other.crt").write("/same.crt", world.read(BUNDLE));
    let tell = |words: &[&str], code: i32, said: &str| {
        let words: Vec<_> = words.iter().flat_map(|word| ["--configured", word]).collect();
        let run = service(&world).env("PIP_CERT", BUNDLE).env("JAVA_TOOL_OPTIONS", "-Xmx1g -Xss1m");
        reports(&world, run, &words, code, said)
    };
    tell(
        &["SSL_CERT_FILE", "PIP_CERT", "JAVA_TOOL_OPTIONS=-Xmx1g"],
        0,
        "info    SSL_CERT_FILE, PIP_CERT, JAVA_TOOL_OPTIONS: set by the entrypoint",
    )
    .shows("hint: eval \"$(trust-init --print-env)\"");
    tell(
        &["SSL_CERT_FILE=/other.crt"],
        0,
        "warning SSL_CERT_FILE: process 1 reads `/run/trust-init/ca-bundle.crt`, `exec` and health checks read `/other.crt`",
    );
    tell(
        &["GIT_SSL_CAINFO=/other.crt"],
        0,
        "warning GIT_SSL_CAINFO: the container is configured with it, and process 1 does not have it",
    );
    tell(
        &["SSL_CERT_FILE=/gone.crt"],
        1,
        "error   `/gone.crt`: SSL_CERT_FILE of `exec` names it, and it cannot be read",
    );
    let same = tell(&["SSL_CERT_FILE=/same.crt"], 0, "ok ").stdout();
    assert!(!same.contains("warning"), "{same}");
}

#[test]
fn a_replaced_mounted_file_is_reported() {
    let world = world();
    let old = sha256(&world, BUNDLE).replace(BUNDLE, CUSTOM_CA);
    reports(&world, service(&world), &["--mounted", &old], 0, "warning `/usr/local/share/ca-certificates/custom-ca.crt`: the container still has the file from before")
        .shows("fix: restart the container\n");
    let gone = old.replace("custom-ca", "gone");
    reports(
        &world,
        service(&world),
        &["--mounted", &gone],
        1,
        "error   `/usr/local/share/ca-certificates/gone.crt`: it should be mounted, and does not exist",
    );
}

#[test]
fn a_ca_missing_from_every_bundle_is_reported() {
    let world = world();
    let run = world.program(&["cat", "/gate"]);
    warns(
        &world,
        run,
        "custom-ca.crt`: no bundle that a program reads contains `O=trust-init gallery, CN=Neighbour CA`",
    );
}

#[test]
fn disabled_verification_is_reported() {
    let world = world();
    for (name, value, who) in [
        ("NODE_TLS_REJECT_UNAUTHORIZED", "0", "Node.js"),
        ("GIT_SSL_NO_VERIFY", "", "git"),
        ("npm_config_strict_ssl", "False", "npm"),
        ("PIP_TRUSTED_HOST", "pypi.lan", "pip, for the hosts in it"),
        ("SSL_VERIFY", "false", "LiteLLM"),
        ("VAULT_SKIP_VERIFY", "true", "Vault"),
    ] {
        let run = service(&world).env(name, value);
        reports(
            &world,
            run,
            &[],
            1,
            &format!("error   {name}: switches verification off in {who}: every server"),
        )
        .shows(&format!("fix: unset {name}\n"));
    }
    let run = service(&world)
        .env("NODE_TLS_REJECT_UNAUTHORIZED", "1")
        .env("PIP_TRUSTED_HOST", "")
        .env("SSL_VERIFY", "/ca.crt");
    reports(&world, run, &["--strict"], 0, "ok ");
}

#[test]
fn a_process_with_more_rights_is_reported() {
    let world = world();
    let container = start(&world, &service(&world));
    let program = Scratch::new();
    let copy = program.path().join("trust-doctor");
    copy_program(Path::new(env!("CARGO_BIN_EXE_trust-doctor")), &copy);
    // The same uid, without the capabilities of the process.
    let words = ["--inh-caps=-all", "--bounding-set=-all", "--no-new-privs"];
    let mut command = Command::new(tool("setpriv"));
    command.args(words).arg(copy).args(["--pid", &pid(&container)]).env_clear();
    let outcome = Outcome(command.output().unwrap()).exits(2);
    outcome
        .shows(" its variables and files cannot be read: it has more rights than trust-doctor")
        .shows("SYS_PTRACE");
}
