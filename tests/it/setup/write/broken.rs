//! Setups and removals that are killed at every step, run out of space, or may not write: the result is the
//! old or the new state, and the next run finishes.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, chown, symlink};
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Output};
use std::sync::OnceLock;

use crate::desk::{Desk, trust_compose};
use crate::project::{project, tree};
use crate::world::tool;

/// The system calls that change the disk, and calls between them.
const CALLS: [&str; 9] =
    ["mkdirat", "openat", "fchown", "fchmod", "writev", "fsync", "renameat", "unlinkat", "flock"];

/// The CAs of every project.
const CAS: [&str; 3] = ["z.crt", "a.crt", "b.crt"];

/// Runs a task: `remove`, or `setup` and the name of a CA.
fn run(desk: &Desk, task: &str, uid: u32) -> Output {
    started(Command::new(trust_compose()), desk, task, uid)
}

/// Runs a task with a fault that strace injects; returns whether the fault happened.
fn disturbed(desk: &Desk, task: &str, inject: &str) -> (Output, bool) {
    let log = Desk::new();
    let mut command = Command::new(tool("strace"));
    command.args(["-f", "-qq", "-o"]).arg(log.path("log")).args(["-e", inject]);
    command.arg(trust_compose());
    let output = started(command, desk, task, 0);
    (output, log.read("log").contains("(INJECTED)"))
}

fn started(mut command: Command, desk: &Desk, task: &str, uid: u32) -> Output {
    match task.split_once(' ') {
        Some((task, ca)) => command.args([task, "--custom-ca", ca, "--activate"]),
        None => command.arg(task),
    };
    command.current_dir(desk.path("")).uid(uid).gid(uid);
    command.env_clear().env("PATH", "/nowhere").output().unwrap()
}

/// Runs a task, asserts that it succeeds, and returns its output.
#[track_caller]
fn run_task(desk: &Desk, task: &str, step: &str) -> String {
    let output = run(desk, task, 0);
    assert!(output.status.success(), "{step}: {}", error_message(&output));
    String::from_utf8(output.stdout).unwrap()
}

/// Returns the error message of a failed run.
fn error_message(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).replace("trust-compose: ", "")
}

fn cas() -> &'static [String] {
    static MADE: OnceLock<Vec<String>> = OnceLock::new();
    let make = |_| {
        let desk = Desk::new();
        desk.authority(".", -1, 100);
        desk.read("ca.crt")
    };
    MADE.get_or_init(|| CAS.iter().map(make).collect())
}

/// Returns, for the overlay of each CA, the files that it mounts.
fn overlays() -> &'static BTreeMap<String, Vec<(String, String)>> {
    static MADE: OnceLock<BTreeMap<String, Vec<(String, String)>>> = OnceLock::new();
    let make = |ca: &&str| {
        let desk = original(false);
        run_task(&desk, &format!("setup {ca}"), "at first");
        let entries = fs::read_dir(desk.path(".trust")).unwrap().map(|entry| entry.unwrap());
        let names = entries.map(|entry| entry.file_name().into_string().unwrap());
        let files = names.map(|name| {
            let contents = desk.read(&format!(".trust/{name}"));
            (name, contents)
        });
        (desk.read("docker-compose.ca.yml"), files.collect())
    };
    MADE.get_or_init(|| CAS.iter().map(make).collect())
}

/// Creates a project with files of the user in which setup has run twice; `.env` is a file, or a link to
/// one.
fn prepared(is_link: bool) -> Desk {
    let desk = original(is_link);
    run_task(&desk, "setup z.crt", "at first");
    run_task(&desk, "setup a.crt", "then");
    desk
}

fn original(is_link: bool) -> Desk {
    let desk = project();
    desk.write("compose.yml", "services:\n  api:\n    build: .\n");
    CAS.iter().zip(cas()).for_each(|(name, ca)| _ = desk.write(name, ca));
    desk.write(".gitignore", "*.log").directory("private", 0o700);
    let env = if is_link { "private/env" } else { ".env" };
    desk.write(env, "SECRET=1").chmod(env, 0o600);
    if is_link {
        symlink(env, desk.path(".env")).unwrap();
    }
    desk
}

/// Asserts that every file that the overlay names exists.
#[track_caller]
fn is_consistent(desk: &Desk, step: &str) {
    let has_overlay = desk.has("docker-compose.ca.yml");
    let is_active = desk.read(".env").contains("docker-compose.ca.yml");
    assert!(has_overlay || !is_active, "{step}: .env lists a missing file");
    assert!(desk.read(".env").starts_with("SECRET=1"), "{step}");
    assert!(desk.read(".gitignore").starts_with("*.log"), "{step}");
    if has_overlay {
        let text = desk.read("docker-compose.ca.yml");
        for (file, contents) in overlays().get(&text).unwrap_or_else(|| panic!("{step}: {text}")) {
            let path = format!(".trust/{file}");
            assert_eq!(desk.read(&path), *contents, "{step}");
            assert_eq!(desk.mode(&path), 0o644, "{step}");
        }
    }
    // No file with a secret is readable for others, or visible to git.
    for directory in ["", ".trust", "private"] {
        let Ok(entries) = fs::read_dir(desk.path(directory)) else { continue };
        for entry in entries.map(|entry| entry.unwrap()) {
            let name = entry.file_name().into_string().unwrap();
            if name.starts_with(".trust-compose-") {
                assert!(!directory.is_empty(), "{step}: {name}");
                let is_env = name.ends_with("-env");
                assert!(!is_env || entry.metadata().unwrap().mode() & 0o177 == 0, "{step}: {name}");
                let hidden = desk.read(".gitignore").contains(".trust/");
                let is_empty = entry.metadata().unwrap().len() == 0;
                assert!(!is_env || is_empty || hidden || directory == "private", "{step}: {name}");
            }
        }
    }
}

/// Kills a task at every step, and checks that each of the two next tasks succeeds.
fn killed_at_every_step(prepare: impl Fn() -> Desk, task: &str, is_link: bool) {
    let before = tree(&original(is_link));
    let mut kills = 0;
    for call in CALLS {
        for n in 1.. {
            let desk = prepare();
            let inject = format!("inject={call}:signal=SIGKILL:when={n}");
            let came_to_its_end = disturbed(&desk, task, &inject).0.status.success();
            let step = format!("{call} {n}");
            is_consistent(&desk, &step);
            if n % 2 == 0 {
                run_task(&desk, "setup b.crt", &step);
                is_consistent(&desk, &step);
                let before = (desk.state(""), desk.state(".trust"));
                run_task(&desk, "setup b.crt", &step);
                assert_eq!((desk.state(""), desk.state(".trust")), before, "{step}");
            }
            run_task(&desk, "remove", &step);
            assert_eq!(tree(&desk), before, "{step}");
            if came_to_its_end {
                break;
            }
            kills += 1;
        }
    }
    assert!(kills > 20, "only {kills} steps");
}

#[test]
fn a_first_setup_survives_a_kill_at_any_step() {
    killed_at_every_step(|| original(false), "setup b.crt", false);
}

#[test]
fn another_setup_survives_a_kill_at_any_step() {
    killed_at_every_step(|| prepared(false), "setup b.crt", false);
}

#[test]
fn a_setup_with_a_linked_env_survives_a_kill_at_any_step() {
    killed_at_every_step(|| original(true), "setup b.crt", true);
}

#[test]
fn a_removal_survives_a_kill_at_any_step() {
    killed_at_every_step(|| prepared(false), "remove", false);
}

#[test]
fn a_full_disk_changes_nothing() {
    let mut failures = 0;
    for call in ["mkdirat", "openat", "writev", "fsync"] {
        for n in 1.. {
            let desk = prepared(false);
            let before = tree(&desk);
            let inject = format!("inject={call}:error=ENOSPC:when={n}");
            let (output, is_disturbed) = disturbed(&desk, "setup b.crt", &inject);
            if !is_disturbed {
                break;
            }
            if output.status.success() {
                // The failed call was only a check.
                is_consistent(&desk, &format!("{call} {n}"));
                continue;
            }
            assert_eq!(tree(&desk), before, "{call} {n}");
            let text = error_message(&output);
            assert!(text.contains(": no space left on device\nfix: "), "{call} {n}: {text}");
            failures += usize::from(text.contains("fix: free some space, and run it again\n"));
        }
    }
    assert!(failures > 8, "only {failures} failures");
}

#[test]
fn a_foreign_directory_is_reported() {
    let desk = original(false);
    desk.remove(".env").remove(".gitignore");
    let fails = |task: &str, words: &str| {
        let before = tree(&desk);
        let output = run(&desk, task, 1234);
        assert_eq!(output.status.code(), Some(1));
        let text = error_message(&output);
        assert!(text.ends_with(&format!("error: cannot {words}\n")), "{text}");
        assert_eq!(tree(&desk), before);
    };
    let may = "fix: run trust-compose as a user that can write to that directory";
    fails("setup b.crt", &format!("create `.trust`: permission denied\n{may}"));
    // A directory of the user that contains files of another user.
    chown(desk.path(""), Some(1234), Some(1234)).unwrap();
    desk.write(".env", "A=1\n");
    let words = "change `.env`: it is owned by 0:0, and replacing it would change the owner\n\
                 fix: run trust-compose as the owner of that file";
    fails("setup b.crt", words);
    chown(desk.path(".env"), Some(1234), Some(0)).unwrap();
    fails("setup b.crt", &words.replace("0:0", "1234:0"));
    chown(desk.path(".env"), Some(0), Some(0)).unwrap();
    desk.chmod(".env", 0o600);
    let words = "read `.env`: permission denied\nfix: run trust-compose as the owner of that file";
    fails("setup b.crt", words);
    fails("remove", words);
}

#[test]
fn a_concurrent_change_is_never_lost() {
    let desk = original(false);
    // Delayed at fsync, long after `.env` was read.
    let held = "inject=fsync:delay_enter=3000000:when=1";
    std::thread::scope(|scope| {
        let running = scope.spawn(|| disturbed(&desk, "setup b.crt", held));
        while !desk.has(".trust/.trust-compose-env") {
            assert!(!running.is_finished());
            std::thread::yield_now();
        }
        desk.write(".env", "SECRET=2");
        let text = error_message(&running.join().unwrap().0);
        let words = "another program changed it at the same time\nfix: run it again\n";
        assert!(text.ends_with(words), "{text}");
    });
    assert_eq!(desk.read(".env"), "SECRET=2");
    run_task(&desk, "setup b.crt", "again");
    run_task(&desk, "remove", "in the end");
    assert_eq!(desk.read(".env"), "SECRET=2");
}

#[test]
fn concurrent_runs_wait_for_each_other() {
    let desk = prepared(false);
    std::thread::scope(|scope| {
        let runs = ["setup b.crt", "remove", "setup a.crt", "setup b.crt", "remove", "setup z.crt"];
        let runs = runs.map(|task| scope.spawn(|| run(&desk, task, 0)));
        for output in runs.map(|run| run.join().unwrap()) {
            assert!(output.status.success(), "{}", error_message(&output));
        }
    });
    is_consistent(&desk, "in the end");
    run_task(&desk, "remove", "in the end");
    assert_eq!(tree(&desk), tree(&original(false)));
}
