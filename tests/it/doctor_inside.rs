//! What trust-doctor finds in a process and its files: each a small image with one thing wrong in it.

use std::fs::{File, OpenOptions};
use std::path::Path;
use std::process::{Child, Command};

use sha2::{Digest, Sha256};

use crate::world::{BUNDLE, CUSTOM_CA, Outcome, ROOTS, Run, World, copy_program, tool};

/// A JVM's own trust store.
const CACERTS: &str = "/opt/java/openjdk/lib/security/cacerts";
/// Where a virtual environment has its packages.
const PACKAGES: &str = "/app/.venv/lib/python3.13/site-packages";

/// An image as trust-init leaves it: the custom CA, and a bundle with it.
fn world() -> World {
    let world = World::new().with_ca();
    let bundle = world.read(ROOTS) + &world.read(CUSTOM_CA);
    world.write(BUNDLE, bundle);
    let made = Command::new(tool("busybox")).arg("mkfifo").arg(world.path("gate")).status();
    assert!(made.unwrap().success());
    world.mode("/gate", 0o666);
    world
}

/// A container whose process waits for the end of the test.
struct Container(Child, #[expect(dead_code, reason = "the process waits for its end")] File);

impl Drop for Container {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts `run`, whose program opens /gate. It is there once somebody has opened its other end.
fn start(world: &World, run: &Run<'_>) -> Container {
    let child = run.command().spawn().unwrap();
    Container(child, OpenOptions::new().write(true).open(world.path("gate")).unwrap())
}

/// Looks at the first process of a container.
#[track_caller]
fn look(container: &Container, words: &[&str]) -> Outcome {
    let parent = container.0.id();
    let children = format!("/proc/{parent}/task/{parent}/children");
    let pid = std::fs::read_to_string(children).unwrap().trim().to_owned();
    let mut command = Command::new(env!("CARGO_BIN_EXE_trust-doctor"));
    command.env_clear().args(["--pid", &pid]).args(words);
    Outcome(command.output().unwrap())
}

/// `cat /gate`, with SSL_CERT_FILE as trust-init sets it.
fn service(world: &World) -> Run<'_> {
    world.program(&["cat", "/gate"]).env("SSL_CERT_FILE", BUNDLE)
}

/// The same, in the directory of its code.
fn app(world: &World) -> Run<'_> {
    world.program(&["sh", "-c", "cd /app && exec cat /gate"]).env("SSL_CERT_FILE", BUNDLE)
}

/// What is said of a service, and how it ends.
#[track_caller]
fn says(world: &World, run: Run<'_>, words: &[&str], code: i32, said: &str) -> Outcome {
    let container = start(world, &run);
    look(&container, words).exits(code).tells(said)
}

/// A finding that is there, and no error.
#[track_caller]
fn warns(world: &World, run: Run<'_>, said: &str) {
    says(world, run, &[], 0, said).tells("warning ");
}

fn sha256(world: &World, path: &str) -> String {
    format!("{path}={:x}", Sha256::digest(std::fs::read(world.path(path)).unwrap()))
}

#[test]
fn what_is_well_is_told_without_a_warning() {
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
    let outcome = says(
        &world,
        run,
        &words,
        0,
        "ok      `/run/trust-init/ca-bundle.crt`: 2 certificates, for SSL_CERT_FILE\n",
    );
    outcome
        .tells("`: 1 certificate, for NODE_EXTRA_CA_CERTS\n")
        .tells("ok      grpcio in `/app/.venv/lib/python3.13/site-packages`: left alone")
        .tells("fix: TRUST_INIT_GRPC_ROOTS=1");
}

#[test]
fn a_file_that_a_variable_names() {
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
        says(&world, run, &[], 1, &format!("error   `{path}`: PIP_CERT names it, and {said}"))
            .tells(fix);
    };
    is("/gone.crt", "it cannot be read: there is no such file or directory", "fix: mount it there");
    is(
        "/empty",
        "it cannot be read: it is an empty directory, which Docker makes",
        "fix: remove that directory",
    );
    is("/full", "it cannot be read: it is a directory\n", "fix: remove that directory");
    is(
        "/closed.crt",
        "it cannot be read: uid 1000 has no permission to read it (owner 0, mode 0600)",
        "chmod 0644",
    );
    is("/dev/shm/../../gate", "it cannot be read: it is a named pipe", "fix: name a regular file");
    is("/key.pem", "a private key begins at line ", "fix: openssl x509 -in /key.pem -out ca.crt");
    is("/half.crt", "line ", "fix: copy it again, whole");
    is("/page.crt", "it is a web page", "fix: put the bundle there");
    is("/nothing.crt", "it is empty\n", "fix: put the bundle there");
}

#[test]
fn what_exec_sees() {
    let world = world();
    world.copy("ca-rsa.pem", "/other.crt").write("/same.crt", world.read(BUNDLE));
    let tell = |words: &[&str], code: i32, said: &str| {
        let words: Vec<_> = words.iter().flat_map(|word| ["--configured", word]).collect();
        let run = service(&world).env("PIP_CERT", BUNDLE).env("JAVA_TOOL_OPTIONS", "-Xmx1g -Xss1m");
        says(&world, run, &words, code, said)
    };
    tell(
        &["SSL_CERT_FILE", "PIP_CERT", "JAVA_TOOL_OPTIONS=-Xmx1g"],
        0,
        "ok      SSL_CERT_FILE, PIP_CERT, JAVA_TOOL_OPTIONS: set by the entrypoint",
    )
    .tells("fix: eval \"$(trust-init --print-env)\"");
    tell(
        &["SSL_CERT_FILE=/other.crt"],
        0,
        "warning SSL_CERT_FILE: process 1 reads `/run/trust-init/ca-bundle.crt`, `exec` and health checks read `/other.crt`",
    );
    tell(
        &["GIT_SSL_CAINFO=/other.crt"],
        0,
        "warning GIT_SSL_CAINFO: the container is configured with it, and process 1 has it no more",
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
fn a_mounted_file_that_was_replaced() {
    let world = world();
    let old = sha256(&world, BUNDLE).replace(BUNDLE, CUSTOM_CA);
    says(&world, service(&world), &["--mounted", &old], 0, "warning `/usr/local/share/ca-certificates/custom-ca.crt`: the container still has the file from before")
        .tells("fix: docker compose restart\n");
    let gone = old.replace("custom-ca", "gone");
    says(
        &world,
        service(&world),
        &["--mounted", &gone],
        1,
        "error   `/usr/local/share/ca-certificates/gone.crt`: it should be mounted, and is not there",
    );
}

#[test]
fn a_ca_that_no_bundle_has() {
    let world = world();
    let run = world.program(&["cat", "/gate"]);
    warns(&world, run, "custom-ca.crt`: `CN=Neighbour CA");
}

#[test]
fn a_jvm_without_the_ca() {
    let world = world();
    world.write(CACERTS, std::fs::read(crate::world::gallery("java/jks")).unwrap());
    warns(&world, service(&world), "cacerts`: a JVM reads it, and it has not `CN=");
    let off = start(&world, &service(&world).env("TRUST_INIT_JAVA", "off"));
    assert!(!look(&off, &[]).exits(0).stdout().contains("cacerts"));
    drop(off);
    let told = "-Djavax.net.ssl.trustStore=\"/a b.jks\" -Djavax.net.ssl.trustStoreType=JKS";
    let run = || service(&world).env("JAVA_TOOL_OPTIONS", told);
    says(
        &world,
        run(),
        &[],
        1,
        "error   `/a b.jks`: the options name it, and it cannot be read: there is no such file",
    );
    world.write("/a b.jks", "garbage");
    says(
        &world,
        run(),
        &[],
        1,
        "error   `/a b.jks`: the options name it, and it is neither JKS nor PKCS#12",
    );
    world.write("/a b.jks", std::fs::read(crate::world::gallery("java/jks")).unwrap());
    says(&world, run(), &[], 0, "warning `/a b.jks`: the options name it, and it has not")
        .tells("fix: take -Djavax.net.ssl.trustStore out of JAVA_TOOL_OPTIONS");
    // As trust-init makes it.
    world.trust_init(&["true"]).run().succeeds();
    let run = service(&world)
        .env("JAVA_TOOL_OPTIONS", "-Djavax.net.ssl.trustStore=/run/trust-init/truststore.jks");
    says(&world, run, &["--strict"], 0, "ok      `/run/trust-init/truststore.jks`: ");
}

#[test]
fn code_that_names_certifi() {
    let world = world();
    let code = "import certifi\n\nclient = httpx.Client(verify=certifi.where())\n";
    world.write("/app/lib/client.py", code);
    for place in ["lib/site-packages/x", ".cache", "node_modules"] {
        world.write(&format!("/app/{place}/other.py"), code);
    }
    let outcome = says(
        &world,
        app(&world),
        &[],
        0,
        "warning `/app/lib/client.py` line 3: `certifi.where()` is handed",
    );
    let told = outcome.tells("fix: take the argument away").stdout();
    assert_eq!(told.matches("certifi.where").count(), 1, "{told}");
    // Of a script in a directory that the process is not in.
    let run = world.program(&["cat", "/gate", "/app/lib/client.py"]).env("SSL_CERT_FILE", BUNDLE);
    warns(&world, run, "`/app/lib/client.py` line 3");
}

#[test]
fn a_certifi_that_somebody_patched() {
    let world = world();
    world.copy("ca-rsa.pem", &format!("{PACKAGES}/certifi/cacert.pem"));
    // As `openssl dgst -sha256 -binary | basenc --base64url` says it.
    let script = "printf 'certifi/cacert.pem,sha256=%s,1\\n' \
                  $(openssl dgst -sha256 -binary certifi/cacert.pem | basenc --base64url | tr -d =)";
    let record =
        Command::new("/bin/sh").args(["-c", script]).current_dir(world.path(PACKAGES)).output();
    world.write(&format!("{PACKAGES}/certifi-2026.1.4.dist-info/RECORD"), record.unwrap().stdout);
    let told = says(&world, app(&world), &["--strict"], 0, "ok ").stdout();
    assert!(!told.contains("certifi"), "{told}");
    world.write(&format!("{PACKAGES}/certifi/cacert.pem"), world.read(BUNDLE));
    warns(
        &world,
        app(&world),
        "warning `/app/.venv/lib/python3.13/site-packages/certifi/cacert.pem`: was changed after",
    );
}

#[test]
fn grpc_and_its_own_variable() {
    let world = world();
    world.directory("/usr/local/lib/python3.13/site-packages/grpc/_cython", 0o755);
    world.directory("/usr/local/bin", 0o755);
    let run = || service(&world).env("PATH", "/bin:/usr/local/bin");
    let roots = || run().env("GRPC_DEFAULT_SSL_ROOTS_FILE_PATH", BUNDLE);
    says(
        &world,
        run(),
        &["--strict"],
        0,
        "ok      grpcio in `/usr/local/lib/python3.13/site-packages`: left alone",
    );
    says(
        &world,
        roots(),
        &["--strict"],
        0,
        "its TLS trusts `/run/trust-init/ca-bundle.crt` alone; plaintext gRPC reads no file",
    );
    let gone = run().env("GRPC_DEFAULT_SSL_ROOTS_FILE_PATH", "/gone.crt");
    says(&world, gone, &[], 1, "error   `/gone.crt`: GRPC_DEFAULT_SSL_ROOTS_FILE_PATH names it");
    let proxied = || run().env("https_proxy", "http://me:hunter2@proxy:3128");
    let told = says(
        &world,
        proxied(),
        &[],
        0,
        "https_proxy is set, and plaintext gRPC goes through that proxy as well",
    );
    assert!(!told.stdout().contains("hunter2"));
    says(&world, proxied().env("no_proxy", "engine"), &["--strict"], 0, "left alone");
}

#[test]
fn a_program_with_file_capabilities() {
    let world = world();
    copy_program(&tool("busybox"), &world.path("/srv"));
    std::fs::rename(world.path("/srv"), world.path("/bin/cat")).unwrap();
    let setcap =
        Command::new(tool("setcap")).arg("cap_net_bind_service+ep").arg(world.path("/bin/cat"));
    assert!({ setcap }.status().unwrap().success());
    warns(
        &world,
        service(&world).uid(1000),
        "warning `/bin/cat`: has file capabilities, so OpenSSL and Node.js in it ignore",
    );
    // Root gains nothing by them.
    says(&world, service(&world), &["--strict"], 0, "ok ");
}

#[test]
fn verification_that_is_switched_off() {
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
        says(
            &world,
            run,
            &[],
            1,
            &format!("error   {name}: switches verification off in {who}: anybody"),
        )
        .tells(&format!("fix: unset {name}\n"));
    }
    let run = service(&world)
        .env("NODE_TLS_REJECT_UNAUTHORIZED", "1")
        .env("PIP_TRUSTED_HOST", "")
        .env("SSL_VERIFY", "/ca.crt");
    says(&world, run, &["--strict"], 0, "ok ");
}

#[test]
fn a_key_of_the_ca() {
    let desk = crate::compose::Desk::new();
    desk.certs(&["--ca-name", "Lab CA", "localhost"]).succeeds();
    let certs = desk.path("certs");
    let mounted = |world: &World, target: &str| {
        world.directory(target, 0o755);
        let run = service(world).mount(&certs, target);
        (run, format!("error   `{target}/ca.key`: is the private key of `CN=Lab CA"))
    };
    for target in ["/certs", "/usr/local/share/ca-certificates"] {
        let world = world();
        let (run, said) = mounted(&world, target);
        says(&world, run, &[], 1, &said).tells(&format!("fix: mount `{target}/ca.crt` alone"));
    }
    // What the service cannot read is no danger.
    let readable = world();
    let (run, _) = mounted(&readable, "/certs");
    says(&readable, run.uid(1000), &["--strict"], 0, "ok ");
    // A server has its own key.
    let world = world();
    for name in ["ca.crt", "server.pem", "server-key.pem"] {
        world.write(&format!("/run/trust-init/{name}"), std::fs::read(certs.join(name)).unwrap());
    }
    says(&world, service(&world), &["--strict"], 0, "ok ");
}

#[test]
fn what_cannot_be_seen() {
    let world = world();
    let container = start(&world, &service(&world));
    let parent = container.0.id();
    let children =
        std::fs::read_to_string(format!("/proc/{parent}/task/{parent}/children")).unwrap();
    let program = crate::world::Scratch::new();
    let copy = program.path().join("trust-doctor");
    copy_program(Path::new(env!("CARGO_BIN_EXE_trust-doctor")), &copy);
    // The same uid, and none of the rights that the process has.
    let words = ["--inh-caps=-all", "--bounding-set=-all", "--no-new-privs"];
    let mut command = Command::new(tool("setpriv"));
    command.args(words).arg(copy).args(["--pid", children.trim()]).env_clear();
    let outcome = Outcome(command.output().unwrap()).exits(2);
    outcome
        .tells(" its variables and files are not seen: it has more rights than this look")
        .tells("--privileged-look");
}
