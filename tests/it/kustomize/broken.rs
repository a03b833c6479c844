//! `trust-compose kustomize` and its removal, killed at every step and with a full disk: the result is the
//! old or the new component with all its files, and the next run finishes.

use std::process::Output;

use crate::desk::trust_compose;
use crate::kustomize::cases::ManifestDir;
use crate::steps::{TRACE, changes};
use crate::world::{Outcome, gallery};

const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\n\
                   spec: {containers: [{name: web, image: 'registry.invalid/web:1'}]}\n";

/// Prepares the component of another CA, or none; with kubectl for the trial build, or without.
fn before(has_component: bool, has_kubectl: bool) -> ManifestDir {
    let dir = ManifestDir::with(POD);
    if !has_kubectl {
        std::fs::remove_file(dir.bin().join("kubectl")).unwrap();
    }
    if has_component {
        let other = gallery("ca-ec.crt").display().to_string();
        dir.run(&format!("--custom-ca {other} -f manifests.yaml")).succeeds();
    }
    // The trial build writes here.
    dir.0.directory("tmp", 0o700);
    dir
}

/// Runs `words` with this fault in a system call; returns `None` if the run makes no such call.
fn disturbed(dir: &ManifestDir, words: &str, inject: &str) -> Option<Output> {
    let (call, _) = inject.split_once(':').unwrap();
    let options = [format!("trace={call}"), format!("inject={inject}")];
    let (output, log) = traced(dir, words, &options);
    let is_hit = log.contains("(INJECTED)") || log.contains("killed by SIGKILL");
    is_hit.then_some(output)
}

/// Runs `words` under strace, and returns its output and log.
fn traced(dir: &ManifestDir, words: &str, options: &[String]) -> (Output, String) {
    let log = dir.0.path("log").display().to_string();
    let program = trust_compose().display().to_string();
    let strace = ["-qq", "-o", &log].map(str::to_owned).into_iter();
    let options = options.iter().flat_map(|option| ["-e".to_owned(), option.clone()]);
    let strace = strace.chain(options);
    let words = words.split_whitespace().map(str::to_owned);
    let words: Vec<_> = strace.chain([program, "kustomize".to_owned()]).chain(words).collect();
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    let strace = crate::world::tool("strace");
    let mut command = dir.0.command(&strace, &words, "022");
    let output = command.env("PATH", dir.bin()).env("TMPDIR", dir.0.path("tmp")).output();
    (output.unwrap(), dir.0.read("log"))
}

/// Asserts that every file of the component exists and is whole.
fn is_whole(dir: &ManifestDir, what: &str) {
    if !dir.0.has("trust/kustomization.yaml") {
        return;
    }
    let component = dir.0.read("trust/kustomization.yaml");
    assert!(component.ends_with("name: trust-init\n"), "{what}");
    let files = component.lines().filter_map(|line| line.split_once(".crt=")).map(|(_, file)| file);
    let files: Vec<_> = files.collect();
    assert_eq!(files.len(), 2, "{what}");
    for file in files {
        let text = dir.0.read(&format!("trust/{file}"));
        assert!(text.ends_with("-----END CERTIFICATE-----\n"), "{what}: {file}");
    }
}

#[test]
fn a_kill_at_any_step_leaves_a_whole_component() {
    let write = "--out trust --custom-ca ca.crt -f manifests.yaml";
    for (has_component, words) in [(false, write), (true, write), (true, "--out trust --remove")] {
        let log = traced(&before(has_component, false), words, &[TRACE.to_owned()]).1;
        for (call, n) in changes(&log) {
            let dir = before(has_component, false);
            let what = format!("{words}: {call} {n}");
            let killed = disturbed(&dir, words, &format!("{call}:signal=KILL:when={n}"));
            assert!(killed.is_some(), "{what}: not killed");
            is_whole(&dir, &what);
            let again =
                dir.0.run(&[&["kustomize"], &words.split(' ').collect::<Vec<_>>()[..]].concat());
            again.succeeds();
            if words == write {
                dir.with_ca("-f manifests.yaml --check").succeeds().prints("in step\n");
                let names = dir.0.path("trust").read_dir().unwrap().count();
                assert_eq!(names, 3, "{what}");
            } else {
                assert!(!dir.0.has("trust"), "{what}");
            }
        }
    }
}

#[test]
fn a_full_disk_changes_nothing() {
    let mut failures = 0;
    for call in ["mkdirat", "openat", "writev", "fsync"] {
        for n in 1.. {
            let dir = before(true, true);
            let before = dir.0.state("trust");
            let words = "--out trust --custom-ca ca.crt -f manifests.yaml";
            let inject = format!("{call}:error=ENOSPC:when={n}");
            let Some(output) = disturbed(&dir, words, &inject) else { break };
            let outcome = Outcome(output);
            if outcome.0.status.success() {
                is_whole(&dir, &inject);
                continue;
            }
            assert_eq!(dir.0.state("trust"), before, "{inject}");
            let said = outcome.stderr();
            assert!(said.contains("trust-compose: fix: "), "{inject}: {said}");
            failures += usize::from(said.contains("fix: free some space, and run it again"));
            // No file of the trial build is left, or the message names it.
            for left in dir.0.path("tmp").read_dir().unwrap().map(|entry| entry.unwrap().path()) {
                let is_told = said.contains(&*left.to_string_lossy());
                assert!(is_told, "{inject}: {} is left: {said}", left.display());
            }
        }
    }
    assert!(failures > 4, "only {failures} failures");
}
