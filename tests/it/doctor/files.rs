//! trust-compose doctor on the files of a healthy project, on an empty project, and on this machine's root
//! store.

mod wrong;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use serde_json::Value;

use crate::desk::{Desk, trust_compose};
use crate::setup::flags::{back_end, has, project};
use crate::world::{Outcome, tool};

/// The findings of a healthy project.
const HEALTHY: [&str; 6] = ["ca", "server", "keys", "overlay", "not-in-force", "store-without-ca"];

/// The programs that fixes run; docker is not one of them.
pub const PROGRAMS: [&str; 5] = ["trust-compose", "chmod", "mv", "cat", "git"];

/// Creates a project with a CA, and runs `setup` with these options.
#[track_caller]
pub fn healthy(words: &str) -> Desk {
    set_up(back_end(), words)
}

#[track_caller]
pub fn set_up(desk: Desk, words: &str) -> Desk {
    desk.types(".", &format!("setup {words}")).succeeds();
    desk
}

/// Runs a script in a shell whose PATH contains only [`PROGRAMS`].
#[track_caller]
pub fn run_shell(desk: &Desk, script: &str) -> Outcome {
    static BIN: LazyLock<PathBuf> = LazyLock::new(|| {
        let bin = Path::new(env!("CARGO_TARGET_TMPDIR")).join("fixes");
        let _ = fs::create_dir(&bin);
        for name in PROGRAMS {
            let program = if name == "trust-compose" { trust_compose() } else { tool(name) };
            let _ = fs::remove_file(bin.join(name));
            symlink(program, bin.join(name)).unwrap();
        }
        bin
    });
    let mut command = desk.command("/bin/sh".as_ref(), &["-ec", script], "022");
    Outcome(command.env("PATH", BIN.as_path()).env("HOME", "/nowhere").output().unwrap())
}

/// Returns the findings, and asserts that no file has changed.
#[track_caller]
pub fn findings(desk: &Desk, script: &str) -> Vec<Value> {
    let before = desk.contents(".");
    let outcome = run_shell(desk, script);
    assert_eq!(outcome.stderr(), "", "{script}");
    let text = outcome.stdout();
    assert!(!text.contains("PRIVATE") && !text.contains("hunter2"), "{text}");
    let answer: Value = serde_json::from_str(&text).unwrap();
    let findings = answer["findings"].as_array().unwrap().clone();
    let is_error = findings.iter().any(|finding| finding["sign"] == "error");
    assert_eq!(outcome.0.status.code(), Some(i32::from(is_error)), "{text}");
    assert_eq!(desk.contents("."), before, "{script}");
    findings
}

fn ids(findings: &[Value]) -> Vec<&str> {
    findings.iter().map(|finding| finding["id"].as_str().unwrap()).collect()
}

pub fn problems(findings: &[Value]) -> Vec<Value> {
    findings
        .iter()
        .filter(|finding| !["ok", "info"].contains(&finding["sign"].as_str().unwrap()))
        .cloned()
        .collect()
}

#[test]
fn a_healthy_project_has_only_ok_findings() {
    let desk = healthy("--custom-ca certs/");
    let found = findings(&desk, "trust-compose doctor --files-only --json");
    assert_eq!(ids(&found), HEALTHY);
    assert_eq!(problems(&found), [] as [Value; 0]);
    let text = run_shell(&desk, "trust-compose doctor --files-only --strict").exits(0).stdout();
    has(&text, "ok      `certs/ca.crt`: `CN=Lab CA` until ");
    has(&text, "`certs/server.pem`: for `reflector.local`, `192.168.1.100`, `localhost`");
    has(
        &text,
        "in step with the CA, the images and the compose files; it makes `api`, `queue` trust",
    );
    has(&text, "        hint: trust-compose setup --custom-ca certs --activate\n");
    desk.directory("sub", 0o755);
    let found = findings(&desk, "cd sub && trust-compose doctor --files-only --json");
    assert_eq!(ids(&found), HEALTHY);
    has(
        found[4]["fix"].as_str().unwrap(),
        &format!("--custom-ca {}", desk.path("certs").display()),
    );
    let file = desk.path("docker-compose.yml").display().to_string();
    let found =
        findings(&desk, &format!("cd /usr && trust-compose doctor --files-only --json -f {file}"));
    assert_eq!(ids(&found), HEALTHY);
    has(found[4]["fix"].as_str().unwrap(), &format!("trust-compose setup -f {file} --custom-ca /"));

    for words in ["--custom-ca certs/ca.crt", "--custom-ca certs --activate"] {
        let desk = healthy(words);
        run_shell(&desk, "git init -q .").succeeds();
        run_shell(&desk, &format!("trust-compose setup {words}")).succeeds();
        let found = findings(&desk, "trust-compose doctor --files-only --json");
        assert!(problems(&found).is_empty(), "{found:#?}");
        let is_active = words.ends_with("--activate");
        assert_eq!(ids(&found).contains(&"in-force"), is_active, "{found:#?}");
    }
}

/// The most common location of a corporate CA, among unrelated files.
#[test]
fn a_ca_file_beside_the_compose_file_is_healthy() {
    for name in ["ca.crt", "./ca.crt", "$PWD/ca.crt", "corp.pem"] {
        let desk = project("services:\n  api:\n    build: .\n");
        let file = name.rsplit('/').next().unwrap();
        desk.write(file, desk.read("certs/ca.crt"));
        for other in ["other.crt", "server.crt", "privkey.pem"] {
            desk.write(other, "mine");
        }
        run_shell(&desk, &format!("trust-compose setup --custom-ca {name}")).succeeds();
        let found = findings(&desk, "trust-compose doctor --files-only --json");
        assert_eq!(ids(&found), ["ca", "overlay", "not-in-force", "store-without-ca"], "{name}");
        assert_eq!(
            (problems(&found), &found[0]["thing"]),
            (Vec::new(), &format!("`{file}`").into())
        );
    }
    // A server certificate of the same CA in that directory is checked too.
    let desk = project("services:\n  api:\n    build: .\n");
    for file in ["ca.crt", "ca.key", "server.pem", "server-key.pem"] {
        desk.rename(&format!("certs/{file}"), file);
    }
    run_shell(&desk, "trust-compose setup --custom-ca ca.crt").succeeds();
    let found = findings(&desk, "trust-compose doctor --files-only --json");
    assert_eq!((ids(&found), problems(&found)), (HEALTHY.to_vec(), Vec::new()));
    assert_eq!(found[1]["thing"], "`server.pem`");
}

/// Whatever git is configured to run in a directory that was cloned or unpacked.
#[test]
fn no_program_configured_in_a_repository_is_run() {
    let runs = |desk: &Desk, what: &str| {
        let ran = format!("/bin/sh -c 'echo {what} >>{}'", desk.path("ran").display());
        format!(
            "[core]\n\trepositoryformatversion = 0\n\tbare = false\n\tfsmonitor = \"{ran} #\"\n\
             \thooksPath = {}\n[filter \"all\"]\n\tclean = \"{ran}\"\n\trequired\n",
            desk.path("hooks").display()
        )
    };
    let hostile = || {
        let desk = back_end();
        run_shell(&desk, "trust-compose setup --custom-ca certs").succeeds();
        desk.remove("certs/.gitignore").directory("hooks", 0o755);
        desk.write("hooks/post-index-change", "#!/bin/sh\necho hook >>$OLDPWD/ran\n");
        desk.chmod("hooks/post-index-change", 0o755);
        desk
    };
    let repository = |desk: &Desk, directory: &str, settings: &str| {
        if !desk.has(directory) {
            desk.directory(directory, 0o755);
        }
        desk.directory(&format!("{directory}/objects"), 0o755);
        desk.directory(&format!("{directory}/refs"), 0o755);
        desk.write(&format!("{directory}/HEAD"), "ref: refs/heads/main\n");
        desk.write(&format!("{directory}/config"), settings);
    };
    // As in a clone: the directory of the keys looks like a bare repository.
    let bare = hostile();
    repository(
        &bare,
        "certs",
        &runs(&bare, "bare").replace("bare = false", "bare = false\n\tworktree = .."),
    );
    // As in an unpacked archive.
    let usual = hostile();
    repository(&usual, ".git", &runs(&usual, "usual"));
    usual.write(".gitattributes", "* filter=all\n");
    let pointed = hostile();
    repository(&pointed, "elsewhere", &runs(&pointed, "pointed"));
    pointed.write("certs/.git", "gitdir: ../elsewhere\n");
    for desk in [bare, usual, pointed] {
        findings(&desk, "trust-compose doctor --files-only --json");
        run_shell(&desk, "trust-compose certs --renew").succeeds();
        run_shell(&desk, "trust-compose setup --custom-ca certs").succeeds();
        assert!(!desk.has("ran"), "{}", desk.read("ran"));
        // git itself would run the configured program.
        run_shell(&desk, "cd certs && git status >/dev/null 2>&1 || :").succeeds();
        assert!(desk.has("ran"));
    }
}

#[test]
fn without_a_setup_the_first_steps_are_printed() {
    let desk = Desk::new();
    desk.write("docker-compose.yml", "services:\n  api:\n    build: .\n");
    let found = findings(&desk, "trust-compose doctor --files-only --json");
    assert_eq!(ids(&found), ["nothing-set-up"]);
    let steps = "trust-compose certs NAME-OF-A-SERVER\ntrust-compose setup --custom-ca certs";
    assert_eq!(found[0]["fix"], steps);
    let found = findings(&desk, "trust-compose doctor --files-only --json --ca my/ca.crt");
    assert_eq!(found[0]["fix"], "trust-compose setup --custom-ca my/ca.crt");
    // A project whose own files mount the CA needs no overlay.
    let desk = back_end();
    let found = findings(&desk, "trust-compose doctor --files-only --json");
    let expected = ["ca", "server", "keys", "overlay-none", "store-without-ca"];
    assert_eq!((ids(&found), problems(&found)), (expected.to_vec(), Vec::new()));
    assert_eq!(found[3]["fix"], "trust-compose setup --custom-ca certs");
}

#[test]
fn the_root_store_of_this_machine_is_checked() {
    let desk = healthy("--custom-ca certs");
    let roots = "/etc/ssl/certs/ca-certificates.crt";
    let last_finding = |prelude: &str| {
        let script = format!(
            "{prelude} && export PATH=/nowhere && exec '{}' doctor --files-only --json",
            trust_compose().display()
        );
        let words = ["--mount", "/bin/sh", "-c", &script];
        let outcome = Outcome(desk.command(&tool("unshare"), &words, "022").output().unwrap());
        let answer: Value = serde_json::from_str(&outcome.exits(0).stdout()).unwrap();
        answer["findings"].as_array().unwrap().last().unwrap().clone()
    };
    let found = last_finding(&format!("mount --bind certs/ca.crt {roots}"));
    assert_eq!((&found["id"], &found["sign"]), (&"store".into(), &"ok".into()), "{found}");
    has(found["cause"].as_str().unwrap(), &format!("its store (`{roots}`) contains `CN=Lab CA`"));
    let shared = "mount -t tmpfs tmpfs /usr/local/share && mount -t tmpfs tmpfs /etc";
    for (directory, command) in [
        ("/usr/local/share/ca-certificates", "update-ca-certificates"),
        ("/etc/pki/ca-trust/source/anchors", "update-ca-trust"),
        ("/etc/pki/trust/anchors", "update-ca-certificates"),
        ("/etc/ca-certificates/trust-source/anchors", "update-ca-trust"),
    ] {
        let found = last_finding(&format!("{shared} && mkdir -p {directory}"));
        assert_eq!((&found["id"], &found["sign"]), (&"store-without-ca".into(), &"info".into()));
        has(found["cause"].as_str().unwrap(), "\"Your connection is not private\"");
        let fix = format!(
            "sudo cp certs/ca.crt {directory}/lab-ca.crt && sudo {command}\nimport it into Firefox"
        );
        has(found["fix"].as_str().unwrap(), &fix);
    }
    let found = last_finding(
        "mount -t tmpfs tmpfs /etc/ssl/certs && mkdir /etc/ssl/certs/ca-certificates.crt",
    );
    assert_eq!((&found["id"], &found["sign"]), (&"store-unreadable".into(), &"warning".into()));
    has(found["cause"].as_str().unwrap(), "it is an empty directory");
}

#[test]
fn the_fix_installs_only_what_the_root_store_can_read() {
    let desk = back_end();
    desk.openssl("x509 -in certs/ca.crt -outform DER -out ca.der");
    let desk = set_up(desk, "--custom-ca ca.der");
    let found = findings(&desk, "trust-compose doctor --files-only --json");
    let copied = format!("sudo cp {} /", desk.overlaid("custom-ca"));
    has(found.last().unwrap()["fix"].as_str().unwrap(), &copied);
    // update-ca-certificates(8) reads one certificate per file.
    desk.certs(&["b.lab", "--out", "other", "--ca-name", "Other"]).succeeds();
    desk.write("both.crt", desk.read("certs/ca.crt") + &desk.read("other/ca.crt"));
    let desk = set_up(desk, "--custom-ca both.crt");
    let found = findings(&desk, "trust-compose doctor --files-only --json");
    assert_eq!(
        ids(&found),
        ["ca", "ca", "overlay", "not-in-force", "store-without-ca", "store-without-ca"]
    );
    has(found.last().unwrap()["fix"].as_str().unwrap(), "write it to a PEM file of its own");
}

/// The result is compared with git's own.
#[test]
fn ignored_files_are_those_that_git_ignores() {
    let desk = Desk::with(&["a.lab"]);
    desk.directory("deep", 0o755).rename("certs", "deep/certs").remove("deep/certs/.gitignore");
    desk.write("docker-compose.yml", "services: {}\n");
    desk.directory("xdg", 0o755).directory("xdg/git", 0o755);
    let xdg = "export XDG_CONFIG_HOME=$PWD/xdg; ";
    run_shell(&desk, "git init -q .").succeeds();
    for (place, pattern) in [
        (".gitignore", "deep/certs"),
        (".gitignore", "*.key\n!ca.key\n"),
        ("deep/certs/.gitignore", "*"),
        (".git/info/exclude", "*.key"),
        ("xdg/git/ignore", "*.key"),
    ] {
        desk.write(place, pattern);
        for key in ["deep/certs/ca.key", "deep/certs/server-key.pem"] {
            let is_ignored =
                run_shell(&desk, &format!("{xdg}git check-ignore -q {key}")).0.status.success();
            let command = "trust-compose doctor --files-only --json --project-directory deep -f docker-compose.yml";
            let found = findings(&desk, &format!("{xdg}{command}"));
            let is_told = found.iter().any(|finding| {
                finding["id"] == "key-not-ignored" && finding["thing"] == format!("`{key}`")
            });
            assert_eq!(is_told, !is_ignored, "{place}: {pattern:?}: {key}: {found:#?}");
        }
        desk.remove(place);
    }
}
