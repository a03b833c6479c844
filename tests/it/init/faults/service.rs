//! The effect of a failing system call on a run of trust-init: what the service gets, and which files remain.

use std::collections::BTreeMap;
use std::ops::Range;
use std::process::Command;

use crate::init::faults::state::{State, restore, state};
use crate::init::faults::{Call, Fault, calls, fault_line, faults, is_all, traced, tried};
use crate::world::{Outcome, Run, World, tool};

/// The directories that belong to the image.
const IMAGE: [&str; 2] = ["etc", "opt"];

/// The start of the C library and of Rust, which end the program on a fault.
pub const START: &str = "the start of the program";

/// The error for missing permission.
const DENIED: &str = "error=EACCES";

/// The service: prints its environment, then the files that its variables name. It starts no other program,
/// because the fault would be injected there too.
const SERVICE: &str = "export -p; for file in \"$SSL_CERT_FILE\" \"$NODE_EXTRA_CA_CERTS\" \"$REQUESTS_CA_BUNDLE\" \
    \"${JAVA_TOOL_OPTIONS#*trustStore=}\" \"$WGETRC\" \"${PHP_INI_SCAN_DIR#*:}/trust-init.ini\"; do \
    file=${file%% *}; [ ! -f \"$file\" ] || { echo \"== $file\"; while read -r line; do echo \"$line\"; done <\"$file\"; }; done";

/// A kind of run.
pub struct Scene {
    pub name: &'static str,
    pub words: &'static [&'static str],
    /// Variables of the run.
    pub set: &'static [(&'static str, &'static str)],
    /// Creates the image.
    pub image: fn() -> World,
    /// Adds mounts and limits to the run.
    pub with: fn(Run<'_>) -> Run<'_>,
}

/// The effect of a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// The same result as without the fault.
    Unchanged,
    /// The same result as without the fault, with files in another directory.
    OtherLocation,
    /// The service started, and a warning names what is missing.
    Warned,
    /// The service did not start, and an error gives the cause.
    Refused,
    /// The program was ended: killed, or out of memory.
    Ended,
}

/// The names of the effects, in the order of the table.
pub const OUTCOMES: [&str; 5] =
    ["unchanged", "other location", "started with a warning", "refused with an error", "ended"];

/// The environment of a service: the meaning of each variable, and the number of warnings before.
struct Environment {
    variables: BTreeMap<String, String>,
    files: Vec<String>,
    warnings: usize,
}

impl Environment {
    /// Reads the output of [`SERVICE`]. The meaning of a variable is the contents of the file that it
    /// names, in any order and at any path.
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
            let value = value.to_owned();
            let value = files.iter().fold(value, |value, (path, what)| value.replace(path, what));
            let ours = files.iter().filter(|(path, _)| path.contains("/trust-init"));
            ours.fold(value, |value, (path, _)| {
                value.replace(path.rsplit_once('/').unwrap().0, "HERE")
            })
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

    /// Returns the command of the run. For the start of the program it is no first process: an abort cannot
    /// end a traced process 1.
    fn command(&self, world: &World) -> Command {
        if self.name != START {
            return self.run(world).command();
        }
        let mut command = Command::new(tool("chroot"));
        command.arg(world.path("")).args(["/trust-init", "--", "sh", "-c", SERVICE]);
        command.env_clear().env("PATH", "/bin");
        command
    }

    fn traced(&self, world: &World, options: &[&str]) -> (Outcome, String) {
        traced(&self.command(world), &world.path("log"), options)
    }

    fn calls(&self, world: &World) -> Vec<Call> {
        calls(&self.traced(world, &[]).1, "/trust-init")
    }

    /// Returns the number of calls with which every run begins, before it reads its arguments.
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

    /// Injects the faults of these calls; returns the outcomes, and the wrong outcomes.
    pub fn inject(&self, at: &Range<usize>) -> (Vec<(String, &'static str)>, Vec<String>) {
        let world = (self.image)();
        let before = state(&world);
        let undisturbed = Outcome(self.command(&world).output().unwrap()).succeeds();
        let whole = state(&world);
        restore(&world, &before);
        let calls = self.calls(&world).into_iter().enumerate();
        let calls = calls.filter(|(index, _)| at.contains(index));
        let faults: Vec<_> =
            calls.flat_map(|(index, call)| faults(&call, index, is_all())).collect();
        let (came, wrong) = tried(
            &faults,
            || (self.image)(),
            |world, fault| {
                restore(world, &before);
                self.judged(world, fault, &undisturbed, [&before, &whole])
            },
        );
        (came.into_iter().map(|(call, came)| (call, OUTCOMES[came as usize])).collect(), wrong)
    }

    fn judged(
        &self,
        world: &World,
        fault: &Fault,
        whole: &Outcome,
        states: [&State; 2],
    ) -> Result<Effect, String> {
        let Fault { call, nth, how } = fault;
        let trace = format!("trace={call}");
        let inject = format!("inject={call}:{how}:when={nth}");
        let mut options = vec!["-e", &trace, "-e", &inject];
        if !how.starts_with("signal") {
            options.push("--seccomp-bpf"); // Faster by half, but with it strace sends no signals.
        }
        let (outcome, log) = self.traced(world, &options);
        let hit = fault_line(&log)?;
        let wrong =
            |words: &str| format!("{words}\n{hit}\n{}\n{}", outcome.0.status, outcome.stderr());
        let now = state(world);
        let came = self.effect(fault, &outcome, whole).map_err(|error| wrong(&error))?;
        let [before, after] = states;
        // The files of the image are as before, or as after a run without a fault.
        for (name, found) in
            before.iter().filter(|(name, _)| IMAGE.iter().any(|own| name.starts_with(own)))
        {
            let is_one = [Some(found), after.get(name)].contains(&now.get(name));
            // If a JVM cannot be read, a warning says so, and the next run restores its key store.
            let reported =
                name.ends_with("jssecacerts") && (came == Effect::Warned || *how == DENIED);
            if !is_one && !reported {
                return Err(wrong(&format!("{name} has changed")));
            }
        }
        if now != *before && now != *after {
            let next = Outcome(self.command(world).output().unwrap());
            if next.0.status.code() != Some(0) || next.stdout() != whole.stdout() {
                return Err(wrong(&format!("the next run is wrong: {}", next.stderr())));
            }
            let then = state(world);
            let changed = after.iter().find(|(name, found)| then.get(*name) != Some(found));
            let left = then.iter().find(|(name, found)| {
                !after.contains_key(*name)
                    && !is_whole(name, &found.2, after)
                    && !is_begun(name, came)
            });
            if let Some((name, _)) = changed.or(left) {
                return Err(wrong(&format!("after the next run {name} is wrong")));
            }
        }
        Ok(came)
    }

    fn effect(&self, fault: &Fault, outcome: &Outcome, whole: &Outcome) -> Result<Effect, String> {
        if fault.how == "signal=SIGKILL" {
            return Ok(Effect::Ended);
        }
        let stderr = outcome.stderr();
        if fault.how == "error=EINTR" && outcome.stdout() != whole.stdout() {
            return Err("an interrupted call is not repeated".into());
        }
        match outcome.0.status.code() {
            Some(0) => {}
            // With a message of the C library, or with none.
            _ if self.name == START && !stderr.contains(": error: ") => {
                return Ok(Effect::Ended);
            }
            Some(125..=127)
                if !self.words.contains(&"--on-error=warn") || fault.call == "execve" =>
            {
                let error = stderr.lines().position(|line| line.contains(": error: cannot "));
                let fix = error.and_then(|at| stderr.lines().nth(at + 1));
                let has_fix = fix.is_some_and(|line| line.contains(": fix: "));
                return if has_fix { Ok(Effect::Refused) } else { Err("no error or fix".into()) };
            }
            _ if stderr.contains("memory allocation of") => return Ok(Effect::Ended),
            _ => return Err("the run failed".into()),
        }
        if outcome.stdout() == whole.stdout() && stderr == whole.stderr() {
            return Ok(Effect::Unchanged);
        }
        let [mut own, mut expected] = [outcome, whole].map(Environment::new);
        // If jssecacerts could not be installed, JAVA_TOOL_OPTIONS names a key store.
        if self.words.contains(&"--install-store") && own.files.len() > expected.files.len() {
            own.variables.remove("JAVA_TOOL_OPTIONS");
        }
        // Without permission no JVM is found, and `--java on` uses the roots of the bundle.
        if fault.how == DENIED && own.files.len() == expected.files.len() {
            own.variables.remove("JAVA_TOOL_OPTIONS");
            expected.variables.remove("JAVA_TOOL_OPTIONS");
        }
        let is_warned = own.warnings > expected.warnings;
        if own.variables == expected.variables {
            let is_same = outcome.stdout() == whole.stdout();
            return Ok(match (is_warned, is_same) {
                (true, _) => Effect::Warned,
                (_, true) => Effect::Unchanged,
                _ => Effect::OtherLocation,
            });
        }
        // Fewer certificates or variables are acceptable, but no file that is missing or partial.
        for (name, value) in &own.variables {
            let is_kept = |(own, before): &(&str, &str)| {
                own == name && outcome.stdout().contains(&format!("export {own}='{before}'"))
            };
            if !self.set.iter().any(is_kept)
                && !expected.variables.values().any(|expected| expected == value)
            {
                return Err(format!("{name} is {value}"));
            }
        }
        if is_warned { Ok(Effect::Warned) } else { Err("less trust without a warning".into()) }
    }
}

/// Whether a file that is left is whole: a run may have had to write it to another directory.
fn is_whole(name: &str, contents: &[u8], whole: &State) -> bool {
    let text = |contents: &[u8]| {
        let text = String::from_utf8_lossy(contents).into_owned();
        let words = text.split_inclusive('/').filter(|word| !word.starts_with("trust-init"));
        let words = words.filter(|word| !matches!(*word, "run/" | "tmp/")).collect::<String>();
        let mut blocks: Vec<_> = words.split("-----BEGIN").map(str::to_owned).collect();
        blocks.sort_unstable();
        blocks
    };
    name.contains("/trust-init") && whole.values().any(|other| text(&other.2) == text(contents))
}

/// Whether the file is a temporary file of a killed run. Its name is not used by any other run.
fn is_begun(name: &str, came: Effect) -> bool {
    came == Effect::Ended && name.rsplit('/').next().unwrap().starts_with('.')
}
