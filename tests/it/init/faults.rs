//! System calls that strace makes fail, one at a time; tests/snapshots/faults.md lists the outcomes.
//!
//! The calls are those in a trace of the same run, so new calls are covered. One error is injected per call
//! here, every applicable error under FAULTS=all (`scripts/soak.sh faults`).

mod service;
mod state;
pub mod runs;
mod named;
mod limits;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{Debug, Write as _};
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::world::{Outcome, tool};

/// A full, broken or read-only disk, no descriptors, no memory, no permission.
const ERRORS: [&str; 6] =
    ["error=ENOSPC", "error=EIO", "error=EROFS", "error=EMFILE", "error=ENOMEM", "error=EACCES"];

/// The calls that a signal interrupts, on some file system (signal(7), and the manual page of each).
const INTERRUPTIBLE: [&str; 14] = [
    "openat",
    "read",
    "pread64",
    "readv",
    "write",
    "writev",
    "fsync",
    "fdatasync",
    "fchmod",
    "fchown",
    "flock",
    "getrandom",
    "poll",
    "ppoll",
];

/// The calls that change the disk, and calls between them.
pub const CHANGES: [&str; 14] = [
    "mkdirat",
    "fchmod",
    "fchmodat",
    "fchown",
    "fchownat",
    "writev",
    "write",
    "ftruncate",
    "fsync",
    "renameat",
    "renameat2",
    "linkat",
    "symlinkat",
    "unlinkat",
];

/// One fault: the call, its ordinal among the calls of that name in the process, and the error.
#[derive(Clone, Debug)]
pub struct Fault {
    pub call: String,
    pub nth: usize,
    pub how: &'static str,
}

/// Returns the faults of one call: `all`, or the one that `index` selects.
pub fn faults((call, nth): &Call, index: usize, all: bool) -> Vec<Fault> {
    let is_one_of = |calls: &[&str]| calls.contains(&call.as_str());
    let mut ways = if is_one_of(&["brk", "mmap", "mprotect", "mremap", "munmap"]) {
        vec!["error=ENOMEM"]
    } else {
        ERRORS.to_vec()
    };
    if is_one_of(&INTERRUPTIBLE) {
        ways.push("error=EINTR");
    }
    if is_one_of(&["write", "writev"]) {
        ways.push("retval=0");
    }
    if is_one_of(&CHANGES) {
        ways.push("signal=SIGKILL");
    }
    if !all {
        // These cannot fail, or the program ignores their result.
        if is_one_of(&["fcntl", "geteuid", "getpid", "gettid"]) {
            return Vec::new();
        }
        ways = vec![ways[index % ways.len()]];
    }
    ways.into_iter().map(|how| Fault { call: call.clone(), nth: *nth, how }).collect()
}

/// Runs a command under strace, and returns its outcome and strace's log.
pub fn traced(run: &Command, log: &Path, options: &[&str]) -> (Outcome, String) {
    // Only a hang takes longer than this limit.
    let mut command = Command::new(tool("timeout"));
    command.args(["-s", "KILL", "60"]).arg(tool("strace"));
    command.args(["-f", "-qq", "-o"]).arg(log).args(options);
    command.arg(run.get_program()).args(run.get_args()).env_clear();
    command.envs(run.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.current_dir(run.get_current_dir().unwrap_or(Path::new("/")));
    let output = command.output().unwrap();
    (Outcome(output), fs::read_to_string(log).unwrap())
}

/// A system call of a program, and its ordinal among the calls of that name in the process, as strace
/// counts.
pub type Call = (String, usize);

/// Returns the lines of one thread in a log: strace writes a call in two lines if another thread runs meanwhile.
fn whole_lines(log: &str, pid: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for line in log.lines().filter(|line| line.split(' ').next() == Some(pid)) {
        match (line.split_once("resumed>"), lines.last_mut()) {
            (Some((_, rest)), Some(begun)) => begun.push_str(rest),
            _ => lines.push(line.trim_end_matches("<unfinished ...>").to_owned()),
        }
    }
    lines
}

/// Returns the system calls of `program` in a log, in order.
pub fn calls(log: &str, program: &str) -> Vec<Call> {
    let start = format!(" execve(\"{program}\"");
    let start = log.lines().find(|line| line.contains(&start)).unwrap();
    let pid = start.split(' ').next().unwrap();
    let (mut counts, mut calls, mut is_ours) = (BTreeMap::new(), Vec::new(), false);
    let mut kept = BTreeSet::new();
    for line in whole_lines(log, pid) {
        let Some((name, words)) = line[pid.len()..].trim_start().split_once('(') else { continue };
        let count = counts.entry(name.to_owned()).or_insert(0);
        *count += 1;
        // A close that strace prevents leaves the descriptor open: a reader of that pipe, or a process that
        // locks that directory, would wait forever, which no kernel does. So closing these is not made to
        // fail.
        let fd = words.split([',', ')']).next().unwrap_or_default();
        let is_kept = name == "close" && kept.contains(fd);
        let result = words.rsplit_once("= ").map_or("", |(_, result)| result);
        match name {
            "pipe2" => kept.extend(words.split(['[', ']', ',']).map(|end| end.trim().to_owned())),
            "openat" if words.contains("O_DIRECTORY") => _ = kept.insert(result.to_owned()),
            "openat" => _ = kept.remove(result),
            "fcntl" if words.contains("F_DUPFD") && kept.contains(fd) => {
                kept.insert(result.to_owned());
            }
            _ => {}
        }
        if is_ours && name != "exit_group" && !is_kept {
            calls.push((name.to_owned(), *count));
        }
        if is_ours && name == "execve" && line.ends_with("= 0") {
            break;
        }
        is_ours |= line == start;
    }
    calls
}

/// Whether every error is injected into every call.
pub fn is_all() -> bool {
    std::env::var_os("FAULTS").is_some()
}

/// Returns the line of a log that shows the fault.
pub fn fault_line(log: &str) -> Result<&str, String> {
    let is_hit = |line: &&str| line.contains("(INJECTED)") || line.contains("killed by SIGKILL");
    let line = log.lines().find(is_hit).ok_or("the fault did not happen")?;
    Ok(line.split_once(' ').unwrap().1.trim())
}

/// Returns the outcome of each fault, and the wrong outcomes. Faults run in parallel, each worker in its
/// own place.
pub fn tried<Place, Effect: Send>(
    faults: &[Fault],
    place: impl Fn() -> Place + Sync,
    judged: impl Fn(&Place, &Fault) -> Result<Effect, String> + Sync,
) -> (Vec<(String, Effect)>, Vec<String>) {
    let (next, came, wrong) = (AtomicUsize::new(0), Mutex::new(Vec::new()), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let place = place();
                while let Some(fault) = faults.get(next.fetch_add(1, Ordering::Relaxed)) {
                    match judged(&place, fault) {
                        Ok(outcome) => came.lock().unwrap().push((fault.call.clone(), outcome)),
                        Err(error) => wrong.lock().unwrap().push(format!("{fault:?}: {error}")),
                    }
                }
            });
        }
    });
    (came.into_inner().unwrap(), wrong.into_inner().unwrap())
}

/// The number of each outcome by run and call: the rows of a table.
#[derive(Default)]
pub struct Table(BTreeMap<(usize, String), BTreeMap<&'static str, usize>>, Vec<&'static str>);

impl Table {
    /// Adds the outcomes of the faults of a run.
    pub fn add(&mut self, run: &'static str, came: Vec<(String, &'static str)>) {
        for (call, outcome) in came {
            let row = self.0.entry((self.1.len(), call)).or_default();
            *row.entry(outcome).or_default() += 1;
        }
        self.1.push(run);
    }

    /// Returns the number of injected faults.
    pub fn faults(&self) -> usize {
        self.0.values().flat_map(BTreeMap::values).sum()
    }

    /// Asserts that the part `part` of tests/snapshots/faults.md has these rows, or contains them if only
    /// some faults were injected. Numbers are not compared: they depend on the C library and the kernel.
    #[track_caller]
    pub fn is_documented(&self, part: &str, outcomes: &[&'static str]) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots/faults.md");
        let mut text = String::new();
        _ = writeln!(
            text,
            "{} faults:\n\n| run | system call | {} |",
            self.faults(),
            outcomes.join(" | ")
        );
        _ = writeln!(text, "|---|---|{}", "---:|".repeat(outcomes.len()));
        for ((run, call), row) in &self.0 {
            let cells = outcomes
                .iter()
                .map(|outcome| row.get(outcome).map_or(String::new(), usize::to_string));
            _ = writeln!(
                text,
                "| {} | {call} | {} |",
                self.1[*run],
                cells.collect::<Vec<_>>().join(" | ")
            );
        }
        let document = fs::read_to_string(&path).unwrap();
        let [begin, end] = ["begin", "end"].map(|word| format!("<!-- {part}: {word} -->\n"));
        let (above, rest) = document.split_once(&begin).unwrap();
        let (documented_part, below) = rest.split_once(&end).unwrap();
        if is_all() && std::env::var_os("UPDATE_SNAPSHOT").is_some() {
            fs::write(&path, format!("{above}{begin}{text}{end}{below}")).unwrap();
            return;
        }
        // A cell contains a number or is empty.
        let shown = |text: &str| -> BTreeSet<String> {
            let rows = text.lines().filter_map(|line| line.strip_prefix("| ")).skip(1);
            let cells = rows.flat_map(|row| {
                let cells: Vec<_> = row.split(" |").map(|cell| cell.trim().to_owned()).collect();
                let filled: Vec<_> = (2..cells.len()).filter(|at| !cells[*at].is_empty()).collect();
                filled.into_iter().map(move |at| format!("{} {} {at}", cells[0], cells[1]))
            });
            cells.collect()
        };
        let (found, documented) = (shown(&text), shown(documented_part));
        let new: Vec<_> = found.difference(&documented).collect();
        assert!(
            new.is_empty(),
            "not in tests/snapshots/faults.md (UPDATE_SNAPSHOT=1 scripts/soak.sh faults): {new:?}"
        );
        assert!(
            !is_all() || found == documented,
            "tests/snapshots/faults.md has more: UPDATE_SNAPSHOT=1 scripts/soak.sh faults"
        );
    }
}
