//! The containers that trust-compose creates. Each has a label with its run: a stop signal removes those of this
//! run, and the next run that creates a container removes those of runs that were killed.

use std::ffi::OsString;
use std::fs;
use std::sync::{Condvar, LazyLock, Mutex, MutexGuard, Once, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use nix::errno::Errno;
use nix::sys::signal::kill;
use nix::unistd::Pid;

use crate::compose::docker::command::{ENGINE_TIMEOUT, docker_output, kill_running};

/// Label with the run that created a container. Images can have it too, and their containers inherit it.
const RUN: &str = "org.trust-init.run";
/// The start of the names of these containers, followed by the run and a number. No image can set a name.
const NAME: &str = "trust-compose-";

/// Age in seconds from which a container of another machine or boot counts as left behind: its run's process
/// cannot be looked up. A run takes minutes.
const MAX_AGE: u64 = 24 * 60 * 60;
/// Time to wait, after a stop signal, for docker commands that create containers.
const LIMIT: Duration = Duration::from_secs(10);
/// Time between two attempts.
const PAUSE: Duration = Duration::from_millis(100);

struct Activity {
    /// Number of docker commands that create or run a container.
    creating: usize,
    /// Number of containers that this run created.
    created: usize,
    is_stopping: bool,
}

static ACTIVITY: Mutex<Activity> =
    Mutex::new(Activity { creating: 0, created: 0, is_stopping: false });
static ENDED: Condvar = Condvar::new();
static SWEEP: Once = Once::new();
/// This run, as the value of its label.
static OWN: LazyLock<String> = LazyLock::new(|| Run::of_process().text());

/// Exists while docker creates or runs a container.
pub(crate) struct Creation {
    number: usize,
}

impl Creation {
    /// Removes what killed runs left, once, and begins. After a stop signal it never returns.
    pub(crate) fn begin() -> Self {
        SWEEP.call_once(sweep);
        let mut activity = wait_for_the_end(activity());
        activity.creating += 1;
        activity.created += 1;
        Self { number: activity.created }
    }

    /// Returns the options of `docker create` and `docker run` that mark the container.
    pub(crate) fn options(&self) -> [OsString; 4] {
        let (label, name) = (format!("{RUN}={}", *OWN), format!("{NAME}{}-{}", *OWN, self.number));
        ["--label".into(), label.into(), "--name".into(), name.into()]
    }
}

impl Drop for Creation {
    fn drop(&mut self) {
        let mut activity = activity();
        activity.creating -= 1;
        ENDED.notify_all();
        drop(wait_for_the_end(activity));
    }
}

/// After a stop signal, waits until the signal ends this process: no error of a removed container is reported.
fn wait_for_the_end(mut activity: MutexGuard<'static, Activity>) -> MutexGuard<'static, Activity> {
    while activity.is_stopping {
        activity = ENDED.wait(activity).unwrap_or_else(PoisonError::into_inner);
    }
    activity
}

fn activity() -> MutexGuard<'static, Activity> {
    ACTIVITY.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Removes the containers of this run, and ends the programs that it started.
pub(crate) fn remove_all() {
    let begin = Instant::now();
    let mut activity = activity();
    activity.is_stopping = true;
    if activity.created > 0 {
        let filter = format!("label={RUN}={}", *OWN);
        loop {
            // A command that is still creating one ends soon; one that runs one ends when that is removed.
            let is_last = activity.creating == 0 || begin.elapsed() > LIMIT;
            drop(activity);
            remove(&list(&filter, "{{.ID}}"));
            if is_last {
                break;
            }
            activity = ENDED
                .wait_timeout(self::activity(), PAUSE)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    } else {
        drop(activity);
    }
    kill_running();
}

/// Removes the containers of runs that no longer exist.
fn sweep() {
    let format = format!("{{{{.ID}}}}\t{{{{.Names}}}}\t{{{{.Label \"{RUN}\"}}}}");
    let now = now();
    let listed = list(&format!("label={RUN}"), &format);
    let dead = listed.iter().filter_map(|line| {
        let (id, rest) = line.split_once('\t')?;
        let (name, run) = rest.split_once('\t')?;
        let is_ours = name.strip_prefix(NAME)?.strip_prefix(run)?.starts_with('-');
        (is_ours && Run::parse(run)?.has_ended(now)).then(|| id.to_owned())
    });
    remove(&dead.collect::<Vec<_>>());
}

/// Returns the lines of `docker ps` with `filter`; none if the engine does not answer.
fn list(filter: &str, format: &str) -> Vec<String> {
    let words = ["ps", "-a", "--no-trunc", "--filter", filter, "--format", format];
    let answer = docker_output(&words.map(Into::into), ENGINE_TIMEOUT).unwrap_or_default();
    String::from_utf8_lossy(&answer).lines().map(str::to_owned).collect()
}

/// Removes containers with their volumes. What cannot be removed takes little space, so that is no error.
fn remove(ids: &[String]) {
    if ids.is_empty() {
        return;
    }
    let words = ["rm", "-f", "-v"].map(OsString::from).into_iter();
    let words: Vec<_> = words.chain(ids.iter().map(OsString::from)).collect();
    let _ = docker_output(&words, ENGINE_TIMEOUT);
}

/// A run of trust-compose. Several machines can use one engine, and process ids repeat.
struct Run {
    /// The boot and the PID namespace; empty without `/proc`.
    machine: String,
    pid: u32,
    /// When the process started, in clock ticks since the boot.
    start: u64,
    /// When the run created its first container, in seconds since 1970.
    time: u64,
}

impl Run {
    fn of_process() -> Self {
        let pid = std::process::id();
        Self {
            machine: machine().unwrap_or_default(),
            pid,
            start: start(pid).unwrap_or_default(),
            time: now(),
        }
    }

    fn text(&self) -> String {
        let Self { machine, pid, start, time } = self;
        format!("{machine}.{pid}.{start}.{time}")
    }

    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.rsplitn(4, '.');
        let time = parts.next()?.parse().ok()?;
        let start = parts.next()?.parse().ok()?;
        let pid = parts.next()?.parse().ok()?;
        Some(Self { machine: parts.next()?.to_owned(), pid, start, time })
    }

    fn has_ended(&self, now: u64) -> bool {
        if !self.machine.is_empty() && machine().as_ref() == Some(&self.machine) {
            // A process of another user can be hidden (proc(5), `hidepid`).
            let is_gone = || kill_none(self.pid) == Err(Errno::ESRCH);
            start(self.pid).map_or_else(is_gone, |start| start != self.start)
        } else {
            now.saturating_sub(self.time) > MAX_AGE
        }
    }
}

/// The boot and the PID namespace (proc_sys_kernel(5), namespaces(7)).
fn machine() -> Option<String> {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let namespace = fs::read_link("/proc/self/ns/pid").ok()?;
    let digits: String = namespace.to_string_lossy().chars().filter(char::is_ascii_digit).collect();
    Some(format!("{}.{digits}", boot.trim()))
}

/// Whether a process can be signalled (kill(2), signal 0).
fn kill_none(pid: u32) -> nix::Result<()> {
    let pid = i32::try_from(pid).map_err(|_| Errno::ESRCH)?;
    kill(Pid::from_raw(pid), None)
}

/// When a process started (proc_pid_stat(5), field 22); its name, field 2, can contain anything.
fn start(pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = stat.rsplit_once(')')?;
    rest.split_whitespace().nth(19)?.parse().ok()
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}
