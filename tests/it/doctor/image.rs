//! Findings of trust-doctor besides the trust variables: a JVM, Python, gRPC, file capabilities, a CA key.

use std::process::Command;

use crate::desk::Desk;
use crate::target_process::{app, inspect, reports, service, start, warns, world};
use crate::world::{BUNDLE, copy_program, gallery, tool};

/// A JVM's own trust store.
const CACERTS: &str = "/opt/java/openjdk/lib/security/cacerts";
/// The packages of a virtual environment.
const PACKAGES: &str = "/app/.venv/lib/python3.13/site-packages";

#[test]
fn a_jvm_without_the_ca_is_reported() {
    let world = world();
    world.write(CACERTS, std::fs::read(gallery("java/jks")).unwrap());
    warns(
        &world,
        service(&world),
        "cacerts`: a JVM reads it, and it does not contain `O=trust-init gallery, CN=Neighbour CA`",
    );
    let off = start(&world, &service(&world).env("TRUST_INIT_JAVA", "off"));
    assert!(!inspect(&off, &[]).exits(0).stdout().contains("cacerts"));
    drop(off);
    let text = "-Djavax.net.ssl.trustStore=\"/a b.jks\" -Djavax.net.ssl.trustStoreType=JKS";
    let run = || service(&world).env("JAVA_TOOL_OPTIONS", text);
    reports(
        &world,
        run(),
        &[],
        1,
        "error   `/a b.jks`: the options name it, and it cannot be read: there is no such file",
    );
    world.write("/a b.jks", "garbage");
    reports(
        &world,
        run(),
        &[],
        1,
        "error   `/a b.jks`: the options name it, and it is neither JKS nor PKCS#12",
    );
    world.write("/a b.jks", std::fs::read(gallery("java/jks")).unwrap());
    reports(
        &world,
        run(),
        &[],
        0,
        "warning `/a b.jks`: the options name it, and it does not contain",
    )
    .shows("fix: remove -Djavax.net.ssl.trustStore from JAVA_TOOL_OPTIONS");
    // As trust-init creates it.
    world.trust_init(&["true"]).run().succeeds();
    let run = service(&world)
        .env("JAVA_TOOL_OPTIONS", "-Djavax.net.ssl.trustStore=/run/trust-init/truststore.jks");
    reports(&world, run, &["--strict"], 0, "ok      `/run/trust-init/truststore.jks`: ");
}

#[test]
fn code_that_uses_certifi_is_reported() {
    let world = world();
    let code = "import certifi\n\nclient = httpx.Client(verify=certifi.where())\n";
    world.write("/app/lib/client.py", code);
    for place in ["lib/site-packages/x", ".cache", "node_modules"] {
        world.write(&format!("/app/{place}/other.py"), code);
    }
    let outcome = reports(
        &world,
        app(&world),
        &[],
        0,
        "warning `/app/lib/client.py` line 3: `certifi.where()` is passed",
    );
    let text = outcome.shows("fix: remove the argument").stdout();
    assert_eq!(text.matches("certifi.where").count(), 1, "{text}");
    // A script outside the working directory of the process.
    let run = world.program(&["cat", "/gate", "/app/lib/client.py"]).env("SSL_CERT_FILE", BUNDLE);
    warns(&world, run, "`/app/lib/client.py` line 3");
}

#[test]
fn a_patched_certifi_is_reported() {
    let world = world();
    world.copy("ca-rsa.pem", &format!("{PACKAGES}/certifi/cacert.pem"));
    // The digest as pip writes it into RECORD.
    let script = "printf 'certifi/cacert.pem,sha256=%s,1\\n' \
                  $(openssl dgst -sha256 -binary certifi/cacert.pem | basenc --base64url | tr -d =)";
    let record =
        Command::new("/bin/sh").args(["-c", script]).current_dir(world.path(PACKAGES)).output();
    world.write(&format!("{PACKAGES}/certifi-2026.1.4.dist-info/RECORD"), record.unwrap().stdout);
    let text = reports(&world, app(&world), &["--strict"], 0, "ok ").stdout();
    assert!(!text.contains("certifi/"), "{text}");
    world.write(&format!("{PACKAGES}/certifi/cacert.pem"), world.read(BUNDLE));
    warns(
        &world,
        app(&world),
        "warning `/app/.venv/lib/python3.13/site-packages/certifi/cacert.pem`: was changed after",
    );
}

#[test]
fn the_grpc_variable_is_reported() {
    let world = world();
    world.directory("/usr/local/lib/python3.13/site-packages/grpc/_cython", 0o755);
    world.directory("/usr/local/bin", 0o755);
    let run = || service(&world).env("PATH", "/bin:/usr/bin:/sbin:/usr/sbin:/usr/local/bin");
    let roots = || run().env("GRPC_DEFAULT_SSL_ROOTS_FILE_PATH", BUNDLE);
    reports(
        &world,
        run(),
        &["--strict"],
        0,
        "info    grpcio in `/usr/local/lib/python3.13/site-packages`: not changed",
    );
    reports(
        &world,
        roots(),
        &["--strict"],
        0,
        "its TLS trusts only `/run/trust-init/ca-bundle.crt`; plaintext gRPC reads no file",
    );
    let gone = run().env("GRPC_DEFAULT_SSL_ROOTS_FILE_PATH", "/gone.crt");
    reports(&world, gone, &[], 1, "error   `/gone.crt`: GRPC_DEFAULT_SSL_ROOTS_FILE_PATH names it");
    let proxied = || run().env("https_proxy", "http://me:hunter2@proxy:3128");
    let outcome = reports(
        &world,
        proxied(),
        &[],
        0,
        "https_proxy is set, and plaintext gRPC goes through that proxy as well",
    );
    assert!(!outcome.stdout().contains("hunter2"));
    reports(
        &world,
        proxied().env("no_proxy", "engine"),
        &["--strict"],
        0,
        "not changed: TLS of gRPC",
    );
}

#[test]
fn a_program_with_file_capabilities_is_reported() {
    let world = world();
    copy_program(&tool("busybox"), &world.path("/srv"));
    std::fs::rename(world.path("/srv"), world.path("/bin/cat")).unwrap();
    let mut setcap = Command::new(tool("setcap"));
    setcap.arg("cap_net_bind_service+ep").arg(world.path("/bin/cat"));
    assert!(setcap.status().unwrap().success());
    warns(
        &world,
        service(&world).uid(1000),
        "warning `/bin/cat`: has file capabilities, so OpenSSL and Node.js in it ignore",
    );
    // Root gains nothing from file capabilities.
    reports(&world, service(&world), &["--strict"], 0, "ok ");
}

#[test]
fn a_readable_key_of_the_ca_is_reported() {
    let desk = Desk::new();
    desk.certs(&["--ca-name", "Lab CA", "localhost"]).succeeds();
    let certs = desk.path("certs");
    for target in ["/certs", "/usr/local/share/ca-certificates"] {
        let world = world();
        world.directory(target, 0o755);
        let said = format!("error   `{target}/ca.key`: is the private key of `CN=Lab CA");
        reports(&world, service(&world).mount(&certs, target), &[], 1, &said)
            .shows(&format!("fix: mount `{target}/ca.crt` alone"));
    }
    // A key that the service cannot read is no finding.
    let readable = world();
    readable.directory("/certs", 0o755);
    reports(
        &readable,
        service(&readable).mount(&certs, "/certs").uid(1000),
        &["--strict"],
        0,
        "ok ",
    );
    // A server has its own key.
    let world = world();
    for name in ["ca.crt", "server.pem", "server-key.pem"] {
        world.write(&format!("/run/trust-init/{name}"), std::fs::read(certs.join(name)).unwrap());
    }
    reports(&world, service(&world), &["--strict"], 0, "ok ");
}
