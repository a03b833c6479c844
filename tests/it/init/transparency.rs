//! The service sees the same as without trust-init, compared with `env(1)`.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Command, Output, Stdio};

use trust_init::trust::variables::TABLE;

use crate::world::{gallery, tool};

/// Runs `words` under `env`, under trust-init without a CA, and under trust-init with a CA, each after
/// `prepare`, and asserts that the results are equal.
#[track_caller]
fn same(words: &[&OsStr], prepare: impl Fn(&mut Command)) -> Output {
    let ca = gallery("neighbour/ca.crt");
    let at_work = ["--ca", ca.to_str().unwrap(), "--dir", "/dev/shm", "--log", "quiet", "--"];
    let run = |program: &str, options: &[&str]| {
        let mut command = Command::new(tool(program));
        command.env_clear().env("PATH", "/bin:/usr/bin").stdin(Stdio::null());
        prepare(&mut command);
        if options.is_empty() && program == "trust-init" {
            command.env("TRUST_INIT_CA", "");
        }
        command.args(options).args(words).output().unwrap()
    };
    let oracle = run("env", &[]);
    for (name, found) in
        [("idle", run("trust-init", &[])), ("at work", run("trust-init", &at_work))]
    {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert_eq!(found.status, oracle.status, "{name}: {}", text(&found.stderr));
        assert_eq!(text(&found.stdout), text(&oracle.stdout), "{name}");
        assert_eq!(text(&found.stderr), text(&oracle.stderr), "{name}");
    }
    oracle
}

fn shell(script: &str, prepare: impl Fn(&mut Command)) -> Output {
    same(&["sh", "-c", script].map(OsStr::new), prepare)
}

#[test]
fn arguments_are_passed_byte_for_byte() {
    let words = [b"printf".as_slice(), b"[%s]", b"", b"--", b"a b", b"\xff\xfe", b"-d", b"\n"];
    let output = same(&words.map(OsStr::from_bytes), |_| {});
    assert_eq!(output.stdout, b"[][--][a b][\xff\xfe][-d][\n]");
}

#[test]
fn the_environment_is_passed_except_for_trust_variables() {
    let ours: Vec<_> = TABLE.iter().map(|row| row.name).collect();
    let script = format!(
        "cat /proc/self/environ | tr '\\0' '\\n' | grep -avE '^({}|TRUST_INIT_.*)='",
        ours.join("|")
    );
    let output = shell(&script, |command| {
        command.env(OsStr::from_bytes(b"B\xff"), OsStr::from_bytes(b"\xfe\x01"));
        command.env("Z", "").env("A", "=x=y").env("lower", "case");
        // A megabyte, in parts that execve accepts.
        (0..10).for_each(|number| {
            command.env(format!("BIG{number}"), "x".repeat(100_000));
        });
    });
    assert!(output.stdout.len() > 1_000_000);
}

#[test]
fn directory_umask_limits_session_and_group_are_kept() {
    let script = "pwd; umask; cat /proc/$$/limits; \
                  sed 's/^.*) //' /proc/$$/stat | cut -d ' ' -f 4-5 | \
                  awk -v p=$$ '{ print ($1 == p), ($2 == p) }'";
    shell(&format!("cd /usr; umask 027; ulimit -n 99; {script}"), |_| {});
    shell(script, |command| {
        command.current_dir("/usr/lib").process_group(0);
    });
}

#[test]
fn only_the_open_descriptors_are_passed() {
    let script = "exec 7</etc/passwd 9>/dev/null; exec \"$@\"";
    let list = |program: &str| {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script, "sh"]).arg(tool(program)).env_clear().stdin(Stdio::null());
        if program == "trust-init" {
            command.arg("--ca").arg(gallery("neighbour/ca.crt")).args(["--dir", "/dev/shm"]);
        }
        let output = command.args(["ls", "/proc/self/fd"]).env("PATH", "/bin").output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let found = list("trust-init");
    assert_eq!(found, list("env"));
    assert!(found.contains("\n7\n") && found.contains("9\n"), "{found}");
}

#[test]
fn signal_mask_and_ignored_signals_are_kept() {
    // grep reads its own status: a shell blocks every signal while it forks.
    let script = "exec grep -E 'SigBlk|SigIgn' /proc/self/status";
    shell(script, |_| {});
    shell(&format!("trap '' HUP INT TERM QUIT USR1; exec sh -c \"{script}\""), |_| {});
    // Ignored and blocked before trust-init starts, not by the service.
    let set = |program: &str| {
        let python = "import os, signal, sys\n\
                      for name in ('SIGHUP', 'SIGINT', 'SIGUSR2'):\n\
                      \x20   signal.signal(getattr(signal, name), signal.SIG_IGN)\n\
                      signal.signal(signal.SIGPIPE, signal.SIG_DFL)\n\
                      signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGWINCH})\n\
                      os.execv(sys.argv[1], sys.argv[1:])";
        let ca = gallery("neighbour/ca.crt");
        let mut command = Command::new(tool("python3"));
        command.args(["-c", python]).arg(tool(program)).env_clear().env("PATH", "/bin:/usr/bin");
        if program == "trust-init" {
            command.args(["--dir", "/dev/shm", "--log", "quiet", "--ca"]).arg(ca);
        }
        command.args(["grep", "-E", "Sig(Blk|Ign)", "/proc/self/status"]).output().unwrap().stdout
    };
    assert_eq!(String::from_utf8(set("trust-init")), String::from_utf8(set("env")));
}

#[test]
fn a_broken_pipe_still_ends_the_service() {
    let output = shell("(exec yes; echo lost) | head -n 1; echo", |_| {});
    assert_eq!(output.stdout, b"y\n\n");
    let status = |program: &str| {
        let script = format!("{{ {program} yes; echo $? >&2; }} | head -n 1");
        let output =
            Command::new("/bin/sh").args(["-c", &script]).env("TRUST_INIT_CA", "").output();
        String::from_utf8(output.unwrap().stderr).unwrap()
    };
    assert_eq!(status(tool("trust-init").to_str().unwrap()), "141\n");
}

#[test]
fn every_exit_status_is_passed() {
    for code in 0..=255 {
        let mut command = Command::new(tool("trust-init"));
        command.args(["sh", "-c", &format!("exit {code}")]).env("TRUST_INIT_CA", "");
        assert_eq!(command.status().unwrap().code(), Some(code));
    }
}

#[test]
fn death_by_a_signal_is_passed() {
    for (name, number) in [("TERM", 15), ("KILL", 9), ("HUP", 1), ("SEGV", 11), ("USR1", 10)] {
        // The signal may be ignored already, as under `nohup`.
        let script = format!("ulimit -c 0; exec env --default-signal=HUP sh -c 'kill -{name} $$'");
        let output = shell(&script, |_| {});
        assert_eq!(output.status.signal(), Some(number));
    }
}

#[test]
fn standard_input_and_output_are_passed() {
    let mut command = Command::new(tool("trust-init"));
    command
        .args(["cat"])
        .env("TRUST_INIT_CA", gallery("neighbour/ca.crt"))
        .env("TRUST_INIT_DIR", "/dev/shm");
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), b"\x00protocol\xff").unwrap();
    assert_eq!(child.wait_with_output().unwrap().stdout, b"\x00protocol\xff");
}
