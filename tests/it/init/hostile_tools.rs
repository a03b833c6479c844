//! The same places in trust-compose, and in trust-doctor for a hostile process that names them.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::symlink;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::desk::{Desk, trust_compose};
use crate::init::hostile_paths::{KINDS, world};
use crate::target_process::{pid, start};
use crate::world::{CUSTOM_CA, Outcome, ROOTS, World, gallery, tool};

/// The limit of the address space, in KiB. These programs are larger, and read more than one file.
const MEMORY: u32 = 192 << 10;

fn trust_doctor() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_trust-doctor"))
}

/// Runs a program with limited memory and time, and without an engine.
#[track_caller]
fn limited(desk: &Desk, program: &Path, words: &[&str]) -> Outcome {
    let before = ["-s", "KILL", "20", program.to_str().unwrap()];
    let words = [&before, words].concat();
    let mut command = desk.command(&tool("timeout"), &words, &format!("022; ulimit -v {MEMORY}"));
    let outcome = Outcome(command.env("PATH", "/nowhere").stdin(Stdio::null()).output().unwrap());
    let status = outcome.0.status;
    assert!(status.signal().is_none(), "{status}: {}", outcome.stderr());
    assert!(matches!(status.code(), Some(0..=2)), "{status}: {}", outcome.stderr());
    outcome
}

/// Returns the first error or warning, without the path of the image.
fn said(outcome: &Outcome, here: &[&Path]) -> String {
    let text = outcome.stdout() + &outcome.stderr();
    let line = text.lines().find_map(|line| {
        ["error: ", "warning: ", "error   ", "warning "].iter().find_map(|word| {
            let at = line.find(word)?;
            Some(line.get(at + word.len()..)?.to_owned())
        })
    });
    let line = line.unwrap_or_else(|| "nothing".to_owned());
    let line = here
        .iter()
        .fold(line, |line, here| line.replace(here.to_str().unwrap().trim_end_matches('/'), ""));
    line.replace('|', "\\|")
}

/// A title, and the arguments of trust-compose before and after the path.
type Ask = (&'static str, &'static [&'static str], &'static [&'static str]);

const ASKS: [Ask; 6] = [
    ("`trust-compose inspect PATH`", &["inspect"], &[]),
    ("`trust-compose setup --custom-ca PATH`", &["setup", "--custom-ca"], &[]),
    (
        "`trust-compose setup --custom-ca certs --extra-ca PATH`",
        &["setup", "--custom-ca", "certs", "--extra-ca"],
        &[],
    ),
    (
        "`trust-compose setup --custom-ca certs -f PATH`",
        &["setup", "--custom-ca", "certs", "-f"],
        &[],
    ),
    ("`trust-compose certs llm.lan --ca PATH`", &["certs", "llm.lan", "--ca"], &["--out", "new"]),
    ("`trust-compose certs llm.lan --out PATH`", &["certs", "llm.lan", "--out"], &[]),
];

fn ask((title, before, after): &Ask) -> String {
    let (desk, world) = (Desk::new(), world());
    desk.write("docker-compose.yml", "services:\n  agent:\n    image: registry.invalid/agent\n");
    desk.directory("certs", 0o700);
    std::fs::copy(gallery("neighbour/ca.crt"), desk.path("certs/ca.crt")).unwrap();
    let mut text = format!("\n### {title}\n\n| file | exit code | message |\n|---|---|---|\n");
    for (kind, path) in KINDS {
        let path = if path.starts_with("/h") { world.path(path) } else { path.into() };
        let words = [before, &[path.to_str().unwrap()][..], after].concat();
        let outcome = limited(&desk, &trust_compose(), &words);
        let said = said(&outcome, &[&world.path("/"), &desk.path("")]);
        let code = outcome.0.status.code().unwrap();
        let _ = writeln!(text, "| {kind} | {code} | {said} |");
        for made in ["docker-compose.ca.yml", "new"] {
            assert!(code == 0 || !desk.has(made), "{title}, {kind}: {made} was created");
        }
    }
    text
}

/// Returns the output of trust-doctor for a process whose SSL_CERT_FILE is the path, and for the option
/// --ca.
fn looked_at() -> String {
    const HEAD: &str = "| file | exit code | message |\n|---|---|---|\n";
    let mut named =
        format!("\n### SSL_CERT_FILE of a process that `trust-doctor` inspects\n\n{HEAD}");
    let mut given = format!("\n### `trust-doctor --ca PATH`\n\n{HEAD}");
    let (desk, world) = (Desk::new(), world());
    let look = |text: &mut String, kind: &str, file: &str, words: &[&str]| {
        let run = world.program(&["cat", "/gate"]).env("SSL_CERT_FILE", file);
        let container = start(&world, &run);
        let id = pid(&container);
        let outcome = limited(&desk, &trust_doctor(), &[&["--pid", &id], words].concat());
        let (code, said) = (outcome.0.status.code().unwrap(), said(&outcome, &[&world.path("/")]));
        let _ = writeln!(text, "| {kind} | {code} | {said} |");
    };
    for (kind, path) in KINDS {
        look(&mut named, kind, path, &[]);
        let path = if path.starts_with("/h") { world.path(path) } else { path.into() };
        look(&mut given, kind, CUSTOM_CA, &["--ca", path.to_str().unwrap()]);
    }
    named + &given
}

/// Returns the tables.
pub fn tables() -> String {
    let asked: Vec<_> = std::thread::scope(|scope| {
        let running: Vec<_> = ASKS.iter().map(|it| scope.spawn(move || ask(it))).collect();
        running.into_iter().map(|table| table.join().unwrap()).collect()
    });
    format!("\n## trust-compose and trust-doctor\n{}{}", asked.concat(), looked_at())
}

#[test]
fn links_of_a_process_stay_in_its_root_directory() {
    let world = World::new();
    assert!(Path::new(ROOTS).exists(), "this machine has roots: run ./scripts/test.sh");
    for (name, to) in [
        ("up", format!("../../../../../../../../../../..{ROOTS}")),
        ("root", format!("/proc/1/root{ROOTS}")),
        ("here", world.path(ROOTS).display().to_string()),
    ] {
        symlink(to, world.path(name)).unwrap();
        let path = format!("/{name}");
        let container =
            start(&world, &world.program(&["cat", "/gate"]).env("SSL_CERT_FILE", &path));
        let outcome = limited(&Desk::new(), &trust_doctor(), &["--pid", &pid(&container)]);
        match name {
            "here" => outcome.exits(1).shows("there is no such file"),
            "root" => outcome.exits(1).shows("it cannot be read"),
            _ => outcome.exits(0).shows("`/up`: 1 certificate, for SSL_CERT_FILE"),
        };
    }
}

#[test]
fn a_process_that_claims_gigabytes_of_variables_is_bounded() {
    // prctl(2): PR_SET_MM (35), PR_SET_MM_MAP (14), which requires no privilege; the rest of the map is
    // unchanged (proc_pid_stat(5)).
    let python = "import ctypes, sys\n\
        libc = ctypes.CDLL(None, use_errno=True)\n\
        libc.mmap.restype = libc.sbrk.restype = ctypes.c_void_p\n\
        size = 6 << 30\n\
        at = libc.mmap(None, ctypes.c_size_t(size), 1, 0x4022, -1, ctypes.c_long(0))\n\
        stat = open('/proc/self/stat').read().rpartition(')')[2].split()\n\
        field = lambda number: int(stat[number - 3])\n\
        places = [field(n) for n in (26, 27, 45, 46, 47)] + [libc.sbrk(0), field(28)]\n\
        places += [at, at + size - 4096] * 2 + [0, 0xffffffff << 32]\n\
        map = (ctypes.c_ulong * len(places))(*places)\n\
        done = libc.prctl(35, 14, ctypes.byref(map), ctypes.c_ulong(ctypes.sizeof(map)), ctypes.c_ulong(0))\n\
        assert done == 0, ctypes.get_errno()\n\
        print('ready', flush=True)\n\
        sys.stdin.read()";
    let mut command = Command::new(tool("python3"));
    command.args(["-c", python]).env_clear().stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut process = command.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "ready\n");
    let id = process.id().to_string();
    let outcome = limited(&Desk::new(), &trust_doctor(), &["--pid", &id]);
    drop(process.stdin.take());
    process.wait().unwrap();
    outcome.shows("the image's own");
}
