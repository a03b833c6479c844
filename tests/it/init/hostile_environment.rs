//! Environments that no shell creates, and processes in an unusual state: the service sees what it sees
//! under env(1), except for our variables.

use std::fmt::Write as _;
use std::os::unix::process::ExitStatusExt as _;

use trust_init::trust::settings::VARIABLES;
use trust_init::trust::variables::TABLE;

use crate::init::hostile_paths::{bounded, limited};
use crate::world::{BUNDLE, CUSTOM_CA, Outcome, ROOTS, Run, World};

/// Executes a program with the entries of a file as its environment, unchecked.
const RAW: &str = "import ctypes, os, sys\n\
    entries = open(sys.argv[1], \"rb\").read().split(b\"\\0\")[:-1]\n\
    words = [os.fsencode(word) for word in sys.argv[2:]]\n\
    words = [b\"/usr/sbin/chroot\"] + words[words.index(b\"chroot\") + 1:]\n\
    array = lambda items: (ctypes.c_char_p * (len(items) + 1))(*items, None)\n\
    ctypes.CDLL(None).execve(words[0], array(words), array(entries))";

type Entries = Vec<Vec<u8>>;

fn entries(text: &[&[u8]]) -> Entries {
    text.iter().map(|entry| entry.to_vec()).collect()
}

/// Returns `name=` followed by `length` times `x`.
fn long(name: &str, length: usize) -> Vec<u8> {
    format!("{name}={}", "x".repeat(length)).into_bytes()
}

/// Returns the longest entry that the kernel accepts (`MAX_ARG_STRLEN`, execve(2)), including name, `=` and
/// NUL.
fn longest(name: &str) -> Vec<u8> {
    long(name, (128 << 10) - name.len() - 2)
}

/// Returns the environments with their descriptions.
fn environments() -> Vec<(String, Entries)> {
    let mut all: Vec<(&str, Entries)> = vec![
        ("nothing at all", Vec::new()),
        ("an entry without `=`", entries(&[b"A=1", b"no equals sign", b"B=2"])),
        ("an empty entry", entries(&[b"A=1", b"", b"B=2"])),
        ("entries that begin with `=`", entries(&[b"=", b"=A", b"=C:=C:\\x", b"==", b"B=2"])),
        (
            "names and values that are invalid UTF-8",
            entries(&[b"A\xff\xfe=\x80\x01", b"\xc3=\xc3"]),
        ),
        ("names and values with line ends", entries(&[b"A\nB=1\n2\x1b[31m", b"\n="])),
        ("one name three times", entries(&[b"A=1", b"B=2", b"A=3", b"A="])),
        (
            "SSL_CERT_FILE twice",
            entries(&[b"A=1", b"SSL_CERT_FILE=/one.pem", b"B=2", b"SSL_CERT_FILE=/two.pem"]),
        ),
        ("SSL_CERT_FILE without `=`", entries(&[b"SSL_CERT_FILE", b"SSL_CERT_FILES=/x", b"A=1"])),
        ("a value of 128 KiB", vec![longest("A")]),
        ("2 MB: 15 values of 128 KiB", (0..15).map(|n| longest(&format!("A{n}"))).collect()),
        ("2 MB: 20,000 variables", (0..20_000).map(|n| long(&format!("A{n}"), 80)).collect()),
        (
            "2 MB and not a byte more, so that nothing can be added",
            (0..15).map(|n| longest(&format!("A{n}"))).chain([long("B", 130_300)]).collect(),
        ),
        ("PATH is nonsense", entries(&[b"PATH=\xff::/nowhere:\n", b"A=1"])),
        ("TRUST_INIT_NONSENSE", entries(&[b"TRUST_INIT_NONSENSE=\n", b"A=1"])),
        (
            "an option for Java of 128 KiB",
            vec![longest("JAVA_TOOL_OPTIONS"), b"TRUST_INIT_JAVA=on".to_vec()],
        ),
        (
            "settings of PHP, wget and Erlang that are nonsense",
            entries(&[
                b"TRUST_INIT_RUNTIMES=php,wget,erlang",
                b"PHP_INI_SCAN_DIR=\xff:\n",
                b"WGETRC=\x1b[31m",
                b"ERL_ZFLAGS='\"'",
            ]),
        ),
    ];
    let every = |value: &[u8]| -> Entries {
        let names = TABLE.iter().filter(|row| row.name != "JAVA_TOOL_OPTIONS");
        names.map(|row| [row.name.as_bytes(), b"=", value].concat()).collect()
    };
    all.push(("every trust variable is nonsense", every(b"\xff\n\x1b[31m`$(x)")));
    all.push(("every trust variable is empty", every(b"")));
    all.push(("every trust variable is a path of 60,000 bytes", every(&[b'/'; 60_000])));
    let mut all: Vec<_> = all.into_iter().map(|(what, it)| (what.to_owned(), it)).collect();
    for name in VARIABLES {
        all.push((format!("{name} is nonsense"), vec![[name.as_bytes(), b"=\xff\n"].concat()]));
    }
    all
}

/// Runs with such an environment.
fn raw<'a>(world: &'a World, run: Run<'a>, environment: &Entries) -> Outcome {
    let block: Vec<u8> =
        environment.iter().flat_map(|entry| [entry.as_slice(), b"\0"].concat()).collect();
    world.write("/environment", block);
    let file = world.path("/environment").display().to_string();
    world.mode("/environment", 0o600);
    bounded(run.under(format!("python3 -c '{RAW}' '{file}'")))
}

/// Returns the environment of the service without our variables.
fn others(outcome: &Outcome) -> Vec<Vec<u8>> {
    let given = outcome.0.stdout.split(|byte| *byte == 0).map(<[u8]>::to_vec);
    let is_ours = |entry: &Vec<u8>| {
        TABLE.iter().any(|row| {
            entry.strip_prefix(row.name.as_bytes()).is_some_and(|rest| rest.starts_with(b"="))
        })
    };
    given.filter(|entry| !is_ours(entry)).collect()
}

fn said(outcome: &Outcome) -> String {
    let text = outcome.stderr();
    let mut lines = text.lines().filter_map(|line| {
        let line = line.strip_prefix("trust-init: ")?;
        line.strip_prefix("error: ").or_else(|| line.strip_prefix("warning: "))
    });
    let line = lines.next().unwrap_or("nothing").replace('|', "\\|");
    let short: String = line.chars().take(160).collect();
    if short.len() < line.len() { format!("{short}…") } else { short }
}

/// Returns the table of environments.
pub fn environments_table() -> String {
    let mut text = "\n## Environments\n\n\
        The service's environment is compared with that of `env`: byte for byte and in the same order, except for \
        the trust variables.\n\n| environment | service | message |\n|---|---|---|\n"
        .to_owned();
    let cat = ["/bin/cat", "/proc/self/environ"];
    for (what, environment) in environments() {
        let world = World::new().with_ca();
        world.copy("ca-ec.crt", "/one.pem");
        let oracle = raw(&world, world.program(&[&["/bin/env"][..], &cat].concat()), &environment);
        assert_eq!(oracle.0.status.code(), Some(0), "{what}: {}", oracle.stderr());
        let found = raw(&world, world.trust_init(&cat), &environment);
        let outcome = match found.0.status.code() {
            Some(0) => {
                assert_eq!(others(&found), others(&oracle), "{what}");
                // A variable without a usable file is kept.
                let is_kept =
                    what.starts_with("every trust variable is") && !what.ends_with("empty");
                if !is_kept {
                    assert_eq!(world.read(BUNDLE), world.read(CUSTOM_CA) + &world.read(ROOTS));
                }
                let values = found.0.stdout.split(|byte| *byte == 0);
                let files = values.filter(|it| it.starts_with(b"SSL_CERT_FILE=")).count();
                assert_eq!(files, 1, "{what}: {}", found.stderr());
                "sees the same".to_owned()
            }
            code => format!("exit code {}", code.unwrap_or_default()),
        };
        // Without a CA the environment is identical, including our variables.
        let environment = [environment, entries(&[b"TRUST_INIT_CA="])].concat();
        let idle = raw(&world, world.trust_init(&cat), &environment);
        let oracle = raw(&world, world.program(&[&["/bin/env"][..], &cat].concat()), &environment);
        if idle.0.status.code() == Some(0) {
            assert!(idle.0.stdout == oracle.0.stdout, "{what}, and nothing to do");
        }
        let _ = writeln!(text, "| {what} | {outcome} | {} |", said(&found));
    }
    text
}

/// The states of a process, and the shell commands in the image that cause them.
const STATES: [(&str, &str); 12] = [
    ("standard input is closed", "exec \"$@\" <&-"),
    ("standard output is closed", "exec \"$@\" >&-"),
    ("standard error is closed", "exec \"$@\" 2>&-"),
    ("all three are closed", "exec \"$@\" <&- >&- 2>&-"),
    ("standard error is `/dev/full`", "exec \"$@\" 2>/dev/full"),
    ("its directory is gone", "busybox mkdir /x && cd /x && busybox rmdir /x && exec \"$@\""),
    ("umask 0777", "umask 0777; exec \"$@\""),
    ("4 open files at most", "ulimit -n 4; exec \"$@\""),
    ("3 open files at most", "ulimit -n 3; exec \"$@\""),
    ("no `/proc`", "busybox umount /proc && exec \"$@\""),
    (
        "no `/proc`, and nothing can be written to",
        "busybox umount /proc && exec \"$@\" # read-only",
    ),
    ("no `/dev/null`, and standard error is closed", "busybox rm /dev/null; exec \"$@\" 2>&-"),
];

/// States of pipes, which a program of the machine causes.
const PIPES: [(&str, &str); 2] = [
    ("standard error is a pipe whose reader is gone", "os.close(r)"),
    (
        "standard error is a pipe that is full, and does not block",
        "os.set_blocking(w, False); os.set_inheritable(r, True)\nwhile True:\n try: os.write(w, b\"x\")\n \
         except BlockingIOError: break",
    ),
];

/// Returns the table of states.
pub fn states_table() -> String {
    let mut text = "\n## States of the process\n\n\
        Rust opens `/dev/null` for each standard stream that is closed at the start of a program, so messages are \
        never written into another file.\n\n| state | service | message |\n|---|---|---|\n"
        .to_owned();
    let service = ["/bin/sh", "-c", "exec cat \"$SSL_CERT_FILE\""];
    let mut row = |what: &str, world: &World, outcome: &Outcome| {
        let ours = world.read(CUSTOM_CA) + &world.read(ROOTS);
        let seen = outcome.stdout();
        assert!(seen.is_empty() || seen == ours, "{what}: {seen}");
        if world.has(BUNDLE) {
            assert_eq!(world.read(BUNDLE), ours, "{what}");
        }
        let came = match outcome.0.status.code() {
            Some(0) if seen == ours => "has its bundle".to_owned(),
            Some(0) => "runs, and its bundle is whole".to_owned(),
            Some(code) => format!("exit code {code}"),
            None => format!("signal {}", outcome.0.status.signal().unwrap_or_default()),
        };
        let _ = writeln!(text, "| {what} | {came} | {} |", said(outcome));
    };
    for (what, shell) in STATES {
        let world = crate::init::hostile_paths::world();
        let words = ["/bin/sh", "-c", shell, "sh", "/trust-init"];
        let mut run = world.program(&[&words[..], &service].concat());
        if shell.ends_with("read-only") {
            run = run.read_only();
        }
        row(what, &world, &limited(run));
    }
    for (what, python) in PIPES {
        let world = World::new().with_ca();
        let python = format!(
            "import os, sys\nr, w = os.pipe()\n{python}\nos.dup2(w, 2)\n\
             os.execvp(sys.argv[1], sys.argv[1:])"
        );
        let run = world.trust_init(&service).under(format!("python3 -c '{python}'"));
        row(what, &world, &bounded(run));
    }
    text
}

#[test]
fn an_empty_argument_list_is_an_error() {
    let trust_init = crate::world::tool("trust-init").display().to_string();
    let python = "import ctypes, sys\n\
        none = (ctypes.c_char_p * 1)(None)\n\
        ctypes.CDLL(None).execve(sys.argv[1].encode(), none, none)";
    let mut command = std::process::Command::new(crate::world::tool("python3"));
    let outcome = Outcome(command.args(["-c", python, &trust_init]).output().unwrap());
    outcome.exits(125).says("no PROGRAM");
}

#[test]
fn a_setuid_program_is_reported() {
    let world = World::new().with_ca();
    crate::world::copy_program(&crate::world::tool("busybox"), &world.path("/bin/other"));
    let said = "`/bin/other` runs as its owner or group (owner 0, mode 4755), so it ignores";
    let run = |uid: u32| world.trust_init(&["--dry-run", "/bin/other"]).uid(uid);
    world.mode("/bin/other", 0o4755);
    run(1000).run().succeeds().says(said);
    run(0).run().succeeds().never_says("so it ignores");
    run(1000)
        .under("setpriv --no-new-privs".to_owned())
        .run()
        .succeeds()
        .never_says("so it ignores");
    world.mode("/bin/other", 0o2755);
    run(1000).run().succeeds().says(&said.replace('4', "2"));
    world.mode("/bin/other", 0o755);
    run(1000).run().succeeds().never_says("so it ignores");
}
