//! SSL_CERT_FILE as the server certificate of a service, and variables that --leave excludes.

use crate::setup::flags::project;
use crate::world::{BUNDLE, CUSTOM_CA, World};

/// Variables in which services expect their key, next to SSL_CERT_FILE for the certificate.
const KEYS: [&str; 6] = [
    "SSL_KEY_FILE",
    "SSL_KEYFILE",
    "SSL_PRIVKEY_FILE",
    "SSL_KEY",
    "SSL_PRIVATE_KEY_PATH",
    "ssl_key_file",
];

const LEFT: &str = "so trust-init does not change it: the service may serve with that file";

#[test]
fn a_server_certificate_in_ssl_cert_file_is_kept() {
    let world = World::new().with_ca();
    // Signed by a CA, self-signed, and a chain.
    for file in ["server.crt", "self-signed-leaf.crt", "fullchain.pem"] {
        world.copy(file, "/srv/server.pem");
        let run = world.trust_init(&["env"]).env("SSL_CERT_FILE", "/srv/server.pem");
        let run = run.run().succeeds().says(LEFT).says("names a server's certificate");
        assert_eq!(run.value("SSL_CERT_FILE").as_deref(), Some("/srv/server.pem"), "{file}");
        assert_eq!(run.value("REQUESTS_CA_BUNDLE").as_deref(), Some(BUNDLE), "{file}");
        assert!(run.value("NODE_EXTRA_CA_CERTS").is_some(), "{file}");
    }
}

#[test]
fn a_certificate_with_a_key_variable_is_kept() {
    let world = World::new().with_ca();
    // `openssl req -x509` creates a CA, by its basicConstraints.
    world.copy("ca-no-key-usage.crt", "/srv/server.pem");
    for (file, key) in KEYS
        .iter()
        .map(|key| ("/srv/server.pem", key))
        .chain([("/srv/not-made-yet.pem", &"SSL_KEY_FILE")])
    {
        let run = world.trust_init(&["env"]).env("SSL_CERT_FILE", file).env(key, "/srv/key.pem");
        let run = run.run().succeeds().says(LEFT).says(&format!("is set beside `{key}`"));
        assert_eq!(run.value("SSL_CERT_FILE").as_deref(), Some(file), "{key}");
        assert_eq!(run.value("REQUESTS_CA_BUNDLE").as_deref(), Some(BUNDLE), "{key}");
    }
    // Variables of other keys, and a missing key.
    for key in ["SSL_CLIENT_KEY", "SSL_KEY_PASSWORD", "SSL_KEYSTORE", "API_KEY"] {
        let run = world.trust_init(&["env"]).env("SSL_CERT_FILE", "/srv/server.pem");
        let run = run.env(key, "/srv/key.pem").run().succeeds().never_says(LEFT);
        assert!(run.value("SSL_CERT_FILE").unwrap().ends_with("/SSL_CERT_FILE.crt"), "{key}");
    }
    let run = world.trust_init(&["env"]).env("SSL_CERT_FILE", "/srv/server.pem").env("SSL_KEY", "");
    run.run().succeeds().never_says(LEFT);
}

/// Pinned CAs and the image's roots are extended even if a key variable is set.
#[test]
fn root_certificates_with_a_key_variable_get_the_custom_cas() {
    let world = World::new().with_ca();
    world.copy("ca-ec.crt", "/etc/partner.pem");
    for file in ["/etc/partner.pem", crate::world::ROOTS] {
        let run = world.trust_init(&["env"]).env("SSL_CERT_FILE", file);
        let run = run.env("SSL_KEY_FILE", "/srv/key.pem").run().succeeds().never_says(LEFT);
        let held = world.read(&run.value("SSL_CERT_FILE").unwrap());
        assert!(held.contains(&world.read(CUSTOM_CA)), "{file}");
    }
}

/// A program that reads a single certificate of such a file reads the first.
#[test]
fn pinned_certificates_come_first_in_their_file() {
    let world = World::new().with_ca();
    world.copy("ca-ec.crt", "/etc/partner.pem");
    for name in ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"] {
        let run = world.trust_init(&["env"]).env(name, "/etc/partner.pem").run().succeeds();
        let held = world.read(&run.value(name).unwrap());
        assert_eq!(held, world.read("/etc/partner.pem") + &world.read(CUSTOM_CA), "{name}");
    }
}

#[test]
fn variables_named_with_leave_are_kept() {
    let world = World::new().with_ca();
    world.copy("ca-ec.crt", "/etc/partner.pem");
    let leave = "SSL_CERT_FILE, GIT_SSL_CAINFO,,JAVA_TOOL_OPTIONS,WGETRC";
    let by_variable =
        || world.trust_init(&["--java=on", "--runtime=wget", "env"]).env("TRUST_INIT_LEAVE", leave);
    let by_option = || {
        let words = ["--leave", "SSL_CERT_FILE", "--leave=GIT_SSL_CAINFO,JAVA_TOOL_OPTIONS,WGETRC"];
        world.trust_init(&[&words[..], &["--java=on", "--runtime=wget", "env"]].concat())
    };
    for value in [None, Some("/etc/partner.pem"), Some("")] {
        for run in [by_variable(), by_option()] {
            let run = match value {
                Some(value) => run.env("SSL_CERT_FILE", value).env("GIT_SSL_CAINFO", value),
                None => run,
            };
            let run = run.run().succeeds();
            assert_eq!(run.value("SSL_CERT_FILE").as_deref(), value);
            assert_eq!(run.value("GIT_SSL_CAINFO").as_deref(), value);
            for name in ["JAVA_TOOL_OPTIONS", "WGETRC"] {
                assert_eq!(run.value(name), None, "{name}");
            }
            assert_eq!(run.value("REQUESTS_CA_BUNDLE").as_deref(), Some(BUNDLE));
            assert!(run.value("WGET2RC").is_some());
        }
    }
    // The option replaces the variable, so the variable's own entries have no effect.
    let run =
        world.trust_init(&["--leave=SSL_CERT_FILE", "env"]).env("TRUST_INIT_RUNTIMES", "wget");
    let run = run.env("TRUST_INIT_LEAVE", "WGETRC").run().succeeds();
    assert!(run.value("WGETRC").is_some());
    let refused = [
        (world.trust_init(&["--leave=SSL_CERT_DIR", "env"]), "from --leave"),
        (
            world.trust_init(&["env"]).env("TRUST_INIT_LEAVE", "SSL_CERT_DIR"),
            "from TRUST_INIT_LEAVE",
        ),
    ];
    for (run, origin) in refused {
        let error =
            format!("error: cannot use `SSL_CERT_DIR` ({origin}): it is not a trust variable");
        run.run().exits(125).says(&error);
    }
}

/// The overlay keeps the same variables as trust-init, as far as setup can read their files.
#[test]
fn the_overlay_keeps_the_same_variables() {
    let desk = project(
        "services:\n  tls:\n    build: .\n    volumes: [./certs/server.pem:/srv/server.pem:ro]\n    \
         environment: {SSL_CERT_FILE: /srv/server.pem}\n  beside:\n    build: .\n    \
         environment: {SSL_CERT_FILE: /srv/later.pem, SSL_KEYFILE: /srv/key.pem}\n  named:\n    \
         build: .\n    environment: {TRUST_INIT_LEAVE: SSL_CERT_FILE}\n  other:\n    build: .\n",
    );
    let outcome = desk.types(".", "setup --custom-ca certs/ca.crt").succeeds();
    let outcome =
        outcome.says("`tls`: SSL_CERT_FILE=`/srv/server.pem` names a server's certificate");
    outcome.says("`beside`: SSL_CERT_FILE names a file that trust-compose cannot read");
    let overlay = desk.read("docker-compose.ca.yml");
    let sets = |service: &str, name: &str| {
        let (_, rest) = overlay.split_once(&format!("\n  {service}:\n")).unwrap();
        let rest = rest.split("    volumes:\n").next().unwrap();
        rest.contains(&format!("      {name}: "))
    };
    for service in ["tls", "beside", "named"] {
        assert!(
            !sets(service, "SSL_CERT_FILE") && sets(service, "REQUESTS_CA_BUNDLE"),
            "{overlay}"
        );
    }
    assert!(sets("other", "SSL_CERT_FILE"), "{overlay}");
}
