//! Directories and files of `certs` that another user owns or can replace.

use std::fs::File;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::desk::{Desk, trust_compose};
use crate::world::{Outcome, gallery, tool};

impl Desk {
    /// Makes `uid` the owner of a path.
    pub fn own(&self, path: &str, uid: u32) -> &Self {
        chown(self.path(path), Some(uid), Some(uid)).unwrap();
        self
    }

    /// Makes `uid` the owner of a directory and of the files in it.
    pub fn own_all(&self, path: &str, uid: u32) -> &Self {
        for entry in self.path(path).read_dir().unwrap() {
            chown(entry.unwrap().path(), Some(uid), Some(uid)).unwrap();
        }
        self.own(path, uid)
    }

    /// Returns a command that runs trust-compose as `uid`.
    pub fn command_as(&self, uid: u32, words: &[&str]) -> Command {
        let (uid, program) = (uid.to_string(), trust_compose());
        let start = ["--reuid", &uid, "--regid", &uid, "--clear-groups", program.to_str().unwrap()];
        self.command(&tool("setpriv"), &[&start[..], words].concat(), "022")
    }

    #[track_caller]
    pub fn run_as(&self, uid: u32, words: &[&str]) -> Outcome {
        Outcome(self.command_as(uid, words).output().unwrap())
    }
}

/// The commands that believe or replace what is in `certs/`.
const RUNS: [&[&str]; 4] = [
    &["certs", "--renew"],
    &["certs", "a.lab", "b.lab"],
    &["certs", "b.lab", "--force"],
    &["certs", "c.lab", "--ca", "certs", "--out", "other"],
];

#[test]
fn a_directory_of_another_user_is_refused() {
    for victim in [0, 1000] {
        let desk = Desk::with(&["a.lab"]);
        desk.own(".", victim).own_all("certs", 1001).chmod("certs", 0o755);
        let before = desk.contents(".");
        for words in RUNS {
            let run = desk.run_as(victim, words).exits(1);
            run.says(&format!("it belongs to uid 1001, neither root nor uid {victim}"));
            assert_eq!(desk.contents("."), before, "{words:?}");
        }
    }
}

/// In a sticky directory another user can create files, also where this user's are expected.
#[test]
fn a_file_of_another_user_is_refused() {
    for file in ["ca.key", "ca.crt", "server.pem", "server-key.pem"] {
        let desk = Desk::with(&["a.lab"]);
        desk.chmod("certs", 0o1777).own(&format!("certs/{file}"), 1001);
        let before = desk.contents(".");
        for words in &RUNS[..2] {
            let run = desk.run(words).exits(1);
            run.says(&format!("cannot use `certs/{file}`")).says("it belongs to uid 1001");
        }
        assert_eq!(desk.contents("."), before, "{file}");
    }
}

#[test]
fn a_directory_that_a_group_can_replace_is_refused_and_the_fix_works() {
    let desk = Desk::with(&["a.lab"]);
    desk.chmod("certs", 0o775);
    let run = desk.certs(&["--renew"]).exits(1);
    run.says("other users can replace its files (mode 0775, no sticky bit)")
        .says("fix: chmod 0700 certs");
    desk.chmod("certs", 0o700);
    desk.certs(&["--renew"]).succeeds();
    // A group with the number of its user contains only that user.
    desk.own(".", 1000).own_all("certs", 1000).chmod("certs", 0o775).chmod(".", 0o775);
    desk.run_as(1000, &["certs", "--renew"]).succeeds().never_says("warning");
}

#[test]
fn a_directory_that_others_can_replace_on_the_way_is_reported() {
    let desk = Desk::new();
    desk.directory("shared", 0o755).own("shared", 1001);
    let words = ["certs", "a.lab", "--out", "shared/certs"];
    let run = desk.run(&words).succeeds();
    run.says("warning: another user can replace `shared/certs`: on the way to it is")
        .says("it belongs to uid 1001, neither root nor uid 0");
    desk.own("shared", 0).chmod("shared", 0o777);
    desk.run(&words).succeeds().says("other users can replace its files (mode 0777");
    desk.chmod("shared", 0o755);
    desk.run(&words).succeeds().never_says("warning");
}

/// The files of the user who calls sudo are used without a warning.
#[test]
fn files_of_the_user_that_calls_sudo_are_used() {
    let desk = Desk::with(&["a.lab"]);
    desk.own(".", 1000).own_all("certs", 1000);
    let sudo = |uid: u32, sudo: &str, words: &[&str]| {
        Outcome(desk.command_as(uid, words).env("SUDO_UID", sudo).output().unwrap())
    };
    sudo(0, "1000", &["certs", "a.lab", "b.lab"]).succeeds().never_says("warning");
    sudo(0, "1001", &["certs", "--renew"]).exits(1).says("it belongs to uid 1000");
    // Only sudo sets the variable for root; any user can set it for itself.
    desk.own_all("certs", 1001).chmod("certs", 0o755);
    sudo(1000, "1001", &["certs", "--renew"]).exits(1).says("it belongs to uid 1001");
}

/// The kernel gives the files in /proc of a process without core files to root (PR_SET_DUMPABLE(2const)).
#[test]
fn memory_with_keys_is_read_by_no_process_of_the_same_user() {
    let desk = Desk::with(&["a.lab"]);
    desk.own(".", 1000).own_all("certs", 1000);
    let pipe = desk.path("pipe");
    assert!(Command::new("mkfifo").args(["-m", "644"]).arg(&pipe).status().unwrap().success());
    let archive = gallery("pkcs12-with-key.p12").display().to_string();
    let words = ["inspect", "--p12-password-file", "pipe", &archive];
    let mut command = desk.command_as(1000, &words);
    let mut run = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    // Opening the pipe waits for trust-compose, which waits for the password.
    let password = File::options().write(true).open(&pipe).unwrap();
    let process = Path::new("/proc").join(run.id().to_string());
    let owner = process.join("mem").metadata().unwrap().uid();
    drop(password);
    run.wait().unwrap();
    assert_eq!(owner, 0, "uid 1000 can read its memory");
}
