//! Runtimes with settings of their own for the bundle: configured on request, without hiding the user's
//! settings.

use crate::world::{BUNDLE, CUSTOM_CA, Outcome, Run, World};

const INI: &str = "/run/trust-init/trust-init.ini";
const WGETRC: &str = "/run/trust-init/wgetrc";
const ARGUMENT: &str = "-public_key cacerts_path '\"/run/trust-init/ca-bundle.crt\"'";

const ALL: [&str; 3] = ["--runtime", "php,wget,erlang", "env"];

/// Returns the values for PHP, wget and Erlang; wget and wget2 have the same.
#[track_caller]
fn values(run: &Outcome) -> [Option<String>; 3] {
    let [php, wget, wget2, erlang] =
        ["PHP_INI_SCAN_DIR", "WGETRC", "WGET2RC", "ERL_ZFLAGS"].map(|name| run.value(name));
    assert_eq!(wget2, wget);
    [php, wget, erlang]
}

#[test]
fn runtimes_are_configured_on_request() {
    let world = World::new().with_ca();
    let run = world.trust_init(&["env"]).run().succeeds();
    assert_eq!(values(&run), [None, None, None]);
    assert!(!world.has(INI) && !world.has(WGETRC));

    let asked =
        world.trust_init(&ALL).run().succeeds().says(&format!("in wget, through `{WGETRC}`"));
    let wanted = [":/run/trust-init", WGETRC, ARGUMENT].map(|value| Some(value.to_owned()));
    assert_eq!(values(&asked), wanted);
    assert_eq!(world.read(INI), format!("curl.cainfo = \"{BUNDLE}\"\n"));
    assert_eq!(world.read(WGETRC), format!("ca_certificate = {BUNDLE}\n"));

    let run = world.trust_init(&["env"]).env("TRUST_INIT_RUNTIMES", "wget, erlang").run();
    assert_eq!(values(&run.succeeds()), [None, wanted[1].clone(), wanted[2].clone()]);
    let run = world.trust_init(&["--runtime", "php", "env"]).env("TRUST_INIT_RUNTIMES", "wget");
    assert_eq!(values(&run.run().succeeds()), [wanted[0].clone(), None, None]);
    world.trust_init(&["--runtime", "perl", "env"]).run().exits(125).says("php, wget, erlang");
}

#[test]
fn without_a_ca_no_runtime_is_configured() {
    let world = World::new();
    let run = world.trust_init(&ALL).env("ERL_ZFLAGS", "-a b").run().succeeds().stays_silent();
    assert_eq!(values(&run), [None, None, Some("-a b".into())]);
}

#[test]
fn existing_values_are_kept() {
    let world = World::new().with_ca();
    for (before, after) in [
        ("/own", "/own:/run/trust-init"),
        ("", "/run/trust-init"),
        (":/own:", ":/own::/run/trust-init"),
    ] {
        let run = world.trust_init(&ALL).env("PHP_INI_SCAN_DIR", before).env("ERL_ZFLAGS", "-a b");
        let run = run.run().succeeds();
        let flags = Some(format!("-a b {ARGUMENT}"));
        assert_eq!(values(&run), [Some(after.into()), Some(WGETRC.into()), flags]);
    }
}

#[test]
fn a_second_configuration_changes_nothing() {
    let world = World::new().with_ca();
    let words =
        ["--runtime", "php,wget,erlang", "/trust-init", "--runtime", "php,wget,erlang", "env"];
    for before in [None, Some(""), Some("/own")] {
        let with = |words: &[&str]| {
            let run = world.trust_init(words);
            let run = match before {
                Some(value) => run.env("PHP_INI_SCAN_DIR", value).env("ERL_ZFLAGS", "-a b"),
                None => run,
            };
            values(&run.run().succeeds())
        };
        assert_eq!(with(&words), with(&ALL), "{before:?}");
    }
}

#[test]
fn settings_of_the_user_are_not_hidden() {
    let world = World::new().with_ca();
    world.write("/root/.wgetrc", "user = me\n");
    let wget = ["--runtime", "wget", "env"];
    let run = world.trust_init(&wget).env("HOME", "/root").run().succeeds();
    let run = run.says("`ca_certificate` in `/root/.wgetrc` already configures wget").says(BUNDLE);
    assert_eq!((run.value("WGETRC"), run.value("WGET2RC")), (None, Some(WGETRC.into())));
    world.write("/root/.config/wget/wget2rc", "");
    let run = world.trust_init(&wget).env("HOME", "/root").run().succeeds();
    let run = run.says("`ca_certificate` in `/root/.config/wget/wget2rc` already configures wget2");
    assert_eq!(run.value("WGET2RC"), None);
    let run = world.trust_init(&wget).env("WGETRC", "/own").run().succeeds();
    let run = run.says("`ca_certificate` in `/own` (from WGETRC)");
    assert_eq!(run.value("WGETRC").as_deref(), Some("/own"));

    let own = "-public_key cacerts_path '\"/own.pem\"'";
    let run = world.trust_init(&["--runtime", "erlang", "env"]).env("ERL_ZFLAGS", own).run();
    let run = run.succeeds().says("`cacerts_path` in ERL_ZFLAGS already configures Erlang");
    assert_eq!(run.value("ERL_ZFLAGS").as_deref(), Some(own));
}

#[test]
fn the_settings_name_the_bundle_in_any_directory() {
    let world = World::new().with_ca();
    let run = world.trust_init(&ALL).uid(1000).run().succeeds();
    let bundle = run.value("SSL_CERT_FILE").unwrap();
    assert!(bundle.starts_with("/tmp/trust-init-1000-"), "{bundle}");
    let [php, wgetrc, erlang] = values(&run).map(Option::unwrap);
    assert!(world.read(&wgetrc).contains(&bundle));
    assert!(world.read(&format!("{}/trust-init.ini", &php[1..])).contains(&bundle));
    assert!(erlang.contains(&bundle));
    // A restart reuses the files.
    let again = world.trust_init(&ALL).uid(1000).run().succeeds();
    assert_eq!(values(&again).map(Option::unwrap), [php, wgetrc, erlang]);

    let world = World::new().with_ca();
    let run = world.trust_init(&ALL).uid(1000).read_only().run().succeeds();
    let [php, wgetrc, erlang] = values(&run.says("PHP is not configured with the bundle"));
    assert_eq!(php, None);
    assert!(wgetrc.unwrap().starts_with("/proc/") && erlang.unwrap().contains("/proc/"));

    world.directory("/odd dir", 0o755);
    let run = world.trust_init(&["--dir", "/odd dir", "--runtime", "erlang", "env"]).run();
    let run = run.succeeds().says("Erlang is not configured with the bundle").says("/odd dir/");
    assert_eq!(run.value("ERL_ZFLAGS"), None);
}

/// In a container configured for a bundle that is not mounted, every connection would fail.
#[test]
fn our_settings_without_a_file_are_removed() {
    let world = World::new();
    let flags = format!("-a b {ARGUMENT}");
    let variables = |run: Run<'_>| {
        run_with(run, &[("ERL_ZFLAGS", &flags), ("WGETRC", WGETRC), ("WGET2RC", WGETRC)])
    };
    let run = variables(world.trust_init(&["env"])).exits(125);
    run.says("cannot keep `/run/trust-init/ca-bundle.crt` in ERL_ZFLAGS")
        .says("cannot keep `/run/trust-init/wgetrc` in WGETRC, WGET2RC");
    let run = variables(world.trust_init(&["--on-error=warn", "env"])).succeeds();
    assert_eq!(values(&run), [None, None, Some("-a b".into())]);
}

fn run_with(run: Run<'_>, variables: &[(&str, &str)]) -> Outcome {
    variables.iter().fold(run, |run, (name, value)| run.env(name, value)).run()
}

#[test]
fn a_dry_run_writes_no_setting() {
    let world = World::new().with_ca();
    let run = world.trust_init(&["--dry-run", "--runtime", "wget"]).run().succeeds();
    run.says(&format!("would set WGETRC=`{WGETRC}`"));
    assert!(!world.has(WGETRC));
}

/// A variable that only one program reads is changed only if it is set.
#[test]
fn a_variable_of_one_program_is_changed_only_if_set() {
    let world = World::new().with_ca();
    let run = world.trust_init(&["env"]).env("npm_config_cafile", "").run().succeeds();
    assert_eq!(run.value("CARGO_HTTP_CAINFO"), None);
    assert_eq!(run.value("npm_config_cafile").as_deref(), Some(""));

    world.copy("ca-ec.crt", "/corporate.pem");
    let run =
        world.trust_init(&["env"]).env("CARGO_HTTP_CAINFO", "/corporate.pem").run().succeeds();
    let own = "/run/trust-init/CARGO_HTTP_CAINFO.crt";
    assert_eq!(run.value("CARGO_HTTP_CAINFO").as_deref(), Some(own));
    assert_eq!(world.read(own), world.read("/corporate.pem") + &world.read(CUSTOM_CA));

    let run = world.trust_init(&["env"]).env("NIX_SSL_CERT_FILE", "/gone.pem").run().succeeds();
    let run = run.says("NIX_SSL_CERT_FILE names `/gone.pem`, which cannot be used");
    assert_eq!(run.value("NIX_SSL_CERT_FILE").as_deref(), Some("/gone.pem"));
}
