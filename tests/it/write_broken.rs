//! Setups and removals that are killed at every step, that find no space, or that may not write: the
//! old state or the new one, and whoever comes next finishes.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, chown, symlink};
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Output};

use trust_init::compose::remove::remove;
use trust_init::compose::write::write;

use crate::compose::Desk;
use crate::project::{active, output, project, tree};
use crate::world::tool;

/// The system calls that change something, or come between two that do.
const CALLS: [&str; 9] =
    ["mkdirat", "openat", "fchown", "fchmod", "writev", "fsync", "renameat", "unlinkat", "flock"];

/// Names the task of a process that this test program starts of itself.
const TASK: &str = "TRUST_COMPOSE_TASK";

/// No test: what is killed. The test program starts itself with nothing but this.
#[test]
fn task() {
    let Some(task) = std::env::var_os(TASK) else { return };
    let base = std::env::current_dir().unwrap();
    let done = match task.to_str().unwrap() {
        "setup" => write(&base, &active("b"), false),
        _ => remove(&base, false),
    };
    if let Err(error) = done {
        println!("{error}");
        panic!("told above");
    }
}

/// Does a task in a process of its own, under these system calls of strace's.
fn run(desk: &Desk, task: &str, inject: Option<&str>, uid: u32) -> Output {
    let program = std::env::current_exe().unwrap();
    let words = ["--exact", "write_broken::task", "--test-threads=1", "--nocapture"];
    let mut command = match inject {
        Some(inject) => {
            let mut command = Command::new(tool("strace"));
            command.args(["-f", "-qq", "-o", "/dev/null", "-e", inject]).arg(program);
            command
        }
        None => Command::new(program),
    };
    command.args(words).env(TASK, task).current_dir(desk.path("")).uid(uid).gid(uid);
    command.output().unwrap()
}

/// A project that was set up twice and has files of its own; `.env` is one, or a link to one.
fn prepared(is_link: bool) -> Desk {
    let desk = original(is_link);
    desk.setup(&active("z"));
    desk.setup(&active("a"));
    desk
}

fn original(is_link: bool) -> Desk {
    let desk = project();
    desk.write(".gitignore", "*.log").directory("private", 0o700);
    let env = if is_link { "private/env" } else { ".env" };
    desk.write(env, "SECRET=1").chmod(env, 0o600);
    if is_link {
        symlink(env, desk.path(".env")).unwrap();
    }
    desk
}

/// Compose would find every file that is named.
#[track_caller]
fn works(desk: &Desk, step: &str) {
    let has_overlay = desk.has("docker-compose.ca.yml");
    let is_active = desk.read(".env").contains("docker-compose.ca.yml");
    assert!(has_overlay || !is_active, "{step}: .env lists what is not there");
    assert!(desk.read(".env").starts_with("SECRET=1"), "{step}");
    assert!(desk.read(".gitignore").starts_with("*.log"), "{step}");
    if has_overlay {
        let text = desk.read("docker-compose.ca.yml");
        let name = ["z", "a", "b"].into_iter().find(|name| output(name).overlay == text).unwrap();
        for (file, contents) in output(name).files {
            let path = format!(".trust/{file}");
            assert_eq!(desk.read(&path).as_bytes(), contents, "{step}");
            assert_eq!(desk.mode(&path), 0o644, "{step}");
        }
    }
    // Nothing with a secret in it is readable for others, or in sight of version control.
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

/// Kills a task at every step, and checks that each of the two next tasks comes to its end.
fn killed_at_every_step(prepare: impl Fn() -> Desk, task: &str, is_link: bool) {
    let before = tree(&original(is_link));
    let mut kills = 0;
    for call in CALLS {
        for n in 1.. {
            let desk = prepare();
            let inject = format!("inject={call}:signal=SIGKILL:when={n}");
            let came_to_its_end = run(&desk, task, Some(&inject), 0).status.success();
            let step = format!("{call} {n}");
            works(&desk, &step);
            if n % 2 == 0 {
                desk.setup(&active("b"));
                works(&desk, &step);
                assert!(desk.setup(&active("b")).is_nothing(), "{step}");
            }
            desk.take_away();
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
fn a_first_setup_killed_at_any_step() {
    killed_at_every_step(|| original(false), "setup", false);
}

#[test]
fn another_setup_killed_at_any_step() {
    killed_at_every_step(|| prepared(false), "setup", false);
}

#[test]
fn a_setup_with_env_elsewhere_killed_at_any_step() {
    killed_at_every_step(|| original(true), "setup", true);
}

#[test]
fn a_removal_killed_at_any_step() {
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
            let output = run(&desk, "setup", Some(&inject), 0);
            if output.status.success() {
                break;
            }
            let told = String::from_utf8(output.stdout).unwrap();
            if told.contains("cannot ") {
                let is_told = told.contains(": no space left on device\nfix: free some space, and");
                assert!(is_told, "{call} {n}: {told}");
                assert_eq!(tree(&desk), before, "{call} {n}");
                failures += 1;
            }
        }
    }
    assert!(failures > 8, "only {failures} failures");
}

#[test]
fn a_directory_of_somebody_else_is_told() {
    let desk = project();
    let told = |output: Output| {
        assert!(!output.status.success());
        let told = String::from_utf8(output.stdout).unwrap();
        let told = told.replace(&desk.path("").display().to_string(), "");
        told.split_once("cannot ").unwrap().1.split("\n\n").next().unwrap().to_owned()
    };
    let may = "fix: run it as a user who may write to that directory\n";
    let words = format!("make `.trust`: permission denied\n{may}");
    assert!(told(run(&desk, "setup", None, 1234)).starts_with(&words));
    assert_eq!(fs::read_dir(desk.path("")).unwrap().count(), 1);
    // A directory of one's own, and files in it that are not.
    chown(desk.path(""), Some(1234), Some(1234)).unwrap();
    desk.write(".env", "A=1\n");
    let before = tree(&desk);
    let words = "change `.env`: it is uid 0's and gid 0's, and a new one would not be\n\
                 fix: run it as its owner\n";
    assert!(told(run(&desk, "setup", None, 1234)).starts_with(words));
    chown(desk.path(".env"), Some(1234), Some(0)).unwrap();
    let words = words.replace("uid 0", "uid 1234");
    assert!(told(run(&desk, "setup", None, 1234)).starts_with(&words));
    chown(desk.path(".env"), Some(0), Some(0)).unwrap();
    assert_eq!(tree(&desk), before);
    desk.chmod(".env", 0o600);
    let words = "read `.env`: permission denied\nfix: run it as the owner of that file\n";
    assert!(told(run(&desk, "setup", None, 1234)).starts_with(words));
    assert!(told(run(&desk, "remove", None, 1234)).starts_with(words));
}

#[test]
fn what_somebody_wrote_meanwhile_is_never_lost() {
    let desk = original(false);
    // Held up on its way to the disk, long after `.env` was read.
    let held = "inject=fsync:delay_enter=3000000:when=1";
    std::thread::scope(|scope| {
        let running = scope.spawn(|| run(&desk, "setup", Some(held), 0));
        while !desk.has(".trust/.trust-compose-env") {
            assert!(!running.is_finished());
            std::thread::yield_now();
        }
        desk.write(".env", "SECRET=2");
        let told = String::from_utf8(running.join().unwrap().stdout).unwrap();
        let words = "somebody else wrote to it at the same time\nfix: run it again\n";
        assert!(told.contains(words), "{told}");
    });
    assert_eq!(desk.read(".env"), "SECRET=2");
    desk.setup(&active("b"));
    desk.take_away();
    assert_eq!(desk.read(".env"), "SECRET=2");
}

#[test]
fn two_at_once_wait_for_each_other() {
    let desk = prepared(false);
    std::thread::scope(|scope| {
        let runs = ["setup", "remove", "setup", "setup", "remove", "setup"];
        let runs = runs.map(|task| scope.spawn(|| run(&desk, task, None, 0)));
        assert!(runs.into_iter().all(|run| run.join().unwrap().status.success()));
    });
    works(&desk, "in the end");
    desk.take_away();
    assert_eq!(tree(&desk), tree(&original(false)));
}
