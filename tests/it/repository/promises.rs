//! SECURITY.md: every promise names an existing test; and tests of promises about the sources and about
//! trust-compose as a whole.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use crate::desk::{Desk, trust_compose};
use crate::world::tool;

pub fn document() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("SECURITY.md")).unwrap()
}

/// Returns the texts between the marks `name` in SECURITY.md.
pub fn marked<'a>(document: &'a str, name: &str) -> Vec<&'a str> {
    let (begin, end) = (format!("<!-- {name}: begin -->\n"), format!("<!-- {name}: end -->"));
    document.split(&begin).skip(1).map(|part| part.split_once(&end).unwrap().0).collect()
}

/// Returns the texts between backticks.
pub fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// Whether the sources of the test program `program` contain this test.
fn is_there(program: &str, name: &str) -> bool {
    let Some((module, test)) = name.rsplit_once("::") else { return false };
    let path = format!("tests/{program}/{}.rs", module.replace("::", "/"));
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path));
    text.is_ok_and(|text| text.contains(&format!("#[test]\nfn {test}()")))
}

#[test]
fn every_promise_names_an_existing_test() {
    let document = document();
    let mut promises = 0;
    for line in marked(&document, "promises").into_iter().flat_map(str::lines) {
        if line.is_empty() || line.starts_with(['#', '<']) || line.starts_with("|---") {
            continue;
        }
        let row = line.strip_prefix("| ").and_then(|row| row.strip_suffix(" |"));
        let (_, shown) =
            row.and_then(|row| row.rsplit_once(" | ")).unwrap_or_else(|| panic!("{line}"));
        if shown == "shown by" {
            continue;
        }
        let mut parts = shown.splitn(2, "containers: ");
        for (program, part) in ["it", "containers"].into_iter().zip(parts.by_ref()) {
            for name in quoted(part) {
                assert!(is_there(program, name), "tests/{program} has no {name}");
            }
        }
        assert!(quoted(shown).next().is_some(), "no test: {line}");
        promises += 1;
    }
    assert!(promises > 50, "{promises}");
}

/// Runs trust-compose under strace; returns the started programs, and the calls that open a socket in a
/// process that is not one of them.
fn started(desk: &Desk, words: &[&str]) -> (BTreeSet<String>, Vec<String>) {
    let log = desk.path("log").display().to_string();
    let strace = ["-f", "-o", &log, "-e", "trace=execve,%network"];
    let program = trust_compose().display().to_string();
    let words = [&strace[..], &[&program], words].concat();
    let mut command = desk.command(&tool("strace"), &words, "022");
    command.env("PATH", desk.path("bin")).output().unwrap();
    let (log, mut programs, mut foreign) = (desk.read("log"), BTreeSet::new(), BTreeSet::new());
    for (index, line) in log.lines().enumerate().filter(|(_, line)| line.contains(" execve(")) {
        let path = line.split('"').nth(1).unwrap();
        programs.insert(path.rsplit('/').next().unwrap().to_owned());
        foreign.extend((index > 0).then(|| line.split(' ').next().unwrap()));
    }
    let own = log.lines().filter(|line| !foreign.contains(line.split(' ').next().unwrap()));
    // A thread that is in a call at the end of the program has no call name in the log.
    let is_call = |line: &&str| line.contains('(') && !line.contains(" ???(");
    let sockets = own.filter(is_call).filter(|line| !line.contains(" execve"));
    (programs, sockets.map(str::to_owned).collect())
}

/// docker is not in this PATH, but the program still looks for it.
#[test]
fn trust_compose_starts_only_listed_programs_and_opens_no_connection() {
    let desk = Desk::with(&["reflector.local"]);
    desk.write(
        "docker-compose.yml",
        "services:\n  agent:\n    image: registry.invalid/agent\n  edge:\n    image: nginx\n",
    );
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\n\
               spec: {containers: [{name: web, image: web}]}\n";
    desk.write("pod.yaml", pod);
    desk.directory(".git", 0o755).directory("bin", 0o755);
    for name in ["getent", "git"] {
        symlink(tool(name), desk.path(&format!("bin/{name}"))).unwrap();
    }
    desk.sign("certs", &["reflector.local"], -300, 20);
    let mut all = BTreeSet::new();
    for line in [
        "certs --renew --then true",
        "certs reflector.local gpu.local",
        "setup --custom-ca certs --domain reflector.local --tls edge --service edge=leave --activate",
        "setup --check",
        "doctor --files-only",
        "inspect certs/server.pem",
        "trust --here --dry-run",
        "remove",
        "kustomize -f pod.yaml --custom-ca certs --out trust",
        "kustomize --remove --out trust",
    ] {
        let words: Vec<_> = line.split(' ').collect();
        let (programs, sockets) = started(&desk, &words);
        assert_eq!(sockets, [""; 0], "{line}");
        assert_eq!(programs.contains("sh"), line.contains("--then"), "{line}: {programs:?}");
        all.extend(programs);
    }
    assert!(!desk.has("docker-compose.ca.yml"));
    let named = ["docker", "getent", "git", "kubectl", "kustomize", "sh", "trust-compose"];
    assert_eq!(all.into_iter().collect::<Vec<_>>(), named);
}

/// A relative or empty entry of PATH would run files of a cloned repository.
#[test]
fn no_program_of_the_current_directory_is_run() {
    let desk = Desk::with(&["reflector.local"]);
    desk.write("docker-compose.yml", "services:\n  agent:\n    image: registry.invalid/agent\n");
    desk.directory(".git", 0o755).directory("bin", 0o755).directory("own", 0o755);
    for directory in [".", "bin", "own"] {
        for name in ["docker", "getent", "git", "kubectl", "kustomize"] {
            let file = format!("{directory}/{name}");
            let report =
                if directory == "own" { "echo \"$PATH\" >>path; exit 1" } else { "echo >>ran" };
            desk.write(&file, format!("#!/bin/sh\n{report}\n")).chmod(&file, 0o755);
        }
    }
    let run = |words: &str, path: &str| {
        let words: Vec<_> = words.split(' ').collect();
        desk.command(&trust_compose(), &words, "022").env("PATH", path).output().unwrap();
    };
    let own = desk.path("own").display().to_string();
    for path in [".", "", ":bin:./bin", &format!(".::bin:{own}:")] {
        for words in [
            "certs reflector.local gpu.local",
            "setup --custom-ca certs",
            "setup --up",
            "doctor",
            "doctor --files-only",
            "kustomize -k . --custom-ca certs --out trust",
            "remove",
        ] {
            run(words, path);
            assert!(!desk.has("ran"), "PATH={path}: {words}");
        }
    }
    // The programs of the user's own directory run, and search only there, too.
    let paths = desk.read("path");
    assert!(paths.lines().all(|path| path == own), "{paths}");
}

#[test]
fn trust_doctor_starts_no_program_and_calls_only_given_servers() {
    let (desk, process) = (Desk::new(), std::process::id().to_string());
    let words = ["-f", "-o", "log", "-e", "trace=%process,%network"];
    let program = [env!("CARGO_BIN_EXE_trust-doctor"), "--pid", &process];
    let called = ["--connect", "https://127.0.0.1:1", "--connect", "https://127.0.0.1:2"];
    let words = [&words[..], &program, &called].concat();
    desk.command(&tool("strace"), &words, "022").output().unwrap();
    let log = desk.read("log");
    assert_eq!(log.matches(" execve(").count(), 1, "{log}");
    // Parallel calls use threads, which share the process; a fork would be another program.
    let is_call = |line: &&str| line.contains(" clone") && !line.contains(" resumed>");
    let started: Vec<_> = log.lines().filter(is_call).collect();
    assert!(started.iter().all(|line| line.contains("CLONE_THREAD")), "{started:?}");
    assert!(!log.contains("fork("), "{log}");
    let addresses = log.lines().filter(|line| line.contains(" connect("));
    let addresses: BTreeSet<_> =
        addresses.map(|line| line.split(['{', '}']).nth(1).unwrap()).collect();
    let address = |port| {
        format!("sa_family=AF_INET, sin_port=htons({port}), sin_addr=inet_addr(\"127.0.0.1\")")
    };
    assert_eq!(addresses, [&*address(1), &*address(2)].into());
}

#[test]
fn no_source_contains_unsafe_code() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let manifest = fs::read_to_string(root.join("Cargo.toml")).unwrap();
    assert!(manifest.contains("[lints.rust]\nunsafe_code = \"forbid\"\n"));
    let mut waiting = vec![root.join("src")];
    while let Some(directory) = waiting.pop() {
        for path in directory.read_dir().unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                waiting.push(path);
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            let is_there = text.lines().any(|line| {
                let code = line.split("//").next().unwrap();
                code.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == "unsafe")
            });
            assert!(!is_there || path.ends_with("help.txt"), "{}", path.display());
        }
    }
}
