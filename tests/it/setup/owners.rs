//! CAs, `.trust/` and projects of another user.

use std::os::unix::fs::MetadataExt as _;

use crate::setup::flags::back_end;
use crate::world::Outcome;

#[test]
fn a_ca_that_another_user_can_replace_is_reported() {
    let desk = back_end();
    desk.directory("theirs", 0o755).write("theirs/ca.crt", desk.read("certs/ca.crt"));
    desk.types(".", "setup --custom-ca theirs").succeeds().never_says("can replace");
    for (path, why) in [
        ("theirs", "on the way to it is `"),
        ("theirs/ca.crt", "what the services trust: it belongs to uid 1001"),
    ] {
        desk.own(path, 1001);
        for words in ["setup --custom-ca theirs", "setup --custom-ca theirs/ca.crt --check"] {
            let run = desk.types(".", words);
            run.says("warning: another user can replace `theirs/ca.crt`, and with it what")
                .says(why)
                .says("it belongs to uid 1001, neither root nor uid 0");
        }
        desk.own(path, 0);
    }
    desk.chmod("theirs/ca.crt", 0o666);
    let run = desk.types(".", "setup --custom-ca theirs").succeeds();
    run.says("other users can write to it (mode 0666)");
    // The owner of the project decides about its CAs anyway.
    desk.chmod("theirs/ca.crt", 0o644).own(".", 1000).own_all("theirs", 1000);
    desk.types(".", "setup --custom-ca theirs").succeeds().never_says("can replace");
}

#[test]
fn a_directory_of_generated_files_of_another_user_is_refused() {
    for planted in [false, true] {
        let desk = back_end();
        if planted {
            desk.directory(".trust", 0o777);
        } else {
            desk.types(".", "setup --custom-ca certs").succeeds();
        }
        desk.own(".trust", 1001);
        let before = desk.contents(".");
        for words in ["setup --custom-ca certs/ca.crt", "remove"] {
            let run = desk.types(".", words).exits(1);
            run.says("`.trust`").says("it belongs to uid 1001, who does not own the project");
            assert_eq!(desk.contents("."), before, "{words}");
        }
    }
}

#[test]
fn a_setup_by_sudo_is_removed_whole_or_not_at_all() {
    let desk = back_end();
    desk.own(".", 1000).own("docker-compose.yml", 1000).own_all("certs", 1000);
    desk.types(".", "setup --custom-ca certs").succeeds().never_says("can replace");
    assert_eq!(desk.path(".trust").metadata().unwrap().uid(), 0);
    let before = desk.contents(".");
    let remove = |uid: u32| {
        let mut command = desk.command_as(uid, &["remove"]);
        Outcome(command.env("PATH", "/nowhere").output().unwrap())
    };
    let run = remove(1000).exits(1);
    run.says(".trust`: it belongs to uid 0, and uid 1000 may not write to it")
        .says("fix: run this again as that user; with sudo if setup ran with sudo");
    assert_eq!(desk.contents("."), before);
    remove(0).succeeds();
    assert!(!desk.has(".trust") && !desk.has("docker-compose.ca.yml"));
}
