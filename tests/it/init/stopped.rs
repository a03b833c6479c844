//! trust-init, stopped after a system call, so that a test can act between two steps.

use std::collections::BTreeMap;
use std::process::{Child, Stdio};

use crate::init::pid1::{child_named, kill, wait_for};
use crate::world::{Outcome, Run, Scratch};

/// A system call: its name, and its ordinal among the calls of that name, including those of the programs
/// before trust-init.
pub type Step = (String, usize);

/// Returns the calls in `calls` that trust-init makes, from the line that `is_begin` accepts to the one
/// that `is_end` accepts, or to the exec of the service.
#[track_caller]
pub fn steps(
    run: Run<'_>,
    calls: &str,
    begins: impl Fn(&str) -> bool,
    ends: impl Fn(&str) -> bool,
) -> Vec<Step> {
    let log = Scratch::new();
    let path = log.path().join("log").display().to_string();
    run.under(format!("strace -qq -o '{path}' -e trace={calls}")).run().succeeds();
    let text = std::fs::read_to_string(path).unwrap();
    let mut made: BTreeMap<&str, usize> = BTreeMap::new();
    let (mut steps, mut is_ours) = (Vec::new(), false);
    for line in text.lines() {
        let Some((name, _)) = line.split_once('(') else { continue };
        let number = made.entry(name).and_modify(|number| *number += 1).or_insert(1);
        is_ours |= name != "execve" && begins(line);
        if is_ours && (name == "execve" || ends(line)) {
            break;
        }
        if is_ours {
            steps.push((name.to_owned(), *number));
        }
    }
    assert!(steps.len() > 2, "{text}");
    steps
}

/// A run that is killed at the end of the test.
struct Running(Option<Child>);

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Runs the program, stopped after one system call while `turn` runs.
#[track_caller]
pub fn stopped(run: Run<'_>, (name, number): &Step, turn: impl FnOnce()) -> Outcome {
    let log = Scratch::new();
    let path = log.path().join("log");
    let inject = format!("inject={name}:signal=SIGSTOP:when={number}");
    let strace = format!("strace -qq -o '{}' -e trace={name} -e {inject}", path.display());
    let mut command = run.under(strace).command();
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    let id = child.id();
    let mut running = Running(Some(child));
    wait_for("trust-init to be stopped", || {
        let log = std::fs::read_to_string(&path).unwrap_or_default();
        log.contains("stopped by SIGSTOP").then_some(())
    });
    turn();
    kill("CONT", child_named(id, "trust-init").unwrap());
    let child = running.0.take().unwrap();
    Outcome(child.wait_with_output().unwrap())
}
