//! `setup --again` repeats the last setup, and each setup names its differences from the last one.

use crate::desk::trust_compose;
use crate::setup::flags::{back_end, has, project};
use crate::world::{Outcome, gallery, tool};

#[test]
fn the_options_of_the_last_setup_are_repeated_and_new_ones_are_added() {
    let desk = back_end();
    desk.directory("sub", 0o755).write("gpu.crt", std::fs::read(gallery("ca-ec.crt")).unwrap());
    desk.types(".", "setup --custom-ca certs --service queue=leave --activate").succeeds();
    let before = desk.contents(".");
    for directory in [".", "sub"] {
        desk.types(directory, "setup --again").succeeds();
        assert_eq!(desk.contents("."), before, "nothing changes");
    }
    let added = desk.types("sub", "setup --again --extra-ca ../gpu.crt").succeeds().stdout();
    has(&added, "EC");
    let header = "--custom-ca certs --extra-ca gpu.crt --service queue=leave --activate\n";
    has(&desk.read("docker-compose.ca.yml"), header);
    // The last role of a service applies, and one CA is added once.
    desk.types(".", "setup --again --extra-ca gpu.crt --service queue=trust").succeeds();
    let header = "--custom-ca certs --extra-ca gpu.crt --service queue=trust --activate\n";
    has(&desk.read("docker-compose.ca.yml"), header);
    desk.types(".", "setup --check").succeeds();
}

#[test]
fn without_a_last_setup_there_is_nothing_to_repeat_or_to_check() {
    let desk = back_end();
    let again = desk.types(".", "setup --again --custom-ca certs").exits(1);
    again.says("cannot repeat the last setup: nothing is set up here");
    let check = desk.types(".", "setup --check").exits(1);
    check.shows("out of step: nothing is set up here: no overlay exists");
    assert!(!desk.has("docker-compose.ca.yml"));
}

#[test]
fn a_setup_names_the_services_that_it_adds_and_removes() {
    let desk = project("services:\n  api:\n    build: .\n  worker:\n    build: .\n");
    let first = desk.types(".", "setup --custom-ca certs").succeeds().stdout();
    assert!(!first.contains("in the overlay"), "{first}");
    let left = desk.types(".", "setup --again --service api=leave").succeeds().stdout();
    has(&left, "info: no longer in the overlay: `api`\n");
    let back = desk.types(".", "setup --again --service api=trust").succeeds().stdout();
    has(&back, "info: new in the overlay: `api`\n");
    let same = desk.types(".", "setup --again").succeeds().stdout();
    assert!(!same.contains("in the overlay"), "{same}");
}

#[test]
fn other_compose_files_than_those_of_the_last_setup_are_named() {
    let desk = project("services:\n  api:\n    build: .\n");
    desk.write("prod.yml", "services:\n  worker:\n    build: .\n");
    desk.write("dev.yml", "services:\n  debug:\n    build: .\n");
    desk.types(".", "setup -f docker-compose.yml -f prod.yml --custom-ca certs").succeeds();
    // The files are repeated too.
    let again = desk.types(".", "setup --again").succeeds().never_says("was for");
    has(&again.stdout(), "-f docker-compose.yml -f prod.yml -f docker-compose.ca.yml");
    let other = desk.types(".", "setup -f docker-compose.yml -f dev.yml --custom-ca certs");
    let other = other.succeeds().says("the last docker-compose.ca.yml was for `prod.yml` too");
    has(&other.stdout(), "no longer in the overlay: `worker`");
}

#[test]
fn an_env_file_gives_the_variables_and_is_part_of_every_command() {
    let desk = project("services:\n  api:\n    image: ${IMAGE}\n");
    desk.write(".env", "IMAGE=lab/api\n").write("prod.env", "IMAGE=postgres:17\n");
    let text = desk.types(".", "setup --custom-ca certs --env-file prod.env").succeeds().stdout();
    has(&text, "api      leave");
    has(
        &text,
        "docker compose --env-file prod.env -f docker-compose.yml -f docker-compose.ca.yml up -d",
    );
    has(
        &desk.read("docker-compose.ca.yml"),
        "setup --env-file prod.env -f docker-compose.yml --custom-ca certs\n",
    );
    has(&desk.types(".", "setup --custom-ca certs").succeeds().stdout(), "api      trust");
    let missing = desk.types(".", "setup --custom-ca certs --env-file gone.env").exits(1);
    missing.says("cannot read `gone.env` (from --env-file)");
}

#[test]
fn an_overlay_is_not_activated_in_a_file_that_git_tracks() {
    let desk = back_end();
    desk.write(".env", "A=1\n");
    for words in ["init -q", "add .env"] {
        let words: Vec<_> = words.split(' ').collect();
        assert!(desk.command(&tool("git"), &words, "022").status().unwrap().success());
    }
    let words = "setup --custom-ca certs --activate";
    // With git in PATH, and without docker.
    let run = || {
        let words: Vec<_> = words.split(' ').collect();
        let mut command = desk.command(&trust_compose(), &words, "022");
        let path = tool("git").parent().unwrap().to_owned();
        Outcome(command.current_dir(desk.path(".")).env("PATH", path).output().unwrap())
    };
    run().exits(1).says("cannot activate the overlay in `.env`").says("git rm --cached .env");
    assert!(!desk.has("docker-compose.ca.yml"));
    assert!(
        desk.command(&tool("git"), &["rm", "-q", "--cached", ".env"], "022")
            .status()
            .unwrap()
            .success()
    );
    run().succeeds();
    has(&desk.read(".env"), "COMPOSE_FILE=");
}

#[test]
fn a_new_env_file_beside_an_example_is_named() {
    let desk = back_end();
    desk.write(".env.example", "A=1\n");
    let text = desk.types(".", "setup --custom-ca certs --activate").succeeds().stdout();
    has(&text, "info: .env did not exist: a script that copies .env.example");
}
