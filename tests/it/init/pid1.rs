//! trust-init as process 1: no stop signal is lost, and the service becomes process 1.

use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::world::{BUNDLE, Outcome, Run, Scratch, World, copy_program, gallery, tool};

/// Polls until `look` returns a value; panics after two minutes.
#[track_caller]
pub fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(120);
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "waited two minutes for {what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Returns the child process of `parent` with this name.
pub fn child_named(parent: u32, name: &str) -> Option<u32> {
    let children = format!("/proc/{parent}/task/{parent}/children");
    let children = std::fs::read_to_string(children).unwrap_or_default();
    children.split_whitespace().filter_map(|child| child.parse().ok()).find_map(|child: u32| {
        let found = std::fs::read_to_string(format!("/proc/{child}/comm")).unwrap_or_default();
        if found.trim() == name { Some(child) } else { child_named(child, name) }
    })
}

pub fn kill(signal: &str, process: u32) {
    let status = Command::new("kill").arg(format!("-{signal}")).arg(process.to_string()).status();
    assert!(status.unwrap().success());
}

/// Runs the program with every rename delayed by two seconds, and sends `signal` during the delay.
#[track_caller]
fn stopped_while_at_work(run: &Run<'_>, signal: &str) -> Outcome {
    // A shell that runs the tests in the background has some signals ignored.
    let mut command = Command::new(tool("env"));
    let inject = "inject=rename,renameat,renameat2:delay_enter=2000000";
    command.arg("--default-signal").arg(tool("strace")).args([
        "-f",
        "-qq",
        "-o",
        "/dev/null",
        "-e",
        "trace=rename,renameat,renameat2",
        "-e",
        inject,
    ]);
    let inner = run.command();
    command.arg(inner.get_program()).args(inner.get_args()).env_clear();
    command.envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    let process = wait_for("trust-init to hold stops back", || {
        let process = child_named(child.id(), "trust-init")?;
        let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
        // Bit 14 of the mask of blocked signals is SIGTERM.
        let blocked = status.lines().find_map(|line| line.strip_prefix("SigBlk:"))?.trim();
        (u64::from_str_radix(blocked, 16).ok()? & 1 << 14 != 0).then_some(process)
    });
    kill(signal, process);
    Outcome(child.wait_with_output().unwrap())
}

#[test]
fn a_stop_signal_during_the_work_prevents_the_service() {
    for (signal, code) in [("TERM", 143), ("INT", 130), ("HUP", 129), ("QUIT", 131)] {
        let world = World::new().with_ca();
        let run = world.trust_init(&["busybox", "echo", "started"]);
        stopped_while_at_work(&run, signal).exits(code).prints("");
    }
}

#[test]
fn outside_a_container_the_stop_signal_kills_it() {
    let ca = gallery("neighbour/ca.crt");
    let directory = Scratch::new();
    let mut command = Command::new(tool("strace"));
    command.args(["-f", "-qq", "-o", "/dev/null", "-e", "trace=renameat"]);
    command.args(["-e", "inject=renameat:delay_enter=2000000"]).arg(tool("trust-init"));
    command.arg("--ca").arg(ca).arg("--dir").arg(directory.path()).args(["echo", "started"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let process = wait_for("the temporary file", || {
        let own = std::fs::read_dir(directory.path()).ok()?.next()?.ok()?;
        std::fs::read_dir(own.path()).ok()?.next().and(child_named(child.id(), "trust-init"))
    });
    kill("TERM", process);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.signal(), Some(15));
    assert_eq!(output.stdout, b"");
}

#[test]
fn under_nohup_sighup_is_ignored() {
    let world = World::new().with_ca();
    let run = world.trust_init(&["busybox", "echo", "started"]).before("trap '' HUP");
    let outcome = stopped_while_at_work(&run, "HUP").succeeds();
    assert_eq!(outcome.stdout(), "started\n");
}

#[test]
fn the_service_is_pid_1() {
    let world = World::new().with_ca();
    let run = world.trust_init(&["sh", "-c", "echo $$; exit 7"]).run();
    run.exits(7).says("as pid 1").prints("1\n");
}

#[test]
fn an_init_program_works_before_and_after_trust_init() {
    let world = World::new().with_ca();
    copy_program(&tool("tini-static"), &world.path("/bin/tini"));
    let print = ["sh", "-c", "echo $SSL_CERT_FILE"];
    let behind = [&["tini", "--"], &print[..]].concat();
    world.trust_init(&behind).run().succeeds().prints(&format!("{BUNDLE}\n"));
    let world = World::new().with_ca();
    copy_program(&tool("tini-static"), &world.path("/bin/tini"));
    let front = [&["/bin/tini", "--", "/trust-init"], &print[..]].concat();
    world.program(&front).run().succeeds().says("starting `sh`").prints(&format!("{BUNDLE}\n"));
}
