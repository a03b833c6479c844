//! `.env` and `.gitignore` belong to the user: owner, mode, link and every other byte stay.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, chown, symlink};

use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use trust_init::compose::setup::remove::remove;
use trust_init::compose::setup::write::write;

use crate::project::{active, output, project, tree};

#[test]
fn a_link_stays_a_link_and_its_target_keeps_owner_and_mode() {
    let desk = project();
    desk.directory("private", 0o700).write("private/env", "A=1\n").chmod("private/env", 0o640);
    chown(desk.path("private/env"), Some(1234), Some(2345)).unwrap();
    symlink("private/env", desk.path(".env")).unwrap();
    let before = tree(&desk);
    desk.setup(&active("a"));
    let found = desk.path(".env").metadata().unwrap();
    assert_eq!((found.uid(), found.gid(), found.mode() & 0o7777), (1234, 2345, 0o640));
    assert!(desk.path(".env").is_symlink());
    assert!(desk.read("private/env").starts_with("A=1\n# trust-compose: begin"));
    assert_eq!(desk.path("private").read_dir().unwrap().count(), 1);
    desk.remove_overlay();
    assert_eq!(tree(&desk), before);
}

#[test]
fn a_block_is_changed_in_place_and_moved_if_overridden() {
    let desk = project();
    desk.write(".env", "A=1\n").setup(&active("a"));
    let mut text = desk.read(".env");
    text.push_str("B=2\n");
    desk.write(".env", &text);
    assert!(desk.setup(&active("a")).is_nothing());
    text.push_str("export COMPOSE_FILE=mine.yml");
    desk.write(".env", &text).setup(&active("a"));
    let start = "A=1\nB=2\nexport COMPOSE_FILE=mine.yml\n# trust-compose: begin";
    assert!(desk.read(".env").starts_with(start), "{}", desk.read(".env"));
    desk.remove_overlay();
    assert_eq!(desk.read(".env"), "A=1\nB=2\nexport COMPOSE_FILE=mine.yml");
}

#[test]
fn only_a_regular_env_file_can_be_activated() {
    let desk = project();
    let fix = "fix: replace it with a regular file, or delete it";
    desk.directory(".env", 0o755);
    desk.refuses(&active("a"), &format!("cannot change `.env`: it is a directory\n{fix}"));
    assert!(!desk.setup(&output("a")).is_nothing());
    desk.remove_overlay();
    fs::remove_dir(desk.path(".env")).unwrap();
    symlink("nowhere", desk.path(".env")).unwrap();
    desk.refuses(&active("a"), &format!("cannot change `.env`: it is a link to nothing\n{fix}"));
    desk.remove(".env");
    mkfifo(&desk.path(".env"), Mode::S_IRWXU).unwrap();
    desk.refuses(&active("a"), &format!("cannot change `.env`: it is a named pipe\n{fix}"));
    assert!(desk.remove_overlay().is_nothing());
    desk.remove(".env");
    let mut two_lines = active("a");
    two_lines.compose_file = Some("a\nb".to_owned());
    desk.refuses(
        &two_lines,
        "cannot write COMPOSE_FILE to .env: `a\\u{a}b` does not fit in one line\n\
         fix: give that file a name without control characters",
    );
}

#[test]
fn a_damaged_block_stops_setup_and_removal() {
    let desk = project();
    desk.write(".gitignore", "*.log\n").setup(&active("a"));
    let env = desk.read(".env").replace("# trust-compose: end\n", "MINE=1\n");
    desk.write(".env", env);
    let fix = "fix: delete that block, but keep your own lines in it, and run it again";
    let words =
        format!("cannot change `.env`: the trust-compose block at line 1 is damaged\n{fix}");
    desk.refuses(&active("a"), &words);
    desk.refuses_to_remove(&words);
    desk.remove(".env");
    // A damaged block in .gitignore only causes a warning.
    let ignore = desk.read(".gitignore").replace("# trust-compose: end\n", "mine/\n");
    desk.write(".gitignore", &ignore);
    let words = words.replace(".env", ".gitignore").replace("line 1", "line 2") + "\n";
    assert_eq!(desk.report(&desk.setup(&output("a"))), words);
    let text = desk.report(&desk.remove_overlay());
    let removed = "removed `docker-compose.ca.yml`\nremoved `.trust`\n";
    assert_eq!(text, format!("{removed}{words}"));
    assert_eq!(desk.read(".gitignore"), ignore);
}

#[test]
fn a_setup_without_activation_reads_no_env() {
    let desk = project();
    desk.write(".env", "# trust-compose: end\n");
    assert!(!write(&desk.path(""), &output("a"), false).unwrap().is_nothing());
    assert!(remove(&desk.path(""), None, false).is_err());
}

/// A repository can contain the link, and its target can be any file of the user.
#[test]
fn a_gitignore_that_is_a_link_is_not_followed() {
    let desk = project();
    desk.write("mine", "A=1\n");
    std::os::unix::fs::symlink("mine", desk.path(".gitignore")).unwrap();
    let text = desk.report(&desk.setup(&output("a")));
    assert!(text.contains("cannot write `.gitignore`: it is a symbolic link"), "{text}");
    assert_eq!(desk.read("mine"), "A=1\n");
    assert!(desk.has("docker-compose.ca.yml"));
}
