//! The command lines of all three programs: one layout of help, suggestions for typing errors, and options in front
//! of the command.

use crate::desk::Desk;
use crate::setup::flags::{back_end, has, project};
use crate::world::{Outcome, tool};

/// Runs this line in a shell in the project, with the three programs in its PATH.
#[track_caller]
fn sh(desk: &Desk, line: &str) -> Outcome {
    let bin = std::path::Path::new(env!("CARGO_BIN_EXE_trust-compose")).parent().unwrap();
    let mut command = desk.command(&tool("sh"), &["-c", line], "022");
    Outcome(command.env("PATH", format!("{}:/usr/bin:/bin", bin.display())).output().unwrap())
}

const COMMANDS: [&str; 8] =
    ["certs", "setup", "kustomize", "remove", "trust", "doctor", "inspect", "completions"];

#[test]
fn every_help_has_one_layout_and_ends_with_examples() {
    let desk = Desk::new();
    let commands = COMMANDS.map(|command| format!("trust-compose {command}"));
    let programs = ["trust-init", "trust-doctor", "trust-compose"].map(str::to_owned);
    for program in programs.into_iter().chain(commands) {
        let help = sh(&desk, &format!("{program} --help")).succeeds().stdout();
        let (about, rest) = help.split_once("\n\nUsage: ").expect(&program);
        assert!(about.starts_with(char::is_uppercase) && !about.ends_with('.'), "{about}");
        let options = rest.find("\nOptions").expect(&program);
        let examples = rest.find("\n\nExamples:\n").expect(&program);
        assert!(options < examples, "{help}");
        let examples = &rest[examples..];
        let count = examples.lines().filter(|line| line.starts_with("      ")).count();
        assert!((2..=5).contains(&count), "{program}: {count} examples: {examples}");
        assert!(program.ends_with("completions") || count >= 3, "{program}: {count}");
        assert!(!help.contains("\n\n\n"), "{help}");
    }
}

#[test]
fn help_fits_the_terminal() {
    let desk = Desk::new();
    for command in COMMANDS {
        for columns in [60, 80, 100] {
            let line = format!("COLUMNS={columns} trust-compose {command} --help");
            let help = sh(&desk, &line).succeeds().stdout();
            let (before, _) = help.split_once("Examples:").unwrap();
            for line in before.lines() {
                assert!(line.chars().count() <= columns, "{command} at {columns}: {line}");
            }
        }
    }
}

#[test]
fn without_a_command_the_help_is_printed() {
    let desk = Desk::new();
    let help = sh(&desk, "trust-compose --help").succeeds().stdout();
    for line in ["trust-compose", "trust-compose help"] {
        assert_eq!(sh(&desk, line).succeeds().stays_silent().stdout(), help, "{line}");
    }
    let setup = sh(&desk, "trust-compose setup --help").succeeds().stdout();
    assert_eq!(sh(&desk, "trust-compose help setup").succeeds().stdout(), setup);
}

#[test]
fn a_typing_error_gets_a_suggestion() {
    let desk = back_end();
    for (line, code, fix) in [
        ("TRUST_INIT_ONERROR=warn trust-init true", 0, "unset it, or write TRUST_INIT_ON_ERROR"),
        ("TRUST_INIT_JAVVA=off trust-init true", 0, "unset it, or write TRUST_INIT_JAVA"),
        ("trust-init --onerror warn true", 125, "write `--on-error`, or see `trust-init --help`"),
        ("trust-init --leave SSL_CERTFILE true", 125, "write SSL_CERT_FILE"),
        ("trust-compose setpu", 2, "write `setup`, or see `trust-compose --help`"),
        ("trust-compose setup --costum-ca x", 2, "write `--custom-ca`, or see"),
        ("trust-compose setup --custom-ca certs --roots mozila", 2, "write `mozilla`, or see"),
        ("trust-compose setup --custom-ca certs --service qeueu=leave", 1, "write `queue`"),
        ("trust-compose setup --custom-ca certs --without apo", 1, "write `api`"),
        (
            "trust-compose setup --custom-ca certs --domain reflector.local --tls ap",
            1,
            "write `api`",
        ),
        ("trust-compose doctor apu", 2, "write `api`"),
        ("trust-doctor --conect https://x", 2, "write `--connect`, or see `trust-doctor --help`"),
    ] {
        sh(&desk, line).exits(code).says(&format!("fix: {fix}"));
    }
    // A name that resembles none gets the list.
    sh(&desk, "TRUST_INIT_COLOUR=1 trust-init true")
        .succeeds()
        .says("or write one of TRUST_INIT_CA,");
}

#[test]
fn options_may_precede_the_command_as_in_docker_compose() {
    let desk = project("services:\n  api:\n    build: .\n");
    desk.rename("docker-compose.yml", "prod.yml");
    for line in [
        "trust-compose -f prod.yml setup --custom-ca certs --dry-run",
        "trust-compose --file=prod.yml --custom-ca certs setup --dry-run",
        "trust-compose -fprod.yml --dry-run --custom-ca certs setup",
        "trust-compose setup -f prod.yml --custom-ca certs --dry-run",
    ] {
        has(&sh(&desk, line).succeeds().stdout(), "1 of 1 service would trust:");
    }
    sh(&desk, "trust-compose -f prod.yml inspect certs/ca.crt")
        .exits(2)
        .says("unexpected argument `-f`");
}
