//! `setup --again` repeats the last setup, and each setup names its differences from the last one.

use crate::setup::flags::{back_end, has, project};
use crate::world::gallery;

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
