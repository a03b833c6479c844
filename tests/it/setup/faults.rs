//! Every call by which trust-compose changes the disk fails in turn: the result is the old or the new
//! state, with an error that names the failed action, and no file of the user is lost.

use std::os::unix::fs::symlink;
use std::process::Command;

use crate::desk::{Desk, trust_compose};
use crate::init::faults::{
    CHANGES, Fault, Table, calls, fault_line, faults, is_all, traced, tried,
};
use crate::project::{project, tree};
use crate::world::Outcome;

/// A task, the desk on which it runs, and the check of the result.
struct Task {
    name: &'static str,
    words: &'static [&'static str],
    desk: fn() -> Desk,
    /// Checks that the result is the old or the new state, and not between.
    check: fn(&Desk, &[String; 2]) -> Result<(), String>,
}

fn trust(task: &Task, desk: &Desk) -> Command {
    let mut command = desk.command(&trust_compose(), task.words, "022");
    command.env("PATH", "/nowhere");
    command
}

/// The outcomes of a fault.
const OUTCOMES: [&str; 5] = [
    "done",
    "done but for `.gitignore`, with a warning",
    "refused, nothing changed",
    "refused, the next run finishes",
    "killed, the next run finishes",
];

/// Creates a project with a CA and files of the user, one of them behind a link.
fn fresh() -> Desk {
    let desk = project();
    desk.write("compose.yml", "services:\n  api:\n    build: .\n").write(".gitignore", "*.log");
    desk.write("a.crt", crate::init::faults::runs::CA).directory("private", 0o700);
    desk.write("private/env", "SECRET=1").chmod("private/env", 0o600);
    symlink("private/env", desk.path(".env")).unwrap();
    desk
}

fn set_up() -> Desk {
    let desk = fresh();
    let words = ["setup", "--custom-ca", "a.crt", "--activate"];
    Outcome(
        desk.command(&trust_compose(), &words, "022").env("PATH", "/nowhere").output().unwrap(),
    )
    .succeeds();
    desk
}

/// Checks that the CA, the key and the certificate match, and their modes.
fn certificates(desk: &Desk, _: &[String; 2]) -> Result<(), String> {
    if desk.has("certs/server.pem") && !desk.has("certs/.trust-compose-ready") {
        desk.verifies("certs/ca.crt", "certs/server.pem");
        let key = desk.openssl("pkey -in certs/server-key.pem -pubout");
        if desk.openssl("x509 -in certs/server.pem -noout -pubkey") != key {
            return Err("a key and another one's certificate".into());
        }
    }
    let entries = std::fs::read_dir(desk.path("certs")).into_iter().flatten();
    for name in entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()) {
        if name.ends_with("key") || name.ends_with("key.pem") {
            let mode = desk.mode(&format!("certs/{name}"));
            if mode != 0o600 {
                return Err(format!("{name} has mode {mode:o}"));
            }
        }
    }
    Ok(())
}

/// Checks that every named file exists, and that the files of the user are kept.
fn overlay(desk: &Desk, [_, whole]: &[String; 2]) -> Result<(), String> {
    let (env, ignore) = (desk.read(".env"), desk.read(".gitignore"));
    if !env.starts_with("SECRET=1")
        || !ignore.starts_with("*.log")
        || desk.mode("private/env") != 0o600
    {
        return Err("what was the user's is lost".into());
    }
    if !desk.has("docker-compose.ca.yml") {
        return if env.contains("docker-compose.ca.yml") {
            Err(".env lists what is not there".into())
        } else {
            Ok(())
        };
    }
    let overlay = desk.read("docker-compose.ca.yml");
    let named = overlay
        .split(".trust/")
        .skip(1)
        .filter_map(|rest| rest.split(['\'', '"', ':', '\n']).next());
    for name in named.filter(|name| !name.is_empty() && name.contains('.')) {
        if !desk.has(&format!(".trust/{name}")) {
            return Err(format!("the overlay names {name}, which is not there\n{whole}"));
        }
    }
    Ok(())
}

fn tasks() -> Vec<Task> {
    vec![
        Task {
            name: "`setup --activate`",
            words: &["setup", "--custom-ca", "a.crt", "--activate"],
            desk: fresh,
            check: overlay,
        },
        Task {
            name: "`setup`, again with another CA",
            words: &["setup", "--custom-ca", "b.crt", "--activate"],
            desk: || {
                let desk = set_up();
                desk.write("b.crt", crate::init::faults::runs::OTHER_CA);
                desk
            },
            check: overlay,
        },
        Task { name: "`remove`", words: &["remove"], desk: set_up, check: overlay },
        Task { name: "`certs`", words: &["certs", "a.lab"], desk: Desk::new, check: certificates },
        Task {
            name: "`certs`, one name more",
            words: &["certs", "a.lab", "b.lab"],
            desk: || Desk::with(&["a.lab"]),
            check: certificates,
        },
        Task {
            name: "`certs --renew`",
            words: &["certs", "--renew"],
            desk: || {
                let desk = Desk::with(&["a.lab"]);
                desk.sign("certs", &["a.lab"], -300, 10);
                desk
            },
            check: certificates,
        },
    ]
}

/// Returns the files, without random parts, and without the files of strace.
fn shape(desk: &Desk, is_random: bool) -> String {
    let shown = tree(desk).into_iter().filter(|line| !line.starts_with("log "));
    let plain =
        |line: String| if is_random { line.split(" \"").next().unwrap().to_owned() } else { line };
    shown.map(plain).collect::<Vec<_>>().join("\n")
}

fn judged(task: &Task, fault: &Fault, whole: &str) -> Result<Option<&'static str>, String> {
    let Fault { call, nth, how } = fault;
    let desk = (task.desk)();
    let before = shape(&desk, false);
    let is_random = task.name.contains("certs");
    let inject = format!("inject={call}:{how}:when={nth}");
    let (outcome, log) = traced(
        &trust(task, &desk),
        &desk.path("log"),
        &["-e", &format!("trace={call}"), "-e", &inject],
    );
    // The thread that makes a call for `docker` and `git` varies, so the last calls may be missing.
    let Ok(hit) = fault_line(&log) else {
        outcome.succeeds();
        return Ok(None);
    };
    let wrong = |words: &str| {
        let (status, shape) = (outcome.0.status, shape(&desk, is_random));
        format!("{words}\n{hit}\n{status}\n{}{shape}", outcome.stderr())
    };
    let now = shape(&desk, false);
    (task.check)(&desk, &[before.clone(), now.clone()]).map_err(|words| wrong(&words))?;
    let stderr = outcome.stderr();
    let is_whole = shape(&desk, is_random) == whole;
    let came = match outcome.0.status.code() {
        Some(0) if is_whole => OUTCOMES[0],
        Some(0) if stderr.contains(": warning: cannot read `.gitignore`: ") => OUTCOMES[1],
        Some(0) => return Err(wrong("succeeded, but incomplete")),
        Some(1) if !stderr.contains(": error: cannot ") || !stderr.contains(": fix: ") => {
            return Err(wrong("no error, or no fix"));
        }
        Some(1) if now == before => OUTCOMES[2],
        Some(1) => OUTCOMES[3],
        _ if how.starts_with("signal") => OUTCOMES[4],
        _ => return Err(wrong("the run failed")),
    };
    if *how == "error=EINTR" && came != OUTCOMES[0] {
        return Err(wrong("an interrupted call is not repeated"));
    }
    let next = Outcome(trust(task, &desk).output().unwrap());
    if next.0.status.code() != Some(0) {
        return Err(wrong(&format!("the next run is wrong: {}", next.stderr())));
    }
    (task.check)(&desk, &[before, now]).map_err(|words| wrong(&words))?;
    if shape(&desk, is_random) != whole {
        return Err(wrong("the next run does not finish the change"));
    }
    Ok(Some(came))
}

/// Injects every fault of a task; returns the outcomes, and the wrong outcomes.
fn tried_all(task: &Task) -> (Vec<(String, &'static str)>, Vec<String>) {
    let desk = (task.desk)();
    let (outcome, log) = traced(&trust(task, &desk), &desk.path("log"), &[]);
    outcome.succeeds();
    let whole = shape(&desk, task.name.contains("certs"));
    let program = trust_compose().display().to_string();
    let is_change =
        |name: &str| CHANGES.contains(&name) || matches!(name, "openat" | "flock" | "close");
    let calls = calls(&log, &program).into_iter().enumerate();
    let calls = calls.filter(|(_, (name, _))| is_change(name));
    let faults: Vec<_> = calls.flat_map(|(index, call)| faults(&call, index, is_all())).collect();
    let (came, wrong) = tried(&faults, || (), |(), fault| judged(task, fault, &whole));
    (came.into_iter().filter_map(|(call, came)| Some((call, came?))).collect(), wrong)
}

#[test]
fn every_failed_change_leaves_the_old_or_the_new_state() {
    let (mut table, mut wrong) = (Table::default(), Vec::new());
    for task in tasks() {
        let (came, own) = tried_all(&task);
        wrong.extend(own.into_iter().map(|error| format!("{}: {error}", task.name)));
        table.add(task.name, came);
    }
    println!("trust-compose: {} faults", table.faults());
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n\n"));
    table.is_documented("trust-compose", &OUTCOMES);
}

/// With any umask, and from the moment of their creation.
#[test]
fn keys_and_secrets_are_created_with_mode_0600() {
    let desk = fresh();
    let mut log = String::new();
    for words in [
        &["certs", "a.lab"][..],
        &["certs", "a.lab", "b.lab"],
        &["setup", "--custom-ca", "a.crt", "--activate"],
    ] {
        let mut command = desk.command(&trust_compose(), words, "000");
        command.env("PATH", "/nowhere");
        let (outcome, own) =
            traced(&command, &desk.path("log"), &["-e", "trace=openat,fchmod,mkdirat,renameat"]);
        outcome.succeeds();
        log.push_str(&own);
    }
    let is_secret = |line: &str| line.contains("key") || line.contains("compose-env");
    let mut secret: Option<String> = None;
    let (mut made, mut directories) = (0, 0);
    for line in log.lines() {
        if line.contains("O_CREAT") {
            assert!(!is_secret(line) || line.contains(", 0600)"), "{line}");
            made += usize::from(is_secret(line));
            secret =
                line.rsplit_once("= ").map(|(_, fd)| fd.to_owned()).filter(|_| is_secret(line));
        } else if line.contains("mkdirat(") && !line.contains(".trust\"") {
            assert!(line.contains(", 0700)"), "{line}");
            directories += 1;
        } else if let (Some(fd), true) = (&secret, line.contains("fchmod(")) {
            let is_own = line.contains(&format!("fchmod({fd}, "));
            assert!(!is_own || line.contains(", 0600)"), "{line}");
        }
    }
    assert!(made >= 4 && directories >= 3, "{made} {directories}\n{log}");
}
