//! The location of the project: the files that `setup` reads, and the paths that it prints.

use crate::desk::{Desk, trust_compose};
use crate::world::Outcome;

/// The default file names of Compose, the preferred one first.
const NAMES: [&str; 4] =
    ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"];
const OVERRIDES: [&str; 4] = [
    "compose.override.yml",
    "compose.override.yaml",
    "docker-compose.override.yml",
    "docker-compose.override.yaml",
];

/// Creates a CA and Compose files, each with a service of its name.
fn files(names: &[&str]) -> Desk {
    let desk = Desk::with(&["a.lab"]);
    names.iter().for_each(|name| file(&desk, name));
    desk
}

fn service(name: &str) -> String {
    name.replace(['.', '/', '\'', ' '], "-")
}

fn file(desk: &Desk, name: &str) {
    desk.write(name, format!("services:\n  {}:\n    build: .\n", service(name)));
}

fn run(desk: &Desk, directory: &str, words: &[&str], variables: &[(&str, &str)]) -> Outcome {
    let ca = desk.path("certs/ca.crt").display().to_string();
    let words = [&["setup", "--custom-ca", &ca], words].concat();
    let mut command = desk.command(&trust_compose(), &words, "022");
    command.current_dir(desk.path(directory)).env("PATH", "/nowhere");
    Outcome(command.envs(variables.iter().copied()).output().unwrap())
}

/// Asserts the files of the project and the printed next command.
#[track_caller]
fn expect_project(outcome: &Outcome, files: &[&str], next: &str) {
    let text = outcome.stdout();
    let (_, table) = text.split_once("\nSERVICE ").unwrap();
    let lines = table.lines().skip(1).take_while(|line| !line.is_empty());
    let mut found: Vec<_> = lines.map(|line| line.split(' ').next().unwrap().to_owned()).collect();
    let mut wanted: Vec<_> = files.iter().map(|file| service(file)).collect();
    found.sort();
    wanted.sort();
    assert_eq!(found, wanted, "{}", outcome.stderr());
    let (_, commands) = text.split_once("\nnext:\n  ").unwrap();
    assert_eq!(commands, format!("docker compose {next} up -d\n"));
}

#[test]
fn default_file_names_are_used_in_the_order_of_compose() {
    let desk = files(&[&NAMES[..], &OVERRIDES].concat());
    for name in NAMES {
        for over in OVERRIDES {
            let next = format!("-f {name} -f {over} -f docker-compose.ca.yml");
            expect_project(&run(&desk, ".", &["--dry-run"], &[]), &[name, over], &next);
            desk.remove(over);
        }
        let next = format!("-f {name} -f docker-compose.ca.yml");
        expect_project(&run(&desk, ".", &["--dry-run"], &[]), &[name], &next);
        desk.remove(name);
        OVERRIDES.iter().for_each(|over| file(&desk, over));
    }
}

#[test]
fn paths_are_printed_relative_to_the_current_directory() {
    let desk = files(&["compose.yml", "compose.override.yml"]);
    desk.write(".gitignore", "target/\n").directory("a", 0o755).directory("a/b", 0o755);
    let next = "-f ../../compose.yml -f ../../compose.override.yml -f ../../docker-compose.ca.yml";
    let outcome = run(&desk, "a/b", &[], &[]);
    expect_project(&outcome, &["compose.yml", "compose.override.yml"], next);
    assert!(outcome.stdout().contains("created `../../docker-compose.ca.yml`\n"));
    assert!(desk.has("docker-compose.ca.yml") && !desk.has("a/b/docker-compose.ca.yml"));
    desk.types("a/b", "remove").prints(
        "removed `../../docker-compose.ca.yml`\nremoved the block in `../../.gitignore`\nremoved \
         `../../.trust`\n\nnext:\n  docker compose up -d\n",
    );
    // The nearest Compose file counts.
    file(&desk, "a/compose.yml");
    let next = "-f ../compose.yml -f ../docker-compose.ca.yml";
    expect_project(&run(&desk, "a/b", &["--dry-run"], &[]), &["a/compose.yml"], next);
}

#[test]
fn options_override_the_shell_and_the_shell_overrides_env() {
    let desk = files(&["compose.yml", "one.yml", "two.yml", "three.yml"]);
    desk.write(".env", "COMPOSE_FILE=one.yml:two.yml\n");
    let dry = ["--dry-run"];
    let next = "-f one.yml -f two.yml -f docker-compose.ca.yml";
    expect_project(&run(&desk, ".", &dry, &[]), &["one.yml", "two.yml"], next);
    let shell = [("COMPOSE_FILE", "three.yml:one.yml")];
    let next = "-f three.yml -f one.yml -f docker-compose.ca.yml";
    expect_project(&run(&desk, ".", &dry, &shell), &["three.yml", "one.yml"], next);
    let next = "-f two.yml -f docker-compose.ca.yml";
    expect_project(&run(&desk, ".", &["--dry-run", "-f", "two.yml"], &shell), &["two.yml"], next);
    let separated = [("COMPOSE_FILE", "three.yml|two.yml"), ("COMPOSE_PATH_SEPARATOR", "|")];
    let next = "-f three.yml -f two.yml -f docker-compose.ca.yml";
    expect_project(&run(&desk, ".", &dry, &separated), &["three.yml", "two.yml"], next);
    desk.write(".env", "COMPOSE_PATH_SEPARATOR=;\nCOMPOSE_FILE=\"one.yml;three.yml\" # two\n");
    let next = "-f one.yml -f three.yml -f docker-compose.ca.yml";
    expect_project(&run(&desk, ".", &dry, &[]), &["one.yml", "three.yml"], next);
    // An empty variable counts as not set.
    desk.write(".env", "COMPOSE_FILE=\n");
    let next = "-f compose.yml -f docker-compose.ca.yml";
    expect_project(&run(&desk, ".", &dry, &[("COMPOSE_FILE", "")]), &["compose.yml"], next);
}

#[test]
fn the_overlay_is_never_part_of_the_project() {
    let desk = files(&["compose.yml", "more.yml"]);
    let list = [("COMPOSE_FILE", "compose.yml:docker-compose.ca.yml:more.yml")];
    let next = "-f compose.yml -f more.yml -f docker-compose.ca.yml";
    // Listed although it does not exist.
    expect_project(&run(&desk, ".", &[], &list), &["compose.yml", "more.yml"], next);
    expect_project(&run(&desk, ".", &[], &list), &["compose.yml", "more.yml"], next);
    let named = ["-f", "compose.yml", "-f", "docker-compose.ca.yml", "-f", "more.yml"];
    expect_project(&run(&desk, ".", &named, &[]), &["compose.yml", "more.yml"], next);
    // An overlay of another name is recognized by its first line.
    desk.rename("docker-compose.ca.yml", "mine.yml");
    let named = ["-f", "mine.yml", "-f", "compose.yml"];
    let next = "-f compose.yml -f docker-compose.ca.yml";
    expect_project(&run(&desk, ".", &named, &[]), &["compose.yml"], next);
    desk.types(".", "remove").succeeds();
    // A foreign file of that name is part of the project.
    file(&desk, "docker-compose.ca.yml");
    run(&desk, ".", &["-f", "compose.yml", "-f", "docker-compose.ca.yml"], &[])
        .exits(1)
        .says("cannot write `docker-compose.ca.yml`");
}

#[test]
fn files_are_written_into_the_chosen_project_directory() {
    let desk = files(&["base.yml"]);
    desk.directory("project", 0o755);
    file(&desk, "project/compose.yml");
    let words = ["--project-directory", "project"];
    let next = "--project-directory project -f base.yml -f project/docker-compose.ca.yml";
    expect_project(
        &run(&desk, ".", &[&words[..], &["-f", "base.yml"]].concat(), &[]),
        &["base.yml"],
        next,
    );
    assert!(desk.has("project/docker-compose.ca.yml") && desk.has("project/.trust"));
    desk.types(".", "remove --project-directory project").succeeds();
    assert!(!desk.has("project/docker-compose.ca.yml") && !desk.has("project/.trust"));
    let next =
        "--project-directory project -f project/compose.yml -f project/docker-compose.ca.yml";
    expect_project(&run(&desk, ".", &words, &[]), &["project/compose.yml"], next);
    // A file in another directory makes that the project directory.
    let file = desk.path("project/compose.yml").display().to_string();
    let outcome = run(&desk, "certs", &["-f", &file], &[]).succeeds();
    let overlay = file.replace("compose.yml", "docker-compose.ca.yml");
    expect_project(&outcome, &["project/compose.yml"], &format!("-f {file} -f {overlay}"));
}

#[test]
fn names_in_commands_are_quoted_for_a_shell() {
    let desk = files(&["it's mine.yml"]);
    let words = ["-f", "it's mine.yml", "--activate"];
    let outcome = run(&desk, ".", &words, &[]).succeeds();
    assert!(
        outcome.stdout().ends_with("\nnext:\n  docker compose up -d\n"),
        "{}",
        outcome.stdout()
    );
    run(&desk, ".", &["-f", "it's mine.yml"], &[]).succeeds();
    desk.types(".", "remove -f docker-compose.ca.yml").exits(1).says("it is the overlay");
    let remove = ["remove", "-f", "it's mine.yml"];
    let mut command = desk.command(&trust_compose(), &remove, "022");
    let outcome = Outcome(command.env("PATH", "/nowhere").output().unwrap()).succeeds();
    let next = "\nnext:\n  docker compose -f 'it'\\''s mine.yml' up -d\n";
    assert!(outcome.stdout().ends_with(next), "{}", outcome.stdout());
}
