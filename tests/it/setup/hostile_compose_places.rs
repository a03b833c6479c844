//! Hostile files in the paths that `setup` and `remove` write: the result is an error without a change, or
//! an overlay that is removed exactly. Files outside of the project never change.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::process::Command;

use nix::sys::stat::Mode;
use nix::unistd::mkfifo;

use crate::desk::{Desk, trust_compose};
use crate::support::document::is_between;
use crate::world::Outcome;

const HEADER: &str = "# Made by trust-compose setup, taken away by trust-compose remove.\n";
const BEGIN: &str = "# trust-compose: begin 01234567; `remove` takes this block out\n";
const END: &str = "# trust-compose: end\n";

fn run(desk: &Desk, words: &str) -> Outcome {
    let mut command = Command::new("/bin/sh");
    let limits = "ulimit -v 2000000 && cd project && exec timeout -s KILL 20 \"$@\"";
    command.args(["-c", limits, "sh", "/usr/bin/env", "PATH=/nowhere"]).arg(trust_compose());
    command.args(words.split(' ')).current_dir(desk.path("."));
    Outcome(command.env_clear().env("PATH", "/usr/bin:/bin").output().unwrap())
}

/// Creates a project, and a directory outside of it that must not change.
fn desk(certificates: &Desk) -> Desk {
    let desk = Desk::new();
    for directory in ["project", "project/certs", "victim"] {
        desk.directory(directory, 0o755);
    }
    fs::copy(certificates.path("certs/ca.crt"), desk.path("project/certs/ca.crt")).unwrap();
    desk.write(
        "project/docker-compose.yml",
        "services:\n  agent:\n    image: registry.invalid/agent\n",
    );
    desk.write("project/.gitignore", "mine\n").write("project/.env", "MINE=1\n");
    desk.write("victim/file", "dear").write("victim/manifest.json", "dear");
    desk
}

type Prepare = Box<dyn Fn(&Desk)>;

/// Returns what may exist in place of any file.
fn anything(place: &'static str) -> Vec<(String, Prepare)> {
    let path = move |desk: &Desk| {
        let path = desk.path("project").join(place);
        _ = fs::remove_file(&path);
        path
    };
    let link = move |to: &'static str| -> Prepare {
        Box::new(move |desk| {
            symlink(to.replace("HERE", desk.path("").to_str().unwrap()), path(desk)).unwrap()
        })
    };
    let all: Vec<(&str, Prepare)> = vec![
        ("a directory", Box::new(move |desk| fs::create_dir(path(desk)).unwrap())),
        (
            "a named pipe",
            Box::new(move |desk| mkfifo(&path(desk), Mode::from_bits_truncate(0o644)).unwrap()),
        ),
        ("a socket", Box::new(move |desk| drop(UnixListener::bind(path(desk)).unwrap()))),
        (
            "5 GB of zeros",
            Box::new(move |desk| File::create(path(desk)).unwrap().set_len(5 << 30).unwrap()),
        ),
        ("a dangling link", link("nothing")),
        ("a link to itself", link(place)),
        ("a link to /dev/zero", link("/dev/zero")),
        ("a link to a directory outside", link("../victim")),
        ("not UTF-8", Box::new(move |desk| fs::write(path(desk), b"\xff\xfe=\x80\n").unwrap())),
        ("empty", Box::new(move |desk| fs::write(path(desk), "").unwrap())),
    ];
    all.into_iter().map(|(fault, prepare)| (format!("`{place}` is {fault}"), prepare)).collect()
}

/// Returns contents of a file into which a block is written.
fn texts(place: &'static str) -> Vec<(String, Prepare)> {
    let texts = [
        ("has no line end", "A=1".to_owned()),
        ("has CRLF", "A=1\r\nB=2\r\n".to_owned()),
        ("has CR alone", "A=1\rB=2".to_owned()),
        ("has NUL", "A=\0\n".to_owned()),
        ("has a byte order mark", "\u{feff}A=1\n".to_owned()),
        ("has 10 MB", format!("#{}\n", "x".repeat(10 << 20))),
        ("has a million lines", "A=1\n".repeat(1_000_000)),
        ("has only our end marker", format!("A=1\n{END}B=2\n")),
        ("has only our begin marker", format!("A=1\n{BEGIN}B=2\n")),
        ("has our end marker before our begin marker", format!("{END}{BEGIN}")),
        ("has two of our blocks", format!("{BEGIN}{END}{BEGIN}{END}")),
        ("has one of our blocks in another", format!("{BEGIN}{BEGIN}{END}{END}")),
        ("has our begin marker with other text", "# trust-compose: begin all\nA=1\n".to_owned()),
        ("has a line that begins like ours", format!("{}x\n", END.trim_end())),
        ("has an unclosed quote", "A='\nB=1\n".to_owned()),
    ];
    let link: Prepare = Box::new(move |desk| {
        fs::remove_file(desk.path("project").join(place)).unwrap();
        symlink("other", desk.path("project").join(place)).unwrap();
        desk.write("project/other", "A=1");
    });
    let write = |text: String| -> Prepare {
        Box::new(move |desk| fs::write(desk.path("project").join(place), &text).unwrap())
    };
    let texts = texts.map(|(fault, text)| (format!("`{place}` {fault}"), write(text)));
    texts.into_iter().chain([(format!("`{place}` is a link to a file"), link)]).collect()
}

/// Returns possible contents of `.trust/`.
fn trusts() -> Vec<(String, Prepare)> {
    let with = |file: &'static str, text: String| -> Prepare {
        Box::new(move |desk| {
            desk.directory("project/.trust", 0o755).write("project/.trust/mine", "dear");
            desk.write(&format!("project/.trust/{file}"), &text);
            desk.write("project/docker-compose.ca.yml", format!("{HEADER}services: {{}}\n"));
        })
    };
    let mut all: Vec<(String, Prepare)> = vec![
        (
            "`.trust` is a link to a directory outside".into(),
            Box::new(|desk| symlink("../victim", desk.path("project/.trust")).unwrap()),
        ),
        ("`.trust` is a file".into(), Box::new(|desk| _ = desk.write("project/.trust", "dear"))),
        (
            "`.trust` is a foreign directory".into(),
            Box::new(|desk| {
                desk.directory("project/.trust", 0o755).write("project/.trust/mine", "dear");
            }),
        ),
        (
            "the manifest is a link to a file outside".into(),
            Box::new(|desk| {
                desk.directory("project/.trust", 0o755);
                symlink("../../victim/manifest.json", desk.path("project/.trust/manifest.json"))
                    .unwrap();
            }),
        ),
        (
            "the manifest is a directory".into(),
            Box::new(|desk| {
                desk.directory("project/.trust", 0o755)
                    .directory("project/.trust/manifest.json", 0o755);
            }),
        ),
        (
            "the overlay is a link to one of our overlays outside".into(),
            Box::new(|desk| {
                desk.write("victim/file", format!("{HEADER}services: {{}}\n"));
                symlink("../victim/file", desk.path("project/docker-compose.ca.yml")).unwrap();
            }),
        ),
        (
            "the overlay is a foreign file".into(),
            Box::new(|desk| _ = desk.write("project/docker-compose.ca.yml", "services: {}\n")),
        ),
    ];
    let deep = format!("{{\"format\": {}", "[".repeat(100_000));
    let many = format!(
        "{{\"format\": 1, \"generations\": [{}]}}",
        vec![r#"{"overlay":"","words":[],"files":{}}"#; 50_000].join(",")
    );
    for (fault, text) in [
        ("is no JSON", "{".to_owned()),
        ("is a list", "[]".into()),
        ("is empty", String::new()),
        ("is nested 100,000 deep", deep),
        ("has 50,000 generations", many),
        ("contains NUL instead of JSON", "\0".repeat(100)),
    ] {
        all.push((format!("the manifest {fault}"), with("manifest.json", text)));
    }
    all
}

/// Returns the first line of the error, or `done`. Asserts that an error changes nothing, and that nothing
/// outside changes.
fn outcome(desk: &Desk, words: &str, shown: &str) -> String {
    let before = (state(desk), desk.contents("victim"));
    let result = run(desk, words);
    let stderr = result.stderr();
    assert!(!stderr.contains("panicked"), "{shown}: {stderr}");
    assert!(desk.contents("victim") == before.1, "{shown}: {words} changed a file outside");
    if result.0.status.code() == Some(0) {
        return "done".to_owned();
    }
    assert_eq!(result.0.status.code(), Some(1), "{shown}: {words}: {stderr}");
    assert!(state(desk) == before.0, "{shown}: {words} failed and changed a file\n{stderr}");
    let error = stderr.split_once("error: ").unwrap_or_else(|| panic!("{shown}: {stderr}")).1;
    assert!(error.contains("trust-compose: fix: "), "{shown}: {stderr}");
    error.lines().next().unwrap().to_owned()
}

/// Returns every file of the project; of large files their size.
fn state(desk: &Desk) -> Vec<String> {
    let mut all = Vec::new();
    let mut waiting = vec![desk.path("project")];
    while let Some(directory) = waiting.pop() {
        for path in fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()) {
            let found = path.symlink_metadata().unwrap();
            let text = if found.is_file() && found.len() < 64 << 20 {
                fs::read(&path).unwrap()
            } else {
                Vec::new()
            };
            all.push(format!(
                "{} {:?} {} {}",
                path.display(),
                found.permissions(),
                found.len(),
                text.escape_ascii()
            ));
            if found.is_dir() {
                waiting.push(path);
            }
        }
    }
    all.sort();
    all
}

#[test]
fn an_obstacle_is_reported_and_nothing_else_is_changed() {
    let certificates = Desk::with(&["reflector.local"]);
    let all = anything(".env")
        .into_iter()
        .chain(texts(".env"))
        .chain(anything(".gitignore"))
        .chain(texts(".gitignore"));
    let all = all.chain(anything("docker-compose.ca.yml")).chain(trusts());
    let mut text =
        String::from("| hostile file | `setup --activate` | `remove` |\n|---|---|---|\n");
    for (fault, prepare) in all {
        let desk = desk(&certificates);
        prepare(&desk);
        let before = state(&desk);
        let had_none = !desk.has("project/docker-compose.ca.yml") && !desk.has("project/.trust");
        let set_up = outcome(&desk, "setup --custom-ca certs --activate", &fault);
        let removed = outcome(&desk, "remove", &fault);
        if set_up == "done" && had_none {
            assert_eq!(removed, "done", "{fault}");
            assert!(state(&desk) == before, "{fault}: not restored");
        }
        if desk.path("project/.trust/mine").parent().is_some_and(|path| path.is_dir()) {
            let dear = before.iter().any(|line| line.contains(".trust/mine "));
            assert!(!dear || desk.has("project/.trust/mine"), "{fault}: a foreign file is gone");
        }
        let _ = writeln!(
            text,
            "| {fault} | {} | {} |",
            set_up.replace('|', "\\|"),
            removed.replace('|', "\\|")
        );
    }
    is_between("tests/snapshots/inputs/compose.md", "places", &text);
}
