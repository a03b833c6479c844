//! Options, their variables, and options that print something instead of starting a service.

use crate::world::World;

#[test]
fn options_stop_at_the_program() {
    let world = World::new();
    let echo = |words: &[&str]| world.trust_init(words).run().succeeds().stdout();
    assert_eq!(echo(&["busybox", "echo", "--help", "--", "-d"]), "--help -- -d\n");
    assert_eq!(echo(&["--", "busybox", "echo", "--", "--ca"]), "-- --ca\n");
    assert_eq!(echo(&["--log=quiet", "--", "busybox", "echo", "x"]), "x\n");
}

#[test]
fn a_wrong_command_line_exits_125_with_a_fix() {
    let world = World::new();
    let run = |words: &[&str]| world.trust_init(words).run().exits(125);
    run(&[]).says("no PROGRAM was given").says("fix: name it after `--`");
    run(&["--frobnicate", "true"]).says("invalid option `--frobnicate`");
    run(&["--roots", "debian", "true"]).says("one of system, mozilla, none");
    run(&["--ca"]).says("missing argument for option `--ca`");
    run(&["--java", "true"]).says("cannot use `true` (from --java)").says("one of auto, on, off");
    run(&["--prepare", "--print-env"]).says("cannot combine `--prepare` with `--print-env`");
    let variable = world.trust_init(&["true"]).env("TRUST_INIT_ON_ERROR", "ignore").run();
    variable.exits(125).says("cannot use `ignore` (from TRUST_INIT_ON_ERROR)");
}

#[test]
fn an_unknown_setting_variable_is_named() {
    let world = World::new();
    let run = world.trust_init(&["true"]).env("TRUST_INIT_CAS", "/ca").run().succeeds();
    run.says("`TRUST_INIT_CAS` is set, but is not a setting of trust-init");
}

#[test]
fn an_empty_variable_counts_as_not_set() {
    let world = World::new();
    for name in ["TRUST_INIT_DIR", "TRUST_INIT_ROOTS", "TRUST_INIT_LOG", "TRUST_INIT_CA_PEM"] {
        world.trust_init(&["true"]).env(name, "").run().succeeds().stays_silent();
    }
}

#[test]
fn help_version_and_table_are_on_stdout() {
    let world = World::new();
    let help = world.trust_init(&["--help"]).run().succeeds().stays_silent().stdout();
    assert!(help.lines().all(|line| line.chars().count() <= 80), "{help}");
    for option in ["--ca", "--dir", "--roots", "--on-error", "--grpc-roots", "--log", "--prepare"] {
        assert!(help.contains(option), "{option}");
    }
    let table = world.trust_init(&["--list-variables"]).run().succeeds().stdout();
    assert!(
        table.contains(
            "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH\n    rule    left alone unless --grpc-roots"
        )
    );
    world.trust_init(&["-V"]).run().succeeds().stays_silent();
}

#[test]
fn quiet_keeps_warnings_and_json_prints_one_object_per_line() {
    let world = World::new().with_ca();
    world.trust_init(&["--log", "quiet", "true"]).run().succeeds().stays_silent();
    let quiet = world.trust_init(&["--log", "quiet", "true"]).env("SSL_VERIFY", "0").run();
    quiet.succeeds().says("warning: SSL_VERIFY");
    let json =
        world.trust_init(&["true"]).env("TRUST_INIT_LOG", "json").env("SSL_VERIFY", "0").run();
    for line in json.succeeds().stderr().lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        let members: Vec<_> = line.as_object().unwrap().keys().map(String::as_str).collect();
        for name in ["event", "level", "message", "program", "time"] {
            assert!(members.contains(&name), "{line}");
        }
    }
    let error = world.trust_init(&["--log", "json", "--ca", "/a\"b\n", "true"]).run().exits(125);
    error
        .says(r#""message":"cannot read `/a\"b\\u{a}` (from --ca)"#)
        .says(r#""fix":"mount it there"#);
}

#[test]
fn control_characters_in_certificates_are_escaped() {
    let world = World::new();
    world.copy("ca-name-escapes.crt", "/ca\u{1b}[31m.crt");
    let run = world.trust_init(&["--ca", "/ca\u{1b}[31m.crt", "true"]).run().succeeds();
    assert!(run.stderr().bytes().all(|byte| byte == b'\n' || byte >= b' '), "{:?}", run.stderr());
    run.says("\\u{1b}");
}
