//! System calls made to fail, one at a time, by strace's injection: what a run of trust-init comes to then.
//!
//! The calls are those of a trace of the very run, so a new one is covered by itself. One error for each
//! call is tried here, every error that makes sense under FAULTS=all (scripts/soak.sh faults).

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt, chown, symlink};
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::world::{Outcome, Run, World, tool};

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

/// What lives on from start to start, or is made at each.
const KEPT: [&str; 7] = ["run", "tmp", "dev", "etc", "opt", "var", "data"];

/// The service: says its environment, then what is in the files that it is given. It starts no other program, into
/// which the fault would come as well.
const SERVICE: &str = "export -p; for file in \"$SSL_CERT_FILE\" \"$NODE_EXTRA_CA_CERTS\" \"$REQUESTS_CA_BUNDLE\" \
    \"${JAVA_TOOL_OPTIONS#*trustStore=}\" \"$WGETRC\" \"${PHP_INI_SCAN_DIR#*:}/trust-init.ini\"; do \
    file=${file%% *}; [ ! -f \"$file\" ] || { echo \"== $file\"; while read -r line; do echo \"$line\"; done <\"$file\"; }; done";

/// One kind of run.
pub struct Scene {
    pub name: &'static str,
    pub words: &'static [&'static str],
    /// Variables of the run.
    pub set: &'static [(&'static str, &'static str)],
    /// The image at its start.
    pub image: fn() -> World,
    /// What else the run is given.
    pub with: fn(Run<'_>) -> Run<'_>,
}

/// One fault: which call fails, the how-manieth of that name in the process, and how.
#[derive(Clone, Debug)]
pub struct Fault {
    pub call: String,
    pub nth: usize,
    pub how: &'static str,
}

/// What a fault came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Came {
    /// All as without it.
    AsEver,
    /// All as without it, by files in another place.
    Elsewhere,
    /// The service was started, and a warning says what it lacks.
    Warned,
    /// The service was not started, and an error says why.
    Refused,
    /// The program was ended: killed, or out of memory.
    Ended,
}

pub type State = BTreeMap<String, (u32, u32, Vec<u8>)>;

/// All that is kept of an image.
pub fn state(world: &World) -> State {
    let mut state = State::new();
    let mut waiting: Vec<_> = KEPT.iter().map(|&name| name.to_owned()).collect();
    while let Some(name) = waiting.pop() {
        let path = world.path(&name);
        let Ok(found) = path.symlink_metadata() else { continue };
        let contents = if found.is_symlink() {
            path.read_link().unwrap().into_os_string().into_encoded_bytes()
        } else if found.is_dir() {
            let entries = path.read_dir().unwrap().map(|entry| entry.unwrap().file_name());
            waiting.extend(entries.map(|entry| format!("{name}/{}", entry.to_str().unwrap())));
            Vec::new()
        } else {
            fs::read(&path).unwrap()
        };
        state.insert(name, (found.mode(), found.uid(), contents));
    }
    state
}

/// Makes an image what it was.
fn restore(world: &World, before: &State) {
    if state(world) == *before {
        return;
    }
    for name in KEPT {
        _ = fs::remove_dir_all(world.path(name));
    }
    for (name, (mode, uid, contents)) in before {
        let path = world.path(name);
        match mode & 0o170_000 {
            0o120_000 => symlink(std::str::from_utf8(contents).unwrap(), &path).unwrap(),
            kind => {
                if kind == 0o040_000 {
                    fs::create_dir(&path).unwrap();
                } else {
                    fs::write(&path, contents).unwrap();
                }
                chown(&path, Some(*uid), Some(*uid)).unwrap();
                fs::set_permissions(&path, PermissionsExt::from_mode(mode & 0o7777)).unwrap();
            }
        }
    }
}

/// What a service was given: what each of its variables means, and how many warnings there were before.
struct Given {
    variables: BTreeMap<String, String>,
    files: Vec<String>,
    warnings: usize,
}

impl Given {
    /// Reads what [`SERVICE`] said. A variable means what is in the file that it names, in whatever order, and
    /// wherever that is.
    fn new(outcome: &Outcome) -> Self {
        let text = outcome.stdout();
        let mut parts = text.split("\n== ");
        let environment = parts.next().unwrap_or_default();
        let mut files: Vec<(&str, String)> = Vec::new();
        for (path, contents) in parts.filter_map(|part| part.split_once('\n')) {
            let mut contents = contents.trim_end().to_owned();
            for (other, _) in files.iter().filter(|(path, _)| path.contains("ca-bundle")) {
                contents = contents.replace(other, "BUNDLE");
            }
            let mut blocks: Vec<_> = contents
                .split_inclusive("-----END CERTIFICATE-----\n")
                .map(str::trim_end)
                .collect();
            blocks.sort_unstable();
            files.push((path, format!("<{}>", blocks.join("\n"))));
        }
        let meaning = |value: &str| {
            files
                .iter()
                .fold(value.to_owned(), |value, (path, contents)| value.replace(path, contents))
        };
        let lines =
            environment.lines().filter_map(|line| line.strip_prefix("export ")?.split_once('='));
        Self {
            variables: lines.map(|(name, value)| (name.to_owned(), meaning(value))).collect(),
            warnings: outcome.stderr().matches(": warning: ").count(),
            files: files.into_iter().map(|(_, contents)| contents).collect(),
        }
    }
}

/// The faults of one call: one error, whose turn it is, and what may be made again, or `all`.
pub fn faults((call, nth): &Call, index: usize, all: bool) -> Vec<Fault> {
    let is_one_of = |calls: &[&str]| calls.contains(&call.as_str());
    let mut ways = if is_one_of(&["brk", "mmap", "mprotect", "mremap", "munmap"]) {
        vec!["error=ENOMEM"]
    } else {
        ERRORS.to_vec()
    };
    if !all {
        ways = vec![ways[index % ways.len()]];
    }
    if is_one_of(&INTERRUPTIBLE) {
        ways.push("error=EINTR");
    }
    if is_one_of(&["write", "writev"]) {
        ways.push("retval=0");
    }
    if is_one_of(&CHANGES) || all {
        ways.push("signal=SIGKILL");
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
    for line in log.lines().filter(|line| line.split(' ').next() == Some(pid)) {
        let Some((name, _)) = line[pid.len()..].trim_start().split_once('(') else { continue };
        let count = counts.entry(name.to_owned()).or_insert(0);
        *count += 1;
        if is_ours && name != "exit_group" {
            calls.push((name.to_owned(), *count));
        }
        if is_ours && name == "execve" && line.ends_with("= 0") {
            break;
        }
        is_ours |= line == start;
    }
    calls
}

impl Scene {
    fn run<'a>(&self, world: &'a World) -> Run<'a> {
        let service = if self.words.contains(&"--prepare") || self.words.contains(&"--version") {
            &[][..]
        } else {
            &["--", "sh", "-c", SERVICE]
        };
        let run = world.trust_init(&[self.words, service].concat());
        let run = self.set.iter().fold(run, |run, (name, value)| run.env(name, value));
        (self.with)(run)
    }

    fn traced(&self, world: &World, options: &[&str]) -> (Outcome, String) {
        traced(&self.run(world).command(), &world.path("log"), options)
    }

    fn calls(&self, world: &World) -> Vec<Call> {
        calls(&self.traced(world, &[]).1, "/trust-init")
    }

    /// Every fault of this run behind its first `begun` calls.
    fn faults(&self, world: &World, begun: usize, all: bool) -> Vec<Fault> {
        let calls = self.calls(world).into_iter().enumerate().skip(begun);
        calls.flat_map(|(index, call)| faults(&call, index, all)).collect()
    }

    /// How many calls every run begins with, before it knows what it is to do.
    pub fn begun(&self) -> usize {
        let start = Scene {
            name: "",
            words: &["--version"],
            set: &[],
            image: World::empty,
            with: |run| run,
        };
        let (world, other) = ((self.image)(), World::empty());
        let (own, start) = (self.calls(&world), start.calls(&other));
        own.iter().zip(&start).take_while(|((own, _), (start, _))| own == start).count()
    }

    /// What each fault of this run comes to, and what is wrong with that.
    pub fn tried(&self, begun: usize, all: bool) -> (Vec<(Fault, Came)>, Vec<String>) {
        let world = (self.image)();
        let before = state(&world);
        let undisturbed = self.run(&world).run();
        let undisturbed = undisturbed.succeeds();
        let whole = state(&world);
        restore(&world, &before);
        let faults = self.faults(&world, begun, all);
        let (next, came, wrong) =
            (AtomicUsize::new(0), Mutex::new(Vec::new()), Mutex::new(Vec::new()));
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let world = (self.image)();
                    while let Some(fault) = faults.get(next.fetch_add(1, Ordering::Relaxed)) {
                        restore(&world, &before);
                        match self.judged(&world, fault, &undisturbed, [&before, &whole]) {
                            Ok(kind) => came.lock().unwrap().push((fault.clone(), kind)),
                            Err(error) => {
                                let Fault { call, nth, how } = fault;
                                let error = format!("{}: {call} {nth} {how}: {error}", self.name);
                                wrong.lock().unwrap().push(error);
                            }
                        }
                    }
                });
            }
        });
        (came.into_inner().unwrap(), wrong.into_inner().unwrap())
    }

    fn judged(
        &self,
        world: &World,
        fault: &Fault,
        whole: &Outcome,
        states: [&State; 2],
    ) -> Result<Came, String> {
        let Fault { call, nth, how } = fault;
        let trace = format!("trace={call}");
        let inject = format!("inject={call}:{how}:when={nth}");
        let mut options = vec!["-e", &trace, "-e", &inject];
        if !how.starts_with("signal") {
            options.push("--seccomp-bpf"); // Faster by half, but with it strace sends no signals.
        }
        let (outcome, log) = self.traced(world, &options);
        let hit = log
            .lines()
            .find(|line| line.contains("(INJECTED)") || line.contains("killed by SIGKILL"));
        let Some(hit) = hit.map(|line| line.split_once(' ').unwrap().1.trim()) else {
            return Err("the fault did not happen".to_owned());
        };
        let wrong =
            |words: &str| format!("{words}\n{hit}\n{}\n{}", outcome.0.status, outcome.stderr());
        let now = state(world);
        let came = self.came(fault, &outcome, whole).map_err(|error| wrong(&error))?;
        let [before, after] = states;
        for (name, (mode, uid, contents)) in
            before.iter().filter(|(name, _)| !name.starts_with("run/"))
        {
            let kept = now.get(name).is_some_and(|found| {
                (found.0, found.1) == (*mode, *uid) && found.2.starts_with(contents)
            });
            if !kept && after.get(name) != now.get(name) {
                return Err(wrong(&format!("{name} is not what it was")));
            }
        }
        if now != *before && now != *after {
            let next = self.run(world).run();
            if next.0.status.code() != Some(0) || next.stdout() != whole.stdout() {
                return Err(wrong(&format!("the next run is not right: {}", next.stderr())));
            }
            let then = state(world);
            let changed = after
                .iter()
                .find(|(name, found)| then.get(*name) != Some(found))
                .map(|(name, _)| name);
            let left = then.keys().find(|name| !after.contains_key(*name) && !is_left(name, came));
            if let Some(name) = changed.or(left) {
                return Err(wrong(&format!("after the next run {name} is not as it should be")));
            }
        }
        Ok(came)
    }

    fn came(&self, fault: &Fault, outcome: &Outcome, whole: &Outcome) -> Result<Came, String> {
        if fault.how == "signal=SIGKILL" {
            return Ok(Came::Ended);
        }
        let stderr = outcome.stderr();
        if fault.how == "error=EINTR" && outcome.stdout() != whole.stdout() {
            return Err("an interrupted call is not made again".into());
        }
        match outcome.0.status.code() {
            Some(0) => {}
            Some(125..=127)
                if !self.words.contains(&"--on-error=warn") || fault.call == "execve" =>
            {
                let error = stderr.lines().position(|line| line.contains(": error: cannot "));
                let fix = error.and_then(|at| stderr.lines().nth(at + 1));
                let is_told = fix.is_some_and(|line| line.contains(": fix: "));
                return if is_told { Ok(Came::Refused) } else { Err("no error, or no fix".into()) };
            }
            _ if stderr.contains("memory allocation of")
                || stderr.contains("error during closedir") =>
            {
                return Ok(Came::Ended);
            }
            _ => return Err("it ended".into()),
        }
        if outcome.stdout() == whole.stdout() && stderr == whole.stderr() {
            return Ok(Came::AsEver);
        }
        let [mut own, expected] = [outcome, whole].map(Given::new);
        // Where a JVM does not find its key store by itself, the variable names one.
        if self.words.contains(&"--install-store") && own.files.len() > expected.files.len() {
            own.variables.remove("JAVA_TOOL_OPTIONS");
        }
        let is_warned = own.warnings > expected.warnings;
        if own.variables == expected.variables {
            let is_same = outcome.stdout() == whole.stdout();
            return Ok(match (is_warned, is_same) {
                (true, _) => Came::Warned,
                (_, true) => Came::AsEver,
                _ => Came::Elsewhere,
            });
        }
        // Less is trusted, or by other variables: never a file that is not there, or not whole.
        for (name, value) in &own.variables {
            let is_before =
                self.set.iter().any(|(own, before)| own == name && *value == format!("'{before}'"));
            if !is_before && !expected.variables.values().any(|expected| expected == value) {
                return Err(format!("{name} is {value}"));
            }
        }
        if is_warned { Ok(Came::Warned) } else { Err("less, in silence".into()) }
    }
}

/// Whether a file may be left when all is done: what a run put whole into another place, or what one that was
/// killed had begun to write.
fn is_left(name: &str, came: Came) -> bool {
    let is_begun = name.rsplit('/').next().unwrap().starts_with('.');
    name.contains("trust-init-") && !is_begun || came == Came::Ended
}
