//! System calls made to fail, one at a time, by strace's injection; and tests/snapshots/faults.md,
//! which has the outcomes.
//!
//! The calls are those of a trace of the very run, so a new one is covered by itself. One error for each call is
//! tried here, every error that makes sense under FAULTS=all (`scripts/soak.sh faults`).

mod service;
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

/// A disk that is full, broken or read-only, no descriptors, no memory, no permission.
const ERRORS: [&str; 6] =
    ["error=ENOSPC", "error=EIO", "error=EROFS", "error=EMFILE", "error=ENOMEM", "error=EACCES"];

/// What the kernel interrupts for a signal, on one file system or another (signal(7), and the page of each).
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

/// What changes something, or comes between two that do.
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

/// One fault: which call fails, the how-manieth of that name in the process, and how.
#[derive(Clone, Debug)]
pub struct Fault {
    pub call: String,
    pub nth: usize,
    pub how: &'static str,
}

/// The faults of one call: `all`, or the one whose turn it is.
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
        // These have no way to fail, or none that is looked at.
        if is_one_of(&["fcntl", "geteuid", "getpid", "gettid"]) {
            return Vec::new();
        }
        ways = vec![ways[index % ways.len()]];
    }
    ways.into_iter().map(|how| Fault { call: call.clone(), nth: *nth, how }).collect()
}

/// A command under strace, with these options of it, and what that wrote.
pub fn traced(run: &Command, log: &Path, options: &[&str]) -> (Outcome, String) {
    // strace, and what it starts, in a time that only a hang can exceed.
    let mut command = Command::new(tool("timeout"));
    command.args(["-s", "KILL", "60"]).arg(tool("strace"));
    command.args(["-f", "-qq", "-o"]).arg(log).args(options);
    command.arg(run.get_program()).args(run.get_args()).env_clear();
    command.envs(run.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.current_dir(run.get_current_dir().unwrap_or(Path::new("/")));
    let output = command.output().unwrap();
    (Outcome(output), fs::read_to_string(log).unwrap())
}

/// A system call of a program, and its ordinal among those of its name in the process: strace counts so.
pub type Call = (String, usize);

/// The system calls of `program` in a log, in their order, from its start to its end.
pub fn calls(log: &str, program: &str) -> Vec<Call> {
    let start = format!(" execve(\"{program}\"");
    let start = log.lines().find(|line| line.contains(&start)).unwrap();
    let pid = start.split(' ').next().unwrap();
    let (mut counts, mut calls, mut is_ours) = (BTreeMap::new(), Vec::new(), false);
    let mut kept = BTreeSet::new();
    for line in log.lines().filter(|line| line.split(' ').next() == Some(pid)) {
        let Some((name, words)) = line[pid.len()..].trim_start().split_once('(') else { continue };
        let count = counts.entry(name.to_owned()).or_insert(0);
        *count += 1;
        // strace leaves open what it has not closed. Whoever reads from that pipe, or locks that directory, would
        // wait for ever, which no kernel does: closing these has no way to fail.
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

/// Whether every error is tried at every call.
pub fn is_all() -> bool {
    std::env::var_os("FAULTS").is_some()
}

/// The line of a log that shows the fault.
pub fn hit(log: &str) -> Result<&str, String> {
    let is_hit = |line: &&str| line.contains("(INJECTED)") || line.contains("killed by SIGKILL");
    let line = log.lines().find(is_hit).ok_or("the fault did not happen")?;
    Ok(line.split_once(' ').unwrap().1.trim())
}

/// What each fault came to, and what is wrong with that. Several are tried at once, each worker at a place of
/// its own.
pub fn tried<Place, Came: Send>(
    faults: &[Fault],
    place: impl Fn() -> Place + Sync,
    judged: impl Fn(&Place, &Fault) -> Result<Came, String> + Sync,
) -> (Vec<(String, Came)>, Vec<String>) {
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

/// How often a run's call came to what: the rows of a table.
#[derive(Default)]
pub struct Table(BTreeMap<(usize, String), BTreeMap<&'static str, usize>>, Vec<&'static str>);

impl Table {
    /// Adds what the faults of a run came to.
    pub fn add(&mut self, run: &'static str, came: Vec<(String, &'static str)>) {
        for (call, outcome) in came {
            let row = self.0.entry((self.1.len(), call)).or_default();
            *row.entry(outcome).or_default() += 1;
        }
        self.1.push(run);
    }

    /// How many faults were injected.
    pub fn faults(&self) -> usize {
        self.0.values().flat_map(BTreeMap::values).sum()
    }

    /// The part of tests/snapshots/faults.md that is called so has these rows, or some of them where not all was
    /// tried. The numbers are not compared: how often a run calls what is the C library's and the kernel's business
    /// too.
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
        let (stands, below) = rest.split_once(&end).unwrap();
        if is_all() && std::env::var_os("UPDATE_SNAPSHOT").is_some() {
            fs::write(&path, format!("{above}{begin}{text}{end}{below}")).unwrap();
            return;
        }
        // A cell is a number or nothing.
        let shown = |text: &str| -> BTreeSet<String> {
            let rows = text.lines().filter_map(|line| line.strip_prefix("| ")).skip(1);
            let cells = rows.flat_map(|row| {
                let cells: Vec<_> = row.split(" |").map(|cell| cell.trim().to_owned()).collect();
                let filled: Vec<_> = (2..cells.len()).filter(|at| !cells[*at].is_empty()).collect();
                filled.into_iter().map(move |at| format!("{} {} {at}", cells[0], cells[1]))
            });
            cells.collect()
        };
        let (found, documented) = (shown(&text), shown(stands));
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
