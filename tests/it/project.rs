//! A Compose project into which the library writes and from which it removes an overlay.

use std::fs;
use std::os::unix::fs::MetadataExt as _;

use trust_init::compose::layout::file_name;
use trust_init::compose::setup::header::header;
use trust_init::compose::setup::installed::{self, InstalledSetup};
use trust_init::compose::setup::remove::remove;
use trust_init::compose::setup::write::changes::Changes;
use trust_init::compose::setup::write::{Output, write};
use trust_init::sys::diagnostic::Diagnostic;

use crate::desk::Desk;

/// Returns the name of the file that every setup mounts.
pub fn shared() -> String {
    file_name("shared", "crt", b"shared")
}

/// Returns the name of the file that only the setup `name` mounts.
pub fn bundle(name: &str) -> String {
    file_name("bundle", "crt", format!("bundle {name}").as_bytes())
}

/// Returns an overlay that mounts the shared file and the bundle of `name`.
pub fn output(name: &str) -> Output {
    let header = header(&[], &["--custom-ca".to_owned(), name.to_owned()]);
    let mounts = format!("x-mounts: [./.trust/{}, ./.trust/{}]\n", bundle(name), shared());
    let own = format!("bundle {name}").into_bytes();
    Output {
        overlay: header + &mounts,
        files: [(shared(), b"shared".to_vec()), (bundle(name), own)].into(),
        compose_file: None,
        is_settled: false,
    }
}

pub fn active(name: &str) -> Output {
    let compose_file = Some("compose.yml:docker-compose.ca.yml".to_owned());
    Output { compose_file, ..output(name) }
}

/// Creates a project in a git repository, independent of the directories above it.
pub fn project() -> Desk {
    let desk = Desk::new();
    desk.directory(".git", 0o755);
    desk
}

/// Returns every path with contents, owner and mode; times of directories are left out.
pub fn tree(desk: &Desk) -> Vec<String> {
    let mut tree = Vec::new();
    let mut waiting = vec![desk.path("")];
    while let Some(directory) = waiting.pop() {
        for entry in fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()) {
            let found = entry.symlink_metadata().unwrap();
            let contents = if found.is_file() { fs::read(&entry).unwrap() } else { Vec::new() };
            let name = entry.strip_prefix(desk.path("")).unwrap().display().to_string();
            let contents = String::from_utf8_lossy(&contents).into_owned();
            tree.push(format!("{name} {} {:o} {contents:?}", found.uid(), found.mode()));
            if found.is_dir() {
                waiting.push(entry);
            }
        }
    }
    tree.sort();
    tree
}

impl Desk {
    #[track_caller]
    pub fn setup(&self, output: &Output) -> Changes {
        write(&self.path(""), output, false).unwrap()
    }

    #[track_caller]
    pub fn remove_overlay(&self) -> Changes {
        remove(&self.path(""), None, false).unwrap()
    }

    #[track_caller]
    pub fn installed(&self) -> InstalledSetup {
        installed::read(&self.path("")).unwrap().unwrap()
    }

    /// Asserts that `write` fails with `words`, with and without a dry run, and changes nothing.
    #[track_caller]
    pub fn refuses(&self, output: &Output, words: &str) {
        let before = tree(self);
        for error in [
            write(&self.path(""), output, true).unwrap_err(),
            write(&self.path(""), output, false).unwrap_err(),
        ] {
            self.assert_message(&error, words);
        }
        assert_eq!(tree(self), before);
    }

    #[track_caller]
    pub fn assert_message(&self, error: &Diagnostic, words: &str) {
        let text = shown(error).replace(&self.path("").display().to_string(), "");
        assert_eq!(text, words);
    }

    #[track_caller]
    pub fn refuses_to_remove(&self, words: &str) {
        let before = tree(self);
        self.assert_message(&remove(&self.path(""), None, false).unwrap_err(), words);
        assert_eq!(tree(self), before);
    }

    /// Returns the printed changes and warnings, with paths relative to the project.
    pub fn report(&self, changes: &Changes) -> String {
        let kept: String = changes.kept.iter().map(|kept| shown(kept) + "\n").collect();
        format!("{changes}{kept}").replace(&self.path("").display().to_string(), "")
    }
}

/// Formats a diagnostic as it is printed, without the program's name.
fn shown(diagnostic: &Diagnostic) -> String {
    diagnostic.fixes.iter().fold(diagnostic.to_string(), |text, fix| format!("{text}\nfix: {fix}"))
}
