//! trust-compose certs --renew as cron runs it, the end of a CA, `--force`, and the commands that are printed.

use std::path::Path;
use std::process::Command;

use crate::desk::{Desk, trust_compose};
use crate::doctor::files::run_shell;
use crate::world::Outcome;

const NAMES: [&str; 4] = ["a.lab", "localhost", "127.0.0.1", "::1"];

/// Runs a command of crontab(5), as cron does.
fn cron(desk: &Desk, command: &str) -> Outcome {
    // cron itself turns `\%` into `%`.
    let command = command.replace("\\%", "%");
    let mut cron = Command::new("env");
    cron.args(["-i", "PATH=/usr/bin:/bin", "sh", "-c", &command]).current_dir("/");
    let _ = desk;
    Outcome(cron.output().unwrap())
}

/// The command in a line of crontab(5), after its five fields.
fn command_of(line: &str) -> String {
    line.trim().splitn(7, ' ').filter(|part| !part.is_empty()).nth(5).unwrap().to_owned()
}

#[test]
fn what_ends_within_thirty_days_is_renewed_whatever_its_length() {
    let desk = Desk::with(&["a.lab"]);
    // (validity, days left, is renewed)
    for (length, left, is_renewed) in [
        (365, 31, false),
        (365, 29, true),
        (50, 29, true),
        (40, 14, false),
        (40, 12, true),
        (20, 7, false),
        (20, 6, true),
    ] {
        desk.sign("certs", &NAMES, left - length, left);
        let outcome = desk.certs(&["--renew"]).succeeds();
        assert_eq!(
            !outcome.stdout().is_empty(),
            is_renewed,
            "{length}, {left}: {}",
            outcome.stdout()
        );
        outcome.stays_silent();
    }
}

#[test]
fn the_end_of_the_ca_is_reported_by_every_run_with_its_own_exit_code() {
    let desk = Desk::with(&["a.lab"]);
    desk.authority("certs", -10, 91);
    desk.sign("certs", &NAMES, -1, 60);
    desk.certs(&["--renew"]).succeeds().prints("").stays_silent();
    desk.authority("certs", -10, 89);
    desk.sign("certs", &NAMES, -1, 60);
    desk.certs(&["--renew"])
        .exits(3)
        .prints("")
        .says("`CN=Lab CA` expires on")
        .says("certs --force");
    desk.certs(&["a.lab"]).exits(0).says("`CN=Lab CA` expires on");
    // What is due is still renewed.
    desk.sign("certs", &NAMES, -300, 20);
    let outcome = desk.certs(&["--renew"]).exits(3);
    assert!(outcome.stdout().contains("created `certs/server.pem`"), "{}", outcome.stdout());
    desk.authority("certs", -10, -1);
    desk.certs(&["--renew"]).exits(3).says("it expired on");
    // The printed fix.
    desk.certs(&["--force"]).succeeds();
    desk.certs(&["--renew"]).succeeds().prints("").stays_silent();
    desk.verifies("certs/ca.crt", "certs/server.pem");
}

#[test]
fn the_command_runs_only_after_a_renewal_and_its_failure_is_an_error() {
    let desk = Desk::with(&["a.lab"]);
    let renew = |command: &str| desk.certs(&["--renew", "--then", command]);
    renew("echo ran >>log").succeeds().prints("").stays_silent();
    assert!(!desk.has("log"));
    desk.sign("certs", &NAMES, -300, 20);
    let outcome = renew("cat certs/server.pem >log; echo reloaded").succeeds();
    assert!(outcome.stdout().ends_with("\nreloaded\n"), "{}", outcome.stdout());
    assert_eq!(
        desk.read("log"),
        desk.read("certs/server.pem"),
        "it runs after the files are in place"
    );
    renew("echo again >log").succeeds().prints("");
    assert_ne!(desk.read("log"), "again\n");

    for (command, cause) in [
        ("exit 7", "exit status: 7"),
        ("kill -9 $$", "signal: 9"),
        ("absent-program", "exit status: 127"),
    ] {
        desk.sign("certs", &NAMES, -300, 20);
        renew(command).exits(1).says(cause).says("(from --then)");
        desk.verifies("certs/ca.crt", "certs/server.pem");
    }
    desk.certs(&["a.lab", "--then", "true"]).exits(2);
    desk.certs(&["--renew", "--then", "true", "--dry-run"]).exits(2);
}

#[test]
fn the_printed_cron_line_renews_and_fails_loudly() {
    let desk = Desk::new();
    let directory = "it's 100% mine";
    desk.directory(directory, 0o755);
    let words = ["-c", "cd \"$1\" && exec \"$0\" certs a.lab --ca-name 'Lab CA'"];
    let program = trust_compose().display().to_string();
    let words = [&words[..], &[&program, directory]].concat();
    let output = Outcome(desk.command(Path::new("/bin/sh"), &words, "022").output().unwrap());
    let output = output.succeeds().stdout();
    let line = output.lines().find_map(|line| line.split_once("(`crontab -e`): ")).unwrap().1;
    assert!(line.starts_with("0 4 * * 1  cd "), "{line}");
    let command = command_of(line);
    let certs = format!("{directory}/certs");
    cron(&desk, &command).succeeds().prints("").stays_silent();
    desk.sign(&certs, &NAMES, -300, 20);
    let old = desk.read(&format!("{certs}/server.pem"));
    cron(&desk, &command).succeeds();
    assert_ne!(desk.read(&format!("{certs}/server.pem")), old);

    // Without the program, the directory or the CA.
    assert!(!cron(&desk, &command.replace(&program, "/absent/trust-compose")).0.status.success());
    desk.remove(&format!("{certs}/ca.crt"));
    cron(&desk, &command).exits(1).says("is missing");
    desk.rename(directory, "moved");
    let outcome = cron(&desk, &command);
    assert!(!outcome.0.status.success() && !outcome.stderr().is_empty());
}

/// Its paths are those of an installation, so they are replaced.
#[test]
fn the_cron_line_of_the_readme_renews_and_restarts() {
    let readme = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md"));
    let line = readme.lines().find(|line| line.starts_with("0 4 * * 1  ")).unwrap();
    let desk = Desk::with(&["a.lab"]);
    let (here, program) = (desk.path(""), trust_compose());
    let command = command_of(line)
        .replace("/srv/reflector", here.to_str().unwrap())
        .replace("/usr/local/bin/trust-compose", program.to_str().unwrap())
        .replace("docker compose", "echo compose");
    cron(&desk, &command).succeeds().prints("").stays_silent();
    desk.sign("certs", &NAMES, -300, 20);
    let outcome = cron(&desk, &command).succeeds();
    assert!(outcome.stdout().ends_with("compose restart caddy\n"), "{}", outcome.stdout());
    cron(&desk, &command).succeeds().prints("");
    desk.remove("certs/ca.key");
    cron(&desk, &command).exits(1).says("is missing");
}

#[test]
fn force_keeps_the_names_and_the_old_ca() {
    let desk = Desk::with(&["a.lab", "10.0.0.1"]);
    let old = ["ca.crt", "ca.key"].map(|file| desk.read(&format!("certs/{file}")));
    let outcome = desk.certs(&["--force", "--dry-run"]).succeeds();
    assert!(outcome.stdout().contains("would keep the old CA"), "{}", outcome.stdout());
    let outcome = desk.certs(&["--force"]).succeeds();
    assert!(
        outcome.stdout().contains("names    a.lab, 10.0.0.1, localhost"),
        "{}",
        outcome.stdout()
    );
    assert!(desk.text("certs/ca.crt").contains("Subject: CN = a.lab CA 2"));
    let kept = outcome.stdout();
    let kept = kept.lines().find_map(|line| line.strip_prefix("kept `")).unwrap();
    let kept = kept.split('`').next().unwrap();
    assert!(kept.starts_with("certs/old-ca-2"), "{kept}");
    assert_eq!(["ca.crt", "ca.key"].map(|file| desk.read(&format!("{kept}/{file}"))), old);
    assert_eq!((desk.mode(kept), desk.mode(&format!("{kept}/ca.key"))), (0o700, 0o600));
    // It signs for clients that do not have the new CA yet.
    desk.certs(&["b.lab", "--ca", kept, "--out", "b"]).succeeds();
    desk.verifies(&format!("{kept}/ca.crt"), "b/server.pem");

    // A second one on the same day does not replace the first.
    desk.certs(&["--force"]).succeeds();
    desk.certs(&["--ca-only", "--force"]).succeeds();
    for number in ["-2", "-3"] {
        assert_ne!(desk.read(&format!("{kept}{number}/ca.key")), old[1], "{number}");
    }
    assert_eq!(desk.read(&format!("{kept}/ca.key")), old[1]);
    // Without a certificate there are no names to keep.
    desk.remove("certs/server.pem");
    let before = desk.state("certs");
    desk.certs(&["--force"]).exits(2).says("no name was given");
    assert_eq!(desk.state("certs"), before);
}

#[test]
fn the_last_line_is_the_next_command_for_a_compose_project() {
    let desk = Desk::new();
    let output = desk.certs(&["a.lab", "--out", "elsewhere"]).succeeds().stdout();
    assert!(!output.contains("trust-compose setup"), "{output}");
    desk.write("compose.yml", "services: {web: {image: registry.invalid/web}}\n");
    let output = desk.certs(&["a.lab"]).succeeds().stdout();
    let last = output.lines().last().unwrap();
    assert_eq!(last, "next: trust-compose setup --custom-ca certs/");
    run_shell(&desk, last.strip_prefix("next: ").unwrap()).succeeds();
    assert!(desk.has("docker-compose.ca.yml"));
}
