//! The file that each variable names: its readers keep the certificates they trusted before and get the
//! custom CAs, and no others.

use trust_init::doctor::checks::verification;

use crate::init::store::hash::openssl_hash;
use crate::world::{BUNDLE, CUSTOM_CA, Outcome, ROOTS, World, count, gallery};

const BUNDLE_VARIABLES: [&str; 8] = [
    "SSL_CERT_FILE",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "GIT_SSL_CAINFO",
    "AWS_CA_BUNDLE",
    "PIP_CERT",
    "HTTPLIB2_CA_CERTS",
    "PERL_LWP_SSL_CA_FILE",
];

/// Returns the PEM blocks in the file that a variable names.
#[track_caller]
fn named_certificates(world: &World, run: &Outcome, name: &str) -> Vec<String> {
    let path = run.value(name).unwrap_or_else(|| panic!("{name} is not set:\n{}", run.stdout()));
    certificates(&world.read(&path))
}

fn certificates(pem: &str) -> Vec<String> {
    let mut found: Vec<_> =
        pem.split_inclusive("-----END CERTIFICATE-----\n").map(str::to_owned).collect();
    found.sort();
    found
}

#[track_caller]
fn names_exactly(world: &World, run: &Outcome, name: &str, files: &[&str]) {
    let text: String = files.iter().map(|file| world.read(file)).collect();
    assert_eq!(named_certificates(world, run, name), certificates(&text), "{name}");
}

#[test]
fn replacing_variables_get_the_bundle_and_adding_ones_the_custom_cas() {
    let world = World::new().with_ca();
    let run = world.trust_init(&["env"]).run().succeeds();
    for name in BUNDLE_VARIABLES {
        assert_eq!(run.value(name).as_deref(), Some(BUNDLE));
    }
    names_exactly(&world, &run, "SSL_CERT_FILE", &[CUSTOM_CA, ROOTS]);
    for name in ["NODE_EXTRA_CA_CERTS", "DENO_CERT"] {
        names_exactly(&world, &run, name, &[CUSTOM_CA]);
    }
    assert!(world.read(BUNDLE).starts_with(&world.read(CUSTOM_CA)), "custom CAs come first");
}

#[test]
fn grpc_is_configured_only_on_request() {
    const GRPC: &str = "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH";
    let world = World::new().with_ca();
    assert_eq!(world.trust_init(&["env"]).run().succeeds().value(GRPC), None);
    for value in ["/own/roots.pem", ""] {
        let run = world.trust_init(&["env"]).env(GRPC, value).run().succeeds().never_says(GRPC);
        assert_eq!(run.value(GRPC).as_deref(), Some(value));
    }
    let asked = world.trust_init(&["--grpc-roots", "env"]).run().succeeds();
    assert_eq!(asked.value(GRPC).as_deref(), Some(BUNDLE));
    let variable = world.trust_init(&["env"]).env("TRUST_INIT_GRPC_ROOTS", "1").run().succeeds();
    assert_eq!(variable.value(GRPC).as_deref(), Some(BUNDLE));
}

#[test]
fn every_pinned_variable_gets_its_own_file() {
    let world = World::new().with_ca();
    world.copy("ca-ec.crt", "/etc/partner.pem");
    let run = world.trust_init(&["env"]).env("GIT_SSL_CAINFO", "/etc/partner.pem").run().succeeds();
    names_exactly(&world, &run, "GIT_SSL_CAINFO", &["/etc/partner.pem", CUSTOM_CA]);
    names_exactly(&world, &run, "SSL_CERT_FILE", &[CUSTOM_CA, ROOTS]);
    let node = world.trust_init(&["env"]).env("NODE_EXTRA_CA_CERTS", "/etc/partner.pem").run();
    names_exactly(
        &world,
        &node.succeeds(),
        "NODE_EXTRA_CA_CERTS",
        &["/etc/partner.pem", CUSTOM_CA],
    );
}

#[test]
fn a_pinned_fallback_is_not_widened_by_another_variable() {
    let world = World::new().with_ca();
    world.copy("ca-ec.crt", "/etc/partner.pem");
    let pinned = &["/etc/partner.pem", CUSTOM_CA];
    let run = world.trust_init(&["env"]).env("SSL_CERT_FILE", "/etc/partner.pem").run().succeeds();
    for name in ["SSL_CERT_FILE", "CURL_CA_BUNDLE", "PERL_LWP_SSL_CA_FILE"] {
        names_exactly(&world, &run, name, pinned);
    }
    // requests does not read SSL_CERT_FILE: it trusted public roots before, and still does.
    names_exactly(&world, &run, "REQUESTS_CA_BUNDLE", &[CUSTOM_CA, ROOTS]);
    let run =
        world.trust_init(&["env"]).env("REQUESTS_CA_BUNDLE", "/etc/partner.pem").run().succeeds();
    for name in ["REQUESTS_CA_BUNDLE", "AWS_CA_BUNDLE", "PIP_CERT"] {
        names_exactly(&world, &run, name, pinned);
    }
    names_exactly(&world, &run, "CURL_CA_BUNDLE", &[CUSTOM_CA, ROOTS]);
}

/// Copies a CA of the gallery into a directory, under its hashed name.
fn add_hashed(world: &World, file: &str, directory: &str) -> String {
    let path = format!("{directory}/{}.0", openssl_hash(&gallery(file)).unwrap());
    world.copy(file, &path);
    path
}

#[test]
fn ssl_cert_dir_adds_to_the_roots_as_openssl_reads_it() {
    let world = World::new().with_ca();
    let partner = add_hashed(&world, "ca-ec.crt", "/etc/partner");
    // No program reads a root that was renamed.
    world.copy("ca-rsa.pem", "/etc/partner/withdrawn.pem.disabled");
    let run = world.trust_init(&["env"]).env("SSL_CERT_DIR", "/etc/partner").run().succeeds();
    for name in ["SSL_CERT_FILE", "CURL_CA_BUNDLE", "PERL_LWP_SSL_CA_FILE"] {
        names_exactly(&world, &run, name, &[&partner, CUSTOM_CA, ROOTS]);
    }
    // requests does not read SSL_CERT_DIR.
    names_exactly(&world, &run, "REQUESTS_CA_BUNDLE", &[CUSTOM_CA, ROOTS]);
    let run = run.says("programs that read those directories alone").says("TRUST_INIT_LEAVE");
    assert_eq!(run.value("SSL_CERT_DIR").as_deref(), Some("/etc/partner"));
    // Two directories; one that is empty, and the image's own.
    let two = world.trust_init(&["env"]).env("SSL_CERT_DIR", "/nowhere:/etc/partner").run();
    names_exactly(&world, &two.succeeds(), "SSL_CERT_FILE", &[&partner, CUSTOM_CA, ROOTS]);
    for same in ["/etc/ssl/certs", "/nowhere"] {
        let run = world.trust_init(&["env"]).env("SSL_CERT_DIR", same).run().succeeds();
        assert_eq!(run.never_says("warning").value("SSL_CERT_FILE").as_deref(), Some(BUNDLE));
    }
}

#[test]
fn ssl_cert_dir_is_a_pin_if_openssl_has_no_default_file() {
    let world = World::new().with_ca();
    let partner = add_hashed(&world, "ca-ec.crt", "/etc/partner");
    world.directory("/usr/lib/ssl", 0o755);
    let run = world.trust_init(&["env"]).env("SSL_CERT_DIR", "/etc/partner").run().succeeds();
    names_exactly(&world, &run, "SSL_CERT_FILE", &[&partner, CUSTOM_CA]);
    let run = world.trust_init(&["env"]).env("SSL_CERT_DIR", "/nowhere").run().succeeds();
    let run = run.says("SSL_CERT_DIR names `/nowhere`");
    assert_eq!(run.value("SSL_CERT_FILE"), None);
    assert_eq!(run.stderr().matches("SSL_CERT_DIR names").count(), 1, "{}", run.stderr());
    world.write("/usr/lib/ssl/cert.pem", world.read(ROOTS));
    let run = world.trust_init(&["env"]).env("SSL_CERT_DIR", "/etc/partner").run().succeeds();
    names_exactly(&world, &run, "SSL_CERT_FILE", &[&partner, CUSTOM_CA, ROOTS]);
}

#[test]
fn a_variable_that_names_the_images_roots_gets_the_bundle() {
    let world = World::new().with_ca();
    let run = world.trust_init(&["env"]).env("REQUESTS_CA_BUNDLE", ROOTS).run().succeeds();
    assert_eq!(run.value("REQUESTS_CA_BUNDLE").as_deref(), Some(BUNDLE));
    // A subset of the roots is a pinned file: the bundle would widen it.
    world.copy("two.crt", ROOTS);
    let part = certificates(&world.read(ROOTS)).remove(0);
    world.write("/etc/part.pem", part);
    let run =
        world.trust_init(&["env"]).env("REQUESTS_CA_BUNDLE", "/etc/part.pem").run().succeeds();
    names_exactly(&world, &run, "REQUESTS_CA_BUNDLE", &["/etc/part.pem", CUSTOM_CA]);
}

#[test]
fn a_variable_whose_file_contains_every_custom_ca_is_kept() {
    let world = World::new().with_ca();
    let run = world.trust_init(&["env"]).env("NODE_EXTRA_CA_CERTS", CUSTOM_CA).run().succeeds();
    assert_eq!(run.value("NODE_EXTRA_CA_CERTS").as_deref(), Some(CUSTOM_CA));
    let run = world.trust_init(&["env"]).env("SSL_CERT_FILE", CUSTOM_CA).run().succeeds();
    assert_eq!(run.value("SSL_CERT_FILE").as_deref(), Some(CUSTOM_CA), "pinned to it");
    // Not if some clients cannot read the file as it is.
    world.copy("neighbour/ca.crt", "/etc/glued.pem");
    world.write("/etc/glued.pem", format!("  {}", world.read(CUSTOM_CA)));
    let run =
        world.trust_init(&["env"]).env("NODE_EXTRA_CA_CERTS", "/etc/glued.pem").run().succeeds();
    names_exactly(&world, &run, "NODE_EXTRA_CA_CERTS", &[CUSTOM_CA]);
}

#[test]
fn a_variable_without_a_usable_file_is_kept_and_an_empty_one_counts_as_not_set() {
    let world = World::new().with_ca();
    world.write("/etc/none.pem", "no certificate");
    for (value, cause) in [
        ("/made-later.pem", "names `/made-later.pem`, which cannot be used (there is no such file"),
        ("/etc/none.pem", "it contains no certificate"),
    ] {
        let run = world.trust_init(&["env"]).env("REQUESTS_CA_BUNDLE", value).run().succeeds();
        let run = run.says(cause).says("do not trust the custom CAs");
        assert_eq!(run.value("REQUESTS_CA_BUNDLE").as_deref(), Some(value));
        // aws and pip read REQUESTS_CA_BUNDLE if their own variable is not set, so they trust nothing either.
        assert_eq!((run.value("AWS_CA_BUNDLE"), run.value("PIP_CERT")), (None, None));
        assert_eq!(run.value("SSL_CERT_FILE").as_deref(), Some(BUNDLE));
    }
    let run = world.trust_init(&["env"]).env("REQUESTS_CA_BUNDLE", "").run().succeeds();
    let run = run.says("REQUESTS_CA_BUNDLE is set but empty");
    assert_eq!(run.value("REQUESTS_CA_BUNDLE").as_deref(), Some(BUNDLE));
    // The roots of another distribution: the variable names no file of its own.
    let fedora = "/etc/pki/tls/certs/ca-bundle.crt";
    let run = world.trust_init(&["env"]).env("REQUESTS_CA_BUNDLE", fedora).run().succeeds();
    assert_eq!(run.never_says("warning").value("REQUESTS_CA_BUNDLE").as_deref(), Some(BUNDLE));
}

#[test]
fn disabled_verification_is_reported_and_kept() {
    let world = World::new().with_ca();
    for (name, value) in [
        ("NODE_TLS_REJECT_UNAUTHORIZED", "0"),
        ("PYTHONHTTPSVERIFY", "0"),
        ("GIT_SSL_NO_VERIFY", "true"),
        ("SSL_VERIFY", "False"),
        ("AI_VERIFY_SSL", "false"),
        // git checks only that the variable is set.
        ("GIT_SSL_NO_VERIFY", "0"),
        ("PIP_TRUSTED_HOST", "pypi.lan"),
    ] {
        let run = world.trust_init(&["env"]).env(name, value).run().succeeds();
        let run = run.says(&format!("{name}=`{value}` switches certificate verification off"));
        assert_eq!(run.value(name).as_deref(), Some(value), "it is reported, not changed");
        let found = [(name.into(), value.into())].into_iter().collect();
        assert_eq!(verification::check(&found).len(), 1, "trust-doctor says the same");
    }
    world.trust_init(&["true"]).env("SSL_VERIFY", "true").run().succeeds().never_says("SSL_VERIFY");
}

#[test]
fn an_application_variable_is_kept_and_explained() {
    let world = World::new().with_ca();
    for name in ["CA_CERT_PATH", "AI_CA_CERT_PATH"] {
        let run = world.trust_init(&["env"]).env(name, "/app/ca.pem").run().succeeds();
        let run = run.says("may trust only that file").says("add the CA to that file");
        assert_eq!(run.value(name).as_deref(), Some("/app/ca.pem"));
    }
}

#[test]
fn a_variable_with_a_missing_generated_file_is_removed() {
    let world = World::new();
    let run = || world.trust_init(&["env"]).env("SSL_CERT_FILE", BUNDLE).env("PIP_CERT", BUNDLE);
    run().run().exits(125).says("in SSL_CERT_FILE, PIP_CERT: the bundle does not exist");
    let warn =
        run().env("TRUST_INIT_ON_ERROR", "warn").run().succeeds().says("the bundle does not exist");
    assert_eq!((warn.value("SSL_CERT_FILE"), warn.value("PIP_CERT")), (None, None));
}

#[test]
fn on_error_warn_starts_the_service_despite_an_error() {
    let world = World::new().with_ca();
    let words = ["--ca", "/nowhere", "--ca", CUSTOM_CA, "--on-error=warn", "env"];
    let run = world.trust_init(&words).run().succeeds().says("warning: cannot read `/nowhere`");
    names_exactly(&world, &run, "SSL_CERT_FILE", &[CUSTOM_CA, ROOTS]);
    let run = world.trust_init(&["--ca", "/nowhere", "--on-error=warn", "env"]).run().succeeds();
    assert_eq!(run.value("SSL_CERT_FILE"), None);
}

#[test]
fn trust_init_under_trust_init_changes_nothing() {
    let world = World::new().with_ca();
    world.copy("ca-ec.crt", "/etc/partner.pem");
    let once = |words: &[&str]| {
        let run = world.trust_init(words).env("GIT_SSL_CAINFO", "/etc/partner.pem");
        run.run().succeeds().stdout()
    };
    assert_eq!(once(&["/trust-init", "--", "env"]), once(&["env"]));
    assert_eq!(world.names("/run/trust-init").len(), 3);
    let world = World::new().with_ca();
    let memory = |words: &[&str]| world.trust_init(words).read_only().run().succeeds().stdout();
    let once = memory(&["env"]);
    assert!(once.contains("SSL_CERT_FILE=/proc/1/fd/"), "{once}");
    assert_eq!(memory(&["/trust-init", "env"]), once);
}

#[test]
fn print_env_is_safe_for_eval() {
    let world = World::new().with_ca();
    world.directory("/it's", 0o755);
    let run = world.trust_init(&["--print-env", "--dir", "/it's"]).run().succeeds();
    let script = format!("{}\ncat \"$SSL_CERT_FILE\"", run.stdout());
    let run = world.trust_init(&["sh", "-c", &script]).env("TRUST_INIT_CA", "").run().succeeds();
    assert_eq!(count(&run.stdout()), 2);
}
