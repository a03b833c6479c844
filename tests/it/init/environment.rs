//! Which variable names what: its readers trust afterwards what they trusted before, plus the
//! custom CAs, and nothing else.

use trust_init::doctor::checks::verification;

use crate::world::{BUNDLE, CUSTOM_CA, Outcome, ROOTS, World, count};

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

/// The certificates in the file that a variable names, as their text.
#[track_caller]
fn held(world: &World, run: &Outcome, name: &str) -> Vec<String> {
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
fn is(world: &World, run: &Outcome, name: &str, files: &[&str]) {
    let text: String = files.iter().map(|file| world.read(file)).collect();
    assert_eq!(held(world, run, name), certificates(&text), "{name}");
}

#[test]
fn variables_that_replace_get_everything_and_those_that_add_get_the_custom_cas() {
    let world = World::new().with_ca();
    let run = world.trust_init(&["env"]).run().succeeds();
    for name in BUNDLE_VARIABLES {
        assert_eq!(run.value(name).as_deref(), Some(BUNDLE));
    }
    is(&world, &run, "SSL_CERT_FILE", &[CUSTOM_CA, ROOTS]);
    for name in ["NODE_EXTRA_CA_CERTS", "DENO_CERT"] {
        is(&world, &run, name, &[CUSTOM_CA]);
    }
    assert!(world.read(BUNDLE).starts_with(&world.read(CUSTOM_CA)), "custom CAs come first");
}

#[test]
fn grpc_is_left_alone_unless_asked() {
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
fn a_pinned_variable_gets_its_own_file_and_shares_it_with_nobody() {
    let world = World::new().with_ca();
    world.copy("ca-ec.crt", "/etc/partner.pem");
    let run = world.trust_init(&["env"]).env("GIT_SSL_CAINFO", "/etc/partner.pem").run().succeeds();
    is(&world, &run, "GIT_SSL_CAINFO", &["/etc/partner.pem", CUSTOM_CA]);
    is(&world, &run, "SSL_CERT_FILE", &[CUSTOM_CA, ROOTS]);
    let node = world.trust_init(&["env"]).env("NODE_EXTRA_CA_CERTS", "/etc/partner.pem").run();
    is(&world, &node.succeeds(), "NODE_EXTRA_CA_CERTS", &["/etc/partner.pem", CUSTOM_CA]);
}

#[test]
fn what_a_client_falls_back_to_is_not_widened_by_the_variable_in_front() {
    let world = World::new().with_ca();
    world.copy("ca-ec.crt", "/etc/partner.pem");
    let pinned = &["/etc/partner.pem", CUSTOM_CA];
    let run = world.trust_init(&["env"]).env("SSL_CERT_FILE", "/etc/partner.pem").run().succeeds();
    for name in ["SSL_CERT_FILE", "CURL_CA_BUNDLE", "PERL_LWP_SSL_CA_FILE"] {
        is(&world, &run, name, pinned);
    }
    // requests never looked at SSL_CERT_FILE: it trusted public roots, and still does.
    is(&world, &run, "REQUESTS_CA_BUNDLE", &[CUSTOM_CA, ROOTS]);
    let run =
        world.trust_init(&["env"]).env("REQUESTS_CA_BUNDLE", "/etc/partner.pem").run().succeeds();
    for name in ["REQUESTS_CA_BUNDLE", "AWS_CA_BUNDLE", "PIP_CERT"] {
        is(&world, &run, name, pinned);
    }
    is(&world, &run, "CURL_CA_BUNDLE", &[CUSTOM_CA, ROOTS]);
}

#[test]
fn a_pinned_directory_is_not_widened() {
    let world = World::new().with_ca();
    world.copy("ca-ec.crt", "/etc/partner/a.pem");
    let run = world.trust_init(&["env"]).env("SSL_CERT_DIR", "/etc/partner").run().succeeds();
    is(&world, &run, "SSL_CERT_FILE", &["/etc/partner/a.pem", CUSTOM_CA]);
    assert_eq!(run.value("SSL_CERT_DIR").as_deref(), Some("/etc/partner"));
    // The image's own directory is the image's roots.
    let run = world.trust_init(&["env"]).env("SSL_CERT_DIR", "/etc/ssl/certs").run().succeeds();
    assert_eq!(run.value("SSL_CERT_FILE").as_deref(), Some(BUNDLE));
}

#[test]
fn a_variable_that_names_the_images_roots_gets_the_bundle() {
    let world = World::new().with_ca();
    let run = world.trust_init(&["env"]).env("REQUESTS_CA_BUNDLE", ROOTS).run().succeeds();
    assert_eq!(run.value("REQUESTS_CA_BUNDLE").as_deref(), Some(BUNDLE));
    // A part of the roots is a pin: the bundle would widen it.
    world.copy("two.crt", ROOTS);
    let part = certificates(&world.read(ROOTS)).remove(0);
    world.write("/etc/part.pem", part);
    let run =
        world.trust_init(&["env"]).env("REQUESTS_CA_BUNDLE", "/etc/part.pem").run().succeeds();
    is(&world, &run, "REQUESTS_CA_BUNDLE", &["/etc/part.pem", CUSTOM_CA]);
}

#[test]
fn a_variable_that_names_every_custom_ca_already_is_left_alone() {
    let world = World::new().with_ca();
    let run = world.trust_init(&["env"]).env("NODE_EXTRA_CA_CERTS", CUSTOM_CA).run().succeeds();
    assert_eq!(run.value("NODE_EXTRA_CA_CERTS").as_deref(), Some(CUSTOM_CA));
    let run = world.trust_init(&["env"]).env("SSL_CERT_FILE", CUSTOM_CA).run().succeeds();
    assert_eq!(run.value("SSL_CERT_FILE").as_deref(), Some(CUSTOM_CA), "pinned to it");
    // But not where some clients could not read it as it is.
    world.copy("neighbour/ca.crt", "/etc/glued.pem");
    world.write("/etc/glued.pem", format!("  {}", world.read(CUSTOM_CA)));
    let run =
        world.trust_init(&["env"]).env("NODE_EXTRA_CA_CERTS", "/etc/glued.pem").run().succeeds();
    is(&world, &run, "NODE_EXTRA_CA_CERTS", &[CUSTOM_CA]);
}

#[test]
fn a_variable_that_names_nothing_usable_counts_as_not_set() {
    let world = World::new().with_ca();
    world.write("/etc/none.pem", "no certificate");
    for (value, cause) in [
        ("/nowhere.pem", "names `/nowhere.pem`, which cannot be used (there is no such file"),
        ("/etc/none.pem", "it contains no certificate"),
        ("", "REQUESTS_CA_BUNDLE is set but empty"),
    ] {
        let run = world.trust_init(&["env"]).env("REQUESTS_CA_BUNDLE", value).run().succeeds();
        assert_eq!(run.says(cause).value("REQUESTS_CA_BUNDLE").as_deref(), Some(BUNDLE));
    }
}

#[test]
fn verification_that_is_switched_off_is_no_longer_needed() {
    let world = World::new().with_ca();
    for (name, value) in [
        ("NODE_TLS_REJECT_UNAUTHORIZED", "0"),
        ("PYTHONHTTPSVERIFY", "0"),
        ("GIT_SSL_NO_VERIFY", "true"),
        ("SSL_VERIFY", "False"),
        ("AI_VERIFY_SSL", "false"),
        // git looks only whether it is set.
        ("GIT_SSL_NO_VERIFY", "0"),
        ("PIP_TRUSTED_HOST", "pypi.lan"),
    ] {
        let run = world.trust_init(&["env"]).env(name, value).run().succeeds();
        let run = run.says(&format!("{name}=`{value}` switches certificate verification off"));
        assert_eq!(run.value(name).as_deref(), Some(value), "it is named, not changed");
        let found = [(name.into(), value.into())].into_iter().collect();
        assert_eq!(verification::check(&found).len(), 1, "trust-doctor says the same");
    }
    world.trust_init(&["true"]).env("SSL_VERIFY", "true").run().succeeds().never_says("SSL_VERIFY");
}

#[test]
fn an_applications_own_variable_is_left_alone_and_explained() {
    let world = World::new().with_ca();
    for name in ["CA_CERT_PATH", "AI_CA_CERT_PATH"] {
        let run = world.trust_init(&["env"]).env(name, "/app/ca.pem").run().succeeds();
        let run = run.says("may trust only that file").says("add the CA to that file");
        assert_eq!(run.value(name).as_deref(), Some("/app/ca.pem"));
    }
}

#[test]
fn a_variable_that_names_our_file_which_is_gone_never_reaches_the_service() {
    let world = World::new();
    let run = || world.trust_init(&["env"]).env("SSL_CERT_FILE", BUNDLE).env("PIP_CERT", BUNDLE);
    run().run().exits(125).says("in SSL_CERT_FILE, PIP_CERT: the bundle does not exist");
    let warn =
        run().env("TRUST_INIT_ON_ERROR", "warn").run().succeeds().says("the bundle does not exist");
    assert_eq!((warn.value("SSL_CERT_FILE"), warn.value("PIP_CERT")), (None, None));
}

#[test]
fn on_error_warn_starts_the_service_with_what_could_be_prepared() {
    let world = World::new().with_ca();
    let words = ["--ca", "/nowhere", "--ca", CUSTOM_CA, "--on-error=warn", "env"];
    let run = world.trust_init(&words).run().succeeds().says("warning: cannot read `/nowhere`");
    is(&world, &run, "SSL_CERT_FILE", &[CUSTOM_CA, ROOTS]);
    let run = world.trust_init(&["--ca", "/nowhere", "--on-error=warn", "env"]).run().succeeds();
    assert_eq!(run.value("SSL_CERT_FILE"), None);
}

#[test]
fn in_front_of_itself_it_changes_nothing() {
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
fn print_env_is_for_eval_and_its_quotes_hold() {
    let world = World::new().with_ca();
    world.directory("/it's", 0o755);
    let run = world.trust_init(&["--print-env", "--dir", "/it's"]).run().succeeds();
    let script = format!("{}\ncat \"$SSL_CERT_FILE\"", run.stdout());
    let run = world.trust_init(&["sh", "-c", &script]).env("TRUST_INIT_CA", "").run().succeeds();
    assert_eq!(count(&run.stdout()), 2);
}
